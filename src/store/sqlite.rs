//! SQLite in WAL mode with `synchronous=FULL`: what is answered is on disk. One connection writes, one reads for calls, one
//! for everybody else, and one keeps the log short ([`checkpoint`]).

pub(super) mod checkpoint;

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use std::{io, mem};

use futures_util::{FutureExt, TryStreamExt};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Either, Executor, Sqlite};
use tokio::task::{spawn_blocking, yield_now};

use super::error::StoreError;
use super::row::Row;
use super::value::{Value, arguments};
use super::{Durability, Tx};

/// How long a unit of work waits for another process's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What the writer keeps in memory of the database, in KiB, which are told by a minus. A transaction that
/// changes more writes pages twice.
const WRITERS_CACHE: &str = "-4000";

/// Rows that lie ready for the writer: those of all calls that are looked up at once, so that neither waits for the other.
const WRITERS_ROWS: usize = 128;

/// What the reader keeps, likewise: little, since every commit voids it.
const READERS_CACHE: &str = "-2000";

/// What a copy keeps, likewise: it changes very many pages in one transaction.
const COPIERS_CACHE: &str = "-64000";

/// Rows that lie ready for whoever copies: few, since recordings are large.
const COPIERS_ROWS: usize = 8;

pub(super) fn options(url: &str) -> Result<SqliteConnectOptions, StoreError> {
    Ok(SqliteConnectOptions::from_str(url)?
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        // A statement of several rows keeps what it would need to take itself back.
        .pragma("temp_store", "memory")
        // `checkpoint` does it, and hears of errors.
        .pragma("wal_autocheckpoint", "0")
        .statement_cache_capacity(256)
        .disable_statement_logging())
}

pub(super) async fn writer(options: &SqliteConnectOptions) -> Result<SqliteConnection, StoreError> {
    let options = options.clone().pragma("cache_size", WRITERS_CACHE).row_buffer_size(WRITERS_ROWS);
    Ok(options.connect().await?)
}

pub(super) async fn reader(options: &SqliteConnectOptions) -> Result<SqliteConnection, StoreError> {
    Ok(options.clone().read_only(true).pragma("cache_size", READERS_CACHE).connect().await?)
}

/// A connection that leaves the database as it is, the mode of its journal too.
pub(super) async fn onlooker(options: &SqliteConnectOptions) -> Result<SqliteConnection, StoreError> {
    let file = options.get_filename();
    if !file.exists() {
        return Err(StoreError::Absent(file.to_owned()));
    }
    Ok(SqliteConnectOptions::new().filename(file).busy_timeout(BUSY_TIMEOUT).connect().await?)
}

/// For what takes its time and much room.
pub(super) async fn unhurried(options: &SqliteConnectOptions) -> Result<SqliteConnection, StoreError> {
    let options = options.clone().pragma("cache_size", COPIERS_CACHE).row_buffer_size(COPIERS_ROWS);
    Ok(options.connect().await?)
}

/// Lets nobody else migrate a database in this folder until it is dropped. SQLite itself refuses those who come
/// while another makes the write-ahead log, instead of letting them wait.
pub(super) async fn alone(options: &SqliteConnectOptions) -> Result<File, StoreError> {
    let folder = options.get_filename().parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).to_owned();
    let locked = spawn_blocking(|| {
        let folder = File::open(folder)?;
        folder.lock()?;
        Ok(folder)
    });
    let locked: io::Result<File> = locked.await.expect("nobody stops it");
    locked.map_err(|error| StoreError::Unopened(Arc::new(error.into())))
}

/// The rows of each statement of a text.
pub(super) async fn answers(
    connection: &mut SqliteConnection,
    text: Cow<'static, str>,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<Vec<Row>>, StoreError> {
    let query = sqlx::query_with(AssertSqlSafe(text), arguments::<Sqlite>(values));
    let (mut steps, mut answers, mut rows) = (connection.fetch_many(query), Vec::new(), Vec::new());
    loop {
        let step = if let Some(ready) = steps.try_next().now_or_never() {
            ready?
        } else {
            // Whoever sleeps is woken for every row; who does something else meanwhile is not.
            yield_now().await;
            steps.try_next().await?
        };
        match step {
            Some(Either::Right(row)) => rows.push(Row::Sqlite(row)),
            // A statement has come to its end.
            Some(Either::Left(_)) => answers.push(mem::take(&mut rows)),
            None => return Ok(answers),
        }
    }
}

/// Begins a transaction; the database's version, which is another one when another connection has written since.
pub(super) async fn begin(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    // In one text, since it is the way to the database that costs.
    let answers = answers(connection, "begin immediate; pragma data_version".into(), []).await?;
    let row = answers.last().and_then(|rows| rows.first()).ok_or(sqlx::Error::RowNotFound)?;
    row.number()
}

/// Takes back a transaction and begins another, unless another process has written in between: what units have
/// decided would rest on what is so no longer.
pub(super) async fn start_over(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let before = data_version(connection).await?;
    connection.execute("rollback").await?;
    connection.execute("begin immediate").await?;
    if data_version(connection).await? == before { Ok(()) } else { Err(StoreError::Lost) }
}

/// Changes when another connection has written.
async fn data_version(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let (version,) = sqlx::query_as("pragma data_version").fetch_one(connection).await?;
    Ok(version)
}

/// Copies the database to a new file, while it is in use.
pub(super) async fn back_up(options: &SqliteConnectOptions, file: &Path) -> Result<(), StoreError> {
    let mut connection = options.connect().await?;
    sqlx::query("vacuum into $1").bind(file.to_string_lossy()).execute(&mut connection).await?;
    Ok(())
}

/// What SQLite's own check finds wrong; none if nothing.
pub(super) async fn quick_check(options: &SqliteConnectOptions) -> Result<Option<String>, StoreError> {
    let mut connection = options.connect().await?;
    let (verdict,): (String,) = sqlx::query_as("pragma quick_check(1)").fetch_one(&mut connection).await?;
    Ok((verdict != "ok").then_some(verdict))
}

/// What the connection that writes says of itself.
pub(super) async fn durability(tx: &mut Tx<'_>) -> Result<Durability, StoreError> {
    let (version,): (String,) = tx.told("select sqlite_version()").await?;
    let (journal,): (String,) = tx.told("pragma journal_mode").await?;
    let (synchronous,): (i64,) = tx.told("pragma synchronous").await?;
    Ok(Durability::Sqlite { version, journal, is_full: synchronous >= 2 })
}

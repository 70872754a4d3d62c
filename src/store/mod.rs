//! The database, and the only user of `sqlx`. Knows rows and units of work; must not know carriers, HTTP,
//! or why a thing is saved.
//!
//! SQLite in WAL mode with `synchronous=FULL`: what is answered is on disk. One connection writes
//! ([`writer`]), one reads ([`reader`]), one keeps the log short ([`checkpoint`]).

mod batch;
pub mod calls;
mod checkpoint;
pub mod clock;
pub mod error;
mod events;
pub mod flows;
mod group;
mod lane;
mod listed;
mod mappings;
pub mod presence;
pub mod prompts;
mod reader;
mod rows;
mod schema;
mod sql;
pub mod steps;
mod tenants;
mod tx;
mod upkeep;
mod users;
mod value;
mod writer;

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use tokio::sync::watch;

pub use clock::Clock;
pub use error::StoreError;
pub use schema::Schema;
pub use tx::Tx;
pub use writer::Boxed;

use crate::domain::ids::CallId;
use checkpoint::Pen;
use reader::Reader;
use writer::Writer;

/// How long a unit of work waits for another process's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What the writer keeps in memory of the database, in KiB, which are told by a minus. A transaction that
/// changes more writes pages twice.
const WRITERS_CACHE: &str = "-4000";

/// What the reader keeps, likewise: little, since every commit voids it.
const READERS_CACHE: &str = "-500";

/// So much of the database, in bytes, the reader reads from the system's own memory without a copy.
const READERS_MAP: &str = "67108864";

/// The database. A copy is of the handle alone.
#[derive(Debug, Clone)]
pub struct Store(Arc<Connections>);

#[derive(Debug)]
struct Connections {
    options: SqliteConnectOptions,
    reader: Reader,
    writer: Writer,
    clock: Clock,
    broken: watch::Sender<Option<StoreError>>,
}

impl Store {
    /// Opens the database at `url` (`sqlite:path`), brings its schema up to date, and makes it if it is
    /// not there.
    pub async fn open(url: &str, clock: Clock) -> Result<Self, StoreError> {
        let options = options(url)?.create_if_missing(true);
        schema::migrate(&options).await?;
        Self::start(options, clock).await
    }

    /// Opens a database that is there and has this binary's schema; what is wrong with it otherwise.
    pub async fn open_existing(url: &str, clock: Clock) -> Result<Self, StoreError> {
        let options = options(url)?;
        if !options.get_filename().exists() {
            return Err(StoreError::Absent(options.get_filename().to_owned()));
        }
        schema::check(&options).await?.current()?;
        Self::start(options, clock).await
    }

    async fn start(options: SqliteConnectOptions, clock: Clock) -> Result<Self, StoreError> {
        let (broken, _) = watch::channel(None);
        let ((commits, seen), pen) = (watch::channel(()), Pen::default());
        tokio::spawn(checkpoint::run(options.connect().await?, pen.clone(), seen, broken.clone()));
        let writers = options.clone().pragma("cache_size", WRITERS_CACHE);
        let writer = Writer::start(writers.connect().await?, clock.clone(), pen, commits, broken.clone());
        let options =
            options.read_only(true).pragma("cache_size", READERS_CACHE).pragma("mmap_size", READERS_MAP);
        let reader = Reader::start(options.connect().await?);
        Ok(Self(Arc::new(Connections { options, reader, writer, clock, broken })))
    }

    /// Runs reads, each of which sees what was committed when it began.
    pub async fn read<T, E, W>(&self, work: W) -> Result<T, E>
    where
        E: From<StoreError>,
        W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<T, E>>,
    {
        work(&mut Tx::reading(&self.0.reader, self.0.clock.now())).await
    }

    /// Runs a unit of work: all of it or nothing. The answer comes when it is on disk, unless the unit
    /// said with [`Tx::relax`] that nobody relies on it yet. Once it is in the writer's queue, which may take
    /// a moment when that is full, the work is done also if the caller goes away.
    pub async fn write<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<T, E>> + Send + 'static,
    {
        self.0.writer.write(None, work).await
    }

    /// Runs a unit of work about a call, which [`Tx::call_in_hand`] then has at hand.
    pub async fn write_about<T, E, W>(&self, call: CallId, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<T, E>> + Send + 'static,
    {
        self.0.writer.write(Some(call), work).await
    }

    /// Runs a unit of work after those that were asked for before, without waiting for it.
    pub async fn write_later<E, W>(&self, work: W) -> Result<(), StoreError>
    where
        E: From<StoreError> + std::fmt::Display + Send + 'static,
        W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<(), E>> + Send + 'static,
    {
        let done = |result: Result<(), E>| {
            if let Err(error) = result {
                tracing::warn!(%error, "a change that nobody waited for was not saved");
            }
        };
        self.0.writer.write_later(work, done).await
    }

    /// Waits until all that was asked for before is on disk, also what nobody waited for.
    pub async fn settle(&self) -> Result<(), StoreError> {
        self.write(|_| Box::pin(async { Ok(()) })).await
    }

    /// The store's time.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Holds the error once the disk has failed; the process must end then (I30).
    pub fn broken(&self) -> watch::Receiver<Option<StoreError>> {
        self.0.broken.subscribe()
    }

    /// Copies the database to a new file, while it is in use.
    pub async fn back_up(&self, file: &Path) -> Result<(), StoreError> {
        let mut connection = self.0.options.connect().await?;
        sqlx::query("vacuum into $1").bind(file.to_string_lossy()).execute(&mut connection).await?;
        Ok(())
    }

    /// What SQLite's own check finds wrong; none if nothing.
    pub async fn quick_check(&self) -> Result<Option<String>, StoreError> {
        let mut connection = self.0.options.connect().await?;
        let (verdict,): (String,) =
            sqlx::query_as("pragma quick_check(1)").fetch_one(&mut connection).await?;
        Ok((verdict != "ok").then_some(verdict))
    }

    /// The settings on which durability rests, as the engine reports them, and its version.
    pub async fn durability(&self) -> Result<Durability, StoreError> {
        self.0
            .writer
            .write(None, |tx| {
                Box::pin(async move {
                    let (version,): (String,) = tx.pragma("select sqlite_version()").await?;
                    let (journal,): (String,) = tx.pragma("pragma journal_mode").await?;
                    let (synchronous,): (i64,) = tx.pragma("pragma synchronous").await?;
                    Ok(Durability { version, journal, is_full: synchronous >= 2 })
                })
            })
            .await
    }
}

/// How the database keeps its word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durability {
    /// The engine's version.
    pub version: String,
    /// The journal mode, `wal`.
    pub journal: String,
    /// Whether every commit is flushed to the disk.
    pub is_full: bool,
}

fn options(url: &str) -> Result<SqliteConnectOptions, StoreError> {
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

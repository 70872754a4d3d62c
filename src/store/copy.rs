//! A whole deployment from one database to another, on whichever engines: all of it or nothing. Nobody can write
//! to either of them meanwhile.

mod side;
mod table;

use futures_util::TryStreamExt as _;

use super::batch::Write;
use super::connection::Rows;
use super::engine::{Database, Engine};
use super::error::StoreError;
use super::fit::{Fit, Misfit};
use super::schema;
use super::value::Value;
use side::{MOST_ROWS, Side};
use table::{TABLES, Table};

#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error("the old database cannot be read: {0}")]
    Old(StoreError),
    #[error("the new database cannot be written: {0}")]
    New(StoreError),
    #[error(
        "the {which} database's schema is at version {version}, and this binary knows {known}: use the newer dutyline"
    )]
    Newer { which: &'static str, version: i64, known: i64 },
    /// Somebody else writes, or is not allowed to be kept from it.
    #[error(
        "nobody can be kept from writing to the {which} database: {why}; stop the servers that work on it"
    )]
    Busy { which: &'static str, why: StoreError },
    #[error("`{database}` is not empty, its table `{table}` has rows; name a database that is new or empty")]
    Occupied { database: String, table: &'static str },
    #[error(
        "row {row} of `{table}` has a U+0000 in `{column}`, which PostgreSQL cannot hold; take it out and try again"
    )]
    Nul { table: &'static str, row: String, column: &'static str },
    #[error("{what} would be {new} in the new database and is {old} in the old one; nothing was kept")]
    Differs { what: String, old: u64, new: u64 },
}

/// How many rows a table has.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    pub table: &'static str,
    pub rows: u64,
}

/// Bytes in our hands from which on no more rows are taken: recordings are large.
const ENOUGH: usize = 1 << 20;

/// Copies all rows of the old database to the new one, which is made if it is not there, and must be empty.
/// `progress` is told how many rows of how many are copied.
pub async fn copy(
    old: Database,
    new: Database,
    progress: impl Fn(u64, u64),
) -> Result<Vec<Tally>, CopyError> {
    let engine = Engine::of(old).map_err(CopyError::Old)?;
    look_at_old(&engine).await?;
    let mut new = connect_to_new(new).await?;
    let mut old = connect_to_old(&engine).await?;
    let tallies = old.tallies().await.map_err(CopyError::Old)?;
    let (mut done, all) = (0, tallies.iter().map(|tally| tally.rows).sum());
    for table in TABLES {
        copy_table(table, &mut old, &mut new, |rows| {
            done += rows;
            progress(done, all);
        })
        .await?;
    }
    let copied = compare(&mut old, &mut new).await?;
    new.commit().await.map_err(CopyError::New)?;
    // Only now may others write to it again.
    old.close().await;
    Ok(copied)
}

async fn look_at_old(engine: &Engine) -> Result<(), CopyError> {
    refuse_unless_ours("old", schema::fit(engine).await.map_err(CopyError::Old)?)
}

/// A connection that holds the old database.
async fn connect_to_old(engine: &Engine) -> Result<Side, CopyError> {
    let mut side = Side::connect(engine).await.map_err(CopyError::Old)?;
    side.hold().await.map_err(|why| CopyError::Busy { which: "old", why })?;
    // Somebody may have migrated it since it was looked at.
    look_at_old(engine).await?;
    Ok(side)
}

/// A connection that holds the new database, which has our schema and nothing else.
async fn connect_to_new(database: Database) -> Result<Side, CopyError> {
    let shown = database.shown();
    let engine = Engine::of(database).map_err(CopyError::New)?;
    if is_made(&engine).await.map_err(CopyError::New)? {
        // Not even the schema of what is somebody's is changed; every schema has tenants.
        let mut side = Side::connect(&engine).await.map_err(CopyError::New)?;
        refuse_unless_empty(&mut side, &TABLES[..1], &shown).await?;
    }
    schema::migrate(&engine).await.map_err(CopyError::New)?;
    let mut side = Side::connect(&engine).await.map_err(CopyError::New)?;
    side.hold().await.map_err(|why| CopyError::Busy { which: "new", why })?;
    refuse_unless_ours("new", schema::fit(&engine).await.map_err(CopyError::New)?)?;
    refuse_unless_empty(&mut side, TABLES, &shown).await?;
    Ok(side)
}

/// Whether anybody has made a database of ours there, of whatever version.
async fn is_made(engine: &Engine) -> Result<bool, StoreError> {
    match schema::fit(engine).await {
        Err(StoreError::Absent(_) | StoreError::Misfit(Misfit::Older { version: 0, .. })) => Ok(false),
        Ok(_) | Err(StoreError::Misfit(_)) => Ok(true),
        Err(error) => Err(error),
    }
}

/// A schema that this binary merely works with may have columns that it does not know, and would leave behind.
fn refuse_unless_ours(which: &'static str, fit: Fit) -> Result<(), CopyError> {
    match fit {
        Fit::Current { .. } => Ok(()),
        Fit::Neighbour { version, known } => Err(CopyError::Newer { which, version, known }),
    }
}

async fn refuse_unless_empty(side: &mut Side, tables: &[Table], shown: &str) -> Result<(), CopyError> {
    for table in tables {
        if side.count(table).await.map_err(CopyError::New)? > 0 {
            return Err(CopyError::Occupied { database: shown.to_owned(), table: table.name });
        }
    }
    Ok(())
}

async fn copy_table(
    table: &Table,
    old: &mut Side,
    new: &mut Side,
    mut progress: impl FnMut(u64),
) -> Result<(), CopyError> {
    let mut rows = old.rows(table.rows);
    let mut writes = next(table, &mut rows).await.map_err(CopyError::Old)?;
    while !writes.is_empty() {
        if new.refuses_nul() {
            refuse_nul(table, &writes)?;
        }
        // Either of them mostly waits, and need not for the other.
        let (read, written) = tokio::join!(next(table, &mut rows), new.write(&writes));
        written.map_err(CopyError::New)?;
        progress(writes.len() as u64);
        writes = read.map_err(CopyError::Old)?;
    }
    Ok(())
}

/// The rows that go to the new database next; none if all have gone.
async fn next(table: &Table, rows: &mut Rows<'_>) -> Result<Vec<Write>, StoreError> {
    let (mut writes, mut bytes) = (Vec::new(), 0);
    while writes.len() < MOST_ROWS
        && bytes < ENOUGH
        && let Some(row) = rows.try_next().await?
    {
        let values = table.values(&row)?;
        bytes += values.iter().map(Value::size).sum::<usize>();
        writes.push(Write { statement: table.insert, values });
    }
    Ok(writes)
}

fn refuse_nul(table: &Table, writes: &[Write]) -> Result<(), CopyError> {
    for Write { values, .. } in writes {
        if let Some(column) = table.nul_in(values) {
            return Err(CopyError::Nul { table: table.name, row: table.name_of(values), column });
        }
    }
    Ok(())
}

/// Whether both hold the same, as far as numbers tell; how many rows of each table that are.
async fn compare(old: &mut Side, new: &mut Side) -> Result<Vec<Tally>, CopyError> {
    let tallies = old.tallies().await.map_err(CopyError::Old)?;
    for (old, new) in tallies.iter().zip(new.tallies().await.map_err(CopyError::New)?) {
        unless_same(|| format!("the number of rows of `{}`", old.table), old.rows, new.rows)?;
    }
    let heads = new.heads().await.map_err(CopyError::New)?;
    for (tenant, seq) in old.heads().await.map_err(CopyError::Old)? {
        let new = heads.get(&tenant).copied().unwrap_or(0);
        unless_same(|| format!("the last seq of tenant {tenant}"), seq, new)?;
    }
    Ok(tallies)
}

fn unless_same(what: impl FnOnce() -> String, old: u64, new: u64) -> Result<(), CopyError> {
    if old == new { Ok(()) } else { Err(CopyError::Differs { what: what(), old, new }) }
}

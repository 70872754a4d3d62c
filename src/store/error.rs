//! What can go wrong between us and the database.

use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;

use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

use super::fit::Misfit;

#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The disk is full: nothing was changed, and reading goes on.
    #[error("the disk is full; nothing was changed")]
    Full,
    /// The disk failed us. What it holds is not known any more: the process must end (I30).
    #[error(
        "the disk fails, or the database on it is damaged ({0}); restore a backup, see docs/operations.md"
    )]
    Broken(Arc<sqlx::Error>),
    /// The folder is missing, or it or the file is somebody else's.
    #[error(
        "its file cannot be opened ({0}); make its folder and let this user write there, or name another place \
         with `DUTYLINE_DATA` or `DUTYLINE_DATABASE_URL`"
    )]
    Unopened(Arc<sqlx::Error>),
    /// A unique index or a foreign key refused the change; nothing was changed.
    #[error("the database refused the change: {0}")]
    Conflict(Arc<sqlx::Error>),
    /// Another request under the same key was carried out; nothing was changed.
    #[error("the request was carried out before")]
    Claimed,
    /// Any other failure; nothing was changed.
    #[error("the database failed: {0}")]
    Backend(Arc<sqlx::Error>),
    /// Commands read and change a database; only `migrate`, `serve` and `demo` make one.
    #[error(
        "there is no database `{}`; `dutyline migrate` makes it, and `DUTYLINE_DATA` or `DUTYLINE_DATABASE_URL` \
         says where it is",
        .0.display()
    )]
    Absent(PathBuf),
    /// The server is not there, or does not let us in.
    #[error(
        "the database server cannot be reached ({0}); see that it runs and lets this user in, or name another one \
         with `DUTYLINE_DATABASE_URL`"
    )]
    Unreached(Arc<sqlx::Error>),
    /// The schema and this binary do not fit together; `dutyline migrate` mends an older one.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    #[error("the schema cannot be brought up to date: {0}")]
    Migration(Arc<sqlx::migrate::MigrateError>),
    /// The connection broke in the middle of a transaction; nothing was changed.
    #[error("the connection to the database was lost; nothing was changed")]
    Lost,
    /// What only SQLite can do.
    #[error("{0} works on SQLite alone; {1}")]
    NotHere(&'static str, &'static str),
    /// A unit that was to read wants to write, which is a fault of ours.
    #[error("a read may not write")]
    ReadOnly,
    /// A row holds what nobody of us wrote.
    #[error("row {row} of {table} is corrupt: {why}")]
    Corrupt { table: &'static str, row: String, why: String },
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    pub fn corrupt(table: &'static str, row: impl Into<String>, why: impl Display) -> Self {
        Self::Corrupt { table, row: row.into(), why: why.to_string() }
    }
}

/// SQLite's primary result codes, <https://sqlite.org/rescode.html>.
const SQLITE_IOERR: u32 = 10;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_FULL: u32 = 13;
const SQLITE_CANTOPEN: u32 = 14;
const SQLITE_CONSTRAINT: u32 = 19;
const SQLITE_NOTADB: u32 = 26;

/// PostgreSQL's codes, <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
const INTEGRITY_CONSTRAINT_VIOLATION: &str = "23";
const DISK_FULL: &str = "53100";

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let database = error.as_database_error();
        let code = database.and_then(DatabaseError::code).unwrap_or_default().into_owned();
        if database.is_some_and(|error| error.try_downcast_ref::<PgDatabaseError>().is_some()) {
            return Self::of_postgres(&code, error);
        }
        // An extended code carries the primary one in its low byte.
        match code.parse::<u32>().map(|code| code & 0xff) {
            Ok(SQLITE_FULL) => Self::Full,
            Ok(SQLITE_IOERR | SQLITE_CORRUPT | SQLITE_NOTADB) => Self::Broken(Arc::new(error)),
            Ok(SQLITE_CANTOPEN) => Self::Unopened(Arc::new(error)),
            Ok(SQLITE_CONSTRAINT) => Self::Conflict(Arc::new(error)),
            Ok(_) | Err(_) => Self::Backend(Arc::new(error)),
        }
    }
}

impl StoreError {
    fn of_postgres(code: &str, error: sqlx::Error) -> Self {
        match code {
            DISK_FULL => Self::Full,
            _ if code.starts_with(INTEGRITY_CONSTRAINT_VIOLATION) => Self::Conflict(Arc::new(error)),
            _ => Self::Backend(Arc::new(error)),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Migration(Arc::new(error))
    }
}

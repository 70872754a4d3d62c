//! A unit of work: reads run at once, writes wait and go to the database together at its end.

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, SqliteConnection};

use super::batch::{Batch, Value, arguments};
use super::error::StoreError;
use crate::domain::event::Entry;
use crate::domain::ids::{EventId, TenantId};
use crate::domain::time::Instant;

/// The frame of a unit, so that one that fails undoes itself and not its neighbours.
const BEGIN: &str = "savepoint unit;\n";
const END: &str = "release unit";

#[derive(Debug)]
pub struct Tx<'c> {
    connection: &'c mut SqliteConnection,
    batch: Batch,
    pub(super) entries: Vec<(TenantId, EventId, Entry)>,
    now: Instant,
    relaxed: bool,
    /// Whether a savepoint holds what was written before the unit's end, to be undone with the rest.
    open: bool,
    lost: Option<StoreError>,
}

impl<'c> Tx<'c> {
    pub(super) fn new(connection: &'c mut SqliteConnection, now: Instant) -> Self {
        let (batch, entries) = (Batch::default(), Vec::new());
        Self { connection, batch, entries, now, relaxed: false, open: false, lost: None }
    }

    /// The store's time, one for the whole unit.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Lets the answer go out before the unit is on disk: for what may be lost in a crash without anybody
    /// having been told a thing that is not so, like where in a menu a call stood.
    pub fn relax(&mut self) {
        self.relaxed = true;
    }

    pub(super) fn is_relaxed(&self) -> bool {
        self.relaxed
    }

    /// The error that cost the whole group of units its transaction, if one did.
    pub(super) fn lost(&self) -> Option<&StoreError> {
        self.lost.as_ref()
    }

    /// Adds a statement to those that run at the end.
    pub(super) fn push<const N: usize>(&mut self, statement: &'static str, values: [Value; N]) {
        self.batch.push(statement, values);
    }

    /// Undoes all of the unit: what waits, and what was written before a read.
    pub(super) async fn undo(&mut self) {
        self.batch.clear();
        self.entries.clear();
        if self.open {
            self.roll_back().await;
        }
    }

    /// Writes what waits, so that a read sees it and a long unit's text stays short. It still stands and
    /// falls with the unit.
    pub async fn flush(&mut self) -> Result<(), StoreError> {
        self.push_entries();
        if self.batch.is_empty() {
            return Ok(());
        }
        let begin = if self.open { "" } else { BEGIN };
        self.open = true;
        self.run(begin, "").await
    }

    /// Writes what waits and ends the unit.
    pub(super) async fn finish(&mut self) -> Result<(), StoreError> {
        self.push_entries();
        match (self.open, self.batch.is_empty()) {
            (false, true) => Ok(()),
            (false, false) => {
                self.open = true;
                self.run(BEGIN, END).await
            }
            (true, _) => self.run("", END).await,
        }
    }

    async fn run(&mut self, begin: &str, end: &str) -> Result<(), StoreError> {
        let (text, values) = self.batch.take(begin, end);
        let written = sqlx::query_with(AssertSqlSafe(text), values).execute(&mut *self.connection).await;
        let Err(error) = written.map_err(StoreError::from) else { return Ok(()) };
        self.roll_back().await;
        if !matches!(error, StoreError::Conflict(_)) {
            self.lost = Some(error.clone());
        }
        Err(error)
    }

    async fn roll_back(&mut self) {
        self.open = false;
        let undone = sqlx::raw_sql("rollback to unit; release unit").execute(&mut *self.connection).await;
        if let Err(error) = undone {
            self.lost = Some(error.into());
        }
    }

    pub(super) async fn all<R, const N: usize>(
        &mut self,
        statement: &'static str,
        values: [Value; N],
    ) -> Result<Vec<R>, StoreError>
    where
        R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        self.flush().await?;
        let query = sqlx::query_as_with(statement, arguments(values));
        Ok(query.fetch_all(&mut *self.connection).await?)
    }

    pub(super) async fn one<R, const N: usize>(
        &mut self,
        statement: &'static str,
        values: [Value; N],
    ) -> Result<Option<R>, StoreError>
    where
        R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        self.flush().await?;
        let query = sqlx::query_as_with(statement, arguments(values));
        Ok(query.fetch_optional(&mut *self.connection).await?)
    }

    /// Asks the engine about itself.
    pub(super) async fn pragma<R>(&mut self, text: &'static str) -> Result<R, StoreError>
    where
        R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        Ok(sqlx::query_as(text).fetch_one(&mut *self.connection).await?)
    }
}

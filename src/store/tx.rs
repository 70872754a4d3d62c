//! A unit of work: reads run at once, writes wait and go to the database together at its end.

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, SqliteConnection};

use super::batch::{Batch, Value, arguments};
use super::error::StoreError;
use crate::domain::event::Entry;
use crate::domain::ids::{EventId, TenantId};
use crate::domain::time::Instant;

#[derive(Debug)]
pub struct Tx<'c> {
    connection: &'c mut SqliteConnection,
    batch: Batch,
    pub(super) entries: Vec<(TenantId, EventId, Entry)>,
    now: Instant,
    relaxed: bool,
    /// Whether some writes are in the database already, under the unit's savepoint.
    begun: bool,
    /// What went wrong, if anything did: the unit is undone then.
    failed: Option<StoreError>,
}

/// Whether more of a unit's writes may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Middle,
    End,
}

impl<'c> Tx<'c> {
    pub(super) fn new(connection: &'c mut SqliteConnection, now: Instant) -> Self {
        let (batch, entries) = (Batch::default(), Vec::new());
        Self { connection, batch, entries, now, relaxed: false, begun: false, failed: None }
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
        self.failed.as_ref().filter(|error| !matches!(error, StoreError::Conflict(_)))
    }

    /// Adds a statement to those that run at the end.
    pub(super) fn push<const N: usize>(&mut self, statement: &'static str, values: [Value; N]) {
        self.batch.push(statement, values);
    }

    /// Ends the unit: all of it stands.
    pub(super) async fn keep(&mut self) -> Result<(), StoreError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.push_entries();
        if self.batch.is_empty() && !self.begun { Ok(()) } else { self.write(Part::End).await }
    }

    /// Ends the unit: none of it stands.
    pub(super) async fn undo(&mut self) {
        self.batch.clear();
        self.entries.clear();
        if std::mem::take(&mut self.begun) {
            let undone = sqlx::raw_sql("rollback to unit; release unit").execute(&mut *self.connection).await;
            self.failed = undone.err().map(StoreError::from).or(self.failed.take());
        }
    }

    /// Writes what waits, so that the unit's own reads see it and a long unit's text stays short. It still
    /// stands and falls with the unit.
    pub async fn flush(&mut self) -> Result<(), StoreError> {
        self.push_entries();
        if self.batch.is_empty() { Ok(()) } else { self.write(Part::Middle).await }
    }

    async fn write(&mut self, part: Part) -> Result<(), StoreError> {
        let (statements, values) = self.batch.take();
        let first = if self.begun { "" } else { "savepoint unit;\n" };
        let last = match part {
            Part::Middle => "",
            Part::End => "release unit",
        };
        self.begun = true;
        let text = AssertSqlSafe(format!("{first}{statements}{last}"));
        match sqlx::query_with(text, values).execute(&mut *self.connection).await {
            Ok(_) => {
                self.begun = part == Part::Middle;
                Ok(())
            }
            Err(error) => {
                let error = StoreError::from(error);
                self.failed = Some(error.clone());
                self.undo().await;
                Err(error)
            }
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
        let rows = query.fetch_all(&mut *self.connection).await;
        rows.map_err(|error| self.not_read(error))
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
        let row = query.fetch_optional(&mut *self.connection).await;
        row.map_err(|error| self.not_read(error))
    }

    /// A disk that fails while reading may have cost the transaction as well.
    fn not_read(&mut self, error: sqlx::Error) -> StoreError {
        let error = StoreError::from(error);
        if let StoreError::Broken(_) = error {
            self.failed = Some(error.clone());
        }
        error
    }

    /// Asks the engine about itself.
    pub(super) async fn pragma<R>(&mut self, text: &'static str) -> Result<R, StoreError>
    where
        R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        Ok(sqlx::query_as(text).fetch_one(&mut *self.connection).await?)
    }
}

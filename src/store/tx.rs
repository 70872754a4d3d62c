//! A unit of work: reads run at once, writes wait and go to the database together at its end.

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, SqliteConnection};

use super::batch::{Batch, Value, arguments};
use super::error::StoreError;
use super::reader::Reader;
use crate::domain::event::Entry;
use crate::domain::ids::{EventId, TenantId};
use crate::domain::time::Instant;

#[derive(Debug)]
pub struct Tx<'c> {
    line: Line<'c>,
    batch: Batch,
    pub(super) entries: Vec<(TenantId, EventId, Entry)>,
    now: Instant,
    relaxed: bool,
    /// Whether some writes are in the database already, under the unit's savepoint.
    begun: bool,
    /// All that was written, in order.
    written: Vec<Written>,
    /// Whether a text that stood under no savepoint broke off and left what it had done so far.
    torn: bool,
    /// What went wrong, if anything did: the unit is undone then.
    failed: Option<StoreError>,
}

/// A text that was run, and its values: enough to run it again.
#[derive(Debug, Clone)]
pub(super) struct Written {
    text: String,
    values: Vec<Value>,
}

impl Written {
    pub(super) async fn run(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let values = arguments(self.values.iter().cloned());
        sqlx::query_with(AssertSqlSafe(self.text.clone()), values).execute(connection).await?;
        Ok(())
    }
}

/// How a unit reaches the database.
#[derive(Debug)]
enum Line<'c> {
    /// It has the writer's connection to itself.
    Own(&'c mut SqliteConnection),
    /// It only reads, on a connection that others use as well.
    Shared(&'c Reader),
}

/// Half of a unit is in the group's transaction.
#[derive(Debug)]
pub(super) struct Torn;

/// Whether more of a unit's writes may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Middle,
    End,
}

impl<'c> Tx<'c> {
    /// A unit that reads and writes.
    pub(super) fn new(connection: &'c mut SqliteConnection, now: Instant) -> Self {
        Self::on(Line::Own(connection), now)
    }

    /// A unit that only reads.
    pub(super) fn reading(reader: &'c Reader, now: Instant) -> Self {
        Self::on(Line::Shared(reader), now)
    }

    fn on(line: Line<'c>, now: Instant) -> Self {
        let (batch, entries) = (Batch::default(), Vec::new());
        let (written, torn) = (Vec::new(), false);
        Self { line, batch, entries, now, relaxed: false, begun: false, written, torn, failed: None }
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

    /// What the unit wrote; an error if it left the group's transaction with half of a text in it.
    pub(super) fn into_written(self) -> Result<Vec<Written>, Torn> {
        if self.torn { Err(Torn) } else { Ok(self.written) }
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
        self.written.clear();
        if std::mem::take(&mut self.begun) {
            let undone = self.run("rollback to unit; release unit".to_owned(), Vec::new()).await;
            self.failed = undone.err().or(self.failed.take());
        }
    }

    /// Writes what waits, so that the unit's own reads see it and a long unit's text stays short. It still
    /// stands and falls with the unit.
    pub async fn flush(&mut self) -> Result<(), StoreError> {
        self.push_entries();
        if self.batch.is_empty() { Ok(()) } else { self.write(Part::Middle).await }
    }

    /// Writes what waits. Most units write once, at their end, and need no savepoint, which would cost them a
    /// copy of every page that they touch: should such a text break off, the whole group is written again
    /// without it.
    async fn write(&mut self, part: Part) -> Result<(), StoreError> {
        let (text, values) = self.batch.take();
        let (first, last) = match (self.begun, part) {
            (false, Part::Middle) => ("savepoint unit;\n", ""),
            (true, Part::Middle) | (false, Part::End) => ("", ""),
            (true, Part::End) => ("", "release unit"),
        };
        self.begun |= part == Part::Middle;
        let framed = format!("{first}{text}{last}");
        self.written.push(Written { text, values: values.clone() });
        match self.run(framed, values).await {
            Ok(()) => {
                self.begun = part == Part::Middle;
                Ok(())
            }
            Err(error) => {
                self.torn = !self.begun;
                self.failed = Some(error.clone());
                self.undo().await;
                Err(error)
            }
        }
    }

    async fn run(&mut self, text: String, values: Vec<Value>) -> Result<(), StoreError> {
        let Line::Own(connection) = &mut self.line else { return Err(StoreError::ReadOnly) };
        sqlx::query_with(AssertSqlSafe(text), arguments(values)).execute(&mut **connection).await?;
        Ok(())
    }

    pub(super) async fn all<R, const N: usize>(
        &mut self,
        statement: &'static str,
        values: [Value; N],
    ) -> Result<Vec<R>, StoreError>
    where
        R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let rows = self.rows(statement, values.into()).await?;
        Ok(rows.iter().map(R::from_row).collect::<Result<_, _>>()?)
    }

    pub(super) async fn one<R, const N: usize>(
        &mut self,
        statement: &'static str,
        values: [Value; N],
    ) -> Result<Option<R>, StoreError>
    where
        R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let rows = self.rows(statement, values.into()).await?;
        Ok(rows.first().map(R::from_row).transpose()?)
    }

    async fn rows(
        &mut self,
        statement: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        self.flush().await?;
        let rows = match &mut self.line {
            Line::Shared(reader) => reader.ask(statement, values).await,
            Line::Own(connection) => {
                let query = sqlx::query_with(statement, arguments(values));
                query.fetch_all(&mut **connection).await.map_err(StoreError::from)
            }
        };
        // A disk that fails while reading may have cost the transaction as well.
        if let Err(error @ StoreError::Broken(_)) = &rows {
            self.failed = Some(error.clone());
        }
        rows
    }

    /// Asks the engine about itself.
    pub(super) async fn pragma<R>(&mut self, text: &'static str) -> Result<R, StoreError>
    where
        R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let answer = self.one(text, []).await?;
        answer.ok_or_else(|| StoreError::corrupt("pragma", text, "the engine says nothing"))
    }
}

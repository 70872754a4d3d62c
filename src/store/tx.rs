//! A unit of work: reads run at once, writes wait until the unit's end, and longer.

use std::mem;
use std::sync::Arc;

use futures_util::future::try_join_all;

use super::batch::Write;
use super::error::StoreError;
use super::events::Logged;
use super::group::{Group, Place, Unit};
use super::reader::Reader;
use super::row::{Readable, Row};
use super::value::Value;
use crate::domain::event::EventCause;
use crate::domain::time::Instant;

#[derive(Debug)]
pub struct Tx<'c> {
    line: Line<'c>,
    /// What the unit has written and nobody has had to see yet.
    unit: Unit,
    /// What of it is in the database already, under the unit's savepoint.
    begun: Option<Unit>,
    now: Instant,
    /// On whose behalf the unit runs.
    actor: Arc<str>,
    relaxed: bool,
    foreseen: Option<Foreseen>,
    /// What went wrong, if anything did: the unit is undone then.
    failed: Option<StoreError>,
}

/// How a unit reaches the database.
#[derive(Debug)]
enum Line<'c> {
    /// It has the transaction of its group to itself.
    Own(&'c mut Group),
    /// It only reads, on a connection that others use as well.
    Shared(&'c Reader),
}

/// The row that a unit is going to ask for first, if there is one, read together with its neighbours'.
#[derive(Debug)]
pub(super) struct Foreseen {
    pub(super) key: String,
    pub(super) row: Option<Row>,
}

impl<'c> Tx<'c> {
    /// A unit that reads and writes.
    pub(super) fn new(group: &'c mut Group, now: Instant, foreseen: Option<Foreseen>) -> Self {
        Self::on(Line::Own(group), now, foreseen)
    }

    /// A unit that only reads.
    pub(super) fn reading(reader: &'c Reader, now: Instant) -> Self {
        Self::on(Line::Shared(reader), now, None)
    }

    fn on(line: Line<'c>, now: Instant, foreseen: Option<Foreseen>) -> Self {
        let actor = Arc::default();
        Self { line, unit: Unit::default(), begun: None, now, actor, relaxed: false, foreseen, failed: None }
    }

    pub(super) fn act_for(&mut self, actor: Arc<str>) {
        self.actor = actor;
    }

    /// Whoever asked for the unit, as the cause of its events.
    pub fn cause(&self) -> EventCause {
        EventCause::actor(&*self.actor)
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

    /// Adds a statement to those that run at the end. It may change what any unit has read.
    pub(super) fn push<const N: usize>(&mut self, statement: &'static str, values: [Value; N]) {
        self.unit.touched.anything();
        self.unit.writes.push(Write { statement, values: values.into() });
    }

    /// Adds a statement that changes the one row with the key, and nothing that another unit can have read.
    pub(super) fn push_row<const N: usize>(
        &mut self,
        key: &str,
        statement: &'static str,
        values: [Value; N],
    ) {
        self.unit.touched.key(key);
        self.unit.writes.push(Write { statement, values: values.into() });
    }

    pub(super) fn log(&mut self, logged: impl Iterator<Item = Logged>) {
        self.unit.logged.extend(logged);
    }

    /// Ends the unit: all of it stands, unless the database refuses it later.
    pub(super) async fn keep(&mut self) -> Result<Option<Place>, StoreError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.begun.is_some() {
            self.flush().await?;
            self.say("release unit").await?;
        }
        let (unit, begun) = (mem::take(&mut self.unit), self.begun.take());
        let Line::Own(group) = &mut self.line else { return Ok(None) };
        Ok(match begun {
            Some(written) => Some(group.keep_written(written)),
            None if unit.is_empty() => None,
            None => Some(group.keep(unit)),
        })
    }

    /// Ends the unit: none of it stands.
    pub(super) async fn undo(&mut self) {
        self.unit = Unit::default();
        if self.begun.take().is_some()
            && let Line::Own(group) = &mut self.line
            && let Err(error) = group.take_back_unit().await
        {
            self.failed = Some(error);
        }
    }

    /// Writes what waits, so that the unit's own reads see it and a long unit's rows do not pile up. It still
    /// stands and falls with the unit.
    pub async fn flush(&mut self) -> Result<(), StoreError> {
        if self.unit.is_empty() {
            return Ok(());
        }
        let written = self.write().await;
        self.note(written)
    }

    async fn write(&mut self) -> Result<(), StoreError> {
        let Line::Own(group) = &mut self.line else { return Err(StoreError::ReadOnly) };
        group.flush().await?;
        if self.begun.is_none() {
            group.say("savepoint unit").await?;
        }
        let unit = mem::take(&mut self.unit);
        let written = group.write_now(&unit).await;
        self.begun.get_or_insert_default().extend(unit);
        written
    }

    async fn say(&mut self, statement: &'static str) -> Result<(), StoreError> {
        match &mut self.line {
            Line::Own(group) => group.say(statement).await,
            Line::Shared(_) => Err(StoreError::ReadOnly),
        }
    }

    /// Remembers what went wrong.
    fn note<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result {
            self.failed = Some(error.clone());
        }
        result
    }

    pub(super) async fn all<R: Readable, const N: usize>(
        &mut self,
        statement: &'static str,
        values: [Value; N],
    ) -> Result<Vec<R>, StoreError> {
        let rows = self.rows(statement, values.into()).await?;
        rows.iter().map(Row::read).collect()
    }

    /// The rows of many questions of a kind, in the order of the questions. Whoever only reads asks them side by side.
    pub(super) async fn all_of_each<R: Readable, const N: usize>(
        &mut self,
        statement: &'static str,
        questions: impl Iterator<Item = [Value; N]>,
    ) -> Result<Vec<R>, StoreError> {
        let answers = match &self.line {
            Line::Shared(reader) => {
                let asked = questions.map(|values| reader.ask(statement, values.into()));
                let answers = try_join_all(asked).await;
                self.note(answers)?
            }
            Line::Own(_) => {
                let mut answers = Vec::new();
                for values in questions {
                    answers.push(self.rows(statement, values.into()).await?);
                }
                answers
            }
        };
        answers.iter().flatten().map(Row::read).collect()
    }

    pub(super) async fn one<R: Readable, const N: usize>(
        &mut self,
        statement: &'static str,
        values: [Value; N],
    ) -> Result<Option<R>, StoreError> {
        let rows = self.rows(statement, values.into()).await?;
        rows.first().map(Row::read).transpose()
    }

    async fn rows(&mut self, statement: &'static str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        self.flush().await?;
        let rows = match &mut self.line {
            Line::Shared(reader) => reader.ask(statement, values).await,
            Line::Own(group) => {
                if let Err(lost) = group.flush().await {
                    return self.note(Err(lost));
                }
                group.rows(statement, values).await
            }
        };
        // A question that fails may have cost the transaction.
        self.note(rows)
    }

    /// The row with the key: as it was foreseen, unless a neighbour has written it since, or one with another
    /// key that the row names.
    pub(super) async fn one_foreseen<R: Readable, const N: usize>(
        &mut self,
        key: &str,
        named: impl FnOnce(&R) -> Option<&str> + Send,
        statement: &'static str,
        values: [Value; N],
    ) -> Result<Option<R>, StoreError> {
        let foreseen = self.foreseen.take().filter(|foreseen| foreseen.key == key);
        if let (Some(Foreseen { row, .. }), Line::Own(group)) = (foreseen, &self.line) {
            let row = row.as_ref().map(Row::read::<R>).transpose()?;
            let other = row.as_ref().and_then(named);
            if !group.has_touched(key) && !other.is_some_and(|other| group.has_touched(other)) {
                return Ok(row);
            }
        }
        self.one(statement, values).await
    }

    /// What the engine says of itself.
    pub(super) async fn told<R: Readable>(&mut self, text: &'static str) -> Result<R, StoreError> {
        let answer = self.one(text, []).await?;
        answer.ok_or_else(|| StoreError::corrupt("settings", text, "the engine says nothing"))
    }
}

//! The transaction that units of work share. What a unit keeps waits until somebody has to see it, or until
//! the commit, so that the rows of several units go to the database together. A unit that the database
//! refuses is left out alone.

use std::collections::HashSet;

use super::batch::Write;
use super::chain::Heads;
use super::error::StoreError;
use super::events::Logged;
use super::link::{Begun, Link};
use super::row::Row;
use super::value::Value;
use crate::domain::ids::TenantId;

#[derive(Debug)]
pub(super) struct Group {
    link: Link,
    /// Whose lock a transaction holds, where the engine has one for each tenant.
    tenant: Option<TenantId>,
    /// What the units of the transaction in hand have kept, in their order.
    units: Vec<Unit>,
    /// So many of them are in the database.
    written: usize,
    touched: Touched,
    heads: Heads,
}

/// What a unit of work writes.
#[derive(Debug, Default)]
pub(super) struct Unit {
    pub(super) writes: Vec<Write>,
    pub(super) logged: Vec<Logged>,
    pub(super) touched: Touched,
    /// Why the database would not have it.
    refused: Option<StoreError>,
}

impl Unit {
    pub(super) fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.logged.is_empty()
    }

    pub(super) fn extend(&mut self, later: Self) {
        self.writes.extend(later.writes);
        self.logged.extend(later.logged);
        self.touched.extend(later.touched);
    }
}

/// Which rows were written, as far as it matters to whoever has read them before.
#[derive(Debug, Default)]
pub(super) struct Touched {
    anything: bool,
    keys: HashSet<String>,
}

impl Touched {
    pub(super) fn anything(&mut self) {
        self.anything = true;
    }

    pub(super) fn key(&mut self, key: &str) {
        self.keys.insert(key.to_owned());
    }

    fn extend(&mut self, other: Self) {
        self.anything |= other.anything;
        self.keys.extend(other.keys);
    }

    fn has(&self, key: &str) -> bool {
        self.anything || self.keys.contains(key)
    }
}

/// The place of a unit in its group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(usize);

impl Group {
    pub(super) fn on(link: Link, tenant: Option<TenantId>) -> Self {
        let (touched, heads) = (Touched::default(), Heads::default());
        Self { link, tenant, units: Vec::new(), written: 0, touched, heads }
    }

    /// Begins a transaction; the server's time then, where the engine has a clock of its own.
    pub(super) async fn begin(&mut self) -> Result<Option<i64>, StoreError> {
        self.units.clear();
        self.written = 0;
        self.touched = Touched::default();
        match self.link.begin(self.tenant.as_ref()).await? {
            Begun::Alone { version } => {
                self.heads.as_of(version);
                Ok(None)
            }
            Begun::Locked { time, head } => {
                self.heads.told(&head)?;
                Ok(Some(time))
            }
        }
    }

    /// Ends the transaction: what its units kept is on the disk, unless nobody relies on that yet.
    pub(super) async fn commit(&mut self, is_relaxed: bool) -> Result<(), StoreError> {
        self.flush().await?;
        self.link.commit(is_relaxed).await
    }

    /// Ends the transaction: none of it stands.
    pub(super) async fn roll_back(&mut self) {
        self.heads.forget();
        self.link.roll_back().await;
    }

    /// Takes what a unit wrote, to be part of the transaction.
    pub(super) fn keep(&mut self, mut unit: Unit) -> Place {
        self.touched.extend(std::mem::take(&mut unit.touched));
        self.units.push(unit);
        Place(self.units.len() - 1)
    }

    /// Takes what a unit has written by itself.
    pub(super) fn keep_written(&mut self, unit: Unit) -> Place {
        let place = self.keep(unit);
        self.written = self.units.len();
        place
    }

    /// What became of a unit that was kept, as far as is known.
    pub(super) fn fate(&self, Place(place): Place) -> Result<(), StoreError> {
        self.units[place].refused.clone().map_or(Ok(()), Err)
    }

    /// Whether a unit of this transaction wrote the row with the key.
    pub(super) fn has_touched(&self, key: &str) -> bool {
        self.touched.has(key)
    }

    /// Brings into the database what units have kept.
    pub(super) async fn flush(&mut self) -> Result<(), StoreError> {
        match write(&mut self.link, &mut self.heads, &self.units[self.written..]).await {
            Err(StoreError::Conflict(_)) => self.write_one_by_one().await?,
            other => other?,
        }
        self.written = self.units.len();
        Ok(())
    }

    /// Takes the transaction back and writes what its units have kept, each for itself, without those that are
    /// refused.
    async fn write_one_by_one(&mut self) -> Result<(), StoreError> {
        self.heads.forget();
        self.link.start_over().await?;
        for place in 0..self.units.len() {
            if self.units[place].refused.is_some() {
                continue;
            }
            self.say("savepoint unit").await?;
            match write(&mut self.link, &mut self.heads, &self.units[place..=place]).await {
                Ok(()) => self.say("release unit").await?,
                Err(refused @ StoreError::Conflict(_)) => {
                    self.take_back_unit().await?;
                    self.units[place].refused = Some(refused);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes what the unit in hand has gathered so far.
    pub(super) async fn write_now(&mut self, unit: &Unit) -> Result<(), StoreError> {
        write(&mut self.link, &mut self.heads, std::slice::from_ref(unit)).await
    }

    /// Takes back what was written since the savepoint of the unit in hand, and leaves it.
    pub(super) async fn take_back_unit(&mut self) -> Result<(), StoreError> {
        self.heads.forget();
        self.say("rollback to unit").await?;
        self.say("release unit").await
    }

    /// The rows of one statement, which sees what is in the database.
    pub(super) async fn rows(
        &mut self,
        statement: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.link.rows(statement.into(), values).await
    }

    /// The rows of a statement that takes its values in rows, for so many of them.
    pub(super) async fn rows_for(
        &mut self,
        statement: &'static str,
        count: usize,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.link.rows_for(statement, count, values).await
    }

    /// Runs a statement that has no values.
    pub(super) async fn say(&mut self, statement: &'static str) -> Result<(), StoreError> {
        self.link.say(statement).await
    }
}

async fn write(link: &mut Link, heads: &mut Heads, units: &[Unit]) -> Result<(), StoreError> {
    link.write(units.iter().flat_map(|unit| &unit.writes)).await?;
    heads.append(link, units.iter().flat_map(|unit| &unit.logged)).await
}

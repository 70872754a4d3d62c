//! One of the two databases.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;

use super::Tally;
use super::table::{NAMES, TABLES, Table};
use crate::store::batch::{Parcel, Write, pack};
use crate::store::connection::{Connection, Rows};
use crate::store::engine::Engine;
use crate::store::error::StoreError;
use crate::store::rows::count;
use crate::store::sql;

/// Rows that go to the database in one statement at most, which is one trip there and back.
pub(super) const MOST_ROWS: usize = 512;

#[derive(Debug)]
pub(super) struct Side(Connection);

impl Side {
    pub(super) async fn connect(engine: &Engine) -> Result<Self, StoreError> {
        Ok(Self(Connection::unhurried(engine).await?))
    }

    /// Begins a transaction in which nobody else writes, and that sees all that was written before.
    pub(super) async fn hold(&mut self) -> Result<(), StoreError> {
        let text = match self.0 {
            Connection::Sqlite(_) => "begin immediate".to_owned(),
            Connection::Postgres(_) => sql::hold_on_postgres(NAMES),
        };
        self.0.say(text).await
    }

    /// The rows of a statement, one after the other as they are asked for.
    pub(super) fn rows(&mut self, text: &'static str) -> Rows<'_> {
        self.0.rows(text)
    }

    /// How many rows a table has.
    pub(super) async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        count(table.name, "count", self.0.row(table.count).await?.number()?)
    }

    /// How many rows each table has.
    pub(super) async fn tallies(&mut self) -> Result<Vec<Tally>, StoreError> {
        let mut tallies = Vec::new();
        for table in TABLES {
            tallies.push(Tally { table: table.name, rows: self.count(table).await? });
        }
        Ok(tallies)
    }

    /// The last seq of each tenant.
    pub(super) async fn heads(&mut self) -> Result<BTreeMap<String, u64>, StoreError> {
        let (mut rows, mut heads) = (self.rows(sql::HEADS), BTreeMap::new());
        while let Some(row) = rows.try_next().await? {
            let (tenant, seq): (String, i64) = row.read()?;
            heads.insert(tenant.clone(), count("outbox_heads", &tenant, seq)?);
        }
        Ok(heads)
    }

    pub(super) async fn write(&mut self, writes: &[Write]) -> Result<(), StoreError> {
        for Parcel { text, values } in pack(writes, self.0.placeholders(), MOST_ROWS) {
            self.0.execute(text, values).await?;
        }
        Ok(())
    }

    /// Whether it holds no text with U+0000.
    pub(super) fn refuses_nul(&self) -> bool {
        matches!(self.0, Connection::Postgres(_))
    }

    /// Ends the transaction: what it wrote is on the disk.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        if let Connection::Postgres(_) = self.0 {
            // Else the first to ask would wait until the server has found out by itself how much there is.
            self.0.say(format!("analyze {NAMES}")).await?;
        }
        self.0.say("commit".to_owned()).await?;
        self.close().await;
        Ok(())
    }

    /// Ends the connection, and with it its transaction.
    pub(super) async fn close(self) {
        self.0.close().await;
    }
}

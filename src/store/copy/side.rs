//! One of the two databases, on a connection of its own which no limit for statements ends.

use std::collections::BTreeMap;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _, Postgres, Sqlite};

use super::Tally;
use super::table::{NAMES, TABLES, Table};
use crate::store::batch::{Parcel, Write, pack};
use crate::store::error::StoreError;
use crate::store::listed::Placeholders;
use crate::store::row::Row;
use crate::store::rows::count;
use crate::store::value::arguments;
use crate::store::{Engine, postgres, sql, sqlite};

/// Rows that go to the database in one statement at most, which is one trip there and back.
pub(super) const MOST_ROWS: usize = 512;

#[derive(Debug)]
pub(super) enum Side {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Rows as they come.
pub(super) type Rows<'s> = BoxStream<'s, Result<Row, sqlx::Error>>;

impl Side {
    pub(super) async fn connect(engine: &Engine) -> Result<Self, StoreError> {
        Ok(match engine {
            Engine::Sqlite(options) => Self::Sqlite(sqlite::unhurried(options).await?),
            Engine::Postgres { options, .. } => Self::Postgres(postgres::unhurried(options).await?),
        })
    }

    /// Begins a transaction in which nobody else writes, and that sees all that was written before.
    pub(super) async fn hold(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => self.say("begin immediate".to_owned()).await,
            Self::Postgres(_) => self.say(sql::hold_on_postgres(NAMES)).await,
        }
    }

    /// Runs statements that have no values.
    async fn say(&mut self, text: String) -> Result<(), StoreError> {
        let query = sqlx::raw_sql(AssertSqlSafe(text));
        match self {
            Self::Sqlite(connection) => query.execute(connection).await.map(drop)?,
            Self::Postgres(connection) => query.execute(connection).await.map(drop)?,
        }
        Ok(())
    }

    /// The rows of a statement, one after the other as they are asked for.
    pub(super) fn rows(&mut self, text: &'static str) -> Rows<'_> {
        match self {
            Self::Sqlite(connection) => sqlx::query(text).fetch(connection).map_ok(Row::Sqlite).boxed(),
            Self::Postgres(connection) => sqlx::query(text).fetch(connection).map_ok(Row::Postgres).boxed(),
        }
    }

    /// How many rows a table has.
    pub(super) async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let row = self.rows(table.count).try_next().await?;
        let row = row.ok_or_else(|| StoreError::corrupt(table.name, "count", "the engine says nothing"))?;
        count(table.name, "count", row.number()?)
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
        let placeholders = match self {
            Self::Sqlite(_) => Placeholders::Bare,
            Self::Postgres(_) => Placeholders::Numbered,
        };
        for Parcel { text, values } in pack(writes, placeholders, MOST_ROWS) {
            let text = AssertSqlSafe(text);
            match self {
                Self::Sqlite(connection) => {
                    sqlx::query_with(text, arguments::<Sqlite>(values))
                        .execute(connection)
                        .await
                        .map(drop)?;
                }
                Self::Postgres(connection) => {
                    sqlx::query_with(text, arguments::<Postgres>(values))
                        .execute(connection)
                        .await
                        .map(drop)?;
                }
            }
        }
        Ok(())
    }

    /// Whether it holds no text with U+0000.
    pub(super) fn refuses_nul(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Ends the transaction: what it wrote is on the disk.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        if let Self::Postgres(_) = self {
            // Else the first to ask would wait until the server has found out by itself how much there is.
            self.say(format!("analyze {NAMES}")).await?;
        }
        self.say("commit".to_owned()).await?;
        self.close().await;
        Ok(())
    }

    /// Ends the connection, and with it its transaction.
    pub(super) async fn close(self) {
        // It has said all that it had to say.
        match self {
            Self::Sqlite(connection) => drop(connection.close().await),
            Self::Postgres(connection) => drop(connection.close().await),
        }
    }
}

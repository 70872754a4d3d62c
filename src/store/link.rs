//! A way to the database, whichever engine it is: the one place where statements are handed to a driver.

use std::borrow::Cow;

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Sqlite};

use super::batch::{MOST_ROWS, Parcel, Write, pack};
use super::error::StoreError;
use super::listed::{Listed, Placeholders};
use super::postgres::Borrowed;
use super::row::Row;
use super::sqlite;
use super::value::{Value, arguments};
use crate::domain::ids::TenantId;

#[derive(Debug)]
pub(super) enum Link {
    Sqlite(SqliteConnection),
    Postgres(Borrowed),
}

/// What an engine tells when a transaction begins.
#[derive(Debug)]
pub(super) enum Begun {
    /// Nobody else writes to the database; its version is another one when somebody has since the last transaction.
    Alone { version: i64 },
    /// Nobody else writes what is the tenant's; the server's time, in unix milliseconds, and the row that is locked, if
    /// there is one.
    Locked { time: i64, head: Vec<Row> },
}

impl Link {
    /// The rows of one statement.
    pub(super) async fn rows(
        &mut self,
        text: Cow<'static, str>,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(connection) => {
                Ok(sqlite::answers(connection, text, values).await?.into_iter().flatten().collect())
            }
            Self::Postgres(borrowed) => borrowed.rows(text, values).await,
        }
    }

    /// The rows of a statement that takes its values in rows, for so many of them.
    pub(super) async fn rows_for(
        &mut self,
        statement: &'static str,
        count: usize,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let listed = Listed::read(statement).expect("it takes its values in rows");
        self.rows(listed.of_rows(count, self.placeholders()).into(), values).await
    }

    /// The rows of each statement of a text, of which PostgreSQL takes no more than one.
    pub(super) async fn answers(
        &mut self,
        text: String,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        match self {
            Self::Sqlite(connection) => sqlite::answers(connection, text.into(), values).await,
            Self::Postgres(borrowed) => Ok(vec![borrowed.rows(text.into(), values).await?]),
        }
    }

    /// Whether a text may hold several statements with values.
    pub(super) fn takes_several(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// Runs one statement for what it does.
    pub(super) async fn execute(
        &mut self,
        text: Cow<'static, str>,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => {
                let query = sqlx::query_with(AssertSqlSafe(text), arguments::<Sqlite>(values));
                query.execute(connection).await?;
                Ok(())
            }
            Self::Postgres(borrowed) => borrowed.execute(text, values).await,
        }
    }

    /// Runs statements, those that do the same together.
    pub(super) async fn write<'w>(
        &mut self,
        writes: impl IntoIterator<Item = &'w Write>,
    ) -> Result<(), StoreError> {
        for Parcel { text, values } in pack(writes, self.placeholders(), MOST_ROWS) {
            self.execute(text, values).await?;
        }
        Ok(())
    }

    /// Runs a statement that has no values.
    pub(super) async fn say(&mut self, text: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => {
                sqlx::query(text).execute(connection).await?;
                Ok(())
            }
            Self::Postgres(borrowed) => borrowed.say(text.into()).await.map(drop),
        }
    }

    /// Begins a transaction in which nobody else writes what is the tenant's.
    pub(super) async fn begin(&mut self, tenant: Option<&TenantId>) -> Result<Begun, StoreError> {
        match self {
            Self::Sqlite(connection) => Ok(Begun::Alone { version: sqlite::begin(connection).await? }),
            Self::Postgres(borrowed) => borrowed.begin(tenant).await,
        }
    }

    /// Takes back all that the transaction wrote. Nobody else has written meanwhile what it may have read.
    pub(super) async fn start_over(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => sqlite::start_over(connection).await,
            Self::Postgres(borrowed) => borrowed.say("rollback to start".into()).await.map(drop),
        }
    }

    /// Ends the transaction: others see what it wrote, and it is on the disk, unless nobody relies on that yet.
    pub(super) async fn commit(&mut self, is_relaxed: bool) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => self.say("commit").await,
            Self::Postgres(borrowed) => borrowed.commit(is_relaxed).await,
        }
    }

    /// Ends the transaction: none of it stands.
    pub(super) async fn roll_back(&mut self) {
        match self {
            // SQLite may have rolled back by itself, and then has nothing left to roll back.
            Self::Sqlite(_) => drop(self.say("rollback").await),
            Self::Postgres(borrowed) => borrowed.roll_back().await,
        }
    }

    /// How the engine's placeholders are written.
    pub(super) fn placeholders(&self) -> Placeholders {
        match self {
            Self::Sqlite(_) => Placeholders::Bare,
            Self::Postgres(_) => Placeholders::Numbered,
        }
    }
}

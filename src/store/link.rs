//! A way to the database, whichever engine it is: the one place where statements are handed to a driver.

use std::borrow::Cow;

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Sqlite};

use super::error::StoreError;
use super::listed::Placeholders;
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

    /// Begins a transaction in which nobody else writes what is the tenant's. Tells the server's time, in unix
    /// milliseconds, where the engine is one that has a clock of its own.
    pub(super) async fn begin(&mut self, tenant: Option<&TenantId>) -> Result<Option<i64>, StoreError> {
        match self {
            Self::Sqlite(_) => self.say("begin immediate").await.map(|()| None),
            Self::Postgres(borrowed) => borrowed.begin(tenant).await.map(Some),
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

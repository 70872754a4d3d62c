//! A connection of its own to either engine, for what takes its time or comes before the ways to read and write.

use std::borrow::Cow;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _, Postgres, Sqlite};

use super::engine::Engine;
use super::error::StoreError;
use super::listed::Placeholders;
use super::row::Row;
use super::value::{Value, arguments};
use super::{postgres, sqlite};

#[derive(Debug)]
pub(super) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Rows as they come.
pub(super) type Rows<'c> = BoxStream<'c, Result<Row, sqlx::Error>>;

impl Connection {
    /// One that leaves the database as it is.
    pub(super) async fn of_onlooker(engine: &Engine) -> Result<Self, StoreError> {
        Ok(match engine {
            Engine::Sqlite(options) => Self::Sqlite(sqlite::onlooker(options).await?),
            Engine::Postgres { options, .. } => Self::Postgres(postgres::connect(options).await?),
        })
    }

    /// One that no limit for statements ends.
    pub(super) async fn unhurried(engine: &Engine) -> Result<Self, StoreError> {
        Ok(match engine {
            Engine::Sqlite(options) => Self::Sqlite(sqlite::unhurried(options).await?),
            Engine::Postgres { options, .. } => Self::Postgres(postgres::unhurried(options).await?),
        })
    }

    /// The rows of a statement, one after the other as they are asked for.
    pub(super) fn rows(&mut self, text: &'static str) -> Rows<'_> {
        match self {
            Self::Sqlite(connection) => sqlx::query(text).fetch(connection).map_ok(Row::Sqlite).boxed(),
            Self::Postgres(connection) => sqlx::query(text).fetch(connection).map_ok(Row::Postgres).boxed(),
        }
    }

    /// The one row of a statement that always has one.
    pub(super) async fn row(&mut self, text: &'static str) -> Result<Row, StoreError> {
        self.rows(text).try_next().await?.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// Runs a statement for what it does.
    pub(super) async fn execute(
        &mut self,
        text: Cow<'static, str>,
        values: Vec<Value>,
    ) -> Result<(), StoreError> {
        let text = AssertSqlSafe(text);
        match self {
            Self::Sqlite(connection) => {
                sqlx::query_with(text, arguments::<Sqlite>(values)).execute(connection).await?;
            }
            Self::Postgres(connection) => {
                sqlx::query_with(text, arguments::<Postgres>(values)).execute(connection).await?;
            }
        }
        Ok(())
    }

    /// Runs statements that have no values.
    pub(super) async fn say(&mut self, text: String) -> Result<(), StoreError> {
        let query = sqlx::raw_sql(AssertSqlSafe(text));
        match self {
            Self::Sqlite(connection) => query.execute(connection).await.map(drop)?,
            Self::Postgres(connection) => query.execute(connection).await.map(drop)?,
        }
        Ok(())
    }

    pub(super) fn placeholders(&self) -> Placeholders {
        match self {
            Self::Sqlite(_) => Placeholders::Bare,
            Self::Postgres(_) => Placeholders::Numbered,
        }
    }

    /// Ends it, and with it its transaction.
    pub(super) async fn close(self) {
        // It has said all that it had to say.
        match self {
            Self::Sqlite(connection) => drop(connection.close().await),
            Self::Postgres(connection) => drop(connection.close().await),
        }
    }
}

//! A database of its own for each test, on the engine that this run is for.

use std::env;
use std::path::PathBuf;

use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};
use tempfile::TempDir;

use super::postgres;

/// Says `postgres` to a run of the tests on PostgreSQL.
pub const ENGINE: &str = "DUTYLINE_TEST_ENGINE";

/// Whether this run of the tests is on PostgreSQL.
pub fn is_postgres() -> bool {
    env::var_os(ENGINE).is_some_and(|engine| engine == "postgres")
}

/// Tells a process its database.
pub const SETTING: &str = "DUTYLINE_DATABASE_URL";

/// Where a process finds its database, if that is not in its data folder.
pub fn setting() -> Option<(&'static str, String)> {
    is_postgres().then(|| (SETTING, postgres::shared().database()))
}

/// Runs SQL on the database at `url`, as somebody else.
pub async fn run(url: &str, sql: &'static str) {
    if url.starts_with("sqlite:") {
        let mut other = SqliteConnection::connect(url).await.expect("a connection");
        other.execute(sql).await.expect("it is done");
    } else {
        let mut other = PgConnection::connect(url).await.expect("a connection");
        other.execute(sql).await.expect("it is done");
    }
}

/// A text that the database at `url` answers with.
pub async fn ask(url: &str, sql: &'static str) -> String {
    let (answer,) = if url.starts_with("sqlite:") {
        let mut other = SqliteConnection::connect(url).await.expect("a connection");
        sqlx::query_as(sql).fetch_one(&mut other).await.expect("a row")
    } else {
        let mut other = PgConnection::connect(url).await.expect("a connection");
        sqlx::query_as(sql).fetch_one(&mut other).await.expect("a row")
    };
    answer
}

/// A database that is not migrated yet.
#[derive(Debug)]
pub struct Database {
    pub url: String,
    /// Removed with this.
    folder: TempDir,
}

impl Database {
    pub fn new() -> Self {
        if is_postgres() {
            return Self::on_postgres();
        }
        Self::on_sqlite()
    }

    /// On the engine that this run is not for; none where PostgreSQL is missing.
    pub fn on_the_other_engine() -> Option<Self> {
        if is_postgres() {
            Some(Self::on_sqlite())
        } else {
            postgres::unless_missing().map(|_| Self::on_postgres())
        }
    }

    fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { url: format!("sqlite:{}", folder.path().join("dutyline.db").display()), folder }
    }

    pub fn on_postgres() -> Self {
        Self { url: postgres::shared().database(), folder: tempfile::tempdir().expect("a folder") }
    }

    /// SQLite's file.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("dutyline.db")
    }

    /// Somebody else writes, and does not end.
    pub async fn hold(&self) -> Hold {
        let lock =
            if is_postgres() { "begin; select seq from outbox_heads for update" } else { "begin immediate" };
        self.occupied(lock).await
    }

    /// Somebody else reads, and does not end.
    pub async fn watch(&self) -> Hold {
        self.occupied("begin; select count(*) from events").await
    }

    async fn occupied(&self, by: &'static str) -> Hold {
        if is_postgres() {
            let mut intruder = PgConnection::connect(&self.url).await.expect("a connection");
            intruder.execute(by).await.expect("it is done");
            Hold::Postgres(intruder)
        } else {
            let mut intruder = SqliteConnection::connect(&self.url).await.expect("a connection");
            intruder.execute(by).await.expect("it is done");
            Hold::Sqlite(intruder)
        }
    }
}

/// Somebody else's transaction.
#[derive(Debug)]
pub enum Hold {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Hold {
    pub async fn let_go(self) {
        match self {
            Self::Sqlite(mut intruder) => intruder.execute("rollback").await.map(drop).expect("free"),
            Self::Postgres(mut intruder) => intruder.execute("rollback").await.map(drop).expect("free"),
        }
    }
}

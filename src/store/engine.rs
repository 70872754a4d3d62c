//! The engines that a database may be on, and what each of them says of itself.

use std::path::Path;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::watch;

use super::clock::Clock;
use super::error::StoreError;
use super::link::Link;
use super::postgres::{Borrowed, Limits};
use super::reader::{Reader, Readers};
use super::sqlite::checkpoint::{self, Pen};
use super::writer::{Lanes, Writer};
use super::{postgres, sqlite};

/// Which database, and how it is treated.
#[derive(Debug, Clone)]
pub struct Database {
    /// `sqlite:path` or `postgres://user@host/name`.
    pub url: String,
    /// What PostgreSQL is asked for at most.
    pub limits: Limits,
}

impl Database {
    /// Where it is, without the password.
    pub fn shown(&self) -> String {
        if is_sqlite(&self.url) { self.url.clone() } else { postgres::shown(&self.url) }
    }
}

impl From<&str> for Database {
    fn from(url: &str) -> Self {
        Self { url: url.to_owned(), limits: Limits::default() }
    }
}

impl From<&String> for Database {
    fn from(url: &String) -> Self {
        url.as_str().into()
    }
}

/// A database engine, and how to reach it.
#[derive(Debug)]
pub(super) enum Engine {
    Sqlite(SqliteConnectOptions),
    Postgres { options: PgConnectOptions, pool: PgPool, limits: Limits },
}

/// How the database keeps its word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Durability {
    Sqlite {
        /// The engine's version.
        version: String,
        /// The journal mode, `wal`.
        journal: String,
        /// Whether every commit is flushed to the disk.
        is_full: bool,
    },
    Postgres {
        version: String,
        /// Settings that should be on and are not.
        off: Vec<String>,
        /// Standbys that a commit waits for, as the server's setting names them.
        standbys: String,
    },
}

impl Engine {
    pub(super) fn of(database: Database) -> Result<Self, StoreError> {
        let Database { url, limits } = database;
        if is_sqlite(&url) {
            return Ok(Self::Sqlite(sqlite::options(&url)?));
        }
        let options = postgres::options(&url)?;
        let pool = postgres::pool(options.clone(), &limits);
        Ok(Self::Postgres { options, pool, limits })
    }

    /// The one clock of all who work on the database: where there are several, the server's.
    pub(super) fn clock(&self, own: Clock) -> Clock {
        match self {
            Self::Sqlite(_) => own,
            Self::Postgres { .. } => own.of_the_server(),
        }
    }

    /// The ways to read and to write, and what rings when something has been committed.
    pub(super) async fn connect(
        &self,
        lanes: Lanes,
    ) -> Result<(Readers, Writer, watch::Sender<()>), StoreError> {
        match self {
            Self::Sqlite(options) => {
                let (pen, bell) = (Pen::default(), lanes.commits.clone());
                let looked_after = options.connect().await?;
                tokio::spawn(checkpoint::run(
                    looked_after,
                    pen.clone(),
                    bell.subscribe(),
                    lanes.broken.clone(),
                ));
                let readers = Readers {
                    calls: Reader::start([Link::Sqlite(sqlite::reader(options).await?)]),
                    others: Reader::start([Link::Sqlite(sqlite::reader(options).await?)]),
                };
                let writer = Link::Sqlite(sqlite::writer(options).await?);
                Ok((readers, Writer::of_one(&lanes, writer, pen), bell))
            }
            Self::Postgres { pool, limits, .. } => {
                let bell = postgres::bell::hang(pool, lanes.commits.subscribe());
                // Half of the connections, and calls have half of those.
                let links = limits.connections.div_ceil(2);
                let link = |_| Link::Postgres(Borrowed::from(pool.clone(), limits));
                let readers = Readers {
                    calls: Reader::start((0..links.div_ceil(2)).map(link)),
                    others: Reader::start((0..links / 2).map(link)),
                };
                Ok((readers, Writer::by_tenant(lanes, pool.clone(), limits.clone()), bell))
            }
        }
    }

    /// Copies the database to a new file, while it is in use.
    pub(super) async fn back_up(&self, file: &Path) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(options) => sqlite::back_up(options, file).await,
            Self::Postgres { .. } => Err(StoreError::NotHere("`dutyline backup`", "use `pg_dump`")),
        }
    }

    /// What the engine's own check finds wrong; none if nothing. PostgreSQL looks after itself.
    pub(super) async fn quick_check(&self) -> Result<Option<String>, StoreError> {
        match self {
            Self::Sqlite(options) => sqlite::quick_check(options).await,
            Self::Postgres { .. } => Ok(None),
        }
    }
}

fn is_sqlite(url: &str) -> bool {
    url.starts_with("sqlite:")
}

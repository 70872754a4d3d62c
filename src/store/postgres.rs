//! PostgreSQL: several nodes on one database. Whoever writes what is a tenant's holds the lock on the head of
//! the tenant's log, from before it reads until its commit, so that units of work about a tenant run one after
//! the other on all nodes, as they do on SQLite. A node that stops in the middle loses its lock and its
//! transaction to the server.

pub(super) mod bell;

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use std::{io, mem};

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Postgres};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::error::StoreError;
use super::link::Begun;
use super::row::Row;
use super::sql;
use super::value::{Value, arguments};
use super::{Durability, Tx};
use crate::domain::ids::TenantId;

/// How we show in the server's own list of connections.
const APPLICATION: &str = "dutyline";

/// What an operator may set.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections that one process holds at most.
    pub connections: u32,
    /// The longest that a statement may take. A transaction in which nothing comes for as long is ended by the
    /// server, so that a node that has stopped holds nobody up.
    pub statement: Duration,
    /// The longest that a unit of work waits for another node's.
    pub lock: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 10, statement: Duration::from_secs(3), lock: Duration::from_secs(2) }
    }
}

/// What a connection does not answer for so much longer than a statement may take, it does not answer at all.
const GRACE: Duration = Duration::from_secs(1);

/// How long a way to the server may take to be found.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How to reach the server for statements that may take long.
pub(super) fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    Ok(PgConnectOptions::from_str(url)?
        .application_name(APPLICATION)
        .statement_cache_capacity(256)
        .disable_statement_logging())
}

/// A connection of its own, for statements that may take long.
pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    let connected = timeout(CONNECT_TIMEOUT, options.connect()).await;
    let connected = connected.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()));
    connected.map_err(|error| StoreError::Unreached(Arc::new(error)))
}

/// A connection for statements and transactions that take their time, whatever the server grants others, and that
/// wait for locks a little longer than these do.
pub(super) async fn unhurried(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    let unlimited = [("statement_timeout", "0"), ("idle_in_transaction_session_timeout", "0")];
    connect(&options.clone().options(unlimited).options([("lock_timeout", "10s")])).await
}

/// A server's URL without what is secret in it.
pub(super) fn shown(url: &str) -> String {
    let Ok(options) = PgConnectOptions::from_str(url) else { return "postgres://…".to_owned() };
    let (user, host, port) = (options.get_username(), options.get_host(), options.get_port());
    format!("postgres://{user}@{host}:{port}/{}", options.get_database().unwrap_or(user))
}

/// The connections of one process.
pub(super) fn pool(options: PgConnectOptions, limits: &Limits) -> PgPool {
    let millis = |time: Duration| time.as_millis().to_string();
    let options = options.options([
        ("statement_timeout", millis(limits.statement)),
        ("lock_timeout", millis(limits.lock)),
        ("idle_in_transaction_session_timeout", millis(limits.statement)),
    ]);
    PgPoolOptions::new()
        .max_connections(limits.connections)
        .acquire_timeout(CONNECT_TIMEOUT)
        // Each is tested when it comes back; one that dies while it rests costs one group of units.
        .test_before_acquire(false)
        .connect_lazy_with(options)
}

/// A connection out of the pool, while it is needed: there are more lanes than connections.
#[derive(Debug)]
pub(super) struct Borrowed {
    pool: PgPool,
    patience: Duration,
    held: Held,
}

#[derive(Debug)]
enum Held {
    Nothing,
    /// The transaction's own, until it ends; none once it has broken, and the transaction with it.
    Transaction(Option<PoolConnection<Postgres>>),
}

type Tried<T> = Result<Result<T, sqlx::Error>, Elapsed>;

impl Borrowed {
    pub(super) fn from(pool: PgPool, limits: &Limits) -> Self {
        Self { pool, patience: limits.statement + GRACE, held: Held::Nothing }
    }

    pub(super) async fn rows(
        &mut self,
        text: Cow<'static, str>,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let query = sqlx::query_with(AssertSqlSafe(text), arguments::<Postgres>(values));
        let mut connection = self.take().await?;
        let tried = timeout(self.patience, query.fetch_all(&mut *connection)).await;
        Ok(self.give(connection, tried)?.into_iter().map(Row::Postgres).collect())
    }

    pub(super) async fn execute(
        &mut self,
        text: Cow<'static, str>,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<(), StoreError> {
        let query = sqlx::query_with(AssertSqlSafe(text), arguments::<Postgres>(values));
        let mut connection = self.take().await?;
        let tried = timeout(self.patience, query.execute(&mut *connection)).await;
        self.give(connection, tried).map(drop)
    }

    /// The rows of statements that have no values.
    pub(super) async fn say(&mut self, text: Cow<'static, str>) -> Result<Vec<Row>, StoreError> {
        let query = sqlx::raw_sql(AssertSqlSafe(text));
        let mut connection = self.take().await?;
        let tried = timeout(self.patience, query.fetch_all(&mut *connection)).await;
        Ok(self.give(connection, tried)?.into_iter().map(Row::Postgres).collect())
    }

    /// Begins a transaction that holds the tenant's lock.
    pub(super) async fn begin(&mut self, tenant: Option<&TenantId>) -> Result<Begun, StoreError> {
        self.held = Held::Transaction(Some(self.pool.acquire().await?));
        let mut head = self.say(sql::begin_on_postgres(tenant).into()).await?;
        let time =
            head.pop().ok_or_else(|| StoreError::corrupt("clock", "now", "the server tells no time"))?;
        Ok(Begun::Locked { time: time.number()?, head })
    }

    /// What is visible and not yet flushed survives the death of any node, though not that of the server. Leaving
    /// the savepoint fails where the transaction has: a commit by itself would not.
    pub(super) async fn commit(&mut self, is_relaxed: bool) -> Result<(), StoreError> {
        let flush = if is_relaxed { "set local synchronous_commit = off; " } else { "" };
        self.say(format!("release start; {flush}commit").into()).await?;
        self.held = Held::Nothing;
        Ok(())
    }

    pub(super) async fn roll_back(&mut self) {
        let done = self.say("rollback".into()).await;
        if let Held::Transaction(Some(connection)) = mem::replace(&mut self.held, Held::Nothing)
            && done.is_err()
        {
            close(connection);
        }
    }

    async fn take(&mut self) -> Result<PoolConnection<Postgres>, StoreError> {
        match &mut self.held {
            Held::Nothing => Ok(self.pool.acquire().await?),
            Held::Transaction(connection) => connection.take().ok_or(StoreError::Lost),
        }
    }

    /// What came of a statement. A connection that does not answer, or not as a database does, is given up.
    fn give<T>(&mut self, connection: PoolConnection<Postgres>, tried: Tried<T>) -> Result<T, StoreError> {
        let done = tried.unwrap_or_else(|_| Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into())));
        match (&done, &mut self.held) {
            (Ok(_) | Err(sqlx::Error::Database(_)), Held::Transaction(held)) => *held = Some(connection),
            (Ok(_) | Err(sqlx::Error::Database(_)), Held::Nothing) => drop(connection),
            (Err(_), _) => close(connection),
        }
        Ok(done?)
    }
}

/// What the server says of itself.
pub(super) async fn durability(tx: &mut Tx<'_>) -> Result<Durability, StoreError> {
    let (version,): (String,) = tx.told("show server_version").await?;
    let (standbys,): (String,) = tx.told("show synchronous_standby_names").await?;
    let mut off = Vec::new();
    for (setting, question) in [
        ("fsync", "show fsync"),
        ("full_page_writes", "show full_page_writes"),
        ("synchronous_commit", "show synchronous_commit"),
    ] {
        let (value,): (String,) = tx.told(question).await?;
        if value == "off" {
            off.push(setting.to_owned());
        }
    }
    Ok(Durability::Postgres { version, off, standbys })
}

/// Closes a connection without a word, since nobody may be listening.
fn close(connection: PoolConnection<Postgres>) {
    drop(connection.detach());
}

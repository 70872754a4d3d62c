//! The database, and the only user of `sqlx`. Knows rows and units of work; must not know carriers, HTTP,
//! or why a thing is saved.
//!
//! [`sqlite`] by default, [`postgres`] where one machine is not enough. Above [`link`], where the two part, they
//! are one: units of work queue for a lane ([`writer`], [`lane`]), run in groups that share a commit
//! ([`group`]), and put rows of one kind into one statement ([`batch`]).

pub mod arrivals;
mod batch;
pub mod calls;
pub mod chain;
mod claims;
pub mod clock;
#[cfg(test)]
#[path = "../../tests/it/harness/postgres.rs"]
#[expect(dead_code, unreachable_pub, reason = "it serves the tests from outside as well")]
mod cluster;
mod connection;
pub mod copy;
mod deliveries;
mod engine;
pub mod error;
mod events;
pub mod fit;
pub mod flows;
mod group;
mod lane;
mod link;
mod listed;
mod mappings;
mod pins;
pub mod postgres;
pub mod presence;
pub mod prompts;
mod reader;
mod row;
mod rows;
pub mod schedules;
mod schema;
pub mod segments;
mod sql;
mod sqlite;
pub mod steps;
mod tenants;
pub mod tickets;
mod tokens;
mod tx;
pub mod upkeep;
mod users;
mod value;
pub mod webhooks;
mod writer;

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use tokio::runtime::Handle;
use tokio::sync::watch;

pub use clock::Clock;
pub use engine::{Database, Durability};
pub use error::StoreError;
pub use fit::Fit;
pub use tx::Tx;
pub use writer::Boxed;

use crate::domain::claim::Claim;
use crate::domain::ids::{CallId, TenantId};
use crate::domain::tenant::Tenant;
use engine::Engine;
use fit::Schema;
use reader::{Reader, Readers};
use row::Row;
use writer::{Lanes, Writer};

/// The database. A copy is of the handle alone.
#[derive(Debug, Clone)]
pub struct Store {
    connections: Arc<Connections>,
    /// On whose behalf it writes.
    actor: Arc<str>,
    /// Under which its units of work are carried out, once each.
    claim: Option<Arc<Claim>>,
}

#[derive(Debug)]
struct Connections {
    engine: Engine,
    /// As it was last seen.
    fit: watch::Sender<Fit>,
    readers: Readers,
    writer: Writer,
    clock: Clock,
    broken: watch::Sender<Option<StoreError>>,
    bell: watch::Sender<()>,
}

/// What a unit of work is about. Units about the same tenant run one after the other, on all nodes.
#[derive(Debug)]
pub enum Scope {
    /// What tenants share; others may be at it at the same time.
    Deployment,
    Tenant(TenantId),
    /// A call, which [`Tx::call_in_hand`] then has at hand, and its tenant.
    Call(CallId),
}

impl Scope {
    pub fn of(tenant: &Tenant) -> Self {
        Self::Tenant(tenant.id.clone())
    }
}

impl Store {
    /// Opens the database, brings its schema up to date, and makes it if it is not there and can be made.
    pub async fn open(database: impl Into<Database>, clock: Clock) -> Result<Self, StoreError> {
        let engine = Engine::of(database.into())?;
        schema::migrate(&engine).await?;
        Self::start(engine, clock).await
    }

    /// Opens a database that is there and that this binary can work with; what is wrong with it otherwise.
    pub async fn open_existing(database: impl Into<Database>, clock: Clock) -> Result<Self, StoreError> {
        Self::start(Engine::of(database.into())?, clock).await
    }

    /// Looks whether this binary can work with the database, and changes nothing.
    pub async fn check(database: impl Into<Database>) -> Result<Fit, StoreError> {
        schema::fit(&Engine::of(database.into())?).await
    }

    async fn start(engine: Engine, clock: Clock) -> Result<Self, StoreError> {
        let (fit, _) = watch::channel(schema::fit(&engine).await?);
        let (broken, _) = watch::channel(None);
        let (commits, _) = watch::channel(());
        let clock = engine.clock(clock);
        let runtime = Handle::current();
        let lanes = Lanes { clock: clock.clone(), commits, broken: broken.clone(), runtime };
        let (readers, writer, bell) = engine.connect(lanes).await?;
        let connections = Connections { engine, fit, readers, writer, clock, broken, bell };
        let store = Self { connections: Arc::new(connections), actor: Arc::default(), claim: None };
        store.look().await?;
        Ok(store)
    }

    /// The same database, written to on somebody's behalf: who that is stands in the log.
    #[must_use]
    pub fn on_behalf_of(&self, actor: impl Into<Arc<str>>) -> Self {
        Self { actor: actor.into(), ..self.clone() }
    }

    /// The same database, written to for one request, which is one unit of work: it makes the claim, or is refused with
    /// [`StoreError::Claimed`] if that was made before.
    #[must_use]
    pub fn claiming(&self, claim: Claim) -> Self {
        Self { claim: Some(Arc::new(claim)), ..self.clone() }
    }

    /// Runs reads, each of which sees what was committed when it began.
    pub async fn read<T, E, W>(&self, work: W) -> Result<T, E>
    where
        E: From<StoreError>,
        W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<T, E>>,
    {
        self.read_by(&self.connections.readers.others, work).await
    }

    /// Reads for a call that is on the line, ahead of everybody else's reads (I31).
    pub async fn read_for_call<T, E, W>(&self, work: W) -> Result<T, E>
    where
        E: From<StoreError>,
        W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<T, E>>,
    {
        self.read_by(&self.connections.readers.calls, work).await
    }

    async fn read_by<T, W>(&self, reader: &Reader, work: W) -> T
    where
        W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, T>,
    {
        work(&mut Tx::reading(reader, self.connections.clock.now())).await
    }

    /// Runs a unit of work: all of it or nothing. The answer comes when it is on disk, unless the unit
    /// said with [`Tx::relax`] that nobody relies on it yet. Once it is in the writer's queue, which may take
    /// a moment when that is full, the work is done also if the caller goes away.
    pub async fn write<T, E, W>(&self, scope: Scope, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<T, E>> + Send + 'static,
    {
        let (tenant, call) = self.narrow(scope).await?;
        let (writer, actor) = (&self.connections.writer, self.actor.clone());
        match self.claim.clone() {
            None => writer.write(tenant.as_ref(), call, acting(actor, work)).await,
            Some(claim) => writer.write(tenant.as_ref(), call, acting(actor, once(claim, work))).await,
        }
    }

    /// Runs a unit of work that nobody needs on the disk yet. Every later unit finds what it wrote.
    pub async fn write_later<E, W>(&self, scope: Scope, work: W) -> Result<(), E>
    where
        E: From<StoreError> + std::fmt::Display + Send + 'static,
        W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<(), E>> + Send + 'static,
    {
        let (tenant, _) = self.narrow(scope).await?;
        self.connections.writer.write_later(tenant.as_ref(), acting(self.actor.clone(), work)).await
    }

    /// Whose lane a unit of work belongs in, where there is more than one, and the call that it is about.
    async fn narrow(&self, scope: Scope) -> Result<(Option<TenantId>, Option<CallId>), StoreError> {
        Ok(match scope {
            Scope::Deployment => (None, None),
            Scope::Tenant(tenant) => (Some(tenant), None),
            Scope::Call(call) if self.connections.writer.is_one() => (None, Some(call)),
            Scope::Call(call) => {
                let of = call.clone();
                let read = self.read_for_call(|tx| Box::pin(async move { tx.tenant_of_call(&of).await }));
                (read.await?, Some(call))
            }
        })
    }

    /// Waits until all that was asked for before is on disk, also what nobody waited for. On PostgreSQL that is
    /// committed by then, and a flush takes along what others committed before.
    pub async fn settle(&self) -> Result<(), StoreError> {
        self.write(Scope::Deployment, |_| Box::pin(async { Ok(()) })).await
    }

    /// The store's time.
    pub fn clock(&self) -> &Clock {
        &self.connections.clock
    }

    /// How this binary can work with the database, as it was last looked at.
    pub fn fit(&self) -> Fit {
        *self.connections.fit.borrow()
    }

    /// Holds the error once the disk has failed, or the database has been migrated to what this binary does not
    /// understand; the process must end then (I30, I32).
    pub fn broken(&self) -> watch::Receiver<Option<StoreError>> {
        self.connections.broken.subscribe()
    }

    /// Rings when something has been committed, by whichever node; now and then for nothing, and once for many
    /// commits. Whoever relies on it looks by themselves now and then, too.
    pub fn bell(&self) -> watch::Receiver<()> {
        self.connections.bell.subscribe()
    }

    /// Looks whether the database answers and is one to work with still, and by how much this machine's clock is
    /// ahead of the store's.
    pub async fn look(&self) -> Result<TimeDelta, StoreError> {
        let asked = self.connections.clock.counted();
        let rows =
            self.connections.readers.others.ask(sql::TIME.on(&self.connections.engine), Vec::new()).await?;
        for told in rows.iter().map(Row::number) {
            self.connections.clock.follow(told?, asked);
        }
        self.look_at_schema().await?;
        Ok(self.connections.clock.skew())
    }

    async fn look_at_schema(&self) -> Result<(), StoreError> {
        for schema in self.connections.readers.others.ask(sql::SCHEMA, Vec::new()).await? {
            match schema.read::<Schema>()?.fit(schema::known()) {
                Ok(fit) if self.connections.fit.send_replace(fit) == fit => {}
                Ok(fit) => tracing::info!("{fit}"),
                Err(misfit) => {
                    self.connections.broken.send_replace(Some(misfit.into()));
                    return Err(misfit.into());
                }
            }
        }
        Ok(())
    }

    /// Copies the database to a new file, while it is in use.
    pub async fn back_up(&self, file: &Path) -> Result<(), StoreError> {
        self.connections.engine.back_up(file).await
    }

    /// What the engine's own check finds wrong; none if nothing.
    pub async fn quick_check(&self) -> Result<Option<String>, StoreError> {
        self.connections.engine.quick_check().await
    }

    /// The settings on which durability rests, as the engine reports them, and its version.
    pub async fn durability(&self) -> Result<Durability, StoreError> {
        match &self.connections.engine {
            // They are the connection's own: the one that writes is asked.
            Engine::Sqlite(_) => self.write(Scope::Deployment, |tx| Box::pin(sqlite::durability(tx))).await,
            Engine::Postgres { .. } => self.read(|tx| Box::pin(postgres::durability(tx))).await,
        }
    }
}

/// The work, done on somebody's behalf.
fn acting<T, W>(
    actor: Arc<str>,
    work: W,
) -> impl for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, T> + Send + 'static
where
    W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, T> + Send + 'static,
{
    |tx| {
        tx.act_for(actor);
        work(tx)
    }
}

/// The work, done unless the claim was made before.
fn once<T, E, W>(
    claim: Arc<Claim>,
    work: W,
) -> impl for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<T, E>> + Send + 'static
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<T, E>> + Send + 'static,
{
    |tx| {
        Box::pin(async move {
            tx.claim(&claim).await?;
            work(tx).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_is_read_for_while_others_read_for_long() {
        // I31.
        const LONG: &str = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 1000000) \
            select max(i) from n";
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("line.db").display());
        let store = Store::open(&url, Clock::System).await.expect("a database");
        let others = store.read::<(i64,), StoreError, _>(|tx| Box::pin(tx.told(LONG)));
        let call = store.read_for_call::<(i64,), StoreError, _>(|tx| Box::pin(tx.told("select 1")));
        tokio::select! {
            biased;
            _ = others => panic!("the call has waited"),
            read = call => assert_eq!(read.expect("readable"), (1,)),
        }
    }
}

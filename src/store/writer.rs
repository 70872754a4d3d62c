//! The way to write. Units of work queue up for a lane and run in it one after the other, and those that wait
//! while a commit is under way share the next one: one flush to the disk for all of them. A unit that fails
//! undoes itself alone. SQLite has one lane; PostgreSQL one for each tenant.

use std::collections::HashMap;
use std::fmt::Display;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use sqlx::postgres::PgPool;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use super::clock::Clock;
use super::error::StoreError;
use super::group::{Group, Place};
use super::lane::{Lane, Queue};
use super::link::Link;
use super::postgres::{Borrowed, Limits};
use super::sqlite::checkpoint::Pen;
use super::tx::Tx;
use crate::domain::ids::{CallId, TenantId};

/// What a unit of work is: a future that borrows its [`Tx`].
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A unit of work that waits.
pub(super) struct Job {
    /// The call that it is about, which is read beforehand.
    pub(super) call: Option<CallId>,
    /// Nobody waits for it.
    pub(super) is_patient: bool,
    pub(super) work: Work,
}

/// Runs a unit, then says what is owed to whoever waits for it. Told that there is no transaction, it does
/// not run.
pub(super) type Work = Box<dyn for<'t> FnOnce(Result<&'t mut Tx<'_>, StoreError>) -> Boxed<'t, Owed> + Send>;

/// What is owed to whoever waits for a unit.
pub(super) struct Owed {
    /// Where the unit stands in its group, if it wrote anything.
    pub(super) place: Option<Place>,
    /// It may be told before the unit is on the disk.
    pub(super) is_relaxed: bool,
    pub(super) acknowledge: Acknowledge,
}

/// Answers whoever waits for a unit, told how the commit went.
pub(super) type Acknowledge = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Units of work that wait at most; more hold up those who ask for them, so that nobody gets further ahead
/// of the disk than it can follow.
const MOST_WAITING: usize = 2048;

#[derive(Debug)]
pub(super) struct Writer(Way);

#[derive(Debug)]
enum Way {
    /// All units go one after the other.
    One(mpsc::Sender<Job>),
    /// Those about one tenant do, and those about none.
    ByTenant {
        lanes: Lanes,
        pool: PgPool,
        limits: Limits,
        open: Mutex<HashMap<Option<TenantId>, mpsc::Sender<Job>>>,
    },
}

/// What all lanes share.
#[derive(Debug, Clone)]
pub(super) struct Lanes {
    pub(super) clock: Clock,
    /// Told of each commit.
    pub(super) commits: watch::Sender<()>,
    /// Told when the disk fails.
    pub(super) broken: watch::Sender<Option<StoreError>>,
    /// Where they run, whoever is the first to ask for one: on the threads on which the store was opened.
    pub(super) runtime: Handle,
}

impl Lanes {
    /// Opens a lane, which writes when it has the pen if there is one.
    fn start(&self, group: Group, pen: Option<Pen>) -> mpsc::Sender<Job> {
        let (jobs, waiting) = mpsc::channel(MOST_WAITING);
        self.runtime.spawn(Lane { queue: Queue::new(waiting), group, pen, lanes: self.clone() }.run());
        jobs
    }
}

impl Writer {
    pub(super) fn of_one(lanes: &Lanes, link: Link, pen: Pen) -> Self {
        Self(Way::One(lanes.start(Group::on(link, None), Some(pen))))
    }

    pub(super) fn by_tenant(lanes: Lanes, pool: PgPool, limits: Limits) -> Self {
        Self(Way::ByTenant { lanes, pool, limits, open: Mutex::default() })
    }

    pub(super) fn is_one(&self) -> bool {
        matches!(self.0, Way::One(_))
    }

    fn lane(&self, tenant: Option<&TenantId>) -> mpsc::Sender<Job> {
        match &self.0 {
            Way::One(jobs) => jobs.clone(),
            Way::ByTenant { lanes, pool, limits, open } => {
                let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
                let start = || {
                    let link = Link::Postgres(Borrowed::from(pool.clone(), limits));
                    lanes.start(Group::on(link, tenant.cloned()), None)
                };
                open.entry(tenant.cloned()).or_insert_with(start).clone()
            }
        }
    }

    /// Runs `work` in the order of calls. The answer comes after the commit, unless the unit said with
    /// [`Tx::relax`] that nobody relies on it yet. Dropping the future takes nothing out of the queue.
    pub(super) async fn write<T, E, W>(
        &self,
        tenant: Option<&TenantId>,
        call: Option<CallId>,
        work: W,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<T, E>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let work = job(work, move |result| drop(answer.send(result)));
        self.enqueue(tenant, Job { call, is_patient: false, work }).await?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs `work`, which nobody needs on the disk yet, so that every later unit finds what it wrote: at once
    /// if all go one after the other, and else when it is committed.
    pub(super) async fn write_later<E, W>(&self, tenant: Option<&TenantId>, work: W) -> Result<(), E>
    where
        E: From<StoreError> + Display + Send + 'static,
        W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<(), E>> + Send + 'static,
    {
        let work = relaxed(work);
        if !self.is_one() {
            return self.write(tenant, None, work).await;
        }
        let done = |result: Result<(), E>| {
            if let Err(error) = result {
                tracing::warn!(%error, "a change that nobody waited for was not saved");
            }
        };
        Ok(self.enqueue(tenant, Job { call: None, is_patient: true, work: job(work, done) }).await?)
    }

    async fn enqueue(&self, tenant: Option<&TenantId>, job: Job) -> Result<(), StoreError> {
        self.lane(tenant).send(job).await.map_err(|_| StoreError::Closed)
    }
}

fn relaxed<T, W>(work: W) -> impl for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, T> + Send + 'static
where
    W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, T> + Send + 'static,
{
    |tx| {
        tx.relax();
        work(tx)
    }
}

fn job<T, E, W>(work: W, done: impl FnOnce(Result<T, E>) + Send + 'static) -> Work
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<T, E>> + Send + 'static,
{
    Box::new(move |tx| {
        Box::pin(async move {
            let (place, is_relaxed, result) = match tx {
                Ok(tx) => {
                    let (place, result) = unit(work, tx).await;
                    (place, tx.is_relaxed(), result)
                }
                Err(error) => (None, false, Err(error.into())),
            };
            let acknowledge = move |commit: Result<(), StoreError>| done(commit.map_err(E::from).and(result));
            Owed { place, is_relaxed, acknowledge: Box::new(acknowledge) }
        })
    })
}

/// Runs the work and keeps what it wrote, or takes it back.
async fn unit<T, E, W>(work: W, tx: &mut Tx<'_>) -> (Option<Place>, Result<T, E>)
where
    E: From<StoreError>,
    W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<T, E>>,
{
    let result = match work(tx).await {
        Ok(value) => tx.keep().await.map(|place| (place, value)).map_err(E::from),
        Err(error) => Err(error),
    };
    match result {
        Ok((place, value)) => (place, Ok(value)),
        Err(error) => {
            tx.undo().await;
            (None, Err(error))
        }
    }
}

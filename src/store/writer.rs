//! The one writer. Units of work run one after the other on its connection, and those that wait while a
//! commit is under way share the next one: one flush to the disk for all of them. A unit that fails
//! undoes itself alone.

use std::pin::Pin;

use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot, watch};

use super::checkpoint::Pen;
use super::clock::Clock;
use super::error::StoreError;
use super::group::{Group, Place};
use super::lane::{Lane, Queue};
use super::tx::Tx;
use crate::domain::ids::CallId;

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
    pub(super) acknowledge: Acknowledge,
}

/// Answers whoever waits for a unit, told how the commit went.
pub(super) type Acknowledge = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Units of work that wait at most; more hold up those who ask for them, so that nobody gets further ahead
/// of the disk than it can follow.
const MOST_WAITING: usize = 2048;

#[derive(Debug, Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    /// Starts the writer on its connection; `broken` says when the disk fails, and `commits` of each commit.
    pub(super) fn start(
        connection: SqliteConnection,
        clock: Clock,
        pen: Pen,
        commits: watch::Sender<()>,
        broken: watch::Sender<Option<StoreError>>,
    ) -> Self {
        let (jobs, queue) = mpsc::channel(MOST_WAITING);
        let lane =
            Lane { queue: Queue::new(queue), group: Group::on(connection), clock, pen, commits, broken };
        tokio::spawn(lane.run());
        Self { jobs }
    }

    /// Runs `work` in the order of calls. The answer comes after the commit, unless the unit said with
    /// [`Tx::relax`] that nobody relies on it yet. Dropping the future takes nothing out of the queue.
    pub(super) async fn write<T, E, W>(&self, call: Option<CallId>, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<T, E>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let work = job(work, move |result| drop(answer.send(result)));
        self.enqueue(Job { call, is_patient: false, work }).await?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs `work` after what was asked for before, and gives its result to `done`.
    pub(super) async fn write_later<E, W>(
        &self,
        work: W,
        done: impl FnOnce(Result<(), E>) + Send + 'static,
    ) -> Result<(), StoreError>
    where
        E: From<StoreError> + Send + 'static,
        W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<(), E>> + Send + 'static,
    {
        self.enqueue(Job { call: None, is_patient: true, work: job(work, done) }).await
    }

    async fn enqueue(&self, job: Job) -> Result<(), StoreError> {
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)
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
            let (place, result) = match tx {
                Ok(tx) => unit(work, tx).await,
                Err(error) => (None, Err(error.into())),
            };
            let acknowledge = move |commit: Result<(), StoreError>| done(commit.map_err(E::from).and(result));
            Owed { place, acknowledge: Box::new(acknowledge) }
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

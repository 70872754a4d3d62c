//! The one writer. Units of work run one after the other on its connection, and those that wait while a
//! commit is under way share the next one: one flush to the disk for all of them. A unit that fails
//! undoes itself alone.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

use super::calls::calls_in_hand;
use super::checkpoint::Pen;
use super::clock::Clock;
use super::error::StoreError;
use super::group::{Group, Place};
use super::tx::{Foreseen, Tx};
use crate::domain::ids::CallId;

/// What a unit of work is: a future that borrows its [`Tx`].
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A unit of work that waits.
struct Job {
    /// The call that it is about, which is read beforehand.
    call: Option<CallId>,
    /// Nobody waits for it.
    is_patient: bool,
    work: Work,
}

/// Runs a unit, then says what is owed to whoever waits for it. Told that there is no transaction, it does
/// not run.
type Work = Box<dyn for<'t> FnOnce(Result<&'t mut Tx<'_>, StoreError>) -> Boxed<'t, Owed> + Send>;

/// What is owed to whoever waits for a unit.
struct Owed {
    /// Where the unit stands in its group, if it wrote anything.
    place: Option<Place>,
    acknowledge: Acknowledge,
}

/// Answers whoever waits for a unit, told how the commit went.
type Acknowledge = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Units of work that share a commit at most, so that the first never waits long for the last.
const MOST_IN_A_GROUP: usize = 128;

/// How long units that nobody waits for wait for company: the more go together, the less each costs.
const LINGER: Duration = Duration::from_millis(50);

/// As many patient units do not wait any longer.
const COMPANY: usize = 256;

/// Units that run without a break, in which the thread is kept from its other tasks.
const BREATH: usize = 16;

/// Units of work that wait at most; more hold up those who ask for them, so that nobody gets further ahead
/// of the disk than it can follow.
const MOST_WAITING: usize = 512;

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
        tokio::spawn(run(Lane { group: Group::on(connection), clock, pen, commits, broken }, queue));
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

struct Lane {
    group: Group,
    clock: Clock,
    pen: Pen,
    commits: watch::Sender<()>,
    broken: watch::Sender<Option<StoreError>>,
}

async fn run(mut lane: Lane, mut queue: mpsc::Receiver<Job>) {
    let mut jobs = VecDeque::new();
    loop {
        if jobs.is_empty() && gather(&mut jobs, &mut queue).await.is_none() {
            return;
        }
        let mut owed = Vec::new();
        let outcome = lane.group(&mut jobs, &mut queue, &mut owed).await;
        let outcome = lane.unless_broken(outcome);
        for Owed { place, acknowledge } in owed {
            let fate = place.map_or(Ok(()), |place| lane.group.fate(place));
            acknowledge(outcome.clone().and(fate));
        }
        match outcome {
            Ok(()) => drop(lane.commits.send(())),
            // Nothing is written from here on: a flush that is tried again may lie (I30).
            Err(StoreError::Broken(_)) => return,
            Err(_) => {}
        }
    }
}

/// Waits for jobs; none will come any more if there are none then.
async fn gather(jobs: &mut VecDeque<Job>, queue: &mut mpsc::Receiver<Job>) -> Option<()> {
    let first = queue.recv().await?;
    let mut is_patient = first.is_patient;
    jobs.push_back(first);
    let until = Instant::now() + LINGER;
    while is_patient && jobs.len() < COMPANY {
        let Ok(Some(job)) = timeout_at(until, queue.recv()).await else { break };
        is_patient = job.is_patient;
        jobs.push_back(job);
    }
    Some(())
}

/// The jobs that wait in the queue.
fn waiting(queue: &mut mpsc::Receiver<Job>) -> impl Iterator<Item = Job> {
    std::iter::from_fn(|| queue.try_recv().ok())
}

impl Lane {
    /// Runs jobs in one transaction.
    async fn group(
        &mut self,
        jobs: &mut VecDeque<Job>,
        queue: &mut mpsc::Receiver<Job>,
        owed: &mut Vec<Owed>,
    ) -> Result<(), StoreError> {
        let pen = Arc::clone(&self.pen);
        let _mine = pen.lock().await;
        if let Err(error) = self.group.begin().await {
            // Those who came later have waited as long, and are not made to wait once more each.
            jobs.extend(waiting(queue));
            refuse(jobs, &error, owed).await;
            return Err(error);
        }
        let worked = self.work(jobs, queue, owed).await;
        let outcome = match worked {
            Ok(()) => self.group.commit().await,
            Err(lost) => Err(lost),
        };
        if outcome.is_err() {
            self.group.roll_back().await;
        }
        outcome
    }

    /// Runs the jobs and those that come meanwhile. An error is one that cost the whole group its transaction;
    /// jobs that are left then have not run.
    async fn work(
        &mut self,
        jobs: &mut VecDeque<Job>,
        queue: &mut mpsc::Receiver<Job>,
        owed: &mut Vec<Owed>,
    ) -> Result<(), StoreError> {
        let mut room = MOST_IN_A_GROUP;
        while !jobs.is_empty() {
            jobs.extend(waiting(queue).take(room.saturating_sub(jobs.len())));
            let calls: Vec<&CallId> = jobs.iter().filter_map(|job| job.call.as_ref()).collect();
            let mut rows = match calls_in_hand(&mut self.group, &calls).await {
                Ok(rows) => rows,
                Err(error) => {
                    refuse(jobs, &error, owed).await;
                    return Err(error);
                }
            };
            while let Some(Job { call, work, .. }) = jobs.pop_front() {
                let foreseen =
                    call.map(|call| Foreseen { row: rows.remove(call.as_str()), key: call.into() });
                self.unit(work, foreseen, owed).await?;
                room = room.saturating_sub(1);
                if room.is_multiple_of(BREATH) {
                    yield_now().await;
                }
            }
            jobs.extend(waiting(queue).take(room));
        }
        Ok(())
    }

    async fn unit(
        &mut self,
        work: Work,
        foreseen: Option<Foreseen>,
        owed: &mut Vec<Owed>,
    ) -> Result<(), StoreError> {
        let mut tx = Tx::new(&mut self.group, self.clock.now(), foreseen);
        if let Ok(debt) = AssertUnwindSafe(work(Ok(&mut tx))).catch_unwind().await {
            // What follows upon a unit that waits for the disk may tell of it, and so waits as well.
            let early = tx.is_relaxed() && tx.lost().is_none() && owed.is_empty();
            if early { (debt.acknowledge)(Ok(())) } else { owed.push(debt) }
        } else {
            // Whoever waits learns it from the closed channel; its neighbours go on.
            tracing::error!("a unit of work panicked and was left out");
            tx.undo().await;
        }
        tx.lost().cloned().map_or(Ok(()), Err)
    }

    /// How the commit went, or that the disk has failed; if so, it is told.
    fn unless_broken(&self, outcome: Result<(), StoreError>) -> Result<(), StoreError> {
        if let Err(error @ StoreError::Broken(_)) = &outcome {
            self.broken.send_replace(Some(error.clone()));
        }
        self.broken.borrow().clone().map_or(outcome, Err)
    }
}

/// Tells those who wait that their jobs could not be run.
async fn refuse(jobs: &mut VecDeque<Job>, why: &StoreError, owed: &mut Vec<Owed>) {
    for job in jobs.drain(..) {
        owed.push((job.work)(Err(why.clone())).await);
    }
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

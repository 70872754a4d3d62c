//! The one writer. Units of work run one after the other on its connection, and those that wait while a
//! commit is under way share the next one: one flush to the disk for all of them. A unit that fails
//! undoes itself alone.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures_util::FutureExt;
use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot, watch};

use super::clock::Clock;
use super::error::StoreError;
use super::tx::{Torn, Tx, Written};

/// What a unit of work is: a future that borrows its [`Tx`].
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs a unit, then says what is owed to whoever waits for it. Told that there is no transaction, it does
/// not run.
type Job = Box<dyn for<'t> FnOnce(Result<&'t mut Tx<'_>, StoreError>) -> Boxed<'t, Acknowledge> + Send>;

/// Answers whoever waits for a unit, told how the commit went.
type Acknowledge = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Units of work that share a commit at most, so that the first never waits long for the last.
const MOST_IN_A_GROUP: usize = 128;

/// Units of work that wait at most; more hold up those who ask for them, so that nobody gets further ahead
/// of the disk than it can follow.
const MOST_WAITING: usize = 256;

/// Pages of the write-ahead log that are worth bringing into the database: SQLite's own measure.
const CHECKPOINT_AT: i64 = 1000;

#[derive(Debug, Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    /// Starts the writer on its connection; `broken` is told when the disk fails.
    pub(super) fn start(
        connection: SqliteConnection,
        clock: Clock,
        broken: watch::Sender<Option<StoreError>>,
    ) -> Self {
        let (jobs, queue) = mpsc::channel(MOST_WAITING);
        tokio::spawn(run(Lane { connection, clock, broken, written: Vec::new() }, queue));
        Self { jobs }
    }

    /// Runs `work` in the order of calls. The answer comes after the commit, unless the unit said with
    /// [`Tx::relax`] that nobody relies on it yet. Dropping the future takes nothing out of the queue.
    pub(super) async fn write<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<T, E>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.enqueue(work, move |result| drop(answer.send(result))).await?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Puts `work` in the queue and gives its result to `done`, in the writer's time.
    pub(super) async fn enqueue<T, E, W>(
        &self,
        work: W,
        done: impl FnOnce(Result<T, E>) + Send + 'static,
    ) -> Result<(), StoreError>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<T, E>> + Send + 'static,
    {
        let job: Job = Box::new(move |tx| {
            Box::pin(async move {
                let result = match tx {
                    Ok(tx) => unit(work, tx).await,
                    Err(error) => Err(error.into()),
                };
                Box::new(move |commit: Result<(), StoreError>| done(commit.map_err(E::from).and(result)))
                    as Acknowledge
            })
        });
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)
    }
}

struct Lane {
    connection: SqliteConnection,
    clock: Clock,
    broken: watch::Sender<Option<StoreError>>,
    /// What the units of the group in hand have written.
    written: Vec<Written>,
}

async fn run(mut lane: Lane, mut queue: mpsc::Receiver<Job>) {
    while let Some(first) = queue.recv().await {
        let mut owed = Vec::new();
        let outcome = lane.group(first, &mut queue, &mut owed).await;
        let broken = lane.is_broken(&outcome);
        for acknowledge in owed {
            acknowledge(outcome.clone());
        }
        let checkpoint = if outcome.is_ok() { lane.checkpoint().await } else { Ok(()) };
        if broken || lane.is_broken(&checkpoint) {
            // Nothing is written from here on: a flush that is tried again may lie (I30).
            return;
        }
    }
}

impl Lane {
    async fn group(
        &mut self,
        first: Job,
        queue: &mut mpsc::Receiver<Job>,
        owed: &mut Vec<Acknowledge>,
    ) -> Result<(), StoreError> {
        let mut next = Some(first);
        if let Err(error) = sqlx::query("begin immediate").execute(&mut self.connection).await {
            let error = StoreError::from(error);
            // Those behind have waited as long, and are not made to wait once more each.
            while let Some(job) = next {
                owed.push(job(Err(error.clone())).await);
                next = queue.try_recv().ok();
            }
            return Err(error);
        }
        self.written.clear();
        let mut room = MOST_IN_A_GROUP;
        while let Some(job) = next {
            if let Err(error) = self.unit(job, owed).await {
                return self.give_up(error).await;
            }
            room -= 1;
            next = if room > 0 { queue.try_recv().ok() } else { None };
        }
        match sqlx::query("commit").execute(&mut self.connection).await {
            Ok(_) => Ok(()),
            Err(error) => self.give_up(error.into()).await,
        }
    }

    /// Runs one unit. An error is one that cost the whole group its transaction.
    async fn unit(&mut self, job: Job, owed: &mut Vec<Acknowledge>) -> Result<(), StoreError> {
        let mut tx = Tx::new(&mut self.connection, self.clock.now());
        if let Ok(acknowledge) = AssertUnwindSafe(job(Ok(&mut tx))).catch_unwind().await {
            // What follows upon a unit that waits for the disk may tell of it, and so waits as well.
            let early = tx.is_relaxed() && tx.lost().is_none() && owed.is_empty();
            if early { acknowledge(Ok(())) } else { owed.push(acknowledge) }
        } else {
            // Whoever waits learns it from the closed channel; its neighbours go on.
            tracing::error!("a unit of work panicked and was left out");
            tx.undo().await;
        }
        if let Some(error) = tx.lost() {
            return Err(error.clone());
        }
        match tx.into_written() {
            Ok(written) => self.written.extend(written),
            Err(Torn) => self.write_again().await?,
        }
        Ok(())
    }

    /// Takes the group's transaction back and writes what its units had written, without the one that broke
    /// off.
    async fn write_again(&mut self) -> Result<(), StoreError> {
        sqlx::query("rollback").execute(&mut self.connection).await?;
        sqlx::query("begin immediate").execute(&mut self.connection).await?;
        for written in &self.written {
            written.run(&mut self.connection).await?;
        }
        Ok(())
    }

    /// Whether the disk failed; if so, it is told.
    fn is_broken(&self, outcome: &Result<(), StoreError>) -> bool {
        let Err(error @ StoreError::Broken(_)) = outcome else { return false };
        self.broken.send_replace(Some(error.clone()));
        true
    }

    /// Brings the write-ahead log into the database when it is long. SQLite would do that by itself, and keep
    /// to itself that the disk failed.
    async fn checkpoint(&mut self) -> Result<(), StoreError> {
        let (_, logged, done): (i64, i64, i64) =
            sqlx::query_as("pragma wal_checkpoint(noop)").fetch_one(&mut self.connection).await?;
        if logged - done >= CHECKPOINT_AT {
            sqlx::query("pragma wal_checkpoint(passive)").execute(&mut self.connection).await?;
        }
        Ok(())
    }

    async fn give_up(&mut self, error: StoreError) -> Result<(), StoreError> {
        // SQLite may have rolled back by itself, and then has nothing left to roll back.
        drop(sqlx::query("rollback").execute(&mut self.connection).await);
        Err(error)
    }
}

/// Runs the work, then writes what it left to be written; or takes back what it wrote.
async fn unit<T, E, W>(work: W, tx: &mut Tx<'_>) -> Result<T, E>
where
    E: From<StoreError>,
    W: for<'t> FnOnce(&'t mut Tx<'_>) -> Boxed<'t, Result<T, E>>,
{
    match work(tx).await {
        Ok(value) => tx.keep().await.map(|()| value).map_err(E::from),
        Err(error) => {
            tx.undo().await;
            Err(error)
        }
    }
}

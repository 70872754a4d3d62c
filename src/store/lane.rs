//! The loop of one that writes: takes waiting units of work in groups, and answers those who wait.

use std::collections::VecDeque;
use std::iter;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::OptionFuture;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

use super::calls::calls_in_hand;
use super::error::StoreError;
use super::group::Group;
use super::sqlite::checkpoint::Pen;
use super::tx::{Foreseen, Tx};
use super::writer::{Job, Lanes, Owed, Work};
use crate::domain::ids::CallId;

/// Units of work that share a commit at most, so that the first never waits long for the last.
const MOST_IN_A_GROUP: usize = 128;

/// How long units that nobody waits for wait for company: the more go together, the less each costs.
const LINGER: Duration = Duration::from_millis(50);

/// As many patient units do not wait any longer.
const COMPANY: usize = 512;

/// Units that run without a break, in which the thread is kept from its other tasks.
const BREATH: usize = 16;

pub(super) struct Lane {
    pub(super) queue: Queue,
    pub(super) group: Group,
    /// What it shares with whoever else changes the database's files. Nobody writes past it then, and what a unit
    /// wrote is seen by every later one before the commit.
    pub(super) pen: Option<Pen>,
    pub(super) lanes: Lanes,
}

/// Jobs in their order.
pub(super) struct Queue {
    /// Those that are next.
    jobs: VecDeque<Job>,
    /// Those behind them.
    waiting: mpsc::Receiver<Job>,
}

impl Queue {
    pub(super) fn new(waiting: mpsc::Receiver<Job>) -> Self {
        Self { jobs: VecDeque::new(), waiting }
    }

    /// Waits until a job is next; none will come any more if none is.
    async fn gather(&mut self) -> Option<()> {
        if !self.jobs.is_empty() {
            return Some(());
        }
        let mut newest = self.waiting.recv().await?;
        let until = Instant::now() + LINGER;
        while newest.is_patient && self.jobs.len() + 1 < COMPANY {
            let Ok(Some(job)) = timeout_at(until, self.waiting.recv()).await else { break };
            self.jobs.push_back(std::mem::replace(&mut newest, job));
        }
        self.jobs.push_back(newest);
        Some(())
    }

    /// Lets those who wait come next, until so many are.
    fn fill(&mut self, many: usize) {
        let room = many.saturating_sub(self.jobs.len());
        self.jobs.extend(iter::from_fn(|| self.waiting.try_recv().ok()).take(room));
    }
}

impl Lane {
    /// Runs until nobody can ask for anything any more, or the store is broken: a flush that is tried again may lie
    /// (I30), and a database that is not understood is not written to (I32).
    pub(super) async fn run(mut self) {
        while self.queue.gather().await.is_some() && self.lanes.broken.borrow().is_none() {
            let mut owed = Vec::new();
            let outcome = self.group(&mut owed).await;
            let outcome = self.unless_broken(outcome);
            for Owed { place, acknowledge, .. } in owed {
                let fate = place.map_or(Ok(()), |place| self.group.fate(place));
                acknowledge(outcome.clone().and(fate));
            }
            if outcome.is_ok() {
                self.lanes.commits.send_replace(());
            }
        }
    }

    /// Runs jobs in one transaction.
    async fn group(&mut self, owed: &mut Vec<Owed>) -> Result<(), StoreError> {
        let pen = self.pen.clone();
        let _mine = OptionFuture::from(pen.as_ref().map(|pen| pen.lock())).await;
        let asked = self.lanes.clock.counted();
        match self.group.begin().await {
            Ok(told) => told.into_iter().for_each(|told| self.lanes.clock.follow(told, asked)),
            Err(error) => {
                self.group.roll_back().await;
                // Those who came later have waited as long, and are not made to wait once more each.
                self.queue.fill(usize::MAX);
                self.refuse(&error, owed).await;
                return Err(error);
            }
        }
        let worked = self.work(owed).await;
        let outcome = match worked {
            Ok(()) => {
                let is_relaxed = owed.iter().all(|owed| owed.is_relaxed);
                self.group.commit(is_relaxed).await
            }
            Err(lost) => Err(lost),
        };
        if outcome.is_err() {
            self.group.roll_back().await;
        }
        outcome
    }

    /// Runs the jobs that are next and those that come meanwhile. An error is one that cost the whole group its
    /// transaction; jobs that are left then have not run.
    async fn work(&mut self, owed: &mut Vec<Owed>) -> Result<(), StoreError> {
        let mut done = 0;
        loop {
            self.queue.fill(MOST_IN_A_GROUP.saturating_sub(done));
            if self.queue.jobs.is_empty() {
                return Ok(());
            }
            let calls: Vec<&CallId> = self.queue.jobs.iter().filter_map(|job| job.call.as_ref()).collect();
            let mut rows = match calls_in_hand(&mut self.group, &calls).await {
                Ok(rows) => rows,
                Err(error) => {
                    self.refuse(&error, owed).await;
                    return Err(error);
                }
            };
            while let Some(Job { call, work, .. }) = self.queue.jobs.pop_front() {
                let foreseen =
                    call.map(|call| Foreseen { row: rows.remove(call.as_str()), key: call.into() });
                self.unit(work, foreseen, owed).await?;
                done += 1;
                if done % BREATH == 0 {
                    yield_now().await;
                }
            }
        }
    }

    async fn unit(
        &mut self,
        work: Work,
        foreseen: Option<Foreseen>,
        owed: &mut Vec<Owed>,
    ) -> Result<(), StoreError> {
        let is_seen = self.pen.is_some();
        let mut tx = Tx::new(&mut self.group, self.lanes.clock.now(), foreseen);
        if let Ok(debt) = AssertUnwindSafe(work(Ok(&mut tx))).catch_unwind().await {
            // What follows upon a unit that waits for the disk may tell of it, and so waits as well.
            let early = is_seen && debt.is_relaxed && tx.lost().is_none() && owed.is_empty();
            if early { (debt.acknowledge)(Ok(())) } else { owed.push(debt) }
        } else {
            // Whoever waits learns it from the closed channel; its neighbours go on.
            tracing::error!("a unit of work panicked and was left out");
            tx.undo().await;
        }
        tx.lost().cloned().map_or(Ok(()), Err)
    }

    /// Tells those who are next that their jobs could not be run.
    async fn refuse(&mut self, why: &StoreError, owed: &mut Vec<Owed>) {
        for job in self.queue.jobs.drain(..) {
            owed.push((job.work)(Err(why.clone())).await);
        }
    }

    /// How the commit went, or that the disk has failed; if so, it is told.
    fn unless_broken(&self, outcome: Result<(), StoreError>) -> Result<(), StoreError> {
        if let Err(error @ StoreError::Broken(_)) = &outcome {
            self.lanes.broken.send_replace(Some(error.clone()));
        }
        self.lanes.broken.borrow().clone().map_or(outcome, Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(is_patient: bool) -> Job {
        Job { call: None, is_patient, work: Box::new(|_| unreachable!("it is gathered and not run")) }
    }

    /// Gathers from a queue with these jobs, patient or not; how many were next, and after how long.
    async fn gathered(jobs: impl IntoIterator<Item = bool>) -> (usize, Duration) {
        let (send, waiting) = mpsc::channel(1024);
        for is_patient in jobs {
            assert!(send.try_send(job(is_patient)).is_ok(), "there is room");
        }
        let (mut queue, begun) = (Queue::new(waiting), Instant::now());
        queue.gather().await.expect("there are jobs");
        (queue.jobs.len(), begun.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn only_those_whom_nobody_waits_for_wait_for_company() {
        let at_once = Duration::ZERO;
        assert_eq!(gathered([true]).await, (1, LINGER));
        assert_eq!(gathered([true; 3]).await, (3, LINGER));
        assert_eq!(gathered([false]).await, (1, at_once));
        assert_eq!(gathered([true, true, false, true]).await, (3, at_once));
        assert_eq!(gathered([true; COMPANY + 9]).await, (COMPANY, at_once));
    }

    #[tokio::test]
    async fn nothing_is_next_once_nobody_can_ask_any_more() {
        let (send, waiting) = mpsc::channel(1);
        drop(send);
        assert!(Queue::new(waiting).gather().await.is_none());
    }
}

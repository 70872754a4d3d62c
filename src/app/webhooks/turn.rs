//! A turn: what one endpoint is sent in one go, by the one node that has its lease.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use metrics::{counter, histogram};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::log::Told;
use crate::app::{App, draw};
use crate::domain::tenant::Tenant;
use crate::domain::time;
use crate::domain::webhook::answer::{Answer, Verdict, next_attempt};
use crate::domain::webhook::queue::{Job, Queue};
use crate::domain::webhook::{Delivery, DeliveryState, Webhook};
use crate::store::StoreError;
use crate::telemetry;

/// For how long nobody else has the endpoint: longer than the turn, and the last of its attempts, take.
pub(super) const LEASE: TimeDelta = TimeDelta::seconds(60);

/// For how long a turn begins attempts. It is measured by this machine: who was stopped for that long makes no more.
const LENGTH: Duration = Duration::from_secs(30);

/// Subjects about which an endpoint is sent something at once.
const MOST_AT_ONCE: usize = 32;

/// So many attempts may fail before one succeeds; then the turn is over.
const PATIENCE: u32 = 8;

pub(super) struct Turn<'t> {
    app: &'t App,
    tenant: &'t Tenant,
    webhook: &'t Webhook,
    stop: &'t CancellationToken,
    end: Instant,
    /// Whether the attempts of the turn before have failed, all of them.
    is_failing: bool,
    succeeded: AtomicU32,
    failed: AtomicU32,
    gone: AtomicBool,
}

/// What came of a subject's events.
#[derive(Debug)]
pub(super) struct Sent {
    /// What has come to its end, or to another attempt.
    pub(super) tried: Vec<Tried>,
    /// What was not tried, in its order.
    pub(super) untried: Vec<Job>,
}

#[derive(Debug)]
pub(super) struct Tried {
    pub(super) job: Job,
    pub(super) outcome: Outcome,
}

#[derive(Debug)]
pub(super) enum Outcome {
    Delivered,
    /// It waits for another attempt, or is dead.
    Failed(Box<Delivery>),
    /// The log has forgotten it.
    Forgotten,
}

impl Sent {
    /// Whether its last event waits for another attempt, so that those behind it wait for that.
    pub(super) fn is_held(&self) -> bool {
        let last = self.tried.last().map(|tried| &tried.outcome);
        matches!(last, Some(Outcome::Failed(delivery)) if delivery.state == DeliveryState::Waiting)
    }
}

/// What a turn has come to.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) sent: Vec<Sent>,
    /// The endpoint wants no more.
    pub(super) is_gone: bool,
    /// Whether anything was delivered; none if nothing was tried.
    pub(super) is_success: Option<bool>,
}

impl Report {
    /// Whether the turn was over before all was tried that could be.
    pub(super) fn is_cut_short(&self) -> bool {
        self.sent.iter().any(|sent| !sent.untried.is_empty() && !sent.is_held())
    }
}

impl<'t> Turn<'t> {
    pub(super) fn new(
        app: &'t App,
        tenant: &'t Tenant,
        webhook: &'t Webhook,
        is_failing: bool,
        stop: &'t CancellationToken,
    ) -> Self {
        Self {
            app,
            tenant,
            webhook,
            stop,
            end: Instant::now() + LENGTH,
            is_failing,
            succeeded: AtomicU32::new(0),
            failed: AtomicU32::new(0),
            gone: AtomicBool::new(false),
        }
    }

    /// Sends what is in the queues. One that was failing is first tried with one event.
    pub(super) async fn run(self, queues: Vec<Queue>) -> Result<Report, StoreError> {
        let (first, rest) = if self.is_failing { (1, MOST_AT_ONCE) } else { (0, MOST_AT_ONCE) };
        let mut queues = queues.into_iter();
        let probe: Vec<Queue> = queues.by_ref().take(first).collect();
        let mut sent = self.send_all(probe, 1).await?;
        sent.extend(self.send_all(queues.collect(), rest).await?);
        let (succeeded, failed) = (self.succeeded.into_inner(), self.failed.into_inner());
        Ok(Report {
            sent,
            is_gone: self.gone.into_inner(),
            is_success: (succeeded + failed > 0).then_some(succeeded > 0),
        })
    }

    async fn send_all(&self, queues: Vec<Queue>, at_once: usize) -> Result<Vec<Sent>, StoreError> {
        stream::iter(queues).map(|queue| self.send(queue)).buffer_unordered(at_once).try_collect().await
    }

    /// Sends a subject's events one after the other, until one is not delivered that may be yet.
    async fn send(&self, queue: Queue) -> Result<Sent, StoreError> {
        let mut sent = Sent { tried: Vec::new(), untried: Vec::new() };
        for job in queue.jobs {
            if sent.is_held() || self.is_over() {
                sent.untried.push(job);
                continue;
            }
            match self.app.dispatch.log.at(&self.app.store, self.tenant, job.seq).await? {
                Some(told) => match self.attempt(job, &told).await {
                    Some(outcome) => sent.tried.push(Tried { job, outcome }),
                    None => sent.untried.push(job),
                },
                None => sent.tried.push(Tried { job, outcome: Outcome::Forgotten }),
            }
        }
        Ok(sent)
    }

    /// Makes an attempt. None if the turn was over before it could be, or if no more is wanted: the event waits in case
    /// it is again.
    async fn attempt(&self, job: Job, told: &Told) -> Option<Outcome> {
        let courier = &self.app.dispatch.courier;
        let place = courier.place().await;
        // That may have taken long.
        if self.is_over() {
            return None;
        }
        let at = self.app.store.clock().now();
        let answer = courier.post(place, self.webhook, told, at).await;
        if job.attempts == 0 {
            histogram!(telemetry::WEBHOOK_LATENESS_SECONDS).record((at - told.at).as_seconds_f64());
        }
        let answered_at = self.app.store.clock().now();
        match answer.verdict(answered_at) {
            Verdict::Delivered => {
                self.succeeded.fetch_add(1, Ordering::Relaxed);
                count("delivered");
                Some(Outcome::Delivered)
            }
            Verdict::Gone => {
                self.gone.store(true, Ordering::Relaxed);
                count("gone");
                None
            }
            Verdict::Again { not_before } => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                let attempts = job.attempts + 1;
                let due_at = next_attempt(attempts, not_before, draw::jitter(), answered_at);
                count(if due_at.is_some() { "failed" } else { "dead" });
                let delivery = told.delivery(attempts, due_at, Some((&answer, answered_at)));
                tracing::info!(webhook = %self.webhook.id, event = %told.event, attempts, %answer, "not delivered");
                Some(Outcome::Failed(Box::new(delivery)))
            }
        }
    }

    /// Whether no further attempt is begun.
    fn is_over(&self) -> bool {
        let patience = if self.is_failing { 1 } else { PATIENCE };
        let is_hopeless =
            self.succeeded.load(Ordering::Relaxed) == 0 && self.failed.load(Ordering::Relaxed) >= patience;
        let is_gone = self.gone.load(Ordering::Relaxed);
        is_hopeless || is_gone || self.stop.is_cancelled() || self.end <= Instant::now()
    }
}

impl Told {
    /// The event as one that was not delivered at once; dead if there was an attempt and there is to be none.
    pub(super) fn delivery(
        &self,
        attempts: u32,
        due_at: Option<time::Instant>,
        tried: Option<(&Answer, time::Instant)>,
    ) -> Delivery {
        let is_dead = tried.is_some() && due_at.is_none();
        Delivery {
            seq: self.seq,
            event: self.event.clone(),
            r#type: self.kind.clone(),
            subject: self.subject.clone(),
            at: self.at,
            state: if is_dead { DeliveryState::Dead } else { DeliveryState::Waiting },
            attempts,
            due_at,
            tried_at: tried.map(|(_, at)| at),
            status: tried.and_then(|(answer, _)| answer.status()),
            why: tried.map(|(answer, _)| answer.to_string()),
        }
    }
}

fn count(outcome: &'static str) {
    counter!(telemetry::WEBHOOK_ATTEMPTS, "outcome" => outcome).increment(1);
}

//! What one endpoint is sent in one go of a turn, by the one node that has its lease.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use metrics::{counter, histogram};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::app::telling::Told;
use crate::app::{App, draw};
use crate::domain::tenant::Tenant;
use crate::domain::time;
use crate::domain::webhook::answer::{Answer, Silence, Verdict, next_attempt};
use crate::domain::webhook::queue::{Job, Queue};
use crate::domain::webhook::{Delivery, DeliveryState, Stopped, Webhook};
use crate::store::StoreError;
use crate::telemetry;

/// For how long nobody else has the endpoint: longer than a turn goes without a note, and the last of its attempts, take.
pub(super) const LEASE: TimeDelta = TimeDelta::seconds(60);

/// For how long a turn begins attempts. It is measured by this machine: who was stopped for that long makes no more.
const LENGTH: Duration = Duration::from_secs(30);

/// Subjects about which an endpoint is sent something at once.
const MOST_AT_ONCE: usize = 32;

/// Calls that a carrier is asked for at once: it begins them one after the other, and one a second is usual.
const MOST_CALLS_AT_ONCE: usize = 4;

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
    stopped: OnceLock<Stopped>,
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
    /// Nothing is to be sent: the log has forgotten it, or a later command is in its place.
    Void,
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
    /// Why nothing is to be sent there any more, if so.
    pub(super) stopped: Option<Stopped>,
    /// Whether anything was delivered; none if nothing was tried.
    pub(super) is_success: Option<bool>,
}

impl Report {
    /// Whether all that was tried is delivered, and more may be sent.
    pub(super) fn is_smooth(&self) -> bool {
        self.stopped.is_none() && self.is_success != Some(false) && !self.is_cut_short()
    }

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
            stopped: OnceLock::new(),
        }
    }

    /// Sends what is in the queues. One that was failing is first tried with one event.
    pub(super) async fn run(self, queues: Vec<Queue>) -> Result<Report, StoreError> {
        let first = usize::from(self.is_failing);
        let rest = if self.webhook.is_telephone() { MOST_CALLS_AT_ONCE } else { MOST_AT_ONCE };
        let mut queues = queues.into_iter();
        let probe: Vec<Queue> = queues.by_ref().take(first).collect();
        let mut sent = self.send_all(probe, 1).await?;
        sent.extend(self.send_all(queues.collect(), rest).await?);
        let (succeeded, failed) = (self.succeeded.into_inner(), self.failed.into_inner());
        Ok(Report {
            sent,
            stopped: self.stopped.into_inner(),
            is_success: (succeeded + failed > 0).then_some(succeeded > 0),
        })
    }

    async fn send_all(&self, queues: Vec<Queue>, at_once: usize) -> Result<Vec<Sent>, StoreError> {
        stream::iter(queues).map(|queue| self.send(queue)).buffer_unordered(at_once).try_collect().await
    }

    /// Sends a subject's events one after the other, until one is not delivered that may be yet. Of commands that wait
    /// the last alone is dialled.
    async fn send(&self, mut queue: Queue) -> Result<Sent, StoreError> {
        let superseded = if self.webhook.is_telephone() { queue.jobs.len().saturating_sub(1) } else { 0 };
        let void = queue.jobs.drain(..superseded).map(|job| Tried { job, outcome: Outcome::Void });
        let mut sent = Sent { tried: void.collect(), untried: Vec::new() };
        for job in queue.jobs {
            if sent.is_held() || self.is_over() {
                sent.untried.push(job);
                continue;
            }
            match self.app.told_at(self.tenant, job.seq).await? {
                Some(told) => match self.attempt(job, &told).await {
                    Some(outcome) => sent.tried.push(Tried { job, outcome }),
                    None => sent.untried.push(job),
                },
                None => sent.tried.push(Tried { job, outcome: Outcome::Void }),
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
        let (at, lapse) = (self.app.store.clock().now(), self.webhook.lapse(told.envelope.at));
        if lapse.is_some_and(|lapse| lapse <= at) {
            count("dead");
            return Some(self.failed(told, (job.attempts, None), (&Answer::Nothing(Silence::Lapsed), at)));
        }
        let answer = courier.send(place, (self.tenant, self.webhook), told, at).await;
        if job.attempts == 0 {
            histogram!(telemetry::WEBHOOK_LATENESS_SECONDS).record((at - told.envelope.at).as_seconds_f64());
        }
        let answered_at = self.app.store.clock().now();
        match self.webhook.verdict(&answer, answered_at) {
            Verdict::Delivered => {
                self.succeeded.fetch_add(1, Ordering::Relaxed);
                count("delivered");
                Some(Outcome::Delivered)
            }
            Verdict::Stop(why) => {
                // Whoever is first says why.
                self.stopped.get_or_init(|| why);
                count(why.as_str());
                None
            }
            Verdict::Again { not_before } => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                let attempts = job.attempts + 1;
                let due_at = next_attempt(attempts, not_before, draw::jitter(), answered_at);
                let due_at = due_at.filter(|due_at| lapse.is_none_or(|lapse| *due_at < lapse));
                count(if due_at.is_some() { "failed" } else { "dead" });
                Some(self.failed(told, (attempts, due_at), (&answer, answered_at)))
            }
        }
    }

    /// What was not delivered after so many attempts, and when the next one is.
    fn failed(
        &self,
        told: &Told,
        (attempts, due_at): (u32, Option<time::Instant>),
        (answer, at): (&Answer, time::Instant),
    ) -> Outcome {
        let webhook = &self.webhook.id;
        tracing::info!(%webhook, event = %told.envelope.id, attempts, %answer, is_dead = due_at.is_none(), "not delivered");
        Outcome::Failed(Box::new(delivery(told, attempts, due_at, Some((answer, at)))))
    }

    /// Whether no further attempt is begun.
    fn is_over(&self) -> bool {
        let patience = if self.is_failing { 1 } else { PATIENCE };
        let is_hopeless =
            self.succeeded.load(Ordering::Relaxed) == 0 && self.failed.load(Ordering::Relaxed) >= patience;
        let is_stopped = self.stopped.get().is_some();
        is_hopeless || is_stopped || self.stop.is_cancelled() || self.end <= Instant::now()
    }
}

/// The event as one that was not delivered at once; dead if there was an attempt and there is to be none.
pub(super) fn delivery(
    told: &Told,
    attempts: u32,
    due_at: Option<time::Instant>,
    tried: Option<(&Answer, time::Instant)>,
) -> Delivery {
    let is_dead = tried.is_some() && due_at.is_none();
    Delivery {
        seq: told.seq(),
        event: told.envelope.id.clone(),
        r#type: told.kind.clone(),
        subject: told.envelope.subject.clone(),
        at: told.envelope.at,
        state: if is_dead { DeliveryState::Dead } else { DeliveryState::Waiting },
        attempts,
        due_at,
        tried_at: tried.map(|(_, at)| at),
        status: tried.and_then(|(answer, _)| answer.status()),
        why: tried.map(|(answer, _)| answer.to_string()),
    }
}

fn count(outcome: &'static str) {
    counter!(telemetry::WEBHOOK_ATTEMPTS, "outcome" => outcome).increment(1);
}

//! Sends the log to endpoints: at least once, and in order for each subject. An endpoint has a cursor, which moves once
//! for many events; only what was not delivered at once becomes a row of its own. Each endpoint takes turns of its own,
//! on whichever node leases them, so that none waits for another.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics::gauge;
use tokio::sync::watch;
use tokio::time::{self, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::courier::{Courier, Egress};
use super::note::{Note, Page, ending, notes};
use super::turn::{LEASE, Turn};
use crate::app::{App, draw, log as log_event};
use crate::domain::event::{Event, EventCause};
use crate::domain::ids::WebhookId;
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::domain::webhook::queue::{Plan, Waiting, plan};
use crate::domain::webhook::{Stopped, Webhook};
use crate::store::webhooks::{AtRest, Course, Ending, Lease};
use crate::store::{Scope, StoreError};
use crate::telemetry;

/// Events that are sent in one turn. However few of all are wanted, a turn gets to the end of the log, or far: a busy
/// line logs more between two turns than one page holds.
const MOST_SENT: usize = 256;

/// Deliveries that wait for an endpoint at most; its cursor stands still until they are fewer.
const MOST_WAITING: u64 = 1000;

/// Events that nobody wants are passed without a note in the database, but for one after so many.
const FAR: u64 = 10_000;

/// Between two looks of a turn at what has come.
const BREATH: Duration = Duration::from_millis(50);

/// What sending needs and the database does not keep.
#[derive(Debug)]
pub(in crate::app) struct Dispatch {
    pub(super) courier: Courier,
    /// Up to where endpoints have wanted nothing behind their cursors.
    passed: Mutex<HashMap<WebhookId, u64>>,
}

/// A turn that has begun.
#[derive(Debug)]
pub struct Begun {
    tenant: Tenant,
    lease: Lease,
    /// As it was when the turn began.
    course: Course,
    waiting: Vec<Waiting>,
    now: Instant,
}

impl Begun {
    pub fn webhook(&self) -> &WebhookId {
        &self.course.webhook.id
    }
}

impl Dispatch {
    pub(in crate::app) fn new(egress: Egress) -> Self {
        Self { courier: Courier::new(egress), passed: Mutex::default() }
    }

    /// Whether there is an account to call telephone systems with.
    pub(in crate::app) fn can_call(&self) -> bool {
        self.courier.can_call()
    }

    /// Up to where nothing is left to be looked at.
    fn seen(&self, course: &Course) -> u64 {
        let passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        passed.get(&course.webhook.id).copied().unwrap_or(0).max(course.cursor)
    }

    fn pass(&self, webhook: &WebhookId, seq: u64) {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).insert(webhook.clone(), seq);
    }
}

impl App {
    /// Begins a turn for each endpoint for which there is something to do and nobody does it, but for some.
    pub async fn begin_turns(&self, but: &HashSet<WebhookId>) -> Result<Vec<Begun>, StoreError> {
        let read = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move { Ok((tx.webhooks_at_rest().await?, tx.now())) })
        });
        let (at_rest, now) = read.await?;
        let mut wanted = Vec::new();
        for rests in at_rest {
            if !but.contains(&rests.course.webhook.id) && self.has_news(&rests, now).await? {
                wanted.push((rests.tenant, rests.course.webhook.id));
            }
        }
        if wanted.is_empty() { Ok(Vec::new()) } else { self.lease(wanted).await }
    }

    /// Whether there is something to do for an endpoint. What it does not want is passed.
    async fn has_news(&self, rests: &AtRest, now: Instant) -> Result<bool, StoreError> {
        let AtRest { tenant, course, head, waiting, due_at } = rests;
        if !self.dispatch.courier.reaches(&course.webhook) {
            return Ok(false);
        }
        if due_at.is_some_and(|due_at| due_at <= now) {
            return Ok(true);
        }
        if MOST_WAITING <= *waiting {
            return Ok(false);
        }
        if self.dispatch.seen(course) < *head {
            let page = self.page(tenant, course, 1).await?;
            let is_far = course.cursor + FAR <= page.end;
            if !page.wanted.is_empty() || is_far {
                return Ok(true);
            }
            // A log that has forgotten all of it leaves nothing to be looked at.
            let end = if page.is_empty { *head } else { page.end };
            self.dispatch.pass(&course.webhook.id, end);
        }
        Ok(false)
    }

    /// Takes what turns it can, all in one unit of work and always in the same order, so that nodes do not stand in each
    /// other's way. What waits is read there as well: what the last turns wrote may not be on the disk yet, where readers
    /// would find it.
    async fn lease(&self, wanted: Vec<(Tenant, WebhookId)>) -> Result<Vec<Begun>, StoreError> {
        let token = draw::lease();
        let unit = self.store.write::<_, StoreError, _>(Scope::Deployment, move |tx| {
            Box::pin(async move {
                tx.relax();
                let now = tx.now();
                let leases = wanted.into_iter().map(|(tenant, webhook)| {
                    let lease = Lease { tenant: tenant.id.clone(), webhook, token: token.clone() };
                    (tenant, lease)
                });
                let leases: Vec<(Tenant, Lease)> = leases.collect();
                for (_, lease) in &leases {
                    tx.lease_webhook(lease, now + LEASE);
                }
                let mut courses = tx.leased_webhooks(&token).await?;
                let mut waiting = tx.waiting_deliveries(&token).await?;
                let begin = |(tenant, lease): (Tenant, Lease)| {
                    let course = courses.remove(&lease.webhook)?;
                    let waiting = waiting.remove(&lease.webhook).unwrap_or_default();
                    Some(Begun { tenant, lease, course, waiting, now })
                };
                Ok(leases.into_iter().filter_map(begin).collect())
            })
        });
        unit.await
    }

    /// Sends an endpoint what there is for it and, as long as all of it is delivered, stays for so long to send what comes
    /// meanwhile: so a busy endpoint costs two writes in that time, and not two for each page. Once told to `stop`, it
    /// begins no further attempts.
    pub async fn take_turn_at(
        &self,
        begun: Begun,
        stay: Duration,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let Begun { tenant, lease, mut course, waiting, mut now } = begun;
        let (until, mut bell) = (time::Instant::now() + stay, self.store.bell());
        let has_room = (waiting.len() as u64) < MOST_WAITING;
        loop {
            // What is rung for from here on may be missing from the page.
            bell.borrow_and_update();
            let page = if has_room {
                self.page(&tenant, &course, MOST_SENT).await?
            } else {
                Page::behind(self.dispatch.seen(&course))
            };
            let new = page.wanted.iter().map(|told| (told.seq(), told.envelope.subject.as_str()));
            let Plan { queues, behind, held } = plan(&waiting, new, now);
            let turn = Turn::new(self, &tenant, &course.webhook, course.failing_since.is_some(), stop);
            let report = turn.run(queues).await?;
            now = self.store.clock().now();
            let ending = ending(&course, &page, &report, now);
            let mut notes = notes(&page, &report, &behind, ending.cursor, now);
            notes.extend(held.into_iter().map(Note::Held));
            let is_smooth = waiting.is_empty() && notes.is_empty() && report.is_smooth();
            // What admins have changed holds from the next turn on; a telephone system is the policy's.
            let is_as_it_was = !page.is_about_it && !course.webhook.is_telephone();
            if !(is_smooth && is_as_it_was && is_rung(&mut bell, until, stop).await) {
                return self.end_turn((lease, &course.webhook), ending, notes, report.stopped).await;
            }
            course = Course { cursor: ending.cursor, failing_since: ending.failing_since, ..course };
        }
    }

    /// Tells the metrics how old what waits is.
    pub async fn measure_deliveries(&self) -> Result<(), StoreError> {
        let read = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move { Ok((tx.oldest_waiting().await?, tx.now())) })
        });
        let (oldest, now) = read.await?;
        let age = oldest.map_or(0.0, |oldest| (now - oldest).as_seconds_f64());
        gauge!(telemetry::WEBHOOK_OLDEST_SECONDS).set(age);
        Ok(())
    }

    /// What comes next for an endpoint, until so many events are wanted.
    async fn page(&self, tenant: &Tenant, course: &Course, most: usize) -> Result<Page, StoreError> {
        let seen = self.dispatch.seen(course);
        let mut page = Page::behind(seen);
        while page.wanted.len() < most && page.end < seen + FAR {
            let found = self.told_after(tenant, page.end).await?;
            if found.is_empty() {
                break;
            }
            page.look_at(found, &course.webhook, most);
        }
        Ok(page)
    }

    /// Writes down what a turn brought about, if it is ours still. Only an endpoint that was stopped is told of in the
    /// log, which takes the tenant's lock.
    async fn end_turn(
        &self,
        (lease, webhook): (Lease, &Webhook),
        ending: Ending,
        notes: Vec<Note>,
        stopped: Option<Stopped>,
    ) -> Result<(), StoreError> {
        let scope = if stopped.is_some() { Scope::Tenant(lease.tenant.clone()) } else { Scope::Deployment };
        let name = webhook.name.clone();
        let unit = self.store.write::<_, StoreError, _>(scope, move |tx| {
            Box::pin(async move {
                match stopped {
                    Some(reason) => {
                        if tx.stop_webhook(&lease, reason).await? {
                            let event = Event::WebhookDisabled { name, reason };
                            let subject = format!("webhook:{}", lease.webhook);
                            log_event(tx, &lease.tenant, subject, event, EventCause::actor("webhook"));
                        }
                    }
                    // What is lost in a crash is sent once more.
                    None => tx.relax(),
                }
                tx.end_turn(&lease, ending);
                let now = tx.now();
                for note in notes {
                    match note {
                        Note::Keep(delivery) => tx.save_delivery(&lease, &delivery),
                        Note::Delivered(seq) => tx.delete_delivery(&lease, seq),
                        Note::Next(seq) => tx.set_due(&lease, seq, Some(now)),
                        Note::Held(seq) => tx.set_due(&lease, seq, None),
                    }
                }
                Ok(())
            })
        });
        unit.await
    }
}

/// Whether something is committed before `until`, but for what is committed at once: that goes together.
async fn is_rung(bell: &mut watch::Receiver<()>, until: time::Instant, stop: &CancellationToken) -> bool {
    let rung = async {
        sleep(BREATH).await;
        bell.changed().await
    };
    matches!(stop.run_until_cancelled(timeout_at(until, rung)).await, Some(Ok(Ok(()))))
}

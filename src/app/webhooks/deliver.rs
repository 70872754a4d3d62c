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
use crate::domain::webhook::Stopped;
use crate::domain::webhook::queue::{Plan, Waiting, plan};
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

/// For how long turns stay to send what comes meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Stay {
    /// In all; then another node may have the endpoint.
    pub whole: Duration,
    /// From one note of how far the endpoint has got to the next, or to the end if nothing has come. A crash sends so much once
    /// more.
    pub noted: Duration,
}

impl Stay {
    /// Turns that do not stay.
    pub const NONE: Self = Self { whole: Duration::ZERO, noted: Duration::ZERO };
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

/// What a page has come to.
struct Dealt {
    ending: Ending,
    notes: Vec<Note>,
    stopped: Option<Stopped>,
    /// All of it is delivered, and the endpoint is as it was.
    may_stay: bool,
}

/// What a turn that stays was woken by.
enum Woken {
    /// Something was committed.
    Rung,
    /// The time is over.
    Late,
    Stopped,
}

impl Begun {
    pub fn webhook(&self) -> &WebhookId {
        &self.course.webhook.id
    }

    /// The page is dealt with, so that nothing waits.
    fn go_on(&mut self, Ending { cursor, failing_since, .. }: Ending) {
        self.course.cursor = cursor;
        self.course.failing_since = failing_since;
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

    /// Sends an endpoint what there is for it and, as long as all of it is delivered, stays to send what comes meanwhile: so a
    /// busy endpoint costs a write once in a while, and not two for each page. Once told to `stop`, it begins no further
    /// attempts.
    pub async fn take_turn_at(
        &self,
        mut begun: Begun,
        stay: Stay,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let mut bell = self.store.bell();
        let mut noted = (time::Instant::now(), begun.course.cursor);
        let end = noted.0 + stay.whole;
        loop {
            // What is rung for from here on may be missing from the page.
            bell.borrow_and_update();
            let dealt = match self.deal(&begun, stop).await {
                Ok(dealt) => dealt,
                Err(error) => {
                    // What was sent before is not sent once more.
                    self.note(&begun).await?;
                    return Err(error);
                }
            };
            if !dealt.may_stay {
                return self.end_turn(begun, dealt).await;
            }
            begun.go_on(dealt.ending);
            match wake(&mut bell, end.min(noted.0 + stay.noted), stop).await {
                Woken::Rung => {}
                Woken::Late if noted.1 < begun.course.cursor && time::Instant::now() < end => {
                    let Some(course) = self.note(&begun).await? else { return Ok(()) };
                    noted = (time::Instant::now(), course.cursor);
                    begun.course = course;
                }
                Woken::Late | Woken::Stopped => return self.end_turn(begun, dealt).await,
            }
        }
    }

    /// Sends an endpoint what comes next.
    async fn deal(&self, begun: &Begun, stop: &CancellationToken) -> Result<Dealt, StoreError> {
        let Begun { tenant, course, waiting, .. } = begun;
        let page = if (waiting.len() as u64) < MOST_WAITING {
            self.page(tenant, course, MOST_SENT).await?
        } else {
            Page::behind(self.dispatch.seen(course))
        };
        let new = page.wanted.iter().map(|told| (told.seq(), told.envelope.subject.as_str()));
        let Plan { queues, behind, held } = plan(waiting, new, begun.now);
        let turn = Turn::new(self, tenant, &course.webhook, course.failing_since.is_some(), stop);
        let report = turn.run(queues).await?;
        let now = self.store.clock().now();
        let ending = ending(course, &page, &report, now);
        let mut notes = notes(&page, &report, &behind, ending.cursor, now);
        notes.extend(held.into_iter().map(Note::Held));
        let is_smooth = waiting.is_empty() && notes.is_empty() && report.is_smooth();
        // What admins have changed holds from the next turn on; a telephone system is the policy's.
        let is_as_it_was = !page.is_about_it && !course.webhook.is_telephone();
        Ok(Dealt { ending, notes, stopped: report.stopped, may_stay: is_smooth && is_as_it_was })
    }

    /// Writes down how far a turn has got that is to go on. The endpoint as it is then, if the turn is ours still.
    async fn note(&self, begun: &Begun) -> Result<Option<Course>, StoreError> {
        let Begun { lease, course: Course { cursor, failing_since, .. }, .. } = begun;
        let (lease, cursor, failing_since) = (lease.clone(), *cursor, *failing_since);
        let unit = self.store.write::<_, StoreError, _>(Scope::Deployment, move |tx| {
            Box::pin(async move {
                // What is lost in a crash is sent once more.
                tx.relax();
                let free_at = tx.now() + LEASE;
                tx.end_turn(&lease, Ending { cursor, failing_since, free_at });
                tx.leased_webhook(&lease).await
            })
        });
        unit.await
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
    async fn end_turn(&self, begun: Begun, dealt: Dealt) -> Result<(), StoreError> {
        let Begun { lease, course, .. } = begun;
        let Dealt { ending, notes, stopped, .. } = dealt;
        let scope = if stopped.is_some() { Scope::Tenant(lease.tenant.clone()) } else { Scope::Deployment };
        let name = course.webhook.name;
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

/// Waits until something is committed, or until then. What is committed at once goes together.
async fn wake(bell: &mut watch::Receiver<()>, until: time::Instant, stop: &CancellationToken) -> Woken {
    let rung = async {
        sleep(BREATH).await;
        bell.changed().await
    };
    match stop.run_until_cancelled(timeout_at(until, rung)).await {
        Some(Ok(Ok(()))) => Woken::Rung,
        Some(Err(_)) => Woken::Late,
        // Nobody rings a store that is closed.
        Some(Ok(Err(_))) | None => Woken::Stopped,
    }
}

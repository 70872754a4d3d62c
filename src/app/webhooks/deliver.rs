//! Sends the log to endpoints: at least once, and in order for each subject. An endpoint has a cursor, which moves once
//! for many events; only what was not delivered at once becomes a row of its own. Each endpoint takes turns of its own,
//! on whichever node leases them, so that none waits for another.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use metrics::gauge;
use tokio_util::sync::CancellationToken;

use super::courier::{Courier, Egress};
use super::log::{Log, Told};
use super::turn::{LEASE, Outcome, Report, Sent, Tried, Turn};
use crate::app::{App, draw, log as log_event};
use crate::domain::event::{Event, EventCause};
use crate::domain::ids::{WebhookId, WebhookName};
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::domain::webhook::answer::rest;
use crate::domain::webhook::filter::Filter;
use crate::domain::webhook::queue::{Job, Plan, Waiting, plan};
use crate::domain::webhook::{Delivery, Stopped};
use crate::store::webhooks::{AtRest, Course, Ending, Lease};
use crate::store::{Scope, StoreError};
use crate::telemetry;

/// Events that are looked at in one turn.
const PAGE: u32 = 256;

/// Deliveries that wait for an endpoint at most; its cursor stands still until they are fewer.
const MOST_WAITING: u64 = 1000;

/// Events that nobody wants are passed without a note in the database, but for one after so many.
const FAR: u64 = 10_000;

/// What sending needs and the database does not keep.
#[derive(Debug)]
pub(in crate::app) struct Dispatch {
    pub(super) courier: Courier,
    pub(super) log: Log,
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
        Self { courier: Courier::new(egress), log: Log::default(), passed: Mutex::default() }
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

/// New events, and what of them is wanted.
struct Page {
    /// The last that was looked at.
    end: u64,
    /// There were no events.
    is_empty: bool,
    wanted: Vec<Arc<Told>>,
}

impl Page {
    fn of(found: Vec<Arc<Told>>, filter: &Filter, seen: u64) -> Self {
        let end = found.last().map_or(seen, |told| told.seq);
        let is_empty = found.is_empty();
        let wanted = found.into_iter().filter(|told| filter.wants(&told.kind, &told.subject));
        Self { end, is_empty, wanted: wanted.collect() }
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
        if due_at.is_some_and(|due_at| due_at <= now) {
            return Ok(true);
        }
        if MOST_WAITING <= *waiting {
            return Ok(false);
        }
        while self.dispatch.seen(course) < *head {
            let page = self.page(tenant, course).await?;
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

    /// Sends an endpoint what there is for it. Once told to `stop`, it begins no further attempts.
    pub async fn take_turn_at(&self, begun: Begun, stop: &CancellationToken) -> Result<(), StoreError> {
        let Begun { tenant, lease, course, waiting, now } = begun;
        let has_room = (waiting.len() as u64) < MOST_WAITING;
        let page = if has_room {
            self.page(&tenant, &course).await?
        } else {
            Page::of(Vec::new(), &course.webhook.filter, self.dispatch.seen(&course))
        };
        let new = page.wanted.iter().map(|told| (told.seq, told.subject.as_str()));
        let Plan { queues, behind, held } = plan(&waiting, new, now);
        let turn = Turn::new(self, &tenant, &course.webhook, course.failing_since.is_some(), stop);
        let report = turn.run(queues).await?;
        let now = self.store.clock().now();
        let ending = ending(&course, &page, &report, now);
        let mut notes = notes(&page, &report, &behind, ending.cursor, now);
        notes.extend(held.into_iter().map(Note::Held));
        self.end_turn(lease, ending, notes, report.is_gone.then_some(course.webhook.name)).await
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

    async fn page(&self, tenant: &Tenant, course: &Course) -> Result<Page, StoreError> {
        let seen = self.dispatch.seen(course);
        let found = self.dispatch.log.after(&self.store, tenant, seen, PAGE).await?;
        Ok(Page::of(found, &course.webhook.filter, seen))
    }

    /// Writes down what a turn brought about, if it is ours still. Only an endpoint that is gone is told of in the log,
    /// which takes the tenant's lock.
    async fn end_turn(
        &self,
        lease: Lease,
        ending: Ending,
        notes: Vec<Note>,
        gone: Option<WebhookName>,
    ) -> Result<(), StoreError> {
        let scope = if gone.is_some() { Scope::Tenant(lease.tenant.clone()) } else { Scope::Deployment };
        let unit = self.store.write::<_, StoreError, _>(scope, move |tx| {
            Box::pin(async move {
                match gone {
                    Some(name) => {
                        if tx.stop_webhook(&lease, Stopped::Gone).await? {
                            let event = Event::WebhookDisabled { name, reason: Stopped::Gone };
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

/// What is to be written of one event.
#[derive(Debug, PartialEq, Eq)]
enum Note {
    /// It is not delivered.
    Keep(Box<Delivery>),
    /// It is, after it had waited.
    Delivered(u64),
    /// It has waited, and is the next about its subject.
    Next(u64),
    /// It waits for an earlier one about its subject.
    Held(u64),
}

/// How a turn leaves the endpoint.
fn ending(course: &Course, page: &Page, report: &Report, now: Instant) -> Ending {
    let failing_since = match report.is_success {
        Some(true) => None,
        Some(false) => Some(course.failing_since.unwrap_or(now)),
        None => course.failing_since,
    };
    let is_hopeless = report.is_cut_short() && report.is_success == Some(false);
    let free_at = match failing_since {
        Some(since) if is_hopeless => now + rest(since, now),
        Some(_) | None => now,
    };
    Ending { cursor: cursor(page, report), failing_since, free_at }
}

/// Up to where the page is dealt with. Where the turn was cut short, what it had not come to is read again.
fn cursor(page: &Page, report: &Report) -> u64 {
    if !report.is_cut_short() {
        return page.end;
    }
    let tried = report.sent.iter().flat_map(|sent| &sent.tried).filter(|tried| !tried.job.is_kept);
    let last = tried.map(|tried| tried.job.seq).max();
    let next = page.wanted.iter().map(|told| told.seq).find(|seq| last.is_none_or(|last| last < *seq));
    next.map_or(page.end, |next| next - 1)
}

fn notes(page: &Page, report: &Report, behind: &[u64], cursor: u64, now: Instant) -> Vec<Note> {
    let mut notes = Vec::new();
    let keep = |seq: u64, due_at| {
        let told = page.wanted.iter().find(|told| told.seq == seq).filter(|_| seq <= cursor);
        told.map(|told| Note::Keep(Box::new(told.delivery(0, due_at, None))))
    };
    for sent in &report.sent {
        notes.extend(sent.tried.iter().filter_map(note));
        notes.extend(left(sent, now, &keep));
    }
    notes.extend(behind.iter().filter_map(|seq| keep(*seq, None)));
    notes
}

fn note(Tried { job, outcome }: &Tried) -> Option<Note> {
    match outcome {
        Outcome::Failed(delivery) => Some(Note::Keep(delivery.clone())),
        Outcome::Delivered | Outcome::Forgotten => job.is_kept.then_some(Note::Delivered(job.seq)),
    }
}

/// What is to be written of what was not tried: the first is next, unless an earlier one about the subject waits.
fn left(sent: &Sent, now: Instant, keep: &impl Fn(u64, Option<Instant>) -> Option<Note>) -> Vec<Note> {
    let next = (!sent.is_held()).then_some(now);
    let due = std::iter::once(next).chain(std::iter::repeat(None));
    let note = |(job, due_at): (&Job, Option<Instant>)| {
        if job.is_kept { due_at.map(|_| Note::Next(job.seq)) } else { keep(job.seq, due_at) }
    };
    sent.untried.iter().zip(due).filter_map(note).collect()
}

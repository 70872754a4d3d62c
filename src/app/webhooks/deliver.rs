//! Sends the log to endpoints: at least once, and in order for each subject. An endpoint has a cursor, which moves once
//! for many events; only what was not delivered at once becomes a row of its own. Each endpoint takes turns of its own,
//! on whichever node leases them, so that none waits for another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::try_join_all;
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
use crate::domain::webhook::queue::{Job, Plan, plan};
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

/// An endpoint for which there is something to do.
#[derive(Debug)]
pub struct News {
    tenant: Tenant,
    course: Course,
    /// Something that waits is due.
    is_due: bool,
    /// There are events that were not looked at.
    is_behind: bool,
}

impl News {
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
    wanted: Vec<Arc<Told>>,
}

impl Page {
    fn of(found: Vec<Arc<Told>>, filter: &Filter, seen: u64) -> Self {
        let end = found.last().map_or(seen, |told| told.seq);
        let wanted = found.into_iter().filter(|told| filter.wants(&told.kind, &told.subject));
        Self { end, wanted: wanted.collect() }
    }
}

impl App {
    /// Sends all that is due, and what follows upon it.
    pub async fn deliver_due(&self) -> Result<(), StoreError> {
        let never = CancellationToken::new();
        loop {
            let news = self.webhooks_with_news().await?;
            if news.is_empty() {
                return Ok(());
            }
            try_join_all(news.iter().map(|news| self.deliver_to(news, &never))).await?;
        }
    }

    /// The endpoints for which there is something to do and nobody does it.
    pub async fn webhooks_with_news(&self) -> Result<Vec<News>, StoreError> {
        let read = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move { Ok((tx.webhooks_at_rest().await?, tx.now())) })
        });
        let (at_rest, now) = read.await?;
        let news = at_rest.into_iter().map(|AtRest { tenant, course, head, waiting, due_at }| News {
            is_due: due_at.is_some_and(|due_at| due_at <= now),
            is_behind: waiting < MOST_WAITING && self.dispatch.seen(&course) < head,
            tenant,
            course,
        });
        Ok(news.filter(|news| news.is_due || news.is_behind).collect())
    }

    /// Takes a turn at an endpoint, unless nothing is wanted or another node has one. Once told to `stop`, it begins no
    /// further attempts.
    pub async fn deliver_to(&self, news: &News, stop: &CancellationToken) -> Result<(), StoreError> {
        let News { tenant, course, is_due, is_behind } = news;
        if !is_due {
            let page = self.page(tenant, course, *is_behind).await?;
            if page.wanted.is_empty() && page.end < course.cursor + FAR {
                self.dispatch.pass(&course.webhook.id, page.end);
                return Ok(());
            }
        }
        match self.lease(tenant, &course.webhook.id).await? {
            // It may have been changed, or have got further, meanwhile.
            Some((lease, course)) => self.serve_endpoint(tenant, lease, course, stop).await,
            None => Ok(()),
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

    async fn page(&self, tenant: &Tenant, course: &Course, is_behind: bool) -> Result<Page, StoreError> {
        let seen = self.dispatch.seen(course);
        let found = if is_behind {
            self.dispatch.log.after(&self.store, tenant, seen, PAGE).await?
        } else {
            Vec::new()
        };
        Ok(Page::of(found, &course.webhook.filter, seen))
    }

    async fn lease(
        &self,
        tenant: &Tenant,
        webhook: &WebhookId,
    ) -> Result<Option<(Lease, Course)>, StoreError> {
        let lease = Lease { tenant: tenant.id.clone(), webhook: webhook.clone(), token: draw::lease() };
        let unit = self.store.write::<_, StoreError, _>(Scope::Deployment, move |tx| {
            Box::pin(async move {
                tx.relax();
                let until = tx.now() + LEASE;
                Ok(tx.lease_webhook(&lease, until).await?.map(|course| (lease, course)))
            })
        });
        unit.await
    }

    async fn serve_endpoint(
        &self,
        tenant: &Tenant,
        lease: Lease,
        course: Course,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let of = lease.clone();
        let read = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move { Ok((tx.waiting_deliveries(&of.tenant, &of.webhook).await?, tx.now())) })
        });
        let (waiting, now) = read.await?;
        let page = self.page(tenant, &course, (waiting.len() as u64) < MOST_WAITING).await?;
        let new = page.wanted.iter().map(|told| (told.seq, told.subject.as_str()));
        let Plan { queues, behind, held } = plan(&waiting, new, now);
        let turn = Turn::new(self, tenant, &course.webhook, course.failing_since.is_some(), stop);
        let report = turn.run(queues).await?;
        let now = self.store.clock().now();
        let ending = ending(&course, &page, &report, now);
        let mut notes = notes(&page, &report, &behind, ending.cursor, now);
        notes.extend(held.into_iter().map(Note::Held));
        self.end_turn(lease, ending, notes, report.is_gone.then(|| course.webhook.name.clone())).await
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
fn left(sent: &Sent, now: Instant, keep: impl Fn(u64, Option<Instant>) -> Option<Note>) -> Vec<Note> {
    let next = (!sent.is_held()).then_some(now);
    let due = std::iter::once(next).chain(std::iter::repeat(None));
    let note = |(job, due_at): (&Job, Option<Instant>)| {
        if job.is_kept { due_at.map(|_| Note::Next(job.seq)) } else { keep(job.seq, due_at) }
    };
    sent.untried.iter().zip(due).filter_map(note).collect()
}

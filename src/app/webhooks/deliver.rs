//! Sends the log to endpoints: at least once, and in order for each subject. An endpoint has a cursor, which moves once
//! for many events; only what was not delivered at once becomes a row of its own. Each endpoint takes turns of its own,
//! on whichever node leases them, so that none waits for another.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use metrics::gauge;

use super::courier::{Courier, Egress};
use super::note::Page;
use super::turn::LEASE;
use crate::app::{App, draw};
use crate::domain::ids::WebhookId;
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::domain::webhook::queue::Waiting;
use crate::store::webhooks::{AtRest, Course, Lease};
use crate::store::{Scope, StoreError};
use crate::telemetry;

/// Deliveries that wait for an endpoint at most; its cursor stands still until they are fewer.
pub(super) const MOST_WAITING: u64 = 1000;

/// Events that nobody wants are passed without a note in the database, but for one after so many.
const FAR: u64 = 10_000;

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
    pub(super) tenant: Tenant,
    pub(super) lease: Lease,
    pub(super) course: Course,
    pub(super) waiting: Vec<Waiting>,
    /// When it began.
    pub(super) now: Instant,
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
    pub(super) fn seen(&self, course: &Course) -> u64 {
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
    pub(super) async fn page(
        &self,
        tenant: &Tenant,
        course: &Course,
        most: usize,
    ) -> Result<Page, StoreError> {
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
}

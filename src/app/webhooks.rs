//! Webhooks: endpoints of others that the log is sent to. Here admins keep them; [`deliver`] sends.

mod commands;
mod courier;
pub mod deliver;
mod note;
pub mod stay;
mod telephone;
mod turn;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde::Serialize;

use super::{App, Error, change, draw, log_deed, users};
use crate::domain::edit::Edit;
use crate::domain::event::Event;
use crate::domain::ids::{EventId, Login, TenantId, TypePattern, WebhookId, WebhookName};
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::domain::webhook::answer::Verdict;
use crate::domain::webhook::filter::Filter;
use crate::domain::webhook::secret::{Keyring, Secret};
use crate::domain::webhook::target::Target;
use crate::domain::webhook::url::WebhookUrl;
use crate::domain::webhook::{Delivery, DeliveryState, Webhook};
use crate::store::webhooks::{Course, Tallied};
use crate::store::{Scope, StoreError, Tx};

pub(super) use commands::follow;
use commands::refuse_telephone;
pub use courier::Egress;
pub(super) use deliver::Dispatch;
pub use telephone::Carrier;

/// An endpoint to be added, active from the start.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    pub name: WebhookName,
    pub url: WebhookUrl,
    pub filter: Filter,
    pub insecure_tls: bool,
}

/// What of an endpoint is to change; what is none stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebhookPatch {
    pub name: Option<WebhookName>,
    pub url: Option<WebhookUrl>,
    pub types: Option<Edit<BTreeSet<TypePattern>>>,
    pub users: Option<Edit<BTreeSet<Login>>>,
    pub active: Option<bool>,
    pub insecure_tls: Option<bool>,
}

/// An endpoint as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct WebhookStanding {
    #[serde(flatten)]
    pub webhook: Webhook,
    /// The `seq` of the last event that was looked at and is dealt with, but for what waits or is dead.
    pub cursor: u64,
    /// Deliveries that wait for another attempt.
    pub waiting: u64,
    /// Deliveries that no attempt has brought about.
    pub dead: u64,
    /// Since when no attempt has succeeded, while the last ones have not.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub failing_since: Option<Instant>,
}

/// What came of a trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Pinged {
    /// The event that was sent.
    pub event: EventId,
    pub delivered: bool,
    /// What the endpoint answered, if it did.
    pub status: Option<u16>,
    /// Why it is not delivered.
    pub why: Option<String>,
}

/// For how long the older secrets sign as well, unless told otherwise.
pub const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// The longest time for which they may.
const MOST_OVERLAP: TimeDelta = TimeDelta::days(30);

impl App {
    /// Adds an endpoint, which is sent what happens from then on. Its secret is here for the only time.
    pub async fn add_webhook(&self, tenant: &Tenant, new: NewWebhook) -> Result<(Webhook, Secret), Error> {
        self.check_url(&new.url)?;
        let (tenant, secret) = (tenant.clone(), draw::webhook_secret());
        let unit = self.store.write(Scope::of(&tenant), move |tx| {
            Box::pin(async move {
                check_name(tx, &tenant.id, &new.name, None).await?;
                check_filter(tx, &tenant, &new.filter).await?;
                let now = tx.now();
                let NewWebhook { name, url, filter, insecure_tls } = new;
                let secrets = Keyring::new(secret.clone(), now);
                let webhook = Webhook {
                    id: draw::webhook_id(),
                    name,
                    url: Target::Url(url),
                    filter,
                    active: true,
                    stopped_by: None,
                    insecure_tls,
                    secrets,
                    created_at: now,
                };
                let cursor = tx.last_seq(&tenant.id).await?;
                tx.insert_webhook(&tenant.id, &webhook, cursor);
                log_change(tx, &tenant.id, &webhook.id, Event::WebhookAdded(change(None, Some(&webhook))));
                Ok((webhook, secret))
            })
        });
        unit.await
    }

    /// A tenant's endpoints, the oldest first.
    pub async fn webhooks(&self, tenant: &Tenant) -> Result<Vec<WebhookStanding>, StoreError> {
        let tenant = tenant.id.clone();
        let read = self.store.read(|tx| Box::pin(async move { tx.webhooks(&tenant).await }));
        let found: Result<Vec<Tallied>, StoreError> = read.await;
        Ok(found?.into_iter().map(WebhookStanding::from).collect())
    }

    /// An endpoint, by its identifier or its name.
    pub async fn webhook(&self, tenant: &Tenant, which: &str) -> Result<WebhookStanding, Error> {
        let (tenant, which) = (tenant.id.clone(), which.to_owned());
        let read = self
            .store
            .read::<_, Error, _>(|tx| Box::pin(async move { Ok(find(tx, &tenant, &which).await?.into()) }));
        read.await
    }

    /// Changes an endpoint. One that was stopped and is active again is sent what has happened meanwhile.
    pub async fn change_webhook(
        &self,
        tenant: &Tenant,
        which: &str,
        patch: WebhookPatch,
    ) -> Result<Webhook, Error> {
        if let Some(url) = &patch.url {
            self.check_url(url)?;
        }
        let (tenant, which) = (tenant.clone(), which.to_owned());
        let unit = self.store.write(Scope::of(&tenant), move |tx| {
            Box::pin(async move {
                let before = find(tx, &tenant.id, &which).await?.course.webhook;
                if patch != (WebhookPatch { active: patch.active, ..WebhookPatch::default() }) {
                    refuse_telephone(&before)?;
                }
                let after = patch.of(before.clone());
                check_name(tx, &tenant.id, &after.name, Some(&after.id)).await?;
                if after.filter != before.filter {
                    check_filter(tx, &tenant, &after.filter).await?;
                }
                if after != before {
                    tx.save_webhook(&tenant.id, &after);
                    let event = Event::WebhookChanged(change(Some(&before), Some(&after)));
                    log_change(tx, &tenant.id, &after.id, event);
                }
                Ok(after)
            })
        });
        unit.await
    }

    /// Removes an endpoint, and what was not delivered to it.
    pub async fn remove_webhook(&self, tenant: &Tenant, which: &str) -> Result<Webhook, Error> {
        let (tenant, which) = (tenant.id.clone(), which.to_owned());
        let unit = self.store.write(Scope::Tenant(tenant.clone()), move |tx| {
            Box::pin(async move {
                let webhook = find(tx, &tenant, &which).await?.course.webhook;
                refuse_telephone(&webhook)?;
                tx.delete_webhook(&tenant, &webhook.id);
                let event = Event::WebhookRemoved(change(Some(&webhook), None));
                log_change(tx, &tenant, &webhook.id, event);
                Ok(webhook)
            })
        });
        unit.await
    }

    /// Gives an endpoint a new secret, which is here for the only time. The older ones sign as well for so long.
    pub async fn rotate_webhook(
        &self,
        tenant: &Tenant,
        which: &str,
        overlap: TimeDelta,
    ) -> Result<(Webhook, Secret), Error> {
        if !(TimeDelta::zero()..=MOST_OVERLAP).contains(&overlap) {
            let hours = overlap.num_hours().to_string();
            return Err(Error::invalid("overlap_hours", hours, "give 0 to 720 hours"));
        }
        let (tenant, which, secret) = (tenant.id.clone(), which.to_owned(), draw::webhook_secret());
        let unit = self.store.write(Scope::Tenant(tenant.clone()), move |tx| {
            Box::pin(async move {
                let before = find(tx, &tenant, &which).await?.course.webhook;
                refuse_telephone(&before)?;
                let secrets = before.secrets.rotated(secret.clone(), overlap, tx.now());
                let after = Webhook { secrets, ..before.clone() };
                tx.save_webhook(&tenant, &after);
                let event = Event::WebhookRotated(change(Some(&before), Some(&after)));
                log_change(tx, &tenant, &after.id, event);
                Ok((after, secret))
            })
        });
        unit.await
    }

    /// Sends an endpoint a trial, at once and once, whatever else it is sent. The trial stands in the log.
    pub async fn ping_webhook(&self, tenant: &Tenant, which: &str) -> Result<Pinged, Error> {
        let (webhook, seq) = self.log_ping(tenant.id.clone(), which.to_owned()).await?;
        let ping = self.told_at(tenant, seq).await?;
        let ping = ping.ok_or_else(|| StoreError::corrupt("events", seq.to_string(), "gone"))?;
        let (courier, at) = (&self.dispatch.courier, self.store.clock().now());
        let answer = courier.send(courier.place().await, (tenant, &webhook), &ping, at).await;
        let delivered = webhook.verdict(&answer, at) == Verdict::Delivered;
        let why = (!delivered).then(|| answer.to_string());
        Ok(Pinged { event: ping.envelope.id.clone(), delivered, status: answer.status(), why })
    }

    /// The endpoint, and the trial's place in the log.
    async fn log_ping(&self, tenant: TenantId, which: String) -> Result<(Webhook, u64), Error> {
        let unit = self.store.write(Scope::Tenant(tenant.clone()), move |tx| {
            Box::pin(async move {
                let webhook = find(tx, &tenant, &which).await?.course.webhook;
                refuse_telephone(&webhook)?;
                let event = Event::WebhookPinged { name: webhook.name.clone() };
                log_change(tx, &tenant, &webhook.id, event);
                Ok((webhook, tx.last_seq(&tenant).await?))
            })
        });
        unit.await
    }

    /// An endpoint's deliveries in that state behind `after`, in the order of the log, at most `limit`.
    pub async fn deliveries(
        &self,
        tenant: &Tenant,
        which: &str,
        state: DeliveryState,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Delivery>, Error> {
        let (tenant, which) = (tenant.id.clone(), which.to_owned());
        let read = self.store.read::<_, Error, _>(|tx| {
            Box::pin(async move {
                let webhook = find(tx, &tenant, &which).await?.course.webhook.id;
                Ok(tx.deliveries((&tenant, &webhook), state, after, limit).await?)
            })
        });
        read.await
    }

    /// Lets what is dead be sent again, an event or all of an endpoint's; how many there are.
    pub async fn replay(&self, tenant: &Tenant, which: &str, event: Option<EventId>) -> Result<u64, Error> {
        let (tenant, which) = (tenant.id.clone(), which.to_owned());
        let unit = self.store.write(Scope::Tenant(tenant.clone()), move |tx| {
            Box::pin(async move {
                let webhook = find(tx, &tenant, &which).await?.course.webhook;
                // What is late stays so.
                refuse_telephone(&webhook)?;
                let Webhook { id, name, .. } = webhook;
                let deliveries = tx.replay_deliveries(&tenant, &id, event.as_ref()).await?;
                match event {
                    Some(event) if deliveries == 0 => {
                        let mend = "`dutyline webhook deliveries --dead` shows those there are";
                        Err(Error::NotFound { what: "dead letter", name: event.into(), mend })
                    }
                    Some(_) | None => {
                        log_change(tx, &tenant, &id, Event::WebhookReplayed { name, deliveries });
                        Ok(deliveries)
                    }
                }
            })
        });
        unit.await
    }

    /// Refuses a URL that leads to where nothing is sent, as far as can be told before its name is looked up.
    fn check_url(&self, url: &WebhookUrl) -> Result<(), Error> {
        self.dispatch.courier.check(url).map_err(|why| Error::invalid("url", url.as_str(), why))
    }
}

impl WebhookPatch {
    fn of(self, webhook: Webhook) -> Webhook {
        let Self { name, url, types, users, active, insecure_tls } = self;
        let filter = Filter {
            types: types.map_or(webhook.filter.types, Edit::value),
            users: users.map_or(webhook.filter.users, Edit::value),
        };
        let is_set_going = active == Some(true);
        Webhook {
            name: name.unwrap_or(webhook.name),
            url: url.map_or(webhook.url, Target::Url),
            filter,
            active: active.unwrap_or(webhook.active),
            stopped_by: webhook.stopped_by.filter(|_| !is_set_going),
            insecure_tls: insecure_tls.unwrap_or(webhook.insecure_tls),
            ..webhook
        }
    }
}

impl From<Tallied> for WebhookStanding {
    fn from(Tallied { course: Course { webhook, cursor, failing_since }, waiting, dead }: Tallied) -> Self {
        Self { webhook, cursor, waiting, dead, failing_since }
    }
}

/// The endpoint with the identifier, or the one with the name; an error that names the nearest.
async fn find(tx: &mut Tx<'_>, tenant: &TenantId, wanted: &str) -> Result<Tallied, Error> {
    let mut webhooks = tx.webhooks(tenant).await?;
    let is_wanted = |webhook: &Webhook| webhook.id.as_str() == wanted || webhook.name.as_str() == wanted;
    if let Some(place) = webhooks.iter().position(|tallied| is_wanted(&tallied.course.webhook)) {
        return Ok(webhooks.swap_remove(place));
    }
    let known = webhooks.iter().map(|tallied| tallied.course.webhook.name.as_str());
    Err(Error::unknown("webhook", wanted, known, "dutyline webhook list"))
}

/// Refuses a name that another endpoint has.
async fn check_name(
    tx: &mut Tx<'_>,
    tenant: &TenantId,
    name: &WebhookName,
    own: Option<&WebhookId>,
) -> Result<(), Error> {
    let webhooks = tx.webhooks(tenant).await?;
    let mut others = webhooks.iter().map(|tallied| &tallied.course.webhook);
    match others.find(|other| other.name == *name && own != Some(&other.id)) {
        Some(other) => Err(Error::Exists { what: "webhook", name: other.name.to_string() }),
        None => Ok(()),
    }
}

/// Refuses a filter that nothing passes, or that names users who are not there.
async fn check_filter(tx: &mut Tx<'_>, tenant: &Tenant, filter: &Filter) -> Result<(), Error> {
    let empty = [
        ("types", filter.types.as_ref().is_some_and(BTreeSet::is_empty)),
        ("users", filter.users.as_ref().is_some_and(BTreeSet::is_empty)),
    ];
    if let Some((field, _)) = empty.into_iter().find(|(_, is_empty)| *is_empty) {
        return Err(Error::invalid(field, "", "name one at least, or none at all for all of them"));
    }
    for login in filter.users.iter().flatten() {
        users::find(tx, tenant, login).await?;
    }
    Ok(())
}

fn log_change(tx: &mut Tx<'_>, tenant: &TenantId, webhook: &WebhookId, event: Event) {
    log_deed(tx, tenant, format!("webhook:{webhook}"), event);
}

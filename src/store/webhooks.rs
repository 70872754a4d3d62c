//! Endpoints that the log is sent to, and whose turn it is to send. A turn is leased; what it brings about is written
//! only by the holder of its lease, which the statements check themselves (I20). So no tenant's lock is needed, and no
//! call waits for a delivery (I31).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::error::StoreError;
use super::rows::{TenantRow, count, instant, parse, parse_some};
use super::sql;
use super::tx::Tx;
use super::value::Value;
use crate::domain::ids::{TenantId, WebhookId};
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::domain::webhook::filter::Filter;
use crate::domain::webhook::secret::{Key, Keyring};
use crate::domain::webhook::{Stopped, Webhook};

/// An endpoint, and how far it has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    pub webhook: Webhook,
    /// Every event up to here is delivered, was not wanted, or is a delivery of its own.
    pub cursor: u64,
    pub failing_since: Option<Instant>,
}

/// An endpoint and what of it is not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tallied {
    pub course: Course,
    pub waiting: u64,
    pub dead: u64,
}

/// An active endpoint for which nobody has a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtRest {
    pub tenant: Tenant,
    pub course: Course,
    /// The end of the tenant's log.
    pub head: u64,
    /// So many deliveries wait.
    pub waiting: u64,
    /// When the first of them is due.
    pub due_at: Option<Instant>,
}

/// A turn: of whose endpoint, and by which lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub tenant: TenantId,
    pub webhook: WebhookId,
    /// No two turns have the same.
    pub token: String,
}

/// How a turn leaves its endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    pub cursor: u64,
    pub failing_since: Option<Instant>,
    /// When the next turn may begin.
    pub free_at: Instant,
}

impl Lease {
    /// The first values of every statement that only its holder may make.
    pub(super) fn values(&self) -> [Value; 3] {
        [self.tenant.as_str().into(), self.webhook.as_str().into(), self.token.as_str().into()]
    }
}

impl Tx<'_> {
    /// A tenant's endpoints, the oldest first.
    pub async fn webhooks(&mut self, tenant: &TenantId) -> Result<Vec<Tallied>, StoreError> {
        let rows: Vec<TalliedRow> = self.all(sql::WEBHOOKS, [tenant.as_str().into()]).await?;
        rows.into_iter().map(Tallied::try_from).collect()
    }

    /// Everybody's active endpoints for which nobody has a turn.
    pub async fn webhooks_at_rest(&mut self) -> Result<Vec<AtRest>, StoreError> {
        let rows: Vec<AtRestRow> = self.all(sql::WEBHOOKS_AT_REST, [self.now().into()]).await?;
        rows.into_iter().map(AtRest::try_from).collect()
    }

    /// Keeps a new endpoint, which is sent what comes behind `cursor`.
    pub fn insert_webhook(&mut self, tenant: &TenantId, webhook: &Webhook, cursor: u64) {
        let [types, users] = lists(&webhook.filter);
        let values = [
            tenant.as_str().into(),
            webhook.id.as_str().into(),
            webhook.name.as_str().into(),
            webhook.url.to_string().into(),
            types,
            users,
            webhook.active.into(),
            webhook.stopped_by.map(Stopped::as_str).into(),
            webhook.insecure_tls.into(),
            secrets(&webhook.secrets).into(),
            webhook.created_at.into(),
            cursor.into(),
        ];
        self.push(sql::INSERT_WEBHOOK, values);
    }

    /// Saves what admins change of an endpoint.
    pub fn save_webhook(&mut self, tenant: &TenantId, webhook: &Webhook) {
        let [types, users] = lists(&webhook.filter);
        let values = [
            tenant.as_str().into(),
            webhook.id.as_str().into(),
            webhook.name.as_str().into(),
            webhook.url.to_string().into(),
            types,
            users,
            webhook.active.into(),
            webhook.stopped_by.map(Stopped::as_str).into(),
            webhook.insecure_tls.into(),
            secrets(&webhook.secrets).into(),
        ];
        self.push(sql::UPDATE_WEBHOOK, values);
    }

    /// Forgets an endpoint, and what has not been delivered to it.
    pub fn delete_webhook(&mut self, tenant: &TenantId, id: &WebhookId) {
        // The endpoint first: a turn that is under way writes no delivery for one that is not there.
        for statement in [sql::DELETE_WEBHOOK, sql::DELETE_DELIVERIES] {
            self.push(statement, [tenant.as_str().into(), id.as_str().into()]);
        }
    }

    /// Takes a turn until then, unless somebody has one or the endpoint is not active.
    pub fn lease_webhook(&mut self, lease: &Lease, until: Instant) {
        let (now, [tenant, webhook, token]) = (self.now(), lease.values());
        let values = [tenant, webhook, token, until.into(), now.into()];
        self.push_row(lease.webhook.as_str(), sql::LEASE_WEBHOOK, values);
    }

    /// The endpoints for which the turns were taken that have this token, as they are now.
    pub async fn leased_webhooks(&mut self, token: &str) -> Result<HashMap<WebhookId, Course>, StoreError> {
        let rows: Vec<CourseRow> = self.all(sql::LEASED_WEBHOOKS, [token.into()]).await?;
        let course = |row| Course::try_from(row).map(|course| (course.webhook.id.clone(), course));
        rows.into_iter().map(course).collect()
    }

    /// The endpoint as it is now, if the turn is its holder's still.
    pub async fn leased_webhook(&mut self, lease: &Lease) -> Result<Option<Course>, StoreError> {
        let row: Option<CourseRow> = self.one(sql::LEASED_WEBHOOK, lease.values()).await?;
        row.map(Course::try_from).transpose()
    }

    /// Ends a turn, and says how far the endpoint has got. Comes before all else that the turn brings about.
    pub fn end_turn(&mut self, lease: &Lease, Ending { cursor, failing_since, free_at }: Ending) {
        let [tenant, webhook, token] = lease.values();
        let values = [tenant, webhook, token, cursor.into(), failing_since.into(), free_at.into()];
        self.push_row(lease.webhook.as_str(), sql::END_TURN, values);
    }

    /// Stops an endpoint from within a turn. False if the turn was not ours any more, or it was stopped before.
    pub async fn stop_webhook(&mut self, lease: &Lease, by: Stopped) -> Result<bool, StoreError> {
        let was_active = self.leased_webhook(lease).await?.is_some_and(|course| course.webhook.active);
        let [tenant, webhook, token] = lease.values();
        self.push(sql::STOP_WEBHOOK, [tenant, webhook, token, by.as_str().into()]);
        Ok(was_active && self.leased_webhook(lease).await?.is_some_and(|course| !course.webhook.active))
    }
}

fn lists(Filter { types, users }: &Filter) -> [Value; 2] {
    let types = types.as_ref().map(|types| serde_json::to_string(types).expect("a list of words"));
    let users = users.as_ref().map(|users| serde_json::to_string(users).expect("a list of words"));
    [types.into(), users.into()]
}

/// A secret as it is kept. Instants are unix milliseconds, as everywhere in the database.
#[derive(Debug, Serialize, Deserialize)]
struct KeptKey {
    secret: String,
    since: i64,
    until: Option<i64>,
}

fn secrets(keyring: &Keyring) -> String {
    let kept = |key: &Key| KeptKey {
        secret: key.secret.expose(),
        since: key.since.timestamp_millis(),
        until: key.until.map(|until| until.timestamp_millis()),
    };
    let kept: Vec<KeptKey> = keyring.keys().iter().map(kept).collect();
    serde_json::to_string(&kept).expect("secrets are plain data")
}

fn keyring(row: &str, list: &str) -> Result<Keyring, StoreError> {
    // What is wrong is not repeated: it may be a secret.
    let corrupt = || StoreError::corrupt("webhooks", row, "its secrets are not readable");
    let kept: Vec<KeptKey> = serde_json::from_str(list).map_err(|_| corrupt())?;
    let key = |KeptKey { secret, since, until }| {
        let until = until.map(|until| instant("webhooks", row, until)).transpose()?;
        let secret = secret.parse().map_err(|_| corrupt())?;
        Ok(Key { secret, since: instant("webhooks", row, since)?, until })
    };
    Ok(Keyring::kept(kept.into_iter().map(key).collect::<Result<Vec<Key>, StoreError>>()?))
}

#[derive(Debug, FromRow)]
struct CourseRow {
    webhook_id: String,
    webhook_name: String,
    url: String,
    types: Option<String>,
    users: Option<String>,
    webhook_active: bool,
    stopped_by: Option<String>,
    insecure_tls: bool,
    secrets: String,
    webhook_created_at: i64,
    webhook_cursor: i64,
    failing_since: Option<i64>,
}

#[derive(Debug, FromRow)]
struct TalliedRow {
    #[sqlx(flatten)]
    course: CourseRow,
    waiting: i64,
    dead: i64,
}

#[derive(Debug, FromRow)]
struct AtRestRow {
    #[sqlx(flatten)]
    tenant: TenantRow,
    #[sqlx(flatten)]
    course: CourseRow,
    head: i64,
    waiting: i64,
    due_at: Option<i64>,
}

impl TryFrom<CourseRow> for Course {
    type Error = StoreError;
    fn try_from(row: CourseRow) -> Result<Self, StoreError> {
        let at = row.webhook_id.clone();
        let corrupt = |why: serde_json::Error| StoreError::corrupt("webhooks", &at, why);
        let types = row.types.as_deref().map(serde_json::from_str).transpose().map_err(corrupt)?;
        let users = row.users.as_deref().map(serde_json::from_str).transpose().map_err(corrupt)?;
        let failing_since = row.failing_since.map(|since| instant("webhooks", &at, since)).transpose()?;
        let webhook = Webhook {
            name: parse("webhooks", &at, row.webhook_name)?,
            url: parse("webhooks", &at, row.url)?,
            filter: Filter { types, users },
            active: row.webhook_active,
            stopped_by: parse_some("webhooks", &at, row.stopped_by)?,
            insecure_tls: row.insecure_tls,
            secrets: keyring(&at, &row.secrets)?,
            created_at: instant("webhooks", &at, row.webhook_created_at)?,
            id: parse("webhooks", &at, row.webhook_id)?,
        };
        Ok(Self { webhook, cursor: count("webhooks", &at, row.webhook_cursor)?, failing_since })
    }
}

impl TryFrom<TalliedRow> for Tallied {
    type Error = StoreError;
    fn try_from(row: TalliedRow) -> Result<Self, StoreError> {
        let at = row.course.webhook_id.clone();
        let (waiting, dead) = (count("deliveries", &at, row.waiting)?, count("deliveries", &at, row.dead)?);
        Ok(Self { course: row.course.try_into()?, waiting, dead })
    }
}

impl TryFrom<AtRestRow> for AtRest {
    type Error = StoreError;
    fn try_from(row: AtRestRow) -> Result<Self, StoreError> {
        let at = row.course.webhook_id.clone();
        Ok(Self {
            tenant: row.tenant.try_into()?,
            course: row.course.try_into()?,
            head: count("outbox_heads", &at, row.head)?,
            waiting: count("deliveries", &at, row.waiting)?,
            due_at: row.due_at.map(|due_at| instant("deliveries", &at, due_at)).transpose()?,
        })
    }
}

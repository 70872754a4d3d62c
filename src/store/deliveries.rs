//! Events that were not delivered to an endpoint at once.

use std::collections::HashMap;

use sqlx::FromRow;

use super::error::StoreError;
use super::rows::{CountRow, count, instant, parse};
use super::sql;
use super::tx::Tx;
use super::webhooks::Lease;
use crate::domain::ids::{EventId, TenantId, WebhookId};
use crate::domain::time::Instant;
use crate::domain::webhook::queue::Waiting;
use crate::domain::webhook::{Delivery, DeliveryState};

impl Tx<'_> {
    /// What waits for the endpoints for which turns were taken that have this token, each in the order of the log.
    pub async fn waiting_deliveries(
        &mut self,
        token: &str,
    ) -> Result<HashMap<WebhookId, Vec<Waiting>>, StoreError> {
        let rows: Vec<WaitingRow> = self.all(sql::WAITING, [token.into()]).await?;
        let mut found: HashMap<WebhookId, Vec<Waiting>> = HashMap::new();
        for row in rows {
            let (webhook, waiting) = row.waiting()?;
            found.entry(webhook).or_default().push(waiting);
        }
        Ok(found)
    }

    /// An endpoint's deliveries in that state behind `after`, in the order of the log, at most `limit`.
    pub async fn deliveries(
        &mut self,
        (tenant, webhook): (&TenantId, &WebhookId),
        state: DeliveryState,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let values = [
            tenant.as_str().into(),
            webhook.as_str().into(),
            state.as_str().into(),
            after.into(),
            limit.into(),
        ];
        let rows: Vec<DeliveryRow> = self.all(sql::DELIVERIES, values).await?;
        rows.into_iter().map(Delivery::try_from).collect()
    }

    /// Keeps what came of an attempt, or that there was none yet.
    pub fn save_delivery(&mut self, lease: &Lease, delivery: &Delivery) {
        let [tenant, webhook, token] = lease.values();
        let values = [
            tenant,
            webhook,
            token,
            delivery.seq.into(),
            delivery.event.as_str().into(),
            delivery.r#type.as_str().into(),
            delivery.subject.as_str().into(),
            delivery.at.into(),
            delivery.state.as_str().into(),
            delivery.attempts.into(),
            delivery.due_at.into(),
            delivery.tried_at.into(),
            delivery.status.map(u32::from).into(),
            delivery.why.as_deref().into(),
        ];
        self.push_row(lease.webhook.as_str(), sql::SAVE_DELIVERY, values);
    }

    /// Forgets what has been delivered after all.
    pub fn delete_delivery(&mut self, lease: &Lease, seq: u64) {
        let [tenant, webhook, token] = lease.values();
        self.push_row(lease.webhook.as_str(), sql::DELETE_DELIVERY, [tenant, webhook, token, seq.into()]);
    }

    /// Says when the next attempt at what waits is; none while an earlier event about its subject waits.
    pub fn set_due(&mut self, lease: &Lease, seq: u64, due_at: Option<Instant>) {
        let [tenant, webhook, token] = lease.values();
        self.push_row(
            lease.webhook.as_str(),
            sql::SET_DUE,
            [tenant, webhook, token, seq.into(), due_at.into()],
        );
    }

    /// Lets what is dead be sent again, an event or all of them; how many there are.
    pub async fn replay_deliveries(
        &mut self,
        tenant: &TenantId,
        webhook: &WebhookId,
        event: Option<&EventId>,
    ) -> Result<u64, StoreError> {
        let now = self.now();
        let of = [tenant.as_str().into(), webhook.as_str().into(), event.map(EventId::as_str).into()];
        let found: Option<CountRow> = self.one(sql::COUNT_DEAD, of.clone()).await?;
        let [tenant, of_webhook, event] = of;
        self.push(sql::REPLAY, [tenant, of_webhook, event, now.into()]);
        found.map_or(Ok(0), |row| count("deliveries", webhook.as_str(), row.count))
    }

    /// When the oldest event happened that waits for another attempt, anybody's.
    pub async fn oldest_waiting(&mut self) -> Result<Option<Instant>, StoreError> {
        let row: Option<OldestRow> = self.one(sql::OLDEST_WAITING, []).await?;
        row.and_then(|row| row.oldest).map(|at| instant("deliveries", "", at)).transpose()
    }
}

#[derive(Debug, FromRow)]
struct OldestRow {
    oldest: Option<i64>,
}

#[derive(Debug, FromRow)]
struct WaitingRow {
    webhook_id: String,
    seq: i64,
    subject: String,
    attempts: i64,
    due_at: Option<i64>,
}

impl WaitingRow {
    /// With whose it is.
    fn waiting(self) -> Result<(WebhookId, Waiting), StoreError> {
        let at = self.webhook_id.clone();
        let waiting = Waiting {
            seq: count("deliveries", &at, self.seq)?,
            subject: self.subject,
            attempts: count("deliveries", &at, self.attempts)?,
            due_at: self.due_at.map(|due_at| instant("deliveries", &at, due_at)).transpose()?,
        };
        Ok((parse("deliveries", &at, self.webhook_id)?, waiting))
    }
}

#[derive(Debug, FromRow)]
struct DeliveryRow {
    seq: i64,
    event_id: String,
    r#type: String,
    subject: String,
    at: i64,
    state: String,
    attempts: i64,
    due_at: Option<i64>,
    tried_at: Option<i64>,
    status: Option<i64>,
    why: Option<String>,
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = StoreError;
    fn try_from(row: DeliveryRow) -> Result<Self, StoreError> {
        let at = row.event_id.clone();
        let moment =
            |millis: Option<i64>| millis.map(|millis| instant("deliveries", &at, millis)).transpose();
        Ok(Self {
            seq: count("deliveries", &at, row.seq)?,
            r#type: row.r#type,
            subject: row.subject,
            at: instant("deliveries", &at, row.at)?,
            state: parse("deliveries", &at, row.state)?,
            attempts: count("deliveries", &at, row.attempts)?,
            due_at: moment(row.due_at)?,
            tried_at: moment(row.tried_at)?,
            status: row.status.map(|status| count("deliveries", &at, status)).transpose()?,
            why: row.why,
            event: parse("deliveries", &at, row.event_id)?,
        })
    }
}

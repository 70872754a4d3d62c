//! The event log: appended in the unit of work of what it tells, read from a cursor.

use serde_json::value::RawValue;
use sqlx::FromRow;

use super::error::StoreError;
use super::rows::{count, instant, parse};
use super::sql;
use super::tx::Tx;
use super::value::Value;
use crate::domain::chain::Content;
use crate::domain::coverage::Gap;
use crate::domain::event::{Entry, Envelope, Event};
use crate::domain::ids::{EventId, TenantId};
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;

/// An entry of a tenant's log that has no `seq` yet, in the words in which it is kept.
#[derive(Debug)]
pub(super) struct Logged {
    pub(super) tenant: TenantId,
    id: EventId,
    at: Instant,
    kind: String,
    subject: String,
    data: String,
    cause: String,
}

impl Logged {
    pub(super) fn at_place(&self, seq: i64) -> Content<'_> {
        Content {
            tenant: self.tenant.as_str(),
            seq,
            id: self.id.as_str(),
            at: self.at.timestamp_millis(),
            kind: &self.kind,
            subject: &self.subject,
            data: &self.data,
            cause: &self.cause,
        }
    }
}

impl Tx<'_> {
    /// Appends entries to the tenant's log. They get their `seq` when the unit of work is written.
    pub fn append(&mut self, tenant: &TenantId, entries: impl IntoIterator<Item = (EventId, Entry)>) {
        let now = self.now();
        let logged = entries.into_iter().map(|(id, entry)| {
            let (kind, data) = entry.event.tell();
            let cause = serde_json::to_string(&entry.cause).expect("a cause is plain data");
            Logged { tenant: tenant.clone(), id, at: now, kind, subject: entry.subject, data, cause }
        });
        self.log(logged);
    }

    /// The events behind `after`, oldest first, at most `limit`.
    pub async fn events_after(
        &mut self,
        tenant: &Tenant,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Envelope>, StoreError> {
        let values = [tenant.id.as_str().into(), after.into(), limit.into()];
        self.envelopes(sql::EVENTS_AFTER, values, tenant).await
    }

    /// The newest changes of `subject`'s presence, newest first, at most `limit`.
    pub async fn presence_events_of(
        &mut self,
        tenant: &Tenant,
        subject: &str,
        limit: u32,
    ) -> Result<Vec<Envelope>, StoreError> {
        let values = [tenant.id.as_str().into(), subject.into(), limit.into()];
        self.envelopes(sql::PRESENCE_EVENTS_OF, values, tenant).await
    }

    /// The gap in coverage that was told last, under the subject that such gaps have.
    pub async fn last_gap(&mut self, tenant: &Tenant, subject: &str) -> Result<Option<Gap>, StoreError> {
        let values = [tenant.id.as_str().into(), subject.into()];
        let told = self.envelopes(sql::LAST_OF, values, tenant).await?;
        let gap = |event| if let Event::CoverageGap { gap, .. } = event { Some(gap) } else { None };
        Ok(told.into_iter().find_map(|envelope| gap(envelope.event)))
    }

    /// What admins did before `seq`, newest first, at most `limit`.
    pub async fn admin_events(
        &mut self,
        tenant: &Tenant,
        before: u64,
        limit: u32,
    ) -> Result<Vec<Envelope>, StoreError> {
        let values = [tenant.id.as_str().into(), before.into(), limit.into()];
        self.envelopes(sql::ADMIN_EVENTS, values, tenant).await
    }

    /// What admins did to `subject` before `seq`, newest first, at most `limit`.
    pub async fn admin_events_of(
        &mut self,
        tenant: &Tenant,
        subject: &str,
        before: u64,
        limit: u32,
    ) -> Result<Vec<Envelope>, StoreError> {
        let values = [tenant.id.as_str().into(), subject.into(), before.into(), limit.into()];
        self.envelopes(sql::ADMIN_EVENTS_OF, values, tenant).await
    }

    async fn envelopes<const N: usize>(
        &mut self,
        statement: &'static str,
        values: [Value; N],
        tenant: &Tenant,
    ) -> Result<Vec<Envelope>, StoreError> {
        let rows: Vec<EventRow> = self.all(statement, values).await?;
        rows.into_iter().map(|row| row.envelope(tenant)).collect()
    }

    /// The last `seq` of the tenant's log.
    pub async fn last_seq(&mut self, tenant: &TenantId) -> Result<u64, StoreError> {
        let head: Option<HeadRow> = self.one(sql::HEAD, [tenant.as_str().into()]).await?;
        head.map_or(Ok(0), |head| count("outbox_heads", tenant.as_str(), head.seq))
    }
}

#[derive(Debug, FromRow)]
struct HeadRow {
    seq: i64,
}

#[derive(Debug, FromRow)]
struct EventRow {
    seq: i64,
    event_id: String,
    at: i64,
    r#type: String,
    subject: String,
    data: String,
    cause: String,
}

impl EventRow {
    fn envelope(self, tenant: &Tenant) -> Result<Envelope, StoreError> {
        let row = self.event_id.clone();
        let corrupt = |why: serde_json::Error| StoreError::corrupt("events", &row, why);
        let kind = serde_json::Value::from(self.r#type);
        let data: &RawValue = serde_json::from_str(&self.data).map_err(corrupt)?;
        // The type comes first, so that the data is read as what it is, and not as any value before.
        let event = format!(r#"{{"type":{kind},"data":{data}}}"#);
        Ok(Envelope {
            seq: count("events", &row, self.seq)?,
            at: instant("events", &row, self.at)?,
            tenant: tenant.slug.clone(),
            event: serde_json::from_str(&event).map_err(corrupt)?,
            subject: self.subject,
            cause: serde_json::from_str(&self.cause).map_err(corrupt)?,
            id: parse("events", &row, self.event_id)?,
        })
    }
}

//! The event log: appended in the unit of work of what it tells, read from a cursor.

use sqlx::FromRow;

use super::batch::Write;
use super::error::StoreError;
use super::rows::{count, instant, parse};
use super::sql;
use super::tx::Tx;
use super::value::Value;
use crate::domain::event::{Entry, Envelope};
use crate::domain::ids::{EventId, TenantId};
use crate::domain::tenant::Tenant;

/// An entry of a tenant's log that has no `seq` yet.
#[derive(Debug)]
pub(super) struct Logged {
    tenant: TenantId,
    /// The values of its columns behind `seq`.
    values: [Value; 6],
}

/// Gives entries their places behind the heads of their tenants' logs. Written last in a transaction, so that
/// `seq` follows the order of commits.
pub(super) fn numbered<'l>(logged: impl Iterator<Item = &'l Logged>) -> Vec<Write> {
    let mut logs: Vec<(&TenantId, Vec<&Logged>)> = Vec::new();
    for entry in logged {
        match logs.iter_mut().find(|(tenant, _)| *tenant == &entry.tenant) {
            Some((_, log)) => log.push(entry),
            None => logs.push((&entry.tenant, vec![entry])),
        }
    }
    logs.into_iter().flat_map(|(tenant, log)| behind_head(tenant, &log)).collect()
}

fn behind_head(tenant: &TenantId, log: &[&Logged]) -> Vec<Write> {
    let tenant = Value::from(tenant.as_str());
    let advanced =
        Write { statement: sql::ADVANCE_HEAD, values: vec![tenant.clone(), (log.len() as u64).into()] };
    let entries = (0..log.len() as u64).rev().zip(log).map(|(back, entry)| {
        let place = [tenant.clone(), back.into()];
        Write {
            statement: sql::INSERT_EVENT,
            values: place.into_iter().chain(entry.values.clone()).collect(),
        }
    });
    std::iter::once(advanced).chain(entries).collect()
}

impl Tx<'_> {
    /// Appends entries to the tenant's log. They get their `seq` when the unit of work is written.
    pub fn append(&mut self, tenant: &TenantId, entries: impl IntoIterator<Item = (EventId, Entry)>) {
        let now = self.now();
        let logged = entries.into_iter().map(|(id, entry)| {
            let (kind, data) = entry.event.tell();
            let cause = serde_json::to_string(&entry.cause).expect("a cause is plain data");
            let values = [
                id.as_str().into(),
                now.into(),
                kind.into(),
                entry.subject.as_str().into(),
                data.into(),
                cause.into(),
            ];
            Logged { tenant: tenant.clone(), values }
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
        let data: serde_json::Value = serde_json::from_str(&self.data).map_err(corrupt)?;
        Ok(Envelope {
            seq: count("events", &row, self.seq)?,
            at: instant("events", &row, self.at)?,
            tenant: tenant.slug.clone(),
            event: serde_json::from_value(serde_json::json!({ "type": self.r#type, "data": data }))
                .map_err(corrupt)?,
            subject: self.subject,
            cause: serde_json::from_str(&self.cause).map_err(corrupt)?,
            id: parse("events", &row, self.event_id)?,
        })
    }
}

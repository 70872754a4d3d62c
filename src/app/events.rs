//! The event log, read from a cursor, and what admins did in it.

use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::App;
use crate::domain::event::{Change, Envelope};
use crate::domain::ids::Login;
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::store::StoreError;

/// What one admin did at one time.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct AuditEntry {
    pub seq: u64,
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    /// Who did it: `admin:cli`.
    pub actor: String,
    /// The event's type, `user.changed`.
    pub r#type: String,
    /// What it was done to: `user:ada`.
    pub subject: String,
    pub changes: Vec<Difference>,
}

/// A field of a record that is not as it was; null where it was not, or is no longer.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Difference {
    pub field: String,
    #[schema(value_type = Value)]
    pub before: Value,
    #[schema(value_type = Value)]
    pub after: Value,
}

/// Behind every `seq` that there will be.
const NEVER: u64 = i64::MAX.unsigned_abs();

impl App {
    /// The events behind `after`, oldest first, at most `limit`.
    pub async fn events_after(
        &self,
        tenant: &Tenant,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Envelope>, StoreError> {
        let tenant = tenant.clone();
        let unit =
            self.store.read(|tx| Box::pin(async move { tx.events_after(&tenant, after, limit).await }));
        unit.await
    }

    /// Rings when there may be new events; now and then for nothing, and once for many. Whoever relies on it looks by
    /// themselves now and then, too.
    pub fn bell(&self) -> watch::Receiver<()> {
        self.store.bell()
    }

    /// The cursor behind which the newest `count` events stand.
    pub async fn cursor_before_newest(&self, tenant: &Tenant, count: u32) -> Result<u64, StoreError> {
        let tenant = tenant.id.clone();
        let last = self.store.read(|tx| Box::pin(async move { tx.last_seq(&tenant).await }));
        Ok(last.await?.saturating_sub(count.into()))
    }

    /// What admins did, the newest first, at most `limit`; to one user, or to anything; before an entry, if one is given.
    pub async fn audit(
        &self,
        tenant: &Tenant,
        user: Option<&Login>,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let (tenant, subject) = (tenant.clone(), user.map(|login| format!("user:{login}")));
        let before = before.unwrap_or(NEVER);
        let unit = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move {
                let events = match subject {
                    Some(subject) => tx.admin_events_of(&tenant, &subject, before, limit).await?,
                    None => tx.admin_events(&tenant, before, limit).await?,
                };
                Ok(events.into_iter().map(AuditEntry::from).collect())
            })
        });
        unit.await
    }
}

impl From<Envelope> for AuditEntry {
    fn from(envelope: Envelope) -> Self {
        Self {
            seq: envelope.seq,
            at: envelope.at,
            actor: envelope.cause.actor,
            r#type: envelope.event.split().0,
            subject: envelope.subject,
            changes: differences(envelope.event.change()),
        }
    }
}

/// The fields that differ, in alphabetical order.
fn differences(change: Change) -> Vec<Difference> {
    let (before, mut after) = (fields(change.before), fields(change.after));
    let mut differences: Vec<Difference> = before
        .into_iter()
        .map(|(field, before)| {
            let after = after.remove(&field).unwrap_or_default();
            Difference { field, before, after }
        })
        .collect();
    let new = after.into_iter().map(|(field, after)| Difference { field, before: Value::Null, after });
    differences.extend(new);
    differences.retain(|difference| difference.before != difference.after);
    differences.sort_by(|one, other| one.field.cmp(&other.field));
    differences
}

/// A record's fields; what is no record has none.
fn fields(record: Value) -> Map<String, Value> {
    match record {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::app::{ADMIN, log};
    use crate::domain::event::{Event, EventCause};
    use crate::store::{Clock, Scope};

    #[test]
    fn only_fields_that_differ_are_told() {
        let check = |before: Value, after: Value, expected: &[(&str, Value, Value)]| {
            let found = differences(Change { before, after });
            let found: Vec<_> = found.into_iter().map(|one| (one.field, one.before, one.after)).collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|(field, one, other)| ((*field).to_owned(), one.clone(), other.clone()))
                .collect();
            assert_eq!(found, expected);
        };
        check(
            json!({ "login": "ada", "name": "Ada", "zone": null }),
            json!({ "login": "ada", "name": "Ada Agent", "zone": "America/Toronto" }),
            &[("name", json!("Ada"), json!("Ada Agent")), ("zone", Value::Null, json!("America/Toronto"))],
        );
        check(Value::Null, json!({ "login": "ada" }), &[("login", Value::Null, json!("ada"))]);
        check(json!({ "login": "ada" }), Value::Null, &[("login", json!("ada"), Value::Null)]);
        check(json!({ "login": "ada" }), json!({ "login": "ada" }), &[]);
    }

    #[tokio::test]
    async fn an_audit_tells_of_admins_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let app = App::open(&url, Clock::System).await.expect("a new database");
        let tenant = app.ensure_default_tenant().await.expect("a tenant");
        let about = tenant.clone();
        let told = app.store.write::<_, StoreError, _>(Scope::of(&tenant), move |tx| {
            let event = |generation| Event::PresenceUnchanged { generation };
            log(tx, &about.id, "user:ada", event(1), EventCause::actor("timer"));
            log(tx, &about.id, "user:ada", event(2), EventCause::actor(ADMIN));
            log(tx, &about.id, "user:bob", event(3), EventCause::actor(ADMIN));
            Box::pin(async { Ok(()) })
        });
        told.await.expect("room");
        let seqs = |entries: Vec<AuditEntry>| entries.into_iter().map(|entry| entry.seq).collect::<Vec<_>>();
        let ada: Login = "ada".parse().expect("a login");
        assert_eq!(seqs(app.audit(&tenant, None, None, 9).await.expect("entries")), [4, 3, 1]);
        assert_eq!(seqs(app.audit(&tenant, None, None, 1).await.expect("entries")), [4]);
        assert_eq!(seqs(app.audit(&tenant, Some(&ada), None, 9).await.expect("entries")), [3]);
    }
}

//! Whether the log is as it was written.

use serde::Serialize;

use super::App;
use crate::domain::chain::{End, Fault, Verified, Walk};
use crate::domain::ids::TenantId;
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::store::StoreError;
use crate::store::chain::{Ends, Kept};

/// Entries that are read at once.
const BATCH: u32 = 1000;

/// A part of a log, looked through.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Stretch {
    #[serde(flatten)]
    pub verification: Verification,
    /// Behind which entry the next part begins, if there is one: what to give as `after`.
    pub next: Option<String>,
}

/// What became of a tenant's log since it was written.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verification {
    Whole(Verified),
    Broken(Broken),
}

/// The first place at which the log is not as it was written.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Broken {
    #[serde(flatten)]
    pub fault: Fault,
    /// The entry there; where one is missing, the next one that is there.
    pub entry: Option<Suspect>,
}

/// An entry that may be what nobody of us wrote.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Suspect {
    pub seq: i64,
    pub id: String,
    pub r#type: String,
    /// None if it says no time that there is.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Instant>,
}

impl App {
    /// Looks whether each entry of the log follows from the one before it, from the oldest that is kept to the
    /// newest at this time. Reads them some at a time, so that nobody waits for it.
    pub async fn verify_audit(&self, tenant: &Tenant) -> Result<Verification, StoreError> {
        Ok(self.verify_audit_after(tenant, None, u32::MAX).await?.verification)
    }

    /// As [`App::verify_audit`], for so many entries, and from behind where another look came to a rest.
    pub async fn verify_audit_after(
        &self,
        tenant: &Tenant,
        after: Option<&End>,
        most: u32,
    ) -> Result<Stretch, StoreError> {
        loop {
            let ends = self.ends_of_log(&tenant.id).await?;
            let stretch = self.walk(&tenant.id, &ends, after, most).await?;
            let is_whole = matches!(stretch.verification, Verification::Whole(_));
            // What was old may have been forgotten on the way.
            if is_whole || self.ends_of_log(&tenant.id).await?.begin == ends.begin {
                return Ok(stretch);
            }
        }
    }

    async fn walk(
        &self,
        tenant: &TenantId,
        ends: &Ends,
        after: Option<&End>,
        most: u32,
    ) -> Result<Stretch, StoreError> {
        let end = ends.end.clone();
        let (mut walk, mut after) = match after.filter(|after| after.seq >= ends.begin.seq) {
            Some(after) => (Walk::onward(after.clone(), end), after.seq),
            None => (Walk::between(ends.begin.clone(), end), i64::MIN),
        };
        let (mut left, mut last) = (most, None);
        while let Some(newest) = ends.newest.filter(|newest| *newest > after) {
            if left == 0 {
                let next = Some(walk.at().to_string());
                return Ok(Stretch { verification: Verification::Whole(walk.rest()), next });
            }
            let kept = self.kept_entries(tenant, after, newest, left.min(BATCH)).await?;
            for entry in &kept {
                if let Err(fault) = walk.step(&entry.content(tenant), entry.hash.as_deref()) {
                    return Ok(broken(fault, Some(entry)));
                }
            }
            left = left.saturating_sub(u32::try_from(kept.len()).expect("a batch is small"));
            last = kept.into_iter().last();
            // None is there any more if somebody has removed the rest.
            after = last.as_ref().map_or(newest, |last| last.seq);
        }
        Ok(match walk.arrive() {
            Ok(verified) => Stretch { verification: Verification::Whole(verified), next: None },
            Err(fault) => broken(fault, last.as_ref()),
        })
    }

    async fn ends_of_log(&self, tenant: &TenantId) -> Result<Ends, StoreError> {
        let tenant = tenant.clone();
        self.store.read(|tx| Box::pin(async move { tx.ends_of_log(&tenant).await })).await
    }

    async fn kept_entries(
        &self,
        tenant: &TenantId,
        after: i64,
        to: i64,
        most: u32,
    ) -> Result<Vec<Kept>, StoreError> {
        let tenant = tenant.clone();
        let unit =
            self.store.read(|tx| Box::pin(async move { tx.kept_entries(&tenant, after, to, most).await }));
        unit.await
    }
}

/// What is known of a fault; the entry is one at it or behind it.
fn broken(fault: Fault, entry: Option<&Kept>) -> Stretch {
    let entry = entry.filter(|entry| entry.seq >= fault.seq).map(|entry| Suspect {
        seq: entry.seq,
        id: entry.event_id.clone(),
        r#type: entry.r#type.clone(),
        at: Instant::from_timestamp_millis(entry.at),
    });
    Stretch { verification: Verification::Broken(Broken { fault, entry }), next: None }
}

//! Whether the log is as it was written.

use serde::Serialize;

use super::App;
use crate::domain::chain::{Fault, Verified, Walk};
use crate::domain::ids::TenantId;
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::store::StoreError;
use crate::store::chain::{Ends, Kept};

/// Entries that are read at once.
const BATCH: u32 = 1000;

/// What became of a tenant's log since it was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verification {
    Whole(Verified),
    Broken(Broken),
}

/// The first place at which the log is not as it was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Broken {
    #[serde(flatten)]
    pub fault: Fault,
    /// The entry there; where one is missing, the next one that is there.
    pub entry: Option<Suspect>,
}

/// An entry that may be what nobody of us wrote.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suspect {
    pub seq: i64,
    pub id: String,
    pub r#type: String,
    /// None if it says no time that there is.
    pub at: Option<Instant>,
}

impl App {
    /// Looks whether each entry of the log follows from the one before it, from the oldest that is kept to the
    /// newest at this time. Reads them some at a time, so that nobody waits for it.
    pub async fn verify_audit(&self, tenant: &Tenant) -> Result<Verification, StoreError> {
        loop {
            let ends = self.ends_of_log(&tenant.id).await?;
            let broken = match self.walk(&tenant.id, &ends).await? {
                Verification::Whole(verified) => return Ok(Verification::Whole(verified)),
                Verification::Broken(broken) => broken,
            };
            // What was old may have been forgotten on the way.
            if self.ends_of_log(&tenant.id).await?.begin == ends.begin {
                return Ok(Verification::Broken(broken));
            }
        }
    }

    async fn walk(&self, tenant: &TenantId, ends: &Ends) -> Result<Verification, StoreError> {
        let mut walk = Walk::between(ends.begin.clone(), ends.end.clone());
        let (mut after, mut last) = (i64::MIN, None);
        while let Some(newest) = ends.newest.filter(|newest| *newest > after) {
            let kept = self.kept_entries(tenant, after, newest).await?;
            for entry in &kept {
                if let Err(fault) = walk.step(&entry.content(tenant), entry.hash.as_deref()) {
                    return Ok(broken(fault, Some(entry)));
                }
            }
            last = kept.into_iter().last();
            // None is there any more if somebody has removed the rest.
            after = last.as_ref().map_or(newest, |last| last.seq);
        }
        Ok(match walk.arrive() {
            Ok(verified) => Verification::Whole(verified),
            Err(fault) => broken(fault, last.as_ref()),
        })
    }

    async fn ends_of_log(&self, tenant: &TenantId) -> Result<Ends, StoreError> {
        let tenant = tenant.clone();
        self.store.read(|tx| Box::pin(async move { tx.ends_of_log(&tenant).await })).await
    }

    async fn kept_entries(&self, tenant: &TenantId, after: i64, to: i64) -> Result<Vec<Kept>, StoreError> {
        let tenant = tenant.clone();
        let unit =
            self.store.read(|tx| Box::pin(async move { tx.kept_entries(&tenant, after, to, BATCH).await }));
        unit.await
    }
}

/// What is known of a fault; the entry is one at it or behind it.
fn broken(fault: Fault, entry: Option<&Kept>) -> Verification {
    let entry = entry.filter(|entry| entry.seq >= fault.seq).map(|entry| Suspect {
        seq: entry.seq,
        id: entry.event_id.clone(),
        r#type: entry.r#type.clone(),
        at: Instant::from_timestamp_millis(entry.at),
    });
    Verification::Broken(Broken { fault, entry })
}

//! Forgetting what is old (D58).

use chrono::TimeDelta;

use super::App;
use crate::domain::tenant::Tenant;
use crate::store::upkeep::Old;
use crate::store::{Scope, StoreError};

/// How long what is kept.
const KEPT: [(Old, TimeDelta); 4] = [
    (Old::Steps, TimeDelta::days(90)),
    (Old::Calls, TimeDelta::days(400)),
    (Old::Events, TimeDelta::days(400)),
    (Old::PinAttempts, TimeDelta::days(30)),
];

impl App {
    /// Removes what is older than it is kept, a little at a time: calls are let in between.
    pub async fn purge(&self) -> Result<(), StoreError> {
        for tenant in self.tenants().await? {
            for (old, kept) in KEPT {
                while self.forget(&tenant, old, kept).await? {}
            }
        }
        Ok(())
    }

    async fn forget(&self, tenant: &Tenant, old: Old, kept: TimeDelta) -> Result<bool, StoreError> {
        let tenant = tenant.clone();
        let unit = self.store.write(Scope::of(&tenant), move |tx| {
            Box::pin(async move { tx.forget(&tenant.id, old, tx.now() - kept).await })
        });
        unit.await
    }
}

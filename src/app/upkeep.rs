//! Forgetting what is old (D58).

use chrono::TimeDelta;

use super::App;
use crate::store::{Scope, StoreError};

/// How long answered turns are kept.
pub const KEEP_STEPS: TimeDelta = TimeDelta::days(90);
/// How long calls and events are kept.
pub const KEEP_HISTORY: TimeDelta = TimeDelta::days(400);
/// How long attempts at PINs are kept.
pub const KEEP_PIN_ATTEMPTS: TimeDelta = TimeDelta::days(30);

impl App {
    /// Removes what is older than it is kept.
    pub async fn purge(&self) -> Result<(), StoreError> {
        for tenant in self.tenants().await? {
            let unit = self.store.write::<_, StoreError, _>(Scope::of(&tenant), move |tx| {
                let now = tx.now();
                tx.purge_steps(&tenant.id, now - KEEP_STEPS);
                tx.purge_history(&tenant.id, now - KEEP_HISTORY);
                tx.purge_pin_attempts(&tenant.id, now - KEEP_PIN_ATTEMPTS);
                Box::pin(async { Ok(()) })
            });
            unit.await?;
        }
        Ok(())
    }
}

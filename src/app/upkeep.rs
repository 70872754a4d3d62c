//! Forgetting what is old (D58).

use chrono::TimeDelta;

use super::App;
use crate::store::StoreError;

/// How long answered turns are kept.
pub const KEEP_STEPS: TimeDelta = TimeDelta::days(90);
/// How long calls and events are kept.
pub const KEEP_HISTORY: TimeDelta = TimeDelta::days(400);
/// How long attempts at PINs are kept.
pub const KEEP_PIN_ATTEMPTS: TimeDelta = TimeDelta::days(30);

impl App {
    /// Removes what is older than it is kept.
    pub async fn purge(&self) -> Result<(), StoreError> {
        let unit = self.store.write(|tx| {
            Box::pin(async move {
                let now = tx.now();
                tx.purge_steps(now - KEEP_STEPS);
                tx.purge_history(now - KEEP_HISTORY);
                tx.purge_pin_attempts(now - KEEP_PIN_ATTEMPTS);
                Ok(())
            })
        });
        unit.await
    }
}

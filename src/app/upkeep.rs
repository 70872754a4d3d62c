//! Forgetting what is old (D58).

use chrono::TimeDelta;

use super::App;
use crate::domain::tenant::Tenant;
use crate::store::upkeep::Old;
use crate::store::{Scope, StoreError};

/// How long what is kept.
const KEPT: [(Old, TimeDelta); 5] = [
    (Old::Steps, TimeDelta::days(90)),
    (Old::Calls, TimeDelta::days(400)),
    (Old::Events, TimeDelta::days(400)),
    (Old::Segments, TimeDelta::days(400)),
    (Old::PinAttempts, TimeDelta::days(30)),
];

impl App {
    /// Removes a part of what is older than it is kept. Whether there was any.
    pub async fn purge(&self) -> Result<bool, StoreError> {
        let mut was_any = false;
        for tenant in self.tenants().await? {
            for (old, kept) in KEPT {
                was_any |= self.forget(&tenant, old, kept).await?;
            }
        }
        Ok(was_any)
    }

    async fn forget(&self, tenant: &Tenant, old: Old, kept: TimeDelta) -> Result<bool, StoreError> {
        let tenant = tenant.clone();
        let unit = self.store.write(Scope::of(&tenant), move |tx| {
            Box::pin(async move { tx.forget(&tenant.id, old, tx.now() - kept).await })
        });
        unit.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tenants;
    use crate::domain::time::Instant;
    use crate::store::Clock;

    #[tokio::test]
    async fn an_event_is_kept_for_400_days() {
        // D58.
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("line.db").display());
        let clock = Clock::set_to(Instant::UNIX_EPOCH);
        let app = App::open(&url, clock.clone()).await.expect("a database");
        let tenant = app.add_tenant(tenants::fresh("acme".parse().expect("a slug"))).await.expect("added");
        let events = async || {
            let tenant = tenant.clone();
            let read = app
                .store
                .read::<_, StoreError, _>(|tx| Box::pin(async move { tx.events_after(&tenant, 0, 9).await }));
            read.await.expect("readable").len()
        };
        clock.advance(TimeDelta::days(400));
        assert!(!app.purge().await.expect("purged"));
        assert_eq!(events().await, 1, "that the tenant was added");
        clock.advance(TimeDelta::milliseconds(1));
        assert!(app.purge().await.expect("purged"));
        assert_eq!(events().await, 0);
        assert!(!app.purge().await.expect("purged"), "there is no more");
    }
}

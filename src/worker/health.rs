//! Watches the database and the clock.

use std::mem::discriminant;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::app::health::Health;

const EVERY: Duration = Duration::from_secs(1);

/// Looks until `stop`, and tells how things stand.
pub async fn run(app: App, tell: impl Fn(&Health), stop: CancellationToken) {
    let mut known = Health::Sound;
    while stop.run_until_cancelled(sleep(EVERY)).await.is_some() {
        let now = app.health().await;
        if discriminant(&now) != discriminant(&known) {
            tracing::warn!("{now}");
        }
        tell(&now);
        known = now;
    }
}

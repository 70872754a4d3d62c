//! Hourly upkeep: ends calls that the carrier forgot, and forgets what is old.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::app::App;

const EVERY: Duration = Duration::from_hours(1);

/// Keeps the database tidy until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    loop {
        if let Err(error) = app.end_lost_calls().await {
            tracing::warn!(%error, "could not end lost calls");
        }
        if let Some(Err(error)) = stop.run_until_cancelled(app.purge()).await {
            tracing::warn!(%error, "could not remove what is old");
        }
        if stop.run_until_cancelled(sleep(EVERY)).await.is_none() {
            return;
        }
    }
}

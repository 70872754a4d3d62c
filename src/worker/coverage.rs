//! Looks out for times at which too few will be on duty.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::app::App;

const EVERY: Duration = Duration::from_mins(1);

/// Looks until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    loop {
        if let Err(error) = app.tell_gaps().await {
            tracing::warn!(%error, "could not look out for gaps in coverage; trying again");
        }
        if stop.run_until_cancelled(sleep(EVERY)).await.is_none() {
            return;
        }
    }
}

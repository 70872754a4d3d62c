//! Keeps the gauges of `/metrics` fresh.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::app::App;

const EVERY: Duration = Duration::from_secs(10);

/// Counts until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    loop {
        if let Err(error) = app.count_armed().await {
            tracing::warn!(%error, "could not count open windows");
        }
        if let Err(error) = app.measure_deliveries().await {
            tracing::warn!(%error, "could not look for deliveries that wait");
        }
        if stop.run_until_cancelled(sleep(EVERY)).await.is_none() {
            return;
        }
    }
}

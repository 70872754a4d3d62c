//! Keeps what the log tells of users' time.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::app::App;

const EVERY: Duration = Duration::from_secs(1);

/// Reads on until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    loop {
        if let Err(error) = app.keep_time().await {
            tracing::warn!(%error, "could not keep users' time; trying again");
        }
        if stop.run_until_cancelled(sleep(EVERY)).await.is_none() {
            return;
        }
    }
}

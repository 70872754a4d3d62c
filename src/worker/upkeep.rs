//! Hourly upkeep: ends calls that the carrier forgot, and forgets what is old.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::app::App;

const EVERY: Duration = Duration::from_hours(1);

/// Between two rounds while there is more to do, so that other processes come to write as well: SQLite's lock is
/// not fair.
const BREATH: Duration = Duration::from_millis(250);

/// Keeps the database tidy until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    loop {
        if let Err(error) = app.end_lost_calls().await {
            tracing::warn!(%error, "could not end lost calls");
        }
        let rest = match app.purge().await {
            Ok(true) => BREATH,
            Ok(false) => EVERY,
            Err(error) => {
                tracing::warn!(%error, "could not remove what is old");
                EVERY
            }
        };
        if stop.run_until_cancelled(sleep(rest)).await.is_none() {
            return;
        }
    }
}

//! Ends windows when their time is up.

use std::time::Duration;

use chrono::TimeDelta;
use metrics::counter;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::telemetry;

/// The longest nap: a clock may be set meanwhile, another process may shorten a window, and a machine that
/// was suspended does not count the time it slept.
const NAP: Duration = Duration::from_secs(1);

/// A clock that went this much further than time did, or less far, was set.
const STEP: Duration = Duration::from_secs(2);

/// Fires until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    let mut pace = Pace::start(&app);
    loop {
        pace.check(&app);
        let next = match app.fire_due().await {
            Ok(fired) => fired.next,
            Err(error) => {
                tracing::error!(%error, "could not end what is over; trying again");
                None
            }
        };
        let nap = next.map_or(NAP, |next| nap(next - app.store.clock().now()));
        if stop.run_until_cancelled(sleep(nap)).await.is_none() {
            return;
        }
    }
}

/// How long to sleep when the next window ends in so long, or ended while others were dealt with.
fn nap(wait: TimeDelta) -> Duration {
    // A millisecond's rounding must not wake us before the time.
    wait.to_std().map_or(Duration::ZERO, |wait| (wait + Duration::from_millis(1)).min(NAP))
}

/// The wall clock against time itself.
struct Pace {
    wall: crate::domain::time::Instant,
    time: Instant,
}

impl Pace {
    fn start(app: &App) -> Self {
        Self { wall: app.store.clock().now(), time: Instant::now() }
    }

    /// Notices that the clock was set since the last look. Nothing else follows: windows end by the wall
    /// clock, as their agents were told.
    fn check(&mut self, app: &App) {
        let now = Self::start(app);
        let by_wall = now.wall - self.wall;
        let by_time = TimeDelta::from_std(now.time - self.time).unwrap_or(by_wall);
        let step = by_wall - by_time;
        if step.abs().to_std().is_ok_and(|step| step > STEP) {
            counter!(telemetry::CLOCK_STEPS).increment(1);
            tracing::warn!(step_ms = step.num_milliseconds(), "the clock was set");
        }
        *self = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nap_ends_when_the_next_window_does() {
        for (wait, slept) in [(-5, 0), (0, 1), (20, 21), (998, 999), (60_000, 1000)] {
            assert_eq!(nap(TimeDelta::milliseconds(wait)), Duration::from_millis(slept), "{wait} ms");
        }
    }
}

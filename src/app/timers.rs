//! Windows end when their time is up. Safe without: every reader treats a window that is over as closed
//! (I5); this turns that into the event, once for each window, whoever else tries.

use chrono::TimeDelta;
use metrics::{gauge, histogram};

use super::App;
use super::voice::save_presence;
use crate::domain::event::EventCause;
use crate::domain::presence::{self, Cause, Command, Reason, Source};
use crate::domain::time::Instant;
use crate::store::presence::Due;
use crate::store::{StoreError, Tx};
use crate::telemetry;

/// Windows that one unit of work ends at most; calls are let in between.
const AT_ONCE: u32 = 250;

/// What came of firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fired {
    /// Windows that were ended.
    pub count: usize,
    /// When the next one ends, as far as is known now.
    pub next: Option<Instant>,
}

impl App {
    /// Ends every window that is over, the longest over first.
    pub async fn fire_due(&self) -> Result<Fired, StoreError> {
        let mut count = 0;
        loop {
            let (due, next) = self.store.read(|tx| Box::pin(peek(tx))).await?;
            if !due {
                return Ok(Fired { count, next });
            }
            let fired = self.store.write(|tx| Box::pin(fire(tx))).await?;
            count += fired.len();
            for lateness in fired {
                histogram!(telemetry::TIMER_LATENESS_SECONDS).record(lateness.as_seconds_f64());
            }
        }
    }

    /// Tells the metrics how many windows are open.
    pub async fn count_armed(&self) -> Result<u64, StoreError> {
        let armed = self.store.read(|tx| Box::pin(tx.armed())).await?;
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and agents are fewer than 2^52")]
        gauge!(telemetry::TIMERS_ARMED).set(armed as f64);
        Ok(armed)
    }
}

/// Whether anything is due, and when the next thing will be.
async fn peek(tx: &mut Tx<'_>) -> Result<(bool, Option<Instant>), StoreError> {
    let due = !tx.due(1).await?.is_empty();
    Ok((due, tx.next_deadline().await?))
}

/// Ends what is due; how late each was.
async fn fire(tx: &mut Tx<'_>) -> Result<Vec<TimeDelta>, StoreError> {
    let now = tx.now();
    let mut fired = Vec::new();
    for Due { tenant, agent, menu_since } in tx.due(AT_ONCE).await? {
        let command = Command::Expire { generation: agent.presence.generation };
        let cause = Cause { source: Source::Timer, reason: Reason::Expired, call: None };
        // The query and the rule say the same; where they should not, the rule wins and nothing is ended.
        let Ok((presence, transitions)) =
            presence::decide(&agent.presence, &command, &cause, menu_since, now)
        else {
            continue;
        };
        save_presence(tx, &tenant, &agent, &presence, &transitions, &EventCause::actor("timer"));
        fired.extend(agent.presence.deadline().map(|deadline| now - deadline));
    }
    Ok(fired)
}

//! The one clock of a store: the process's wall clock, or a test's hand-set one.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;

use crate::domain::time::Instant;

/// Where a unit of work takes its `now` from. Milliseconds, as the database keeps them.
#[derive(Debug, Clone)]
pub enum Clock {
    System,
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at` until it is advanced; its clones stand and move with it.
    pub fn set_to(at: Instant) -> Self {
        Self::Set(Arc::new(AtomicI64::new(at.timestamp_millis())))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> Instant {
        let millis = match self {
            Self::System => chrono::Utc::now().timestamp_millis(),
            Self::Set(millis) => millis.load(Ordering::SeqCst),
        };
        Instant::from_timestamp_millis(millis).expect("clocks show times within chrono's years")
    }

    /// Moves a set clock, also backwards; the system's clock is not ours to move.
    pub fn advance(&self, by: TimeDelta) {
        match self {
            Self::System => {}
            Self::Set(millis) => {
                millis.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
            }
        }
    }
}

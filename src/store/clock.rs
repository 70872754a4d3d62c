//! The one clock of a store: the wall clock of the process on SQLite, the server's on PostgreSQL, or a test's
//! hand-set one.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time;

use chrono::TimeDelta;

use crate::domain::time::Instant;

/// Where a unit of work takes its `now` from. Milliseconds, as the database keeps them.
#[derive(Debug, Clone)]
pub enum Clock {
    System,
    Server(Arc<ServerClock>),
    Set(Arc<AtomicI64>),
}

/// The server's clock, followed by this machine's count of time, which nobody sets. It is moved only as far as an
/// answer proves it wrong, so that no answer that came late takes back what a quicker one has told.
#[derive(Debug)]
pub struct ServerClock {
    /// What this machine counts from.
    origin: time::Instant,
    /// The server's unix milliseconds at the origin, as far as is known.
    then: AtomicI64,
}

impl Clock {
    /// A clock that stands at `at` until it is advanced; its clones stand and move with it.
    pub fn set_to(at: Instant) -> Self {
        Self::Set(Arc::new(AtomicI64::new(at.timestamp_millis())))
    }

    /// The server's clock in place of this machine's; to be asked for nothing before it follows.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub(super) fn of_the_server(self) -> Self {
        match self {
            Self::System => {
                let origin = time::Instant::now();
                Self::Server(Arc::new(ServerClock { origin, then: AtomicI64::new(0) }))
            }
            Self::Server(_) | Self::Set(_) => self,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> Instant {
        let millis = match self {
            Self::System => chrono::Utc::now().timestamp_millis(),
            Self::Server(server) => server.then.load(Ordering::SeqCst) + server.counted(),
            Self::Set(millis) => millis.load(Ordering::SeqCst),
        };
        Instant::from_timestamp_millis(millis).expect("clocks show times within chrono's years")
    }

    /// This machine's count of milliseconds, for [`Clock::follow`].
    pub(super) fn counted(&self) -> i64 {
        match self {
            Self::Server(server) => server.counted(),
            Self::System | Self::Set(_) => 0,
        }
    }

    /// Hears the server's time, in unix milliseconds, for which it was asked at that count.
    pub(super) fn follow(&self, told: i64, asked: i64) {
        match self {
            Self::Server(server) => {
                let (earliest, latest) = (told - server.counted(), told - asked);
                let proven = |then: i64| Some(then.clamp(earliest, latest));
                server.then.fetch_update(Ordering::SeqCst, Ordering::SeqCst, proven).expect("always proven");
            }
            Self::System | Self::Set(_) => {}
        }
    }

    /// How far this machine's clock is ahead of the store's.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub(super) fn skew(&self) -> TimeDelta {
        match self {
            Self::Server(_) => chrono::Utc::now() - self.now(),
            Self::System | Self::Set(_) => TimeDelta::zero(),
        }
    }

    /// Moves a set clock, also backwards; others are not ours to move.
    pub fn advance(&self, by: TimeDelta) {
        match self {
            Self::System | Self::Server(_) => {}
            Self::Set(millis) => {
                millis.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
            }
        }
    }
}

impl ServerClock {
    /// Milliseconds since the origin.
    fn counted(&self) -> i64 {
        i64::try_from(self.origin.elapsed().as_millis()).expect("no machine runs for so long")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_clock_is_followed_as_far_as_is_proven() {
        let clock = Clock::System.of_the_server();
        let Clock::Server(server) = &clock else { panic!("{clock:?}") };
        let then = || server.then.load(Ordering::SeqCst);
        let counted = server.counted();
        clock.follow(1_000_000, counted);
        let known = then();
        assert!((1_000_000 - server.counted()..=1_000_000 - counted).contains(&known));
        // Asked long ago: it may have been told at any time since.
        clock.follow(999_000, counted - 5000);
        assert_eq!(then(), known, "an answer that came late");
        clock.follow(990_000, counted - 5000);
        assert_eq!(then(), 990_000 - (counted - 5000), "the server's clock was set back");
        clock.follow(1_002_000, counted - 5000);
        assert!(then() >= 1_002_000 - server.counted(), "and forward");
    }
}

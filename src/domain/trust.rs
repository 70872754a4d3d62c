//! How far a caller's number is believed, and what a PIN adds to it (D51, D57).

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::domain::time::Instant;

/// When an agent who has a PIN is asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PinPolicy {
    /// Unless the carrier attests the caller's number in full.
    #[default]
    Unattested,
    Always,
    Never,
}

/// What the carriers between say of the caller's number (STIR/SHAKEN, RFC 8588; Twilio's `StirVerstat`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attestation {
    /// `TN-Validation-Passed-A`, and the call was not forwarded on the way.
    Full,
    /// Anything less: a lower level, a failed check, none, or a forwarded call (D57).
    Less,
}

impl PinPolicy {
    /// Whether a caller who has a PIN must give it.
    pub fn asks(self, attestation: Attestation) -> bool {
        match (self, attestation) {
            (Self::Always, _) | (Self::Unattested, Attestation::Less) => true,
            (Self::Never, _) | (Self::Unattested, Attestation::Full) => false,
        }
    }
}

/// Wrong PINs of one agent. Kept in the database, so that a restart forgives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PinRecord {
    /// Wrong ones since the last right one.
    pub wrong_in_a_row: u32,
    pub locked_until: Option<Instant>,
}

/// Wrong PINs in a row that lock; each further run of as many locks for twice as long.
const WRONG_TO_LOCK: u32 = 5;
const FIRST_LOCK: TimeDelta = TimeDelta::minutes(15);
const LONGEST_LOCK: TimeDelta = TimeDelta::hours(24);

spelled!(
    /// What became of an attempt. A lock sounds like a wrong PIN to the caller.
    PinOutcome, "one of right, wrong, wrong_and_locked, locked", {
        Right = "right",
        Wrong = "wrong",
        /// This wrong PIN locked the agent.
        WrongAndLocked = "wrong_and_locked",
        /// The agent was locked already; whether the PIN was right is not told and not counted.
        Locked = "locked",
    }
);

impl PinRecord {
    /// Counts one attempt, `right` as the hash says.
    pub fn attempt(self, right: bool, now: Instant) -> (Self, PinOutcome) {
        if self.locked_until.is_some_and(|until| now < until) {
            return (self, PinOutcome::Locked);
        }
        if right {
            return (Self::default(), PinOutcome::Right);
        }
        let wrong_in_a_row = self.wrong_in_a_row.saturating_add(1);
        if !wrong_in_a_row.is_multiple_of(WRONG_TO_LOCK) {
            return (Self { wrong_in_a_row, locked_until: None }, PinOutcome::Wrong);
        }
        let doublings = (wrong_in_a_row / WRONG_TO_LOCK - 1).min(7);
        let lock = (FIRST_LOCK * 2_i32.pow(doublings)).min(LONGEST_LOCK);
        (Self { wrong_in_a_row, locked_until: Some(now + lock) }, PinOutcome::WrongAndLocked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Instant {
        Instant::from_timestamp(minute * 60, 0).expect("in range")
    }

    #[test]
    fn a_pin_is_asked_where_the_number_alone_is_not_enough() {
        let asked = |policy: PinPolicy| [policy.asks(Attestation::Full), policy.asks(Attestation::Less)];
        assert_eq!(asked(PinPolicy::Unattested), [false, true]);
        assert_eq!(asked(PinPolicy::Always), [true, true]);
        assert_eq!(asked(PinPolicy::Never), [false, false]);
    }

    #[test]
    fn every_fifth_wrong_pin_locks_for_twice_as_long_up_to_a_day() {
        let (mut record, mut now, mut locks) = (PinRecord::default(), at(0), Vec::new());
        while locks.len() < 9 {
            let (next, outcome) = record.attempt(false, now);
            if outcome == PinOutcome::WrongAndLocked {
                let until = next.locked_until.expect("locked");
                locks.push((until - now).num_minutes());
                now = until;
            }
            record = next;
        }
        assert_eq!(locks, [15, 30, 60, 120, 240, 480, 960, 1440, 1440]);
    }

    #[test]
    fn a_lock_counts_nothing_and_lets_nobody_in() {
        let locked = PinRecord { wrong_in_a_row: 5, locked_until: Some(at(15)) };
        assert_eq!(locked.attempt(true, at(14)), (locked, PinOutcome::Locked));
        assert_eq!(locked.attempt(true, at(15)), (PinRecord::default(), PinOutcome::Right));
    }
}

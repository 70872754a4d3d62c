//! Forgetting what is old enough (D58).

use super::sql;
use super::tx::Tx;
use crate::domain::time::Instant;

impl Tx<'_> {
    /// Removes answered turns from before `at`.
    pub fn purge_steps(&mut self, at: Instant) {
        self.push(sql::PURGE_STEPS, [at.into()]);
    }

    /// Removes ended calls and events from before `at`.
    pub fn purge_history(&mut self, at: Instant) {
        self.push(sql::PURGE_CALLS, [at.into()]);
        self.push(sql::PURGE_EVENTS, [at.into()]);
    }

    /// Removes attempts at PINs from before `at`.
    pub fn purge_pin_attempts(&mut self, at: Instant) {
        self.push(sql::PURGE_PIN_ATTEMPTS, [at.into()]);
    }
}

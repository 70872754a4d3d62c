//! Forgetting what is old enough (D58).

use super::sql;
use super::tx::Tx;
use crate::domain::ids::TenantId;
use crate::domain::time::Instant;

impl Tx<'_> {
    /// Removes answered turns from before `at`.
    pub fn purge_steps(&mut self, tenant: &TenantId, at: Instant) {
        self.push(sql::PURGE_STEPS, [tenant.as_str().into(), at.into()]);
    }

    /// Removes ended calls and events from before `at`.
    pub fn purge_history(&mut self, tenant: &TenantId, at: Instant) {
        self.push(sql::PURGE_CALLS, [tenant.as_str().into(), at.into()]);
        self.push(sql::PURGE_EVENTS, [tenant.as_str().into(), at.into()]);
    }

    /// Removes attempts at PINs from before `at`.
    pub fn purge_pin_attempts(&mut self, tenant: &TenantId, at: Instant) {
        self.push(sql::PURGE_PIN_ATTEMPTS, [tenant.as_str().into(), at.into()]);
    }
}

//! Forgetting what is old enough (D58).

use sqlx::FromRow;

use super::error::StoreError;
use super::sql;
use super::tx::Tx;
use crate::domain::ids::TenantId;
use crate::domain::time::Instant;

/// What is forgotten once it is old enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Old {
    /// The answered turns of calls, which are kept without them.
    Steps,
    Calls,
    Events,
    /// How users spent their time.
    Segments,
    /// Attempts at PINs.
    PinAttempts,
    /// Requests that were carried out once, and their answers.
    Claims,
    /// Tickets that nobody used; one is from when it ended.
    Tickets,
    /// Deliveries to webhooks that are dead, counted from their last attempt.
    DeadLetters,
}

impl Old {
    /// Asks for the last one of a thousand, the tenant's oldest, that is from before a time.
    fn last(self) -> &'static str {
        match self {
            Self::Steps => sql::OLD_STEPS,
            Self::Calls => sql::OLD_CALLS,
            Self::Events => sql::OLD_EVENTS,
            Self::Segments => sql::OLD_SEGMENTS,
            Self::PinAttempts => sql::OLD_PIN_ATTEMPTS,
            Self::Claims => sql::OLD_CLAIMS,
            Self::Tickets => sql::OLD_TICKETS,
            Self::DeadLetters => sql::OLD_DEAD_LETTERS,
        }
    }

    /// Forgets the tenant's up to that one.
    fn forget(self) -> &'static [&'static str] {
        match self {
            Self::Steps => &[sql::FORGET_STEPS, sql::KEEP_STEPS_BEHIND],
            Self::Calls => &[sql::FORGET_CALLS],
            Self::Events => &[sql::KEEP_EVENTS_BEHIND, sql::FORGET_EVENTS],
            Self::Segments => &[sql::FORGET_SEGMENTS],
            Self::PinAttempts => &[sql::FORGET_PIN_ATTEMPTS],
            Self::Claims => &[sql::FORGET_CLAIMS],
            Self::Tickets => &[sql::FORGET_TICKETS],
            Self::DeadLetters => &[sql::FORGET_DEAD_LETTERS],
        }
    }
}

impl Tx<'_> {
    /// Forgets about a thousand of what the tenant has from before `at`, the oldest first; a call is from when it
    /// began. Whether there was any.
    pub async fn forget(&mut self, tenant: &TenantId, old: Old, at: Instant) -> Result<bool, StoreError> {
        let row: Option<LastRow> = self.one(old.last(), [tenant.as_str().into(), at.into()]).await?;
        let Some(last) = row.and_then(|row| row.last) else { return Ok(false) };
        for statement in old.forget() {
            self.push(statement, [tenant.as_str().into(), last.into()]);
        }
        Ok(true)
    }
}

#[derive(Debug, FromRow)]
struct LastRow {
    last: Option<i64>,
}

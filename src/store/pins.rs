//! How callers prove who they are: by agent code and PIN.

use super::error::StoreError;
use super::rows::{AgentRow, CountRow, count};
use super::sql;
use super::tx::Tx;
use crate::domain::ids::{AgentCode, EventId, TenantId, UserId};
use crate::domain::phone::E164;
use crate::domain::time::Instant;
use crate::domain::trust::{PinOutcome, PinRecord};
use crate::domain::user::Agent;

impl Tx<'_> {
    /// The active user with the agent code.
    pub async fn agent_by_code(
        &mut self,
        tenant: &TenantId,
        code: &AgentCode,
    ) -> Result<Option<Agent>, StoreError> {
        let row: Option<AgentRow> =
            self.one(sql::AGENT_BY_CODE, [tenant.as_str().into(), code.as_str().into()]).await?;
        row.map_or(Ok(None), AgentRow::agent)
    }

    /// Whether `number` is one of the user's extensions.
    pub async fn has_number(
        &mut self,
        tenant: &TenantId,
        number: &E164,
        user: &UserId,
    ) -> Result<bool, StoreError> {
        let values = [tenant.as_str().into(), number.as_str().into(), user.as_str().into()];
        let row: Option<(String,)> = self.one(sql::AGENT_HAS_NUMBER, values).await?;
        Ok(row.is_some())
    }

    pub fn save_pin_record(&mut self, tenant: &TenantId, user: &UserId, record: PinRecord) {
        let values = [
            tenant.as_str().into(),
            user.as_str().into(),
            record.wrong_in_a_row.into(),
            record.locked_until.into(),
        ];
        self.push_row(user.as_str(), sql::SAVE_PIN_RECORD, values);
    }

    /// Remembers an attempt; `id` is drawn as an event's is.
    pub fn insert_pin_attempt(
        &mut self,
        tenant: &TenantId,
        id: &EventId,
        (dialled, user): (&E164, Option<&UserId>),
        outcome: PinOutcome,
    ) {
        let values = [
            tenant.as_str().into(),
            id.as_str().into(),
            dialled.as_str().into(),
            user.map(UserId::as_str).into(),
            self.now().into(),
            outcome.as_str().into(),
        ];
        self.push_row(id.as_str(), sql::INSERT_PIN_ATTEMPT, values);
    }

    /// Attempts on a dialled number since `since` that were not right.
    pub async fn count_wrong_pins(
        &mut self,
        tenant: &TenantId,
        dialled: &E164,
        since: Instant,
    ) -> Result<u32, StoreError> {
        let values = [tenant.as_str().into(), dialled.as_str().into(), since.into()];
        let row: Option<CountRow> = self.one(sql::COUNT_WRONG_PINS, values).await?;
        count("pin_attempts", dialled.as_str(), row.map_or(0, |row| row.count))
    }
}

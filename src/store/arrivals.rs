//! What a call that comes in meets.

use sqlx::FromRow;

use super::error::StoreError;
use super::rows::{AgentRow, PresenceRow, count, parse};
use super::sql;
use super::tx::Tx;
use crate::domain::dispatch::{Contact, MappingKind};
use crate::domain::ids::{CallId, MappingId, TenantId, UserId};
use crate::domain::presence::Presence;
use crate::domain::user::Agent;

/// What is found for a call that comes in: a row per mapping that fits and user who has the number.
#[derive(Debug)]
pub struct Arrival {
    pub tenant: TenantId,
    /// The tenant's revision.
    pub revision: u64,
    pub mapping: MappingId,
    pub candidate: Option<Candidate>,
    /// The carrier has asked about this call before.
    pub is_known: bool,
}

/// A user who has the caller's number.
#[derive(Debug)]
pub struct Candidate {
    pub agent: Agent,
    pub is_active: bool,
    pub revision: u64,
}

/// The revisions of a tenant and of one of its users: while they are the same, so are the two, but for the
/// user's presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revisions {
    pub tenant: u64,
    pub user: u64,
}

/// How a user who is known stands when a call comes in.
#[derive(Debug)]
pub struct Encounter {
    pub revisions: Revisions,
    pub presence: Presence,
    /// The carrier has asked about this call before.
    pub is_known: bool,
}

impl Tx<'_> {
    /// All that is needed to answer a new call, in one look.
    pub async fn arrivals(&mut self, contact: &Contact, call: &CallId) -> Result<Vec<Arrival>, StoreError> {
        let values = [
            contact.value(MappingKind::Customer).into(),
            contact.value(MappingKind::ContactPoint).into(),
            contact.value(MappingKind::Source).into(),
            contact.value(MappingKind::Direction).into(),
            call.as_str().into(),
        ];
        let rows: Vec<ArrivalRow> = self.all(sql::ARRIVAL, values).await?;
        rows.into_iter().map(Arrival::try_from).collect()
    }

    /// How a user stands when a call comes in; none if there is no such user.
    pub async fn encounter(
        &mut self,
        tenant: &TenantId,
        user: &UserId,
        call: &CallId,
    ) -> Result<Option<Encounter>, StoreError> {
        // The first is the place among the questions that are asked at once.
        let values = [0_i64.into(), tenant.as_str().into(), user.as_str().into(), call.as_str().into()];
        let row: Option<EncounterRow> = self.one(sql::ENCOUNTER, values).await?;
        let Some(row) = row else { return Ok(None) };
        let revisions = Revisions {
            tenant: count("tenants", tenant.as_str(), row.revision)?,
            user: count("users", user.as_str(), row.user_revision)?,
        };
        Ok(Some(Encounter { revisions, presence: row.presence.of_user(user.as_str())?, is_known: row.known }))
    }
}

#[derive(Debug, FromRow)]
struct ArrivalRow {
    tenant_id: String,
    revision: i64,
    mapping_id: String,
    #[sqlx(flatten)]
    agent: AgentRow,
    user_active: Option<bool>,
    user_revision: Option<i64>,
    known: bool,
}

impl TryFrom<ArrivalRow> for Arrival {
    type Error = StoreError;
    fn try_from(row: ArrivalRow) -> Result<Self, StoreError> {
        let candidate = match (row.agent.agent()?, row.user_active, row.user_revision) {
            (Some(agent), Some(is_active), Some(revision)) => {
                let revision = count("users", agent.id.as_str(), revision)?;
                Some(Candidate { agent, is_active, revision })
            }
            (_, _, _) => None,
        };
        Ok(Self {
            revision: count("tenants", &row.tenant_id, row.revision)?,
            mapping: parse("mappings", &row.tenant_id, row.mapping_id)?,
            tenant: parse("tenants", "", row.tenant_id)?,
            candidate,
            is_known: row.known,
        })
    }
}

#[derive(Debug, FromRow)]
struct EncounterRow {
    revision: i64,
    user_revision: i64,
    #[sqlx(flatten)]
    presence: PresenceRow,
    known: bool,
}

//! Calls.

use std::collections::HashMap;

use sqlx::FromRow;

use super::error::StoreError;
use super::group::Group;
use super::row::Row;
use super::rows::{AgentRow, count, instant, parse, parse_some};
use super::sql;
use super::steps::Steps;
use super::tx::Tx;
use super::value::Value;
use crate::domain::call::{Outcome, Progress};
use crate::domain::ids::{AccountSid, CallId, CallSid, Name, TenantId, UserId};
use crate::domain::phone::E164;
use crate::domain::time::Instant;
use crate::domain::user::Agent;
use crate::flow::engine::Cursor;

/// A call as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub id: CallId,
    pub account: AccountSid,
    pub sid: CallSid,
    /// As the carrier wrote it.
    pub caller: String,
    pub dialled: E164,
    /// Whom the call speaks for, or claims to.
    pub user: Option<UserId>,
    pub flow: Name,
    pub version: u32,
    pub cursor: Cursor,
    /// The turn that is asked for next; those below it are answered.
    pub turn: u32,
    pub menu_since: Option<Instant>,
    /// What the carrier has said of it so far.
    pub progress: Progress,
    pub outcome: Option<Outcome>,
    pub started_at: Instant,
    pub ended_at: Option<Instant>,
    pub steps: Steps,
}

/// A call that a request is about.
#[derive(Debug)]
pub struct InHand {
    pub tenant: TenantId,
    /// The tenant's revision.
    pub revision: u64,
    pub call: Call,
    /// The active agent that the call speaks for.
    pub agent: Option<Agent>,
}

impl Tx<'_> {
    /// Whose call it is.
    pub(super) async fn tenant_of_call(&mut self, call: &CallId) -> Result<Option<TenantId>, StoreError> {
        let row: Option<(i64, String)> =
            self.one(sql::TENANT_OF_CALL, [0_i64.into(), call.as_str().into()]).await?;
        row.map(|(_, tenant)| parse("calls", call.as_str(), tenant)).transpose()
    }

    /// The call that a request is about, and what goes with it.
    pub async fn call_in_hand(&mut self, call: &CallId) -> Result<Option<InHand>, StoreError> {
        let values = [0_i64.into(), call.as_str().into()];
        let row = self.one_foreseen(call.as_str(), InHandRow::user, sql::CALLS_IN_HAND, values).await?;
        row.map(InHand::try_from).transpose()
    }

    /// A call by our name of it.
    pub async fn call(&mut self, tenant: &TenantId, id: &CallId) -> Result<Option<Call>, StoreError> {
        let row: Option<CallRow> =
            self.one(sql::CALL_BY_ID, [tenant.as_str().into(), id.as_str().into()]).await?;
        row.map(Call::try_from).transpose()
    }

    /// A call by the carrier's name of it, which may take a look through all of them.
    pub async fn call_by_sid(&mut self, tenant: &TenantId, sid: &str) -> Result<Option<Call>, StoreError> {
        let row: Option<CallRow> = self.one(sql::CALL_BY_SID, [tenant.as_str().into(), sid.into()]).await?;
        row.map(Call::try_from).transpose()
    }

    /// The newest calls, newest first; of those that began before another, if one is given.
    pub async fn calls(
        &mut self,
        tenant: &TenantId,
        before: Option<(Instant, &CallId)>,
        limit: u32,
    ) -> Result<Vec<Call>, StoreError> {
        let (started, call) =
            before.map_or((Instant::MAX_UTC, ""), |(started, call)| (started, call.as_str()));
        let values = [tenant.as_str().into(), started.into(), call.into(), limit.into()];
        let rows: Vec<CallRow> = self.all(sql::CALLS, values).await?;
        rows.into_iter().map(Call::try_from).collect()
    }

    /// How many calls that began in `[from, to)` went alike: flow, status, outcome and their number.
    pub async fn calls_by_outcome(
        &mut self,
        tenant: &TenantId,
        (from, to): (Instant, Instant),
    ) -> Result<Vec<(Name, String, Option<String>, u64)>, StoreError> {
        let rows: Vec<(String, String, Option<String>, i64)> =
            self.all(sql::CALLS_BY_OUTCOME, [tenant.as_str().into(), from.into(), to.into()]).await?;
        let counted = |(flow, status, outcome, calls): (String, String, Option<String>, i64)| {
            Ok((parse("calls", "flow", flow)?, status, outcome, count("calls", "count", calls)?))
        };
        rows.into_iter().map(counted).collect()
    }

    /// Calls that began before `started` and of whose end the carrier never told, at most a thousand.
    pub async fn lost_calls(&mut self, tenant: &TenantId, started: Instant) -> Result<Vec<Call>, StoreError> {
        let rows: Vec<CallRow> = self.all(sql::LOST_CALLS, [tenant.as_str().into(), started.into()]).await?;
        rows.into_iter().map(Call::try_from).collect()
    }

    /// Keeps a call that begins; it must not be known.
    pub fn insert_call(&mut self, tenant: &TenantId, call: &Call) {
        self.push_row(call.id.as_str(), sql::INSERT_CALL, call_values(tenant, call));
    }

    /// Saves where the call stands, and what the carrier said of it.
    pub fn save_call(&mut self, tenant: &TenantId, call: &Call) {
        self.push_row(call.id.as_str(), sql::SAVE_CALL, call_values(tenant, call));
    }
}

fn call_values(tenant: &TenantId, call: &Call) -> [Value; 18] {
    [
        tenant.as_str().into(),
        call.id.as_str().into(),
        call.account.as_str().into(),
        call.sid.as_str().into(),
        call.caller.as_str().into(),
        call.dialled.as_str().into(),
        call.user.as_ref().map(UserId::as_str).into(),
        call.flow.as_str().into(),
        call.version.into(),
        to_json(&call.cursor).into(),
        call.turn.into(),
        call.menu_since.into(),
        call.progress.status.as_str().into(),
        call.progress.sequence.into(),
        call.outcome.map(Outcome::as_str).into(),
        call.started_at.into(),
        call.ended_at.into(),
        call.steps.as_str().into(),
    ]
}

/// Calls that are looked up at once, at most.
const MOST_AT_ONCE: usize = 128;

/// The rows of calls that requests are about, by the calls' identifiers.
pub(super) async fn calls_in_hand(
    group: &mut Group,
    calls: &[&CallId],
) -> Result<HashMap<String, Row>, StoreError> {
    let mut found = HashMap::new();
    for calls in calls.chunks(MOST_AT_ONCE) {
        // The rest are nobody's, so that few texts have to be prepared.
        let places = calls.len().next_power_of_two();
        let call = |place: usize| calls.get(place).map(|call| call.as_str()).into();
        let values = (0..places).flat_map(|place| [0_i64.into(), call(place)]);
        for row in group.rows_for(sql::CALLS_IN_HAND, places, values).await? {
            found.insert(row.text("call_id")?, row);
        }
    }
    Ok(found)
}

fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("the engine's types are plain data")
}

fn from_json<T: serde::de::DeserializeOwned>(
    table: &'static str,
    row: &str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|why| StoreError::corrupt(table, row, why))
}

#[derive(Debug, FromRow)]
struct InHandRow {
    tenant_id: String,
    revision: i64,
    #[sqlx(flatten)]
    call: CallRow,
    #[sqlx(flatten)]
    agent: AgentRow,
}

impl InHandRow {
    fn user(&self) -> Option<&str> {
        self.call.call_user.as_deref()
    }
}

impl TryFrom<InHandRow> for InHand {
    type Error = StoreError;
    fn try_from(row: InHandRow) -> Result<Self, StoreError> {
        Ok(Self {
            revision: count("tenants", &row.tenant_id, row.revision)?,
            tenant: parse("calls", &row.call.call_id, row.tenant_id)?,
            call: row.call.try_into()?,
            agent: row.agent.agent()?,
        })
    }
}

#[derive(Debug, FromRow)]
struct CallRow {
    call_id: String,
    account_sid: String,
    call_sid: String,
    caller: String,
    dialled: String,
    call_user: Option<String>,
    flow: String,
    version: i64,
    cursor: String,
    turn: i64,
    menu_since: Option<i64>,
    status: String,
    sequence: Option<i64>,
    outcome: Option<String>,
    started_at: i64,
    ended_at: Option<i64>,
    steps: String,
}

impl TryFrom<CallRow> for Call {
    type Error = StoreError;
    fn try_from(row: CallRow) -> Result<Self, StoreError> {
        let at = row.call_id.clone();
        let moment = |millis: i64| instant("calls", &at, millis);
        Ok(Self {
            id: parse("calls", &at, row.call_id)?,
            account: parse("calls", &at, row.account_sid)?,
            sid: parse("calls", &at, row.call_sid)?,
            caller: row.caller,
            dialled: parse("calls", &at, row.dialled)?,
            user: parse_some("calls", &at, row.call_user)?,
            flow: parse("calls", &at, row.flow)?,
            version: count("calls", &at, row.version)?,
            cursor: from_json("calls", &at, &row.cursor)?,
            turn: count("calls", &at, row.turn)?,
            menu_since: row.menu_since.map(moment).transpose()?,
            progress: Progress {
                status: parse("calls", &at, row.status)?,
                sequence: row.sequence.map(|number| count("calls", &at, number)).transpose()?,
            },
            outcome: parse_some("calls", &at, row.outcome)?,
            started_at: moment(row.started_at)?,
            ended_at: row.ended_at.map(moment).transpose()?,
            steps: Steps::kept(&at, row.steps)?,
        })
    }
}

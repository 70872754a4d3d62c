//! What is told of earlier calls.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{App, Error};
use crate::domain::call::{CallStatus, Outcome};
use crate::domain::ids::{CallId, CallSid, Login, Name, TenantId, UserId};
use crate::domain::phone::E164;
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::flow::reply::{Speech, Then};
use crate::store::calls::Call;
use crate::store::steps::Step;
use crate::store::{StoreError, Tx};

/// A call in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CallSummary {
    pub id: CallId,
    /// The carrier's name of it.
    pub sid: CallSid,
    /// As the carrier wrote it.
    pub from: String,
    pub to: E164,
    /// Whom the call speaks for, or claims to.
    pub user: Option<Login>,
    pub flow: Name,
    pub version: u32,
    pub status: CallStatus,
    pub outcome: Option<Outcome>,
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Instant,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Instant>,
}

/// A call and its answered turns, the first one first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CallStory {
    #[serde(flatten)]
    pub call: CallSummary,
    pub steps: Vec<TurnStory>,
}

/// One answered turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TurnStory {
    pub turn: u32,
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    /// The keys that came in, or `started`, `silence`, `garbled`.
    pub pressed: String,
    pub decided: Vec<String>,
    /// In the order of speaking, the question included.
    #[schema(value_type = Vec<Object>)]
    pub heard: Vec<Speech>,
    #[schema(value_type = Object)]
    pub then: Then,
}

impl App {
    /// The newest calls, newest first; of those that began before another, if one is given.
    pub async fn calls(
        &self,
        tenant: &Tenant,
        before: Option<(Instant, CallId)>,
        limit: u32,
    ) -> Result<Vec<CallSummary>, StoreError> {
        let tenant = tenant.id.clone();
        let unit = self.store.read(|tx| {
            Box::pin(async move {
                let before = before.as_ref().map(|(started, call)| (*started, call));
                let calls = tx.calls(&tenant, before, limit).await?;
                let logins = logins(tx, &tenant, &calls).await?;
                Ok(calls.into_iter().map(|call| summary(call, &logins)).collect())
            })
        });
        unit.await
    }

    /// A call, by our name of it or the carrier's, step by step. Steps are kept for 90 days (D58).
    pub async fn call_story(&self, tenant: &Tenant, name: &str) -> Result<CallStory, Error> {
        let (tenant, name) = (tenant.id.clone(), name.to_owned());
        let unit = self.store.read(|tx| {
            Box::pin(async move {
                let found = match name.parse::<CallId>() {
                    Ok(id) => tx.call(&tenant, &id).await?,
                    Err(_) => tx.call_by_sid(&tenant, &name).await?,
                };
                let Some(call) = found else {
                    let mend = "`dutyline call list` shows the newest ones";
                    return Err(Error::NotFound { what: "call", name, mend });
                };
                let steps = call.steps.all()?.into_iter().map(TurnStory::from).collect();
                let logins = logins(tx, &tenant, [&call]).await?;
                Ok(CallStory { call: summary(call, &logins), steps })
            })
        });
        unit.await
    }
}

/// The logins of those whom `calls` speak for.
async fn logins(
    tx: &mut Tx<'_>,
    tenant: &TenantId,
    calls: impl IntoIterator<Item = &Call>,
) -> Result<BTreeMap<UserId, Login>, StoreError> {
    let mut logins = BTreeMap::new();
    for user in calls.into_iter().filter_map(|call| call.user.as_ref()) {
        if !logins.contains_key(user)
            && let Some(agent) = tx.agent_by_id(tenant, user).await?
        {
            logins.insert(user.clone(), agent.login);
        }
    }
    Ok(logins)
}

fn summary(call: Call, logins: &BTreeMap<UserId, Login>) -> CallSummary {
    CallSummary {
        id: call.id,
        sid: call.sid,
        from: call.caller,
        to: call.dialled,
        user: call.user.and_then(|user| logins.get(&user).cloned()),
        flow: call.flow,
        version: call.version,
        status: call.progress.status,
        outcome: call.outcome,
        started_at: call.started_at,
        ended_at: call.ended_at,
    }
}

impl From<Step> for TurnStory {
    fn from(step: Step) -> Self {
        let Step { turn, at, input, decided, reply } = step;
        let mut heard = reply.speech;
        match &reply.then {
            Then::Gather(gather) => heard.extend(gather.prompt.iter().cloned()),
            Then::Redirect | Then::HangUp | Then::Reject => {}
        }
        Self { turn, at, pressed: input.to_string(), decided, heard, then: reply.then }
    }
}

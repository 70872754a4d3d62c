//! A call comes in, presses keys, ends.
//!
//! Where the agent is told that something has happened, the reply waits for the disk. Where a call merely
//! begins or a menu is repeated it does not: a crash may lose that, and the call is led on from what is
//! known (I13, I15).

mod arrival;
mod callers;
mod decide;
mod progress;
mod record;
mod route;
mod turn;
pub mod words;

use sha2::{Digest, Sha256};

use super::App;
use crate::domain::dispatch::Contact;
use crate::domain::ids::{AccountSid, CallId, CallSid, Language};
use crate::domain::tenant::Tenant;
use crate::domain::trust::Attestation;
use crate::domain::user::Agent;
use crate::flow::engine::Input;
use crate::flow::prompt::Line;
use crate::flow::reply::{Reply, Then};
use crate::store::calls::Call;

pub(super) use callers::Callers;
pub(super) use route::{Route, route};

/// A request about a call, as a carrier sends it.
#[derive(Debug, Clone)]
pub struct Request {
    pub sid: CallSid,
    pub contact: Contact,
    /// The caller as the carrier wrote it.
    pub caller: String,
    pub attestation: Attestation,
    pub input: Input,
}

/// A turn by the address that we gave the carrier for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnAddress {
    pub call: CallId,
    /// From 1; the call's beginning is turn 0.
    pub turn: u32,
    pub token: String,
    /// In which the caller is spoken to should all else fail.
    pub language: Language,
}

/// What a carrier is told to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub reply: Reply,
    pub next: Next,
}

/// Where a call goes on that goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    Turn(TurnAddress),
    /// At the beginning.
    Arrival,
}

impl Request {
    fn call(&self) -> CallId {
        call_id(&self.contact.account, &self.sid)
    }
}

/// Our name of a call follows from the carrier's, so that every request about it finds it, and two copies of
/// the first one agree.
fn call_id(account: &AccountSid, sid: &CallSid) -> CallId {
    let digest =
        Sha256::new().chain_update(account.as_str()).chain_update("/").chain_update(sid.as_str()).finalize();
    let head: [u8; 16] = digest[..16].try_into().expect("a SHA-256 digest has 32 bytes");
    CallId::from_bits(u128::from_be_bytes(head))
}

impl Answer {
    /// Nobody here answers that number (D41).
    fn reject() -> Self {
        Self { reply: Reply { speech: Vec::new(), then: Then::Reject }, next: Next::Arrival }
    }

    /// We do not know this call any more: begin anew.
    fn restart() -> Self {
        Self { reply: Reply { speech: Vec::new(), then: Then::Redirect }, next: Next::Arrival }
    }

    /// The call is over for us; ended politely, and nothing is changed (I14).
    fn goodbye(language: &Language) -> Self {
        Self { reply: words::last(Line::Goodbye, language), next: Next::Arrival }
    }
}

impl App {
    fn answer(&self, call: &Call, reply: Reply, language: &Language) -> Answer {
        Answer { reply, next: self.address(call, call.turn, language) }
    }

    fn address(&self, call: &Call, turn: u32, language: &Language) -> Next {
        let token = self.turn_key.token(&call.id, turn, call.started_at);
        Next::Turn(TurnAddress { call: call.id.clone(), turn, token, language: language.clone() })
    }
}

/// The language of a call.
fn spoken_to<'a>(tenant: &'a Tenant, agent: Option<&'a Agent>) -> &'a Language {
    agent.and_then(|agent| agent.language.as_ref()).unwrap_or(&tenant.language)
}

//! Users and the extensions at which they are reached (A1.1 to A1.6).

use serde::{Deserialize, Serialize};

use crate::domain::allocation::{self, DefaultAvailability};
use crate::domain::ids::{AgentCode, ExtensionId, Language, Login, UserId};
use crate::domain::phone::E164;
use crate::domain::presence::Presence;
use crate::domain::skills::Skills;
use crate::domain::time::{Instant, Zone};
use crate::domain::trust::PinRecord;

/// A user as admins see one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct User {
    pub id: UserId,
    pub login: Login,
    pub name: String,
    /// The tenant's, if none.
    pub zone: Option<Zone>,
    /// The tenant's, if none.
    pub language: Option<Language>,
    pub agent_code: Option<AgentCode>,
    pub skills: Skills,
    pub has_pin: bool,
    pub active: bool,
    /// In order; the first is the one that calls are sent to (A1.6).
    pub extensions: Vec<Extension>,
}

/// A PSTN extension: a telephone number, and what to dial behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Extension {
    pub id: ExtensionId,
    pub number: E164,
    /// Digits to dial once the number has answered.
    pub ext: Option<String>,
    pub description: String,
}

impl Extension {
    /// `+1 506-234-5678`, or with what to dial behind it `+15064561234x12345` (A1.2).
    pub fn shown(&self) -> String {
        match &self.ext {
            Some(ext) => format!("{}x{ext}", self.number),
            None => self.number.international(),
        }
    }

    /// What no two active users of a tenant have in common: the number, and on shared lines the
    /// extension with it (A1.4, D34).
    pub fn line(&self, shared_lines: bool) -> String {
        match (&self.ext, shared_lines) {
            (Some(ext), true) => format!("{}x{ext}", self.number),
            (Some(_), false) | (None, _) => self.number.to_string(),
        }
    }
}

/// A user as a call sees one: who they are, what they may prove, and whether they are on duty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    pub id: UserId,
    pub login: Login,
    pub name: String,
    pub zone: Option<Zone>,
    pub language: Option<Language>,
    pub agent_code: Option<AgentCode>,
    pub skills: Skills,
    /// The PIN's Argon2id hash in PHC form.
    pub pin_hash: Option<String>,
    pub pin: PinRecord,
    pub presence: Presence,
}

/// An agent who can be called, as whoever wants to call one sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Reachable {
    pub user: Login,
    pub name: String,
    /// Where calls are sent.
    pub number: E164,
    /// Digits to dial once the number has answered.
    pub ext: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub since: Instant,
    #[schema(value_type = String, format = DateTime)]
    pub until: Instant,
}

/// An agent who may be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub user: Login,
    pub name: String,
    pub number: E164,
    pub ext: Option<String>,
    pub presence: Presence,
}

impl Candidate {
    /// What can be told of the agent at `at`: they can be called then, by what is known `now`.
    pub fn reachable(self, default: DefaultAvailability, at: Instant, now: Instant) -> Option<Reachable> {
        let duty = allocation::duty(&self.presence, default, at, now)?;
        let Self { user, name, number, ext, .. } = self;
        Some(Reachable { user, name, number, ext, since: duty.0, until: duty.1 })
    }
}

//! The event log: one shape for the outbox, the audit trail, and whoever listens.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::ids::{CallId, EventId, Name, Slug};
use crate::domain::presence::{Ending, Transition, Window};
use crate::domain::time::Instant;

/// An event as it stands in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    pub id: EventId,
    /// Rises by one within the tenant, in the order of commits.
    pub seq: u64,
    pub at: Instant,
    pub tenant: Slug,
    #[serde(flatten)]
    pub event: Event,
    /// What the event is about, as `kind:name`: `user:ada`, `call:call_…`.
    pub subject: String,
    pub cause: EventCause,
}

/// An event on its way into the log, which gives it its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub subject: String,
    pub event: Event,
    pub cause: EventCause,
}

/// Who or what brought an event about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventCause {
    /// `user:ada` for a caller, `admin:cli` for an admin at the command line, `timer`, `carrier`.
    pub actor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<u32>,
}

impl EventCause {
    pub fn actor(name: impl Into<String>) -> Self {
        Self { actor: name.into(), call: None, turn: None }
    }
}

/// Everything that is told. The name of a type is its contract with whoever listens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum Event {
    #[serde(rename = "presence.online")]
    PresenceOnline(Window),
    #[serde(rename = "presence.extended")]
    PresenceExtended(Window),
    #[serde(rename = "presence.offline")]
    PresenceOffline(Ending),
    /// A command that changed nothing: going offline while offline (D16).
    #[serde(rename = "presence.unchanged")]
    PresenceUnchanged { generation: u64 },
    #[serde(rename = "presence.held")]
    PresenceHeld { generation: u64, at: Instant, reason: String },
    #[serde(rename = "presence.released")]
    PresenceReleased { generation: u64, at: Instant },

    #[serde(rename = "call.started")]
    CallStarted { caller: String, dialled: String, flow: Name, version: u32 },
    #[serde(rename = "call.step")]
    CallStep { turn: u32, input: String, decided: String },
    #[serde(rename = "call.ended")]
    CallEnded { outcome: String, status: String },
    /// The caller is no active agent (D30, D32, D35).
    #[serde(rename = "lookup.failed")]
    LookupFailed { caller: String, reason: String },
    /// No mapping fits the number that was called (D41).
    #[serde(rename = "dispatch.unmatched")]
    DispatchUnmatched { dialled: String },
    /// A mapping's version is not published; the last published one ran in its stead (D43).
    #[serde(rename = "dispatch.fallback")]
    DispatchFallback { flow: Name, wanted: u32, version: u32 },
    /// A configured prompt was missing; the built-in words were spoken (D45).
    #[serde(rename = "prompt.fallback")]
    PromptFallback { prompt: Name, language: String, reason: String },

    #[serde(rename = "pin.failed")]
    PinFailed { dialled: String },
    #[serde(rename = "pin.locked")]
    PinLocked { until: Instant },
    /// Many wrong PINs on one dialled number (D51).
    #[serde(rename = "pin.alarm")]
    PinAlarm { dialled: String, failures: u32 },

    #[serde(rename = "tenant.added")]
    TenantAdded(Change),
    #[serde(rename = "tenant.changed")]
    TenantChanged(Change),
    #[serde(rename = "user.added")]
    UserAdded(Change),
    #[serde(rename = "user.changed")]
    UserChanged(Change),
    #[serde(rename = "user.deactivated")]
    UserDeactivated(Change),
    #[serde(rename = "extension.added")]
    ExtensionAdded(Change),
    #[serde(rename = "extension.moved")]
    ExtensionMoved(Change),
    #[serde(rename = "extension.removed")]
    ExtensionRemoved(Change),
    #[serde(rename = "prompt.set")]
    PromptSet(Change),
    #[serde(rename = "prompt.removed")]
    PromptRemoved(Change),
    #[serde(rename = "flow.published")]
    FlowPublished(Change),
    #[serde(rename = "mapping.added")]
    MappingAdded(Change),
    #[serde(rename = "mapping.changed")]
    MappingChanged(Change),
    #[serde(rename = "mapping.removed")]
    MappingRemoved(Change),
}

/// A record before and after an admin's change; secrets are left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Change {
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub before: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub after: Value,
}

impl From<Transition> for Event {
    fn from(transition: Transition) -> Self {
        match transition {
            Transition::WentOnline(window) => Self::PresenceOnline(window),
            Transition::Extended(window) => Self::PresenceExtended(window),
            Transition::WentOffline(ending) => Self::PresenceOffline(ending),
            Transition::Held { generation, at, reason } => Self::PresenceHeld { generation, at, reason },
            Transition::Released { generation, at } => Self::PresenceReleased { generation, at },
        }
    }
}

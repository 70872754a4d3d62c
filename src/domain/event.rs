//! The event log: one shape for the outbox, the audit trail, and whoever listens.

pub mod derived;
mod transition;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::domain::availability::{ActiveAvailability, Availability};
use crate::domain::chosen::Chosen;
use crate::domain::coverage::Gap;
use crate::domain::desk::Desk;
use crate::domain::ids::{AvailabilityId, CallId, EventId, Name, Skill, Slug, WebhookName};
use crate::domain::presence::{Ending, Window};
use crate::domain::time::Instant;
use crate::domain::user_status::UserStatus;
use crate::domain::webhook::Stopped;

/// An event as it stands in the log.
#[derive(Debug, Clone, PartialEq, Deserialize)]
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

impl Serialize for Envelope {
    /// Written out for the order of the fields, in which people read them: `subject` before `data`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, data) = self.event.split();
        let mut envelope = serializer.serialize_struct("Envelope", 8)?;
        envelope.serialize_field("id", &self.id)?;
        envelope.serialize_field("seq", &self.seq)?;
        envelope.serialize_field("at", &self.at)?;
        envelope.serialize_field("tenant", &self.tenant)?;
        envelope.serialize_field("type", &kind)?;
        envelope.serialize_field("subject", &self.subject)?;
        envelope.serialize_field("data", &data)?;
        envelope.serialize_field("cause", &self.cause)?;
        envelope.end()
    }
}

/// An event on its way into the log, which gives it its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub subject: String,
    pub event: Event,
    pub cause: EventCause,
}

/// Who or what brought an event about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventCause {
    /// `user:ada` for a caller, `admin:cli` for an admin at the command line, `token:tok_…` for who comes
    /// with a token, `timer`, `carrier`.
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

    #[serde(rename = "availability.said")]
    AvailabilitySaid { generation: u64, at: Instant, availability: Availability },
    #[serde(rename = "availability.withdrawn")]
    AvailabilityWithdrawn { generation: u64, at: Instant, id: AvailabilityId },
    /// What was said beforehand began or ended.
    #[serde(rename = "availability.turned")]
    AvailabilityTurned { generation: u64, at: Instant },
    /// Settings, a call on a terminal, or a wrap-up: kept for the record, and told to nobody who listens, since
    /// it tells of terminals (A2.9).
    #[serde(rename = "desk.changed")]
    DeskChanged { generation: u64, at: Instant, desk: Desk },
    /// The state of the active availability, or its label, is another one (A2.9).
    UserAvailability(ActiveAvailability),
    /// A label counts from then on of which somebody else is to know (A3.2).
    #[serde(rename = "label.chosen")]
    LabelChosen(Chosen),
    /// Any item of the status is another one (A2.9).
    UserStatus(UserStatus),

    /// Fewer will be on duty than the tenant wants, of all or of those with a skill.
    #[serde(rename = "coverage.gap")]
    CoverageGap {
        #[serde(flatten)]
        gap: Gap,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        skill: Option<Skill>,
    },

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
    #[serde(rename = "schedule.set")]
    ScheduleSet(Change),
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
    #[serde(rename = "token.issued")]
    TokenIssued(Change),
    #[serde(rename = "token.revoked")]
    TokenRevoked(Change),

    #[serde(rename = "webhook.added")]
    WebhookAdded(Change),
    #[serde(rename = "webhook.changed")]
    WebhookChanged(Change),
    #[serde(rename = "webhook.removed")]
    WebhookRemoved(Change),
    /// It signs with another secret; the secret is not told.
    #[serde(rename = "webhook.rotated")]
    WebhookRotated(Change),
    /// It answered that it wants no more.
    #[serde(rename = "webhook.disabled")]
    WebhookDisabled { name: WebhookName, reason: Stopped },
    /// What was dead is sent again.
    #[serde(rename = "webhook.replayed")]
    WebhookReplayed { name: WebhookName, deliveries: u64 },
    /// A trial, sent to the endpoint that it is about and to no other.
    #[serde(rename = "webhook.pinged")]
    WebhookPinged { name: WebhookName },
}

/// A record before and after an admin's change; secrets are left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Change {
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub before: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub after: Value,
}

/// An event as text.
#[derive(Debug, Deserialize)]
struct Told<'t> {
    r#type: String,
    #[serde(borrow)]
    data: &'t RawValue,
}

impl Event {
    /// The names of all types.
    pub const TYPES: &[&str] = &[
        "presence.online",
        "presence.extended",
        "presence.offline",
        "presence.unchanged",
        "presence.held",
        "presence.released",
        "availability.said",
        "availability.withdrawn",
        "availability.turned",
        "desk.changed",
        "UserAvailability",
        Self::LABEL,
        "UserStatus",
        "coverage.gap",
        "call.started",
        "call.step",
        "call.ended",
        "lookup.failed",
        "dispatch.unmatched",
        "dispatch.fallback",
        "prompt.fallback",
        "pin.failed",
        "pin.locked",
        "pin.alarm",
        "tenant.added",
        "tenant.changed",
        "user.added",
        "user.changed",
        "user.deactivated",
        "schedule.set",
        "extension.added",
        "extension.moved",
        "extension.removed",
        "prompt.set",
        "prompt.removed",
        "flow.published",
        "mapping.added",
        "mapping.changed",
        "mapping.removed",
        "token.issued",
        "token.revoked",
        "webhook.added",
        "webhook.changed",
        "webhook.removed",
        "webhook.rotated",
        "webhook.disabled",
        "webhook.replayed",
        Self::PING,
    ];

    /// The type that dial commands are made of.
    pub const LABEL: &str = "label.chosen";

    /// The type of a webhook's trial.
    pub const PING: &str = "webhook.pinged";

    /// The type that nobody can follow: it tells of terminals (A2.9).
    pub const UNTOLD: &str = "desk.changed";

    /// The name of the event's type, and what it tells as JSON.
    pub fn tell(&self) -> (String, String) {
        let text = serde_json::to_string(self).expect("an event is plain data");
        let told: Told<'_> = serde_json::from_str(&text).expect("every event has a type and data");
        (told.r#type, told.data.get().to_owned())
    }

    /// The name of the event's type, and what it tells.
    pub fn split(&self) -> (String, Value) {
        let (kind, data) = self.tell();
        (kind, serde_json::from_str(&data).expect("it was written as JSON"))
    }

    /// What the event changed of a record: its own before and after, or all that it tells as new.
    pub fn change(&self) -> Change {
        match self {
            Self::TenantAdded(change)
            | Self::TenantChanged(change)
            | Self::UserAdded(change)
            | Self::UserChanged(change)
            | Self::UserDeactivated(change)
            | Self::ScheduleSet(change)
            | Self::ExtensionAdded(change)
            | Self::ExtensionMoved(change)
            | Self::ExtensionRemoved(change)
            | Self::PromptSet(change)
            | Self::PromptRemoved(change)
            | Self::FlowPublished(change)
            | Self::MappingAdded(change)
            | Self::MappingChanged(change)
            | Self::MappingRemoved(change)
            | Self::TokenIssued(change)
            | Self::TokenRevoked(change)
            | Self::WebhookAdded(change)
            | Self::WebhookChanged(change)
            | Self::WebhookRemoved(change)
            | Self::WebhookRotated(change) => change.clone(),
            Self::PresenceOnline(_)
            | Self::PresenceExtended(_)
            | Self::PresenceOffline(_)
            | Self::PresenceUnchanged { .. }
            | Self::PresenceHeld { .. }
            | Self::PresenceReleased { .. }
            | Self::AvailabilitySaid { .. }
            | Self::AvailabilityWithdrawn { .. }
            | Self::AvailabilityTurned { .. }
            | Self::DeskChanged { .. }
            | Self::UserAvailability(_)
            | Self::LabelChosen(_)
            | Self::UserStatus(_)
            | Self::CoverageGap { .. }
            | Self::CallStarted { .. }
            | Self::CallStep { .. }
            | Self::CallEnded { .. }
            | Self::LookupFailed { .. }
            | Self::DispatchUnmatched { .. }
            | Self::DispatchFallback { .. }
            | Self::PromptFallback { .. }
            | Self::PinFailed { .. }
            | Self::PinLocked { .. }
            | Self::PinAlarm { .. }
            | Self::WebhookDisabled { .. }
            | Self::WebhookReplayed { .. }
            | Self::WebhookPinged { .. } => Change { before: Value::Null, after: self.split().1 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_types_is_whole() {
        // What serde tells of a type that there is not.
        let unknown = serde_json::json!({ "type": "", "data": null });
        let told = serde_json::from_value::<Event>(unknown).expect_err("unknown").to_string();
        let (_, known) = told.split_once("expected one of ").expect("a list");
        let known: Vec<&str> = known.split(", ").map(|name| name.trim_matches('`')).collect();
        assert_eq!(known, Event::TYPES);
    }

    #[test]
    fn an_envelope_is_written_in_its_order_and_in_utc() {
        let envelope = Envelope {
            id: EventId::from_bits(1),
            seq: 7,
            at: Instant::from_timestamp_millis(1_700_000_000_250).expect("in range"),
            tenant: "default".parse().expect("a slug"),
            event: Event::PinAlarm { dialled: "+15065550100".to_owned(), failures: 20 },
            subject: "user:ada".to_owned(),
            cause: EventCause::actor("caller"),
        };
        let line = serde_json::to_string(&envelope).expect("plain data");
        insta::assert_snapshot!(line, @r#"{"id":"evt_00000000000000000000000000000001","seq":7,"at":"2023-11-14T22:13:20.250Z","tenant":"default","type":"pin.alarm","subject":"user:ada","data":{"dialled":"+15065550100","failures":20},"cause":{"actor":"caller"}}"#);
        assert_eq!(serde_json::from_str::<Envelope>(&line).expect("what was written"), envelope);
    }
}

//! Dispatch mappings: which flow answers a call (A1.17, D41, D42).

use serde::{Deserialize, Serialize};

use crate::domain::ids::{AccountSid, MappingId, Name};
use crate::domain::phone::{Caller, E164};

/// A rule that sends interactions to a flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Mapping {
    pub id: MappingId,
    pub name: String,
    pub description: String,
    pub channel: Channel,
    pub kind: MappingKind,
    /// What must be equal: a number in E.164 form, an account, a direction.
    pub value: String,
    pub flow: Name,
    /// A published version; none is the latest one when the call comes in.
    pub version: Option<u32>,
    pub active: bool,
}

spelled!(
    /// What kind of interaction a mapping is for. Earlier ones win over later ones.
    Channel, "one of voice, sms, email, messaging, work-item, any", {
        Voice = "voice",
        Sms = "sms",
        Email = "email",
        Messaging = "messaging",
        WorkItem = "work-item",
        Any = "any",
    }
);

impl Channel {
    /// Whether Dutyline runs flows for it. Mappings for the others are refused with `unsupported_channel`.
    pub fn is_supported(self) -> bool {
        match self {
            Self::Voice | Self::Sms | Self::Any => true,
            Self::Email | Self::Messaging | Self::WorkItem => false,
        }
    }
}

spelled!(
    /// What of an interaction a mapping looks at. Earlier ones win over later ones (D42).
    MappingKind, "one of customer, contact-point, source, direction", {
        /// The customer's number.
        Customer = "customer",
        /// The number that was called.
        ContactPoint = "contact-point",
        /// The carrier account that the call came through.
        Source = "source",
        Direction = "direction",
    }
);

spelled!(
    /// Who began an interaction.
    Direction, "one of inbound, outbound, agent-initiated", {
        Inbound = "inbound",
        Outbound = "outbound",
        AgentInitiated = "agent-initiated",
    }
);

/// A voice call as mappings see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub caller: Caller,
    pub dialled: E164,
    pub account: AccountSid,
    pub direction: Direction,
}

impl Contact {
    /// What a mapping of `kind` compares its value with.
    pub fn value(&self, kind: MappingKind) -> &str {
        match kind {
            MappingKind::Customer => self.caller.number().map_or("", E164::as_str),
            MappingKind::ContactPoint => self.dialled.as_str(),
            MappingKind::Source => self.account.as_str(),
            MappingKind::Direction => self.direction.as_str(),
        }
    }
}

/// The mapping that wins for a voice call: by kind first, then voice before any.
pub fn choose<'a>(mappings: impl IntoIterator<Item = &'a Mapping>, contact: &Contact) -> Option<&'a Mapping> {
    mappings
        .into_iter()
        .filter(|mapping| mapping.active && matches!(mapping.channel, Channel::Voice | Channel::Any))
        .filter(|mapping| mapping.value == contact.value(mapping.kind))
        .min_by_key(|mapping| (mapping.kind, mapping.channel))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(name: &str, channel: Channel, kind: MappingKind, value: &str) -> Mapping {
        Mapping {
            id: MappingId::from_bits(0),
            name: name.to_owned(),
            description: String::new(),
            channel,
            kind,
            value: value.to_owned(),
            flow: "timed-presence".parse().expect("a name"),
            version: None,
            active: true,
        }
    }

    fn contact() -> Contact {
        Contact {
            caller: Caller::Number("+15062345678".parse().expect("a number")),
            dialled: "+15065550100".parse().expect("a number"),
            account: "AC1".parse().expect("an account"),
            direction: Direction::Inbound,
        }
    }

    #[test]
    fn the_closer_kind_wins_and_voice_wins_over_any() {
        use Channel::{Any, Sms, Voice};
        use MappingKind::{ContactPoint, Customer, Direction, Source};
        let mut all = vec![
            mapping("direction", Voice, Direction, "inbound"),
            mapping("source", Voice, Source, "AC1"),
            mapping("any number", Any, ContactPoint, "+15065550100"),
            mapping("number", Voice, ContactPoint, "+15065550100"),
            mapping("customer", Any, Customer, "+15062345678"),
            mapping("text", Sms, Customer, "+15062345678"),
            mapping("other", Voice, Customer, "+15060000000"),
        ];
        for expected in ["customer", "number", "any number", "source", "direction"] {
            let winner = choose(&all, &contact()).map(|mapping| mapping.name.clone());
            assert_eq!(winner.as_deref(), Some(expected));
            all.retain(|mapping| mapping.name != expected);
        }
        assert_eq!(choose(&all, &contact()), None);
    }

    #[test]
    fn a_disabled_mapping_and_a_hidden_caller_match_nothing() {
        let off =
            Mapping { active: false, ..mapping("off", Channel::Any, MappingKind::Direction, "inbound") };
        assert_eq!(choose([&off], &contact()), None);
        let hidden = Contact { caller: Caller::Withheld, ..contact() };
        assert_eq!(
            choose([&mapping("c", Channel::Voice, MappingKind::Customer, "+15062345678")], &hidden),
            None
        );
    }
}

//! Presence as desktop clients and reports know it: seven fixed codes under labels of a tenant's own
//! (A3.1). A code is shown and told to others; whether calls come is decided elsewhere.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::allocation;
use crate::domain::availability::{self, State};
use crate::domain::dial_command::Keys;
use crate::domain::ids;
use crate::domain::policy::Policy;
use crate::domain::presence::Presence;
use crate::domain::time::Instant;

spelled!(
    /// A status, numbered 1 to 7 (A3.1).
    PresenceCode, "one of online, offline, away, dnd, busy, on_a_call, logout", {
        Online = "online",
        Offline = "offline",
        Away = "away",
        Dnd = "dnd",
        Busy = "busy",
        OnACall = "on_a_call",
        Logout = "logout",
    }
);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a presence code from 1 to 7")]
pub struct BadCode(pub u8);

impl PresenceCode {
    /// 1 to 7, as reports have it.
    pub fn number(self) -> u8 {
        match self {
            Self::Online => 1,
            Self::Offline => 2,
            Self::Away => 3,
            Self::Dnd => 4,
            Self::Busy => 5,
            Self::OnACall => 6,
            Self::Logout => 7,
        }
    }

    /// For people: `On a call`.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Online => "Online",
            Self::Offline => "Offline",
            Self::Away => "Away",
            Self::Dnd => "DND",
            Self::Busy => "Busy",
            Self::OnACall => "On a call",
            Self::Logout => "Logout",
        }
    }
}

impl TryFrom<u8> for PresenceCode {
    type Error = BadCode;
    fn try_from(number: u8) -> Result<Self, BadCode> {
        Self::ALL.iter().copied().find(|code| code.number() == number).ok_or(BadCode(number))
    }
}

ids::text!(/// What a tenant calls one of its presences: `Ready for Calls`.
    LabelText, "a label: one line of at most 60 characters", ids::one_line!(58), |text| ids::is_line(text, 60));
ids::text!(/// A label's value in reports, or the command that tells it to a telephone system (A3.9): `*60`.
    ReasonCode, "a reason code: one line of at most 40 characters", ids::one_line!(38), |text| ids::is_line(text, 40));

impl ReasonCode {
    /// What a telephone dials for it, if one can.
    pub fn keys(&self) -> Option<Keys> {
        self.as_str().parse().ok()
    }
}

/// A presence that users may choose. Several labels may stand for the same code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {
    pub text: LabelText,
    #[serde(default)]
    pub reason_code: Option<ReasonCode>,
    /// Its name, or its number from 1 to 7.
    #[serde(deserialize_with = "named_or_numbered")]
    #[schema(value_type = CodeSpelling)]
    pub code: PresenceCode,
    #[serde(default)]
    pub sink: Sink,
}

impl Label {
    /// Whether it is to be told by a command that no telephone can dial.
    pub fn is_unspoken(&self) -> bool {
        let keys = self.reason_code.as_ref().and_then(ReasonCode::keys);
        self.sink == Sink::DialCommand && keys.is_none()
    }
}

/// How a code may be written.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
enum CodeSpelling {
    Number(u8),
    #[schema(value_type = PresenceCode)]
    Name(String),
}

fn named_or_numbered<'de, D: Deserializer<'de>>(field: D) -> Result<PresenceCode, D::Error> {
    match CodeSpelling::deserialize(field)? {
        CodeSpelling::Number(number) => PresenceCode::try_from(number).map_err(D::Error::custom),
        CodeSpelling::Name(name) => name.parse().map_err(D::Error::custom),
    }
}

impl fmt::Display for Label {
    /// `Ready for Calls (Online)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.code.shown())
    }
}

spelled!(
    /// Who else is told that a label was chosen (A3.2).
    #[derive(Default)]
    Sink, "one of none, dial_command, http", {
        /// Nobody: it serves to keep track of time.
        #[default]
        None = "none",
        /// The telephone system, by a call in which the reason code is dialled (A3.3).
        DialCommand = "dial_command",
        /// Webhooks that follow `label.chosen`.
        Http = "http",
    }
);

spelled!(
    /// Whether an active call shows in a user's presence (A3.6).
    #[derive(Default)]
    ActiveCall, "one of hidden, shown", {
        #[default]
        Hidden = "hidden",
        Shown = "shown",
    }
);

impl PresenceCode {
    /// The state that users are in who choose a label of this code; none for what nobody chooses.
    pub fn state(self) -> Option<State> {
        match self {
            Self::Online => Some(State::Available),
            Self::Offline | Self::Logout => Some(State::OffWork),
            Self::Away => Some(State::Away),
            Self::Dnd => Some(State::Dnd),
            Self::Busy => Some(State::Busy),
            Self::OnACall => None,
        }
    }

    fn of(state: State) -> Self {
        match state {
            State::Available => Self::Online,
            State::Busy => Self::Busy,
            State::Away | State::Brb => Self::Away,
            State::Dnd => Self::Dnd,
            State::OffWork => Self::Offline,
        }
    }
}

/// What is shown of a user: what they say, or that they are off duty, unless a call or the wrap-up after it covers it.
/// Neither changes what is stored, so that it shows again afterwards (A3.4, A3.6).
pub fn displayed(presence: &Presence, policy: &Policy, now: Instant) -> PresenceCode {
    let all = presence.availabilities();
    let label = availability::active(&all, now).and_then(|one| policy.label(one.terms.label.as_ref()?));
    let said = label.map_or_else(|| PresenceCode::of(availability::state(&all, now)), |label| label.code);
    let is_on_duty = allocation::is_on_duty(presence, policy.default_availability, now);
    match (policy.active_call, said) {
        (ActiveCall::Shown, _) if presence.desk.is_talking() => PresenceCode::OnACall,
        _ if presence.desk.wrap_up(now).is_some() => PresenceCode::Dnd,
        (_, PresenceCode::Online) if !is_on_duty => PresenceCode::Offline,
        (_, said) => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::allocation::tests::{after, at, ready, saying, talking, wrapping_up};
    use crate::domain::presence::Command;

    fn label(text: &str, code: PresenceCode) -> Label {
        Label { text: text.parse().expect("a label"), reason_code: None, code, sink: Sink::default() }
    }

    #[test]
    fn codes_are_numbered_from_1_to_7() {
        for (number, code) in (1..).zip(PresenceCode::ALL.iter().copied()) {
            assert_eq!(code.number(), number);
            assert_eq!(PresenceCode::try_from(number), Ok(code));
            assert_eq!(code.as_str().parse(), Ok(code));
        }
        for bad in [0, 8, 255] {
            assert_eq!(PresenceCode::try_from(bad), Err(BadCode(bad)));
        }
        assert_eq!(BadCode(8).to_string(), "`8` is not a presence code from 1 to 7");
    }

    #[test]
    fn a_label_is_shown_with_its_code() {
        for (text, code, shown) in [
            ("Ready for Calls", PresenceCode::Online, "Ready for Calls (Online)"),
            ("Do Not Disturb", PresenceCode::Dnd, "Do Not Disturb (DND)"),
            ("Im Gespräch", PresenceCode::OnACall, "Im Gespräch (On a call)"),
        ] {
            assert_eq!(label(text, code).to_string(), shown);
        }
    }

    #[test]
    fn labels_and_reason_codes_have_their_lengths() {
        for (length, fits_label, fits_code) in
            [(0, false, false), (1, true, true), (40, true, true), (60, true, false), (61, false, false)]
        {
            let text = "ä".repeat(length);
            assert_eq!(text.parse::<LabelText>().is_ok(), fits_label, "{length}");
            assert_eq!(text.parse::<ReasonCode>().is_ok(), fits_code, "{length}");
        }
        assert!("*60".parse::<ReasonCode>().is_ok());
    }

    #[test]
    fn what_is_shown_is_what_is_said_unless_a_call_covers_it() {
        let (hidden, shown) =
            (Policy::default(), Policy { active_call: ActiveCall::Shown, ..Policy::default() });
        let dnd = || saying(&ready(), State::Dnd);
        for (presence, policy, code) in [
            (ready(), &shown, PresenceCode::Online),
            (dnd(), &shown, PresenceCode::Dnd),
            (Presence::default(), &shown, PresenceCode::Offline),
            (saying(&Presence::default(), State::Brb), &shown, PresenceCode::Away),
            (saying(&ready(), State::OffWork), &shown, PresenceCode::Offline),
            (talking(&ready()), &shown, PresenceCode::OnACall),
            (talking(&dnd()), &shown, PresenceCode::OnACall),
            (talking(&dnd()), &hidden, PresenceCode::Dnd),
            (talking(&ready()), &hidden, PresenceCode::Online),
            (wrapping_up(&ready(), 1), &shown, PresenceCode::Dnd),
            (wrapping_up(&ready(), 0), &shown, PresenceCode::Online),
        ] {
            assert_eq!(displayed(&presence, policy, at(0)), code, "{presence:?}");
        }
    }

    #[test]
    fn a_label_is_shown_by_its_own_code() {
        let policy = Policy { labels: vec![label("Gone home", PresenceCode::Logout)], ..Policy::default() };
        let mut gone = saying(&ready(), State::OffWork).availabilities().remove(0);
        gone.terms.label = Some("Gone home".parse().expect("a label"));
        let gone = after(&ready(), -10, &Command::Say(gone));
        assert_eq!(displayed(&gone, &policy, at(0)), PresenceCode::Logout);
        assert_eq!(displayed(&gone, &Policy::default(), at(0)), PresenceCode::Offline);
        for code in PresenceCode::ALL.iter().copied().filter(|code| *code != PresenceCode::OnACall) {
            let state = code.state().expect("it can be chosen");
            let wanted = if code == PresenceCode::Logout { PresenceCode::Offline } else { code };
            assert_eq!(PresenceCode::of(state), wanted);
        }
    }

    #[test]
    fn a_label_reads_as_it_is_written() {
        let text = r#"{"text":"Ready for Calls","reason_code":"*60","code":"online","sink":"dial_command"}"#;
        let label: Label = serde_json::from_str(text).expect("a label");
        assert_eq!(serde_json::to_string(&label).expect("plain data"), text);
        let numbered: Label = serde_json::from_str(&text.replace("\"online\"", "1")).expect("a label");
        assert_eq!(numbered, label);
        for bad in ["0", "8", "\"up\"", "null"] {
            assert!(serde_json::from_str::<Label>(&text.replace("\"online\"", bad)).is_err(), "{bad}");
        }
    }
}

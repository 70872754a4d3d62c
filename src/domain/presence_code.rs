//! Presence as desktop clients and reports know it: seven fixed codes under labels of a tenant's own
//! (A3.1). A code is shown and told to others; whether calls come is decided elsewhere.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::ids;

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
    LabelText, "a label: one line of at most 60 characters", |text| ids::is_line(text, 60));
ids::text!(/// A label's value in reports, or the command that tells it to a telephone system (A3.9): `*60`.
    ReasonCode, "a reason code: one line of at most 40 characters", |text| ids::is_line(text, 40));

/// A presence that users may choose. Several labels may stand for the same code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub text: LabelText,
    pub reason_code: Option<ReasonCode>,
    pub code: PresenceCode,
    pub sink: Sink,
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
        /// The telephone system, by a call to the reason code.
        DialCommand = "dial_command",
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

/// Whether any of a user's terminals has a call, from dialling on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terminals {
    Idle,
    Talking,
}

/// What is shown of a user whose own choice is `stored`. A call changes what is shown and never what is
/// stored, so that the choice shows again after it (A3.6).
pub fn displayed(stored: PresenceCode, terminals: Terminals, active_call: ActiveCall) -> PresenceCode {
    match (terminals, active_call) {
        (Terminals::Talking, ActiveCall::Shown) => PresenceCode::OnACall,
        (Terminals::Talking, ActiveCall::Hidden) | (Terminals::Idle, _) => stored,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_call_shows_while_it_lasts_where_it_is_to_show() {
        for stored in PresenceCode::ALL.iter().copied() {
            for (terminals, active_call, shown) in [
                (Terminals::Idle, ActiveCall::Hidden, stored),
                (Terminals::Idle, ActiveCall::Shown, stored),
                (Terminals::Talking, ActiveCall::Hidden, stored),
                (Terminals::Talking, ActiveCall::Shown, PresenceCode::OnACall),
            ] {
                assert_eq!(displayed(stored, terminals, active_call), shown);
            }
        }
    }

    #[test]
    fn a_label_reads_as_it_is_written() {
        let text = r#"{"text":"Ready for Calls","reason_code":"*60","code":"online","sink":"dial_command"}"#;
        let label: Label = serde_json::from_str(text).expect("a label");
        assert_eq!(serde_json::to_string(&label).expect("plain data"), text);
    }
}

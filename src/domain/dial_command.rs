//! Dial commands: a telephone system is told of a label by a call to it, in which the label's reason code is dialled
//! (A3.3).

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::domain::ids;
use crate::domain::phone::E164;

/// Whom commands are dialled to, and from which number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DialCommand {
    /// The telephone system's number.
    pub to: E164,
    /// A number of the carrier's account, by which the telephone system may know who calls.
    pub from: E164,
}

ids::text!(/// Keys that are dialled once a call is answered. `w` is none, but half a second's pause.
    Keys, "1 to 32 of 0-9, `*`, `#` and `w`", r"^[0-9*#w]{1,32}$",
    |text| (1..=32).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit() || "*#w".contains(c)));

/// A call in which a command is dialled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub to: E164,
    pub from: E164,
    pub keys: Keys,
}

/// For how long a command is worth dialling. What is later would surprise a user who has gone on to something else.
pub const LAPSE: TimeDelta = TimeDelta::minutes(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_a_telephone_has() {
        let (long, longer) = ("1".repeat(32), "1".repeat(33));
        for (text, fits) in [
            ("*60", true),
            ("ww*61#", true),
            (&long, true),
            ("", false),
            (&longer, false),
            ("W1", false),
            ("*60 ", false),
            ("+1506", false),
            ("A", false),
            ("٣", false),
        ] {
            assert_eq!(text.parse::<Keys>().is_ok(), fits, "{text}");
        }
    }
}

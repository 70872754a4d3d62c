//! Prompts: what the line can say, the slots in which a flow may put its own words, and the catalogue of
//! texts and recordings per language.

pub mod catalogue;
pub mod file;
#[cfg(test)]
mod fixtures;
pub mod issue;
pub mod lint;
pub mod speaker;
pub mod spoken;
pub mod template;

use serde::{Deserialize, Serialize};

use crate::domain::ids::Name;
use crate::flow::prompt::template::Placeholder;

/// The seven slots of the timed-presence activity (A1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    Welcome,
    ResourceLookupError,
    PresetHours,
    CustomHours,
    InvalidInput,
    Online,
    Offline,
}

/// Everything that the line says of itself. A tenant's prompt of the same name takes the built-in's place;
/// a flow's setting may put a prompt of any name into a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    Slot(Slot),
    /// To an agent who is on duty when they call.
    AlreadyOnline,
    /// The agent keeps the window as it is.
    StillOnline,
    /// More hours than the flow allows (D4).
    OverCap,
    /// A supervisor keeps the agent off duty (D40).
    Held,
    /// The state is not the one that the menu was spoken for (I17).
    Changed,
    Goodbye,
    Pin,
    PinWrong,
    AgentCode,
    /// The database is slow, the call asks again (D48).
    OneMoment,
    /// The last words of a call that failed (D48).
    Apology,
    /// Part of `preset_hours`: one preset and its key.
    PresetChoice,
    /// Part of other prompts: when a window ends.
    Moment,
    /// Part of `moment`: a zone by its city.
    Place,
}

impl Slot {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Welcome => "welcome",
            Self::ResourceLookupError => "resource_lookup_error",
            Self::PresetHours => "preset_hours",
            Self::CustomHours => "custom_hours",
            Self::InvalidInput => "invalid_input",
            Self::Online => "online",
            Self::Offline => "offline",
        }
    }
}

impl Line {
    pub const ALL: [Self; 21] = [
        Self::Slot(Slot::Welcome),
        Self::Slot(Slot::ResourceLookupError),
        Self::Slot(Slot::PresetHours),
        Self::Slot(Slot::CustomHours),
        Self::Slot(Slot::InvalidInput),
        Self::Slot(Slot::Online),
        Self::Slot(Slot::Offline),
        Self::AlreadyOnline,
        Self::StillOnline,
        Self::OverCap,
        Self::Held,
        Self::Changed,
        Self::Goodbye,
        Self::Pin,
        Self::PinWrong,
        Self::AgentCode,
        Self::OneMoment,
        Self::Apology,
        Self::PresetChoice,
        Self::Moment,
        Self::Place,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slot(slot) => slot.as_str(),
            Self::AlreadyOnline => "already_online",
            Self::StillOnline => "still_online",
            Self::OverCap => "over_cap",
            Self::Held => "held",
            Self::Changed => "changed",
            Self::Goodbye => "goodbye",
            Self::Pin => "pin",
            Self::PinWrong => "pin_wrong",
            Self::AgentCode => "agent_code",
            Self::OneMoment => "one_moment",
            Self::Apology => "apology",
            Self::PresetChoice => "preset_choice",
            Self::Moment => "moment",
            Self::Place => "place",
        }
    }

    /// The line that the catalogue keeps under `name`.
    pub fn named(name: &Name) -> Option<Self> {
        Self::ALL.into_iter().find(|line| line.as_str() == name.as_str())
    }

    pub fn name(self) -> Name {
        self.as_str().parse().expect("a line's words are a name")
    }

    /// What a text of this line may have filled in.
    pub fn placeholders(self) -> &'static [Placeholder] {
        use Placeholder as P;
        match self {
            Self::Slot(Slot::PresetHours) => &[P::Choices],
            Self::Slot(Slot::CustomHours) | Self::OverCap => &[P::Max],
            Self::Slot(Slot::Online) | Self::StillOnline | Self::AlreadyOnline => {
                &[P::Name, P::Until, P::Left]
            }
            Self::Held => &[P::Reason],
            Self::PresetChoice => &[P::Duration, P::Key],
            Self::Moment => &[P::Day, P::Time, P::Place],
            Self::Place => &[P::City],
            Self::Slot(Slot::Welcome | Slot::ResourceLookupError | Slot::InvalidInput | Slot::Offline)
            | Self::Changed
            | Self::Goodbye
            | Self::Pin
            | Self::PinWrong
            | Self::AgentCode
            | Self::OneMoment
            | Self::Apology => &[],
        }
    }

    /// Whether this is spoken within other lines only, and so must be text.
    pub fn is_part(self) -> bool {
        matches!(self, Self::PresetChoice | Self::Moment | Self::Place)
    }
}

impl From<Slot> for Line {
    fn from(slot: Slot) -> Self {
        Self::Slot(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_found_by_its_name() {
        for line in Line::ALL {
            assert_eq!(Line::named(&line.name()), Some(line));
        }
        assert_eq!(Line::named(&"chime".parse().expect("a name")), None);
    }

    #[test]
    fn a_slot_is_written_as_its_line_is_named() {
        for line in Line::ALL {
            if let Line::Slot(slot) = line {
                let written = serde_json::to_value(slot).expect("a slot is a string");
                assert_eq!(written, slot.as_str());
            }
        }
    }
}

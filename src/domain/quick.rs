//! Quick availabilities: what a user sets with one key, button or word (A2.6).

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::domain::availability::{Availability, Note, State, Terms};
use crate::domain::ids::{AvailabilityId, Name};
use crate::domain::phone::E164;
use crate::domain::presence::Source;
use crate::domain::time::{Hours, Instant};

/// A set of quick availabilities: 1 to 9, as many as there are keys to choose by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "Unchecked")]
pub struct QuickSet {
    name: Name,
    entries: Vec<Quick>,
}

#[derive(Deserialize)]
struct Unchecked {
    name: Name,
    entries: Vec<Quick>,
}

/// What one choice makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Quick {
    pub state: State,
    /// None goes on until another availability takes its place.
    #[schema(value_type = Option<u16>, minimum = 1, maximum = 10080)]
    pub minutes: Option<Minutes>,
    pub transfer: Option<E164>,
    pub note: Option<Note>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` has {found} quick availabilities; a set has 1 to 9")]
pub struct BadSet {
    pub name: Name,
    pub found: usize,
}

/// How long a quick availability lasts: 1 minute to a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Minutes(u16);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a number of minutes from 1 to {longest}", longest = Minutes::LONGEST.0)]
pub struct BadMinutes(pub u16);

/// How many presets a menu has keys for (D47).
const PRESETS: usize = 4;

impl QuickSet {
    pub fn new(name: Name, entries: Vec<Quick>) -> Result<Self, BadSet> {
        match entries.len() {
            1..=9 => Ok(Self { name, entries }),
            found => Err(BadSet { name, found }),
        }
    }

    pub fn name(&self) -> &Name {
        &self.name
    }

    pub fn entries(&self) -> &[Quick] {
        &self.entries
    }

    /// The whole hours of being available that the set offers, in its order: what the phone menu lays on
    /// its keys, each once and four at most (D47). None lead straight to typing hours.
    pub fn presets(&self) -> Vec<Hours> {
        let mut presets = Vec::new();
        for hours in self.entries.iter().filter_map(Quick::preset) {
            if presets.len() < PRESETS && !presets.contains(&hours) {
                presets.push(hours);
            }
        }
        presets
    }
}

impl Quick {
    /// The availability that this choice makes at `now`, the same as if it had been written out.
    pub fn made(&self, id: AvailabilityId, source: Source, now: Instant) -> Availability {
        let terms = Terms {
            state: self.state,
            starts_at: now,
            ends_at: self.minutes.map(|minutes| now + minutes.span()),
            transfer: self.transfer.clone(),
            note: self.note.clone(),
            label: None,
        };
        Availability { id, terms, source }
    }

    fn preset(&self) -> Option<Hours> {
        match self.state {
            State::Available => self.minutes?.whole_hours(),
            State::Busy | State::Away | State::Brb | State::Dnd | State::OffWork => None,
        }
    }
}

impl Minutes {
    pub const LONGEST: Self = Self(168 * 60);

    pub fn get(self) -> u16 {
        self.0
    }

    pub fn span(self) -> TimeDelta {
        TimeDelta::minutes(self.0.into())
    }

    /// The same in hours, if nothing is left over.
    pub fn whole_hours(self) -> Option<Hours> {
        if self.0.is_multiple_of(60) { Hours::try_from(self.0 / 60).ok() } else { None }
    }
}

impl TryFrom<u16> for Minutes {
    type Error = BadMinutes;
    fn try_from(minutes: u16) -> Result<Self, BadMinutes> {
        if (1..=Self::LONGEST.0).contains(&minutes) { Ok(Self(minutes)) } else { Err(BadMinutes(minutes)) }
    }
}

impl From<Minutes> for u16 {
    fn from(minutes: Minutes) -> Self {
        minutes.0
    }
}

impl TryFrom<Unchecked> for QuickSet {
    type Error = BadSet;
    fn try_from(Unchecked { name, entries }: Unchecked) -> Result<Self, BadSet> {
        Self::new(name, entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick(state: State, minutes: u16) -> Quick {
        let minutes = Minutes::try_from(minutes).expect("minutes");
        Quick { state, minutes: Some(minutes), transfer: None, note: None }
    }

    fn name() -> Name {
        "office".parse().expect("a name")
    }

    #[test]
    fn a_set_has_one_to_nine_entries() {
        for (number, fits) in [(0, false), (1, true), (9, true), (10, false)] {
            let entries = vec![quick(State::Busy, 30); number];
            assert_eq!(QuickSet::new(name(), entries).is_ok(), fits, "{number}");
        }
        let refused = QuickSet::new(name(), vec![]).expect_err("refused").to_string();
        assert_eq!(refused, "`office` has 0 quick availabilities; a set has 1 to 9");
        assert!(serde_json::from_str::<QuickSet>(r#"{"name":"office","entries":[]}"#).is_err());
    }

    #[test]
    fn minutes_are_at_most_a_week() {
        for (minutes, fits) in [(0, false), (1, true), (10_080, true), (10_081, false)] {
            assert_eq!(Minutes::try_from(minutes).is_ok(), fits, "{minutes}");
        }
        assert_eq!(BadMinutes(0).to_string(), "`0` is not a number of minutes from 1 to 10080");
        assert_eq!(Minutes::LONGEST.whole_hours(), Some(Hours::LONGEST));
    }

    #[test]
    fn the_phone_menu_offers_whole_hours_of_being_available() {
        let endless = Quick { minutes: None, ..quick(State::Available, 60) };
        for (entries, wanted) in [
            (vec![endless], &[][..]),
            (vec![quick(State::Busy, 60), quick(State::Available, 90)], &[]),
            (vec![quick(State::Available, 480), quick(State::Dnd, 60), quick(State::Available, 60)], &[8, 1]),
            (vec![quick(State::Available, 480); 2], &[8]),
            ((1..=9).map(|hours| quick(State::Available, hours * 60)).collect(), &[1, 2, 3, 4]),
        ] {
            let set = QuickSet::new(name(), entries).expect("a set");
            let found: Vec<_> = set.presets().into_iter().map(Hours::get).collect();
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn a_choice_makes_an_availability_like_any_other() {
        let now = Instant::from_timestamp(1_800_000_000, 0).expect("in range");
        let lunch: Quick =
            serde_json::from_str(r#"{"state":"brb","minutes":30,"transfer":"+15065550100","note":"lunch"}"#)
                .expect("a quick availability");
        let made = lunch.made(AvailabilityId::from_bits(1), Source::Phone, now);
        let terms = Terms {
            state: State::Brb,
            starts_at: now,
            ends_at: Some(now + TimeDelta::minutes(30)),
            transfer: Some("+15065550100".parse().expect("a number")),
            note: Some("lunch".parse().expect("a note")),
            label: None,
        };
        assert_eq!(Availability::new(AvailabilityId::from_bits(1), terms, Source::Phone, now), Ok(made));
        let endless = Quick { minutes: None, ..lunch };
        assert_eq!(endless.made(AvailabilityId::from_bits(2), Source::Phone, now).terms.ends_at, None);
    }

    #[test]
    fn every_length_makes_terms_that_are_taken() {
        let now = Instant::from_timestamp(0, 0).expect("in range");
        for minutes in [1, Minutes::LONGEST.get()] {
            let made = quick(State::Busy, minutes).made(AvailabilityId::from_bits(1), Source::Api, now);
            assert_eq!(made.terms.check(now), Ok(()), "{minutes}");
        }
    }
}

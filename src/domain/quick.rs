//! Quick availabilities: what a user sets with one key, button or word (A2.6).

use std::sync::LazyLock;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::domain::availability::{Note, State};
use crate::domain::ids::Name;
use crate::domain::phone::E164;
use crate::domain::time::Hours;

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

/// How many presets the phone's menu has keys for (A1.8).
pub const PRESETS: usize = 4;

/// What a tenant has who has no set: time on duty for 8, 24, 48 or 72 hours.
static USUAL: LazyLock<QuickSet> = LazyLock::new(|| QuickSet {
    name: "usual".parse().expect("a name"),
    entries: [8, 24, 48, 72].map(|hours| Quick::duty(Minutes(hours * 60))).into(),
});

impl QuickSet {
    pub fn usual() -> &'static Self {
        &USUAL
    }

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

    /// The hours that the phone's menu lays on its keys: choices of whole hours on duty and nothing besides, in their
    /// order, each once, and no more than there are keys (D47).
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
    fn duty(minutes: Minutes) -> Self {
        Self { state: State::Available, minutes: Some(minutes), transfer: None, note: None }
    }

    fn preset(&self) -> Option<Hours> {
        let minutes = self.minutes.filter(|minutes| *self == Self::duty(*minutes))?;
        minutes.whole_hours()
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

    fn whole_hours(self) -> Option<Hours> {
        let is_whole = self.0.is_multiple_of(60);
        is_whole.then(|| Hours::try_from(self.0 / 60).expect("a week has 168 hours"))
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
    fn the_phone_offers_whole_hours_on_duty() {
        let hours =
            |numbers: &[u16]| numbers.iter().map(|number| quick(State::Available, number * 60)).collect();
        let on_call = Quick { note: Some("on call".parse().expect("a note")), ..quick(State::Available, 60) };
        let for_good = Quick { minutes: None, ..quick(State::Available, 60) };
        for (entries, wanted) in [
            (hours(&[8, 24]), vec![8, 24]),
            (hours(&[8, 4, 8, 1, 168, 2]), vec![8, 4, 1, 168]),
            (vec![quick(State::Busy, 60), quick(State::Available, 90)], vec![]),
            (vec![on_call, for_good, quick(State::Available, 120)], vec![2]),
        ] {
            let set = QuickSet::new(name(), entries).expect("a set");
            let presets: Vec<u16> = set.presets().into_iter().map(Hours::get).collect();
            assert_eq!(presets, wanted, "{set:?}");
        }
        let usual: Vec<u16> = QuickSet::usual().presets().into_iter().map(Hours::get).collect();
        assert_eq!(usual, [8, 24, 48, 72]);
    }

    #[test]
    fn minutes_are_at_most_a_week() {
        for (minutes, fits) in [(0, false), (1, true), (10_080, true), (10_081, false)] {
            assert_eq!(Minutes::try_from(minutes).is_ok(), fits, "{minutes}");
        }
        assert_eq!(BadMinutes(0).to_string(), "`0` is not a number of minutes from 1 to 10080");
    }
}

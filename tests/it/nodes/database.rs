//! What the nodes have in common: an agent's presence, two of their calls, and where the log ends. Rows are
//! small, since the search keeps hundreds of thousands of them.

use chrono::{DateTime, TimeDelta};
use dutyline::domain::presence::{Presence, State};
use dutyline::domain::time::{Hours, Instant};

/// On a clock, from the beginning of the evening.
pub type Hour = i8;

/// When the calls began: the first becomes too old for its addresses in the evening's second hour.
pub const BEGAN: [Hour; 2] = [-3, 0];

/// What the agent may press, by call and turn: the second time, other keys than the first time.
pub const KEYS: [&[[Key; 2]]; 2] =
    [&[[Key::TwoHours, Key::OneHour], [Key::Offline, Key::OneHour]], &[[Key::TwoHours, Key::Offline]]];

/// The tenant's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Database {
    pub duty: Duty,
    pub calls: [Call; 2],
    /// The number of the last event.
    pub head: u8,
}

/// A presence, as far as it tells one evening from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duty {
    /// Since when and until when, whether or not that is over.
    pub window: Option<(Hour, Hour)>,
    pub generation: u8,
    pub at: Option<Hour>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Call {
    /// By turn.
    pub steps: [Option<Step>; 2],
    pub has_ended: bool,
}

/// An answered turn: what was pressed, and the stored reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    pub key: Key,
    pub said: Said,
}

/// What an agent presses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    Offline,
    OneHour,
    TwoHours,
}

/// What an agent is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Said {
    Online { until: Hour },
    Offline,
    Goodbye,
}

impl Duty {
    pub fn presence(self) -> Presence {
        let state = match self.window {
            Some((since, until)) => State::Online { since: instant(since), until: instant(until) },
            None => State::default(),
        };
        let (generation, at) = (self.generation.into(), self.at.map(instant));
        Presence { state, generation, at, ..Presence::default() }
    }

    pub fn of(presence: &Presence) -> Self {
        let window = match presence.state {
            State::Online { since, until } => Some((hour(since), hour(until))),
            State::Offline { .. } => None,
        };
        Self { window, generation: count(presence.generation), at: presence.at.map(hour) }
    }

    pub fn until(self) -> Option<Hour> {
        self.window.map(|(_, until)| until)
    }
}

impl Call {
    /// The turn that is open.
    pub fn turn(self) -> usize {
        self.steps.iter().flatten().count()
    }

    /// The last turn that was answered.
    pub fn latest(self) -> Option<Step> {
        self.steps.into_iter().flatten().next_back()
    }
}

impl Key {
    /// The hours that it asks for; none if it goes off duty.
    pub fn hours(self) -> Option<Hours> {
        let hours = match self {
            Self::Offline => return None,
            Self::OneHour => 1,
            Self::TwoHours => 2,
        };
        Some(Hours::try_from(hours).expect("an hour or two"))
    }
}

pub fn instant(hour: Hour) -> Instant {
    DateTime::UNIX_EPOCH + TimeDelta::hours(hour.into())
}

pub fn hour(at: Instant) -> Hour {
    Hour::try_from((at - DateTime::UNIX_EPOCH).num_hours()).expect("an evening is short")
}

pub fn count(number: u64) -> u8 {
    u8::try_from(number).expect("an evening is short")
}

//! Calendars as other programs keep them (iCalendar, RFC 5545): hours of work come in with them, and who is on duty goes
//! out. What events mean for hours of work is [`import`]'s to say; how they are spelled is known in [`ical`] alone.

pub mod export;
pub mod feed;
pub mod ical;
pub mod import;
pub mod recurrence;
mod zones;

use std::fmt;

use chrono::{NaiveDateTime, NaiveTime, TimeDelta, Timelike};

use crate::domain::calendar::recurrence::Recurrence;
use crate::domain::schedule::BadSchedule;
use crate::domain::time::{Date, Instant, TimeOfDay, Zone};

/// Bytes of a file, at most.
pub const MOST_BYTES: usize = 1024 * 1024;

/// Events of a file, at most.
pub const MOST_EVENTS: usize = 2_000;

/// Letters of an event's identifier that are shown of it.
const SHOWN: usize = 80;

/// What a file says, as far as hours of work are concerned.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    /// In which it is shown, if it says so.
    pub zone: Option<Zone>,
    pub events: Vec<Event>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub place: Place,
    pub start: When,
    /// Not part of it any more.
    pub end: Option<When>,
    pub recurrence: Option<Recurrence>,
    /// Occurrences that do not take place.
    pub except: Vec<When>,
    /// The occurrence of another event, one of the same identifier, in whose place this one is.
    pub replaces: Option<When>,
    pub is_cancelled: bool,
}

/// Where an event stands, for those who look for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub uid: String,
}

/// A time as calendars say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    Day(Date),
    /// What the wall shows there; wherever one is, if no zone is named.
    Wall(NaiveDateTime, Option<Zone>),
    Utc(NaiveDateTime),
}

/// Why a file is not taken in. Nothing of it is, then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCalendar {
    #[error("the file has more than {} KiB; leave out what is over, or split it", MOST_BYTES / 1024)]
    TooLarge,
    #[error("line {line}: {why}")]
    Unreadable { line: usize, why: &'static str },
    #[error("{place}: {property}: {why}")]
    Event { place: Box<Place>, property: &'static str, why: Misfit },
    #[error("the file has no event")]
    Nothing,
    #[error(
        "there are no weekly hours, neither in the file nor of the user; `dutyline schedule set` gives some"
    )]
    NoWeek,
    #[error("the hours would have more than {most} days that differ; import fewer at a time", most = import::MOST_DAYS)]
    TooManyDays,
    #[error("{0}; mend that in the calendar, and import it again")]
    Schedule(BadSchedule),
}

/// Why an event cannot be part of hours of work, and what would mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    #[error("it is missing")]
    Missing,
    #[error("it is there twice; leave one out")]
    Twice,
    #[error("`{0}` cannot be read")]
    Unreadable(String),
    #[error("`{0}` is no time zone that is known; name one like `America/Toronto` in the calendar")]
    UnknownZone(String),
    #[error("hours of work cannot say this; give the dates as events of their own")]
    NotExpressible,
    #[error("`{0}` cannot be said of hours of work; give the dates as events of their own")]
    RulePart(String),
    #[error("it ends before it starts")]
    EndsBeforeStart,
    #[error("a shift has a length of up to 24 hours; split the event")]
    NoShift,
    #[error("an event takes {} days at most; split it", import::LONGEST_DAYS)]
    TooLong,
    #[error("a shift starts and ends at whole minutes; round it in the calendar")]
    Seconds,
    #[error("one is a day and the other a time of day; use the same for both")]
    Mixed,
    #[error(
        "it is not over within {} months; let it end before that, or come every week for ever",
        import::MONTHS_AHEAD
    )]
    TooFar,
    #[error("it starts more than {} months from now; import it later", import::MONTHS_AHEAD)]
    StartsTooFar,
    #[error("days off in every week are no days that differ; leave them out of the weekly shifts instead")]
    EndlessDaysOff,
    #[error(
        "what is repeated is in the zone of the hours of work, `{0}`; change the event's, or give its dates one by one"
    )]
    OtherZone(Zone),
    #[error("holidays are whole days; make it one, or import the file as shifts")]
    NotWholeDay,
    #[error("that day is off by {0}; remove one of the two")]
    DayIsOff(String),
}

impl When {
    /// On which day that is in a zone.
    fn day(&self, zone: &Zone) -> Date {
        match self {
            Self::Day(day) => *day,
            Self::Wall(..) | Self::Utc(_) => self.wall(zone).date(),
        }
    }

    /// What the wall shows in a zone; midnight of a day.
    fn wall(&self, zone: &Zone) -> NaiveDateTime {
        match self {
            Self::Day(day) => day.and_time(NaiveTime::MIN),
            Self::Utc(time) => shown(time.and_utc(), zone),
            Self::Wall(time, other) => match other.as_ref().filter(|other| *other != zone) {
                Some(other) => shown(other.first(time.date(), TimeOfDay::of(time.time())), zone),
                None => *time,
            },
        }
    }

    /// Whether it says what the wall shows in the zone, so that it stays the same when clocks are set.
    fn is_of(&self, zone: &Zone) -> bool {
        match self {
            Self::Day(_) => true,
            Self::Wall(_, other) => other.as_ref().is_none_or(|other| other == zone),
            Self::Utc(_) => *zone == Zone::utc(),
        }
    }

    fn has_seconds(&self) -> bool {
        match self {
            Self::Day(_) => false,
            Self::Wall(time, _) | Self::Utc(time) => time.second() != 0,
        }
    }

    fn later(self, by: TimeDelta) -> Option<Self> {
        Some(match self {
            Self::Day(day) => Self::Day(day.checked_add_signed(by)?),
            Self::Wall(time, zone) => Self::Wall(time.checked_add_signed(by)?, zone),
            Self::Utc(time) => Self::Utc(time.checked_add_signed(by)?),
        })
    }
}

fn shown(at: Instant, zone: &Zone) -> NaiveDateTime {
    let local = zone.local(at);
    local.date().and_time(NaiveTime::MIN) + TimeDelta::minutes(local.time_of_day().minute_of_day().into())
}

impl Place {
    fn misfit(&self, property: &'static str, why: Misfit) -> BadCalendar {
        BadCalendar::Event { place: Box::new(self.clone()), property, why }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.uid.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
        write!(f, "event `{shown}` (line {})", self.line)
    }
}

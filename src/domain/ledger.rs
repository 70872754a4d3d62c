//! How users spend their time, told by the log alone: each event ends one stretch of it and begins the next, so that
//! the same log always comes to the same hours (A3.8).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::availability::{ActiveAvailability, State};
use crate::domain::event::Event;
use crate::domain::presence::Duty;
use crate::domain::presence_code::LabelText;
use crate::domain::time::{Date, Instant, TimeOfDay, Zone};
use crate::domain::user_status::UserStatus;

/// What a user's time is counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Occupation {
    pub duty: Duty,
    /// Why they are on duty or off it (A1.21).
    pub reason: Option<String>,
    pub state: State,
    pub label: Option<LabelText>,
    pub activity: Activity,
}

spelled!(
    /// What a user does for calls.
    Activity, "one of idle, talking, wrap_up", {
        Idle = "idle",
        /// From dialling on.
        Talking = "talking",
        WrapUp = "wrap_up",
    }
);

/// A stretch of one occupation, `[from, to)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    pub occupation: Occupation,
    pub from: Instant,
    pub to: Instant,
}

/// A user's open stretch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    pub occupation: Occupation,
    pub since: Instant,
    /// When what was said ends: whoever notices it later, the stretch ends then (D21).
    said_until: Option<Instant>,
    wrap_up_until: Option<Instant>,
}

/// What an event makes of an open stretch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// The event is about something else.
    Stays,
    Goes(Option<Segment>, Open),
    /// The user's time is not counted any more.
    Ends(Option<Segment>),
}

impl Open {
    fn new(since: Instant) -> Self {
        let occupation = Occupation {
            duty: Duty::Offline,
            reason: None,
            state: State::default(),
            label: None,
            activity: Activity::Idle,
        };
        Self { occupation, since, said_until: None, wrap_up_until: None }
    }

    /// The stretch up to `to`, if it is longer than nothing.
    pub fn until(&self, to: Instant) -> Option<Segment> {
        let segment = || Segment { occupation: self.occupation.clone(), from: self.since, to };
        (self.since < to).then(segment)
    }

    /// The stretch behind one that ends at `at`.
    fn goes(&self, at: Instant, next: Self) -> Turn {
        if next.occupation == self.occupation {
            return Turn::Goes(None, Self { since: self.since, ..next });
        }
        let at = at.max(self.since);
        Turn::Goes(self.until(at), Self { since: at, ..next })
    }
}

/// Takes in an event about a user, logged at `at`. `open` is none for who is not known yet: their time counts from then
/// on.
#[expect(clippy::wildcard_enum_match_arm, reason = "most events say nothing of how a user spends their time")]
pub fn follow(open: Option<&Open>, event: &Event, at: Instant) -> Turn {
    let from = |at| open.cloned().unwrap_or_else(|| Open::new(at));
    match event {
        Event::PresenceOnline(window) => {
            on_duty(&from(window.at), window.at, Duty::Online, window.cause.reason.as_str())
        }
        Event::PresenceOffline(ending) => {
            on_duty(&from(ending.ended), ending.ended, Duty::Offline, ending.cause.reason.as_str())
        }
        Event::UserAvailability(active) => said(&from(active.at), active),
        Event::UserStatus(status) => stands(&from(at), status, at),
        Event::UserAdded(_) => Turn::Goes(None, from(at)),
        Event::UserDeactivated(_) => Turn::Ends(open.and_then(|open| open.until(at))),
        _ => Turn::Stays,
    }
}

fn on_duty(open: &Open, at: Instant, duty: Duty, reason: &str) -> Turn {
    let occupation = Occupation { duty, reason: Some(reason.to_owned()), ..open.occupation.clone() };
    open.goes(at, Open { occupation, ..open.clone() })
}

fn said(open: &Open, active: &ActiveAvailability) -> Turn {
    let said = active.availability.as_ref();
    let label = said.and_then(|said| said.terms.label.clone());
    // A window's end is told by itself, and may move.
    let said_until = said.filter(|said| !said.terms.is_duty()).and_then(|said| said.terms.ends_at);
    let occupation = Occupation { state: active.state, label, ..open.occupation.clone() };
    let at = open.said_until.map_or(active.at, |end| end.min(active.at));
    open.goes(at, Open { occupation, said_until, ..open.clone() })
}

fn stands(open: &Open, status: &UserStatus, at: Instant) -> Turn {
    let activity = match (status.talking, status.wrap_up_end) {
        (true, _) => Activity::Talking,
        (false, Some(_)) => Activity::WrapUp,
        (false, None) => Activity::Idle,
    };
    let occupation = Occupation { activity, ..open.occupation.clone() };
    let at = open.wrap_up_until.map_or(at, |end| end.min(at));
    open.goes(at, Open { occupation, wrap_up_until: status.wrap_up_end, ..open.clone() })
}

/// Milliseconds by day and occupation, the days being those of a zone: a day of 23 or 25 hours has as many.
#[derive(Debug, Clone)]
pub struct Tally<'z> {
    zone: &'z Zone,
    from: Instant,
    to: Instant,
    millis: BTreeMap<Date, BTreeMap<Occupation, i64>>,
    /// Of the last stretch, which is the next one's most of the time.
    day: Option<Day>,
}

/// A day in a zone, `[begin, end)`.
#[derive(Debug, Clone, Copy)]
struct Day {
    date: Date,
    begin: Instant,
    end: Instant,
}

impl<'z> Tally<'z> {
    /// Of what lies within `[from, to)`.
    pub fn within(zone: &'z Zone, (from, to): (Instant, Instant)) -> Self {
        Self { zone, from, to, millis: BTreeMap::new(), day: None }
    }

    pub fn add(&mut self, segment: &Segment) {
        let (mut at, end) = (segment.from.max(self.from), segment.to.min(self.to));
        while at < end {
            let day = self.day(at);
            let next = day.end.min(end);
            let (millis, spent) = ((next - at).num_milliseconds(), self.millis.entry(day.date).or_default());
            if let Some(sum) = spent.get_mut(&segment.occupation) {
                *sum += millis;
            } else {
                spent.insert(segment.occupation.clone(), millis);
            }
            at = next;
        }
    }

    fn day(&mut self, at: Instant) -> Day {
        let zone = self.zone;
        let of = || {
            let date = zone.local(at).date();
            let next = date.succ_opt().expect("calendars go on");
            Day { date, begin: midnight(zone, date), end: midnight(zone, next) }
        };
        let day = self.day.filter(|day| day.begin <= at && at < day.end).unwrap_or_else(of);
        *self.day.insert(day)
    }

    /// In the order of days.
    pub fn rows(self) -> impl Iterator<Item = (Date, Occupation, i64)> {
        self.millis.into_iter().flat_map(|(day, spent)| {
            spent.into_iter().map(move |(occupation, millis)| (day, occupation, millis))
        })
    }
}

/// When a day begins in a zone.
pub fn midnight(zone: &Zone, day: Date) -> Instant {
    zone.first(day, TimeOfDay::MIDNIGHT)
}

#[cfg(test)]
mod tests;

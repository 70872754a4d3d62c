//! What calendar programs subscribe to: when somebody is on duty, what they say of themselves beforehand, and when they
//! work. It holds states and names, and neither notes nor telephone numbers: calendars lie with whoever runs the program.

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};

use crate::domain::availability::{Availability, State};
use crate::domain::calendar::ical::{Component, Property, text};
use crate::domain::ids::UserId;
use crate::domain::presence::Presence;
use crate::domain::schedule::Schedule;
use crate::domain::time::Instant;
use crate::domain::user::Agent;

/// How far ahead a feed tells.
pub const DAYS_AHEAD: u64 = 90;

/// How often programs are asked to look again.
const REFRESH: &str = "PT1H";

/// Whom a feed tells of.
#[derive(Debug)]
pub struct Person<'a> {
    user: &'a UserId,
    name: &'a str,
    presence: &'a Presence,
    schedule: Option<&'a Schedule>,
}

impl<'a> Person<'a> {
    pub fn of(agent: &'a Agent, schedule: Option<&'a Schedule>) -> Self {
        let Agent { id, name, presence, .. } = agent;
        Self { user: id, name, presence, schedule }
    }
}

/// The feed of some people, under a title. It is the same text all day (of UTC) unless something changes.
pub fn feed(title: &str, people: &[Person<'_>], now: Instant) -> String {
    let span = Span::of(now);
    let properties = vec![
        Property::words("NAME", title),
        Property::words("X-WR-CALNAME", title),
        Property::new("REFRESH-INTERVAL", REFRESH).with("VALUE", "DURATION"),
        // As programs know it that are older than the standard.
        Property::new("X-PUBLISHED-TTL", REFRESH),
    ];
    text(properties, people.iter().flat_map(|person| span.events(person)).collect())
}

/// The time that a feed tells of: from the beginning of a day.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: Instant,
    to: Instant,
}

impl Span {
    fn of(now: Instant) -> Self {
        let from = now.date_naive().and_time(NaiveTime::MIN).and_utc();
        Self { from, to: from + Days::new(DAYS_AHEAD + 1) }
    }

    fn events(self, person: &Person<'_>) -> Vec<Component> {
        let mut said = person.presence.availabilities();
        said.sort_by_key(|one| (one.terms.starts_at, one.id.clone()));
        let said = said.iter().filter_map(|one| self.said(person, one));
        // What began yesterday is told from its beginning.
        let hours = |schedule: &Schedule| schedule.working_spans(self.from - Days::new(1), self.to);
        let work = person.schedule.map(hours).unwrap_or_default();
        let work = work.into_iter().filter(|(_, end)| *end > self.from);
        said.chain(work.map(|times| self.work(person, times))).collect()
    }

    /// What somebody says: its identifier stays, and the presence's generation tells which version is the later.
    fn said(self, person: &Person<'_>, one: &Availability) -> Option<Component> {
        let (from, to) = (one.terms.starts_at, one.terms.ends_at.unwrap_or(self.to));
        let is_kept_off = one.terms.is_duty() && person.presence.hold.is_some();
        if to <= self.from || self.to <= from || to <= from || is_kept_off {
            return None;
        }
        let words = if one.terms.is_duty() { "on duty" } else { words(one.terms.state) };
        let mut event = self.event(&one.id.to_string(), (person.name, words), (from, to));
        event.properties.push(Property::new("SEQUENCE", person.presence.generation.to_string()));
        Some(event)
    }

    /// Time at work has no version: other times are another event.
    fn work(self, person: &Person<'_>, times: (Instant, Instant)) -> Component {
        let (from, to) = (times.0.timestamp(), times.1.timestamp());
        self.event(&format!("{}.{from}-{to}", person.user), (person.name, "working hours"), times)
    }

    fn event(self, id: &str, (name, words): (&str, &str), (from, to): (Instant, Instant)) -> Component {
        let properties = vec![
            Property::words("UID", &format!("{id}@dutyline")),
            Property::new("DTSTAMP", utc(self.from)),
            Property::new("DTSTART", utc(from)),
            Property::new("DTEND", utc(to.max(from + TimeDelta::seconds(1)))),
            Property::words("SUMMARY", &format!("{name}: {words}")),
        ];
        Component { name: "VEVENT", properties, parts: Vec::new() }
    }
}

fn words(state: State) -> &'static str {
    match state {
        State::Available => "available",
        State::Busy => "busy",
        State::Away => "away",
        State::Brb => "back soon",
        State::Dnd => "do not disturb",
        State::OffWork => "off work",
    }
}

fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests;

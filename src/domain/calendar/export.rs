//! A user's hours of work as a calendar: what [`super::import`] makes the same hours of again.

use chrono::{Datelike, Days, Months, NaiveTime, TimeDelta, Weekday};

use crate::domain::calendar::ical::{Component, Property, text};
use crate::domain::calendar::recurrence::{EVERY_DAY, spelled};
use crate::domain::ids::UserId;
use crate::domain::schedule::{Schedule, Shift};
use crate::domain::time::{ClockChange, Date, Instant, TimeOfDay, Zone};

/// For how long a calendar tells how clocks are set. Programs that know the zone by its name know better anyway.
const YEARS_AHEAD: u32 = 10;

/// The hours as they are from `now` on; days that are over are not among them.
pub fn hours(user: &UserId, schedule: &Schedule, now: Instant) -> String {
    let today = schedule.zone().local(now).date();
    let sheet = Sheet { user, schedule, today };
    let mut parts: Vec<Component> = clocks(schedule.zone(), today).into_iter().collect();
    parts.extend(sheet.weekly());
    parts.extend(sheet.days());
    text(vec![Property::words("X-WR-TIMEZONE", schedule.zone().name())], parts)
}

#[derive(Debug)]
struct Sheet<'a> {
    user: &'a UserId,
    schedule: &'a Schedule,
    today: Date,
}

impl Sheet<'_> {
    /// An event for each shift, on all its days of the week.
    fn weekly(&self) -> Vec<Component> {
        let rules = self.schedule.rules();
        let mut shifts: Vec<Shift> = rules.iter().map(|rule| rule.shift).collect();
        shifts.sort();
        shifts.dedup();
        let weekly = |shift: Shift| {
            let is_on = |day: Weekday| rules.iter().any(|rule| rule.weekday == day && rule.shift == shift);
            let weekdays: Vec<&str> = EVERY_DAY.into_iter().filter(|day| is_on(*day)).map(spelled).collect();
            let mut days = self.today.iter_days();
            let first = days.find(|day| is_on(day.weekday())).unwrap_or(self.today);
            let mut event = self.shift(first, shift, &format!("week.{}-{}", shift.start, shift.end));
            event
                .properties
                .push(Property::new("RRULE", format!("FREQ=WEEKLY;BYDAY={}", weekdays.join(","))));
            let differ = self.schedule.exceptions().range(first..);
            let without = differ.filter(|(day, shifts)| is_on(day.weekday()) && !shifts.contains(&shift));
            event.properties.extend(without.map(|(day, _)| self.at("EXDATE", *day, shift.start)));
            event
        };
        shifts.into_iter().map(weekly).collect()
    }

    /// The days that differ: an event for a day off, and for each shift that the week has not.
    fn days(&self) -> Vec<Component> {
        let rules = self.schedule.rules();
        let mut events = Vec::new();
        for (day, shifts) in self.schedule.exceptions().range(self.today..) {
            if shifts.is_empty() {
                events.push(self.day_off(*day));
            }
            let is_weekly = |shift: &Shift| {
                rules.iter().any(|rule| rule.weekday == day.weekday() && rule.shift == *shift)
            };
            let own = shifts.iter().filter(|shift| !is_weekly(shift));
            events.extend(
                own.map(|shift| self.shift(*day, *shift, &format!("{day}.{}-{}", shift.start, shift.end))),
            );
        }
        events
    }

    fn day_off(&self, day: Date) -> Component {
        let dated =
            |name, day: Date| Property::new(name, day.format("%Y%m%d").to_string()).with("VALUE", "DATE");
        let times = [dated("DTSTART", day), dated("DTEND", day + Days::new(1))];
        self.event(&format!("{day}.off"), "Off work", times)
    }

    fn shift(&self, day: Date, shift: Shift, name: &str) -> Component {
        let end_day = if shift.is_overnight() { day + Days::new(1) } else { day };
        let times = [self.at("DTSTART", day, shift.start), self.at("DTEND", end_day, shift.end)];
        self.event(name, "Working hours", times)
    }

    fn event(&self, name: &str, words: &str, times: [Property; 2]) -> Component {
        let uid = format!("{}.{}@dutyline", self.user, name.replace(':', ""));
        let stamp = format!("{}T000000Z", self.today.format("%Y%m%d"));
        let mut properties = vec![
            Property::words("UID", &uid),
            Property::new("DTSTAMP", stamp),
            Property::words("SUMMARY", words),
        ];
        properties.extend(times);
        Component { name: "VEVENT", properties, parts: Vec::new() }
    }

    /// What the wall shows in the zone of the hours.
    fn at(&self, name: &'static str, day: Date, time: TimeOfDay) -> Property {
        let wall = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(time.minute_of_day().into());
        let wall = wall.format("%Y%m%dT%H%M%S").to_string();
        let zone = self.schedule.zone();
        if *zone == Zone::utc() {
            Property::new(name, wall + "Z")
        } else {
            Property::new(name, wall).with("TZID", zone.name())
        }
    }
}

/// How clocks are set in a zone; nothing of UTC, which has a way of its own to be written.
fn clocks(zone: &Zone, today: Date) -> Option<Component> {
    if *zone == Zone::utc() {
        return None;
    }
    let from = zone.first(today, TimeOfDay::MIDNIGHT) - TimeDelta::days(366);
    let until = zone.first(today + Months::new(12 * YEARS_AHEAD), TimeOfDay::MIDNIGHT);
    let offset_s = zone.local(from).offset_s;
    let first = ClockChange { at: from, before_s: offset_s, after_s: offset_s };
    let changes = std::iter::once(first).chain(zone.changes(from, until));
    let name = Property::words("TZID", zone.name());
    Some(Component { name: "VTIMEZONE", properties: vec![name], parts: changes.map(observance).collect() })
}

fn observance(ClockChange { at, before_s, after_s }: ClockChange) -> Component {
    let wall = at.naive_utc() + TimeDelta::seconds(before_s.into());
    let properties = vec![
        Property::new("DTSTART", wall.format("%Y%m%dT%H%M%S").to_string()),
        Property::new("TZOFFSETFROM", offset(before_s)),
        Property::new("TZOFFSETTO", offset(after_s)),
    ];
    let name = if after_s > before_s { "DAYLIGHT" } else { "STANDARD" };
    Component { name, properties, parts: Vec::new() }
}

/// `-0500`.
fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests;

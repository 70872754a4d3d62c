//! When a user works, by the clock on their wall, and what the edges of that time make of their
//! availability (A2.7).

pub mod difference;

use std::collections::BTreeMap;
use std::{fmt, iter};

use chrono::{Datelike, Days, Weekday};
use serde::{Deserialize, Serialize};

use crate::domain::availability::{self, Availability, Class, State, Terms};
use crate::domain::ids::AvailabilityId;
use crate::domain::presence::{Presence, Source};
use crate::domain::time::{Date, Instant, TimeOfDay, Zone};

/// A user's hours of work, week by week, and the days that differ. Always one that [`Schedule::new`] took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "Unchecked")]
pub struct Schedule {
    zone: Zone,
    rules: Vec<Rule>,
    /// By date, `2026-12-25`: the shifts of a day that differs; none of a day off.
    #[schema(value_type = BTreeMap<String, Vec<Shift>>)]
    #[serde(default)]
    exceptions: BTreeMap<Date, Vec<Shift>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    zone: Zone,
    rules: Vec<Rule>,
    #[serde(default)]
    exceptions: BTreeMap<Date, Vec<Shift>>,
}

/// A shift of every such day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rule {
    /// `Mon` to `Sun`.
    #[schema(value_type = String, example = "Mon")]
    pub weekday: Weekday,
    #[serde(flatten)]
    pub shift: Shift,
}

/// A stretch of work. It is of the day on which it starts; an end that is not after the start is of the
/// day after, so that `22:00-06:00` is a night and `08:00-08:00` a whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Shift {
    #[schema(value_type = String, example = "08:00")]
    pub start: TimeOfDay,
    #[schema(value_type = String, example = "16:30")]
    pub end: TimeOfDay,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSchedule {
    #[error("a schedule has at least one rule")]
    NoRules,
    #[error("`{0}` starts when its day is over")]
    StartsTooLate(String),
    #[error("`{0}` overlaps `{1}`")]
    Overlap(String, String),
    #[error("`{0}` is not a day of the years {first} to {last}", first = YEARS.0, last = YEARS.1)]
    FarException(Date),
}

/// The years in which there may be exceptions, so that looking for the next edge comes to an end.
const YEARS: (i32, i32) = (2000, 2199);

/// Where time at work begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    Start,
    End,
}

impl Schedule {
    /// `exceptions` are whole days of the zone's calendar: the shifts given are in the place of the day's
    /// own, and none given is a day off.
    pub fn new(
        zone: Zone,
        rules: Vec<Rule>,
        exceptions: BTreeMap<Date, Vec<Shift>>,
    ) -> Result<Self, BadSchedule> {
        if rules.is_empty() {
            return Err(BadSchedule::NoRules);
        }
        for rule in &rules {
            check_day(&rule.weekday, &of_day(&rules, rule.weekday))?;
        }
        for (date, shifts) in &exceptions {
            if !(YEARS.0..=YEARS.1).contains(&date.year()) {
                return Err(BadSchedule::FarException(*date));
            }
            check_day(date, shifts)?;
        }
        Ok(Self { zone, rules, exceptions })
    }

    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub fn exceptions(&self) -> &BTreeMap<Date, Vec<Shift>> {
        &self.exceptions
    }

    pub fn is_working(&self, now: Instant) -> bool {
        let (first, last) = self.days_about(now, now);
        self.spans(first, last).any(|(start, end)| start <= now && now < end)
    }

    /// The next edge later than `after`. None comes any more where every hour is one of work.
    pub fn next_edge(&self, after: Instant) -> Option<(Instant, Edge)> {
        let (first, near) = self.days_about(after, after);
        let last_exception = self.exceptions.keys().next_back();
        let last = last_exception.map_or(near, |day| near.max(*day)) + SETTLED;
        let known = self.zone.first(last, TimeOfDay::END);
        joined(self.spans(first, last))
            .flat_map(|(start, end)| [(start, Edge::Start), (end, Edge::End)])
            .find(|(at, _)| *at > after)
            // A stretch that reaches the last day that was looked at goes on behind it.
            .filter(|(at, _)| *at < known)
    }

    /// The time at work between `from` and `to`: stretches from start to end, none touching the next.
    pub fn working_spans(&self, from: Instant, to: Instant) -> Vec<(Instant, Instant)> {
        let (first, last) = self.days_about(from, to);
        joined(self.spans(first, last))
            .map(|(start, end)| (start.max(from), end.min(to)))
            .filter(|(start, end)| start < end)
            .collect()
    }

    /// The days whose shifts may touch the time from `from` to `to`: a shift ends on the next day, and
    /// clocks that are set at midnight, or over the date line, count for another.
    fn days_about(&self, from: Instant, to: Instant) -> (Date, Date) {
        let date = |at| self.zone.local(at).date();
        (date(from) - Days::new(2), date(to) + Days::new(2))
    }

    /// The shifts of the days from `first` to `last` as instants, by their start. A start is the first
    /// time that the wall shows it and an end the last; a shift that clocks skip is none (D26, I10).
    fn spans(&self, first: Date, last: Date) -> impl Iterator<Item = (Instant, Instant)> {
        let days = first.iter_days().take_while(move |day| *day <= last);
        days.flat_map(move |day| self.shifts(day).into_iter().map(move |shift| (day, shift)))
            .map(move |(day, shift)| {
                let end_day = if shift.is_overnight() { day + Days::new(1) } else { day };
                (self.zone.first(day, shift.start), self.zone.last(end_day, shift.end))
            })
            .filter(|(start, end)| start < end)
    }

    fn shifts(&self, day: Date) -> Vec<Shift> {
        let weekly = || of_day(&self.rules, day.weekday());
        let mut shifts = self.exceptions.get(&day).cloned().unwrap_or_else(weekly);
        shifts.sort_by_key(|shift| shift.start);
        shifts
    }
}

/// After so many days without exceptions every rule has come up, also one that a change of clocks skips.
const SETTLED: Days = Days::new(16);

/// Puts together what touches or overlaps; `spans` come by their start.
fn joined(spans: impl Iterator<Item = (Instant, Instant)>) -> impl Iterator<Item = (Instant, Instant)> {
    let mut spans = spans.peekable();
    iter::from_fn(move || {
        let (start, mut end) = spans.next()?;
        while let Some((_, later)) = spans.next_if(|(next, _)| *next <= end) {
            end = end.max(later);
        }
        Some((start, end))
    })
}

impl Shift {
    pub(super) fn is_overnight(self) -> bool {
        self.end <= self.start
    }

    /// From minute to minute, counted from the beginning of its day.
    fn minutes(self) -> (u16, u16) {
        let next_day = if self.is_overnight() { TimeOfDay::END.minute_of_day() } else { 0 };
        (self.start.minute_of_day(), self.end.minute_of_day() + next_day)
    }

    fn overlaps(self, other: Self) -> bool {
        let ((start, end), (other_start, other_end)) = (self.minutes(), other.minutes());
        start < other_end && other_start < end
    }
}

fn of_day(rules: &[Rule], weekday: Weekday) -> Vec<Shift> {
    rules.iter().filter(|rule| rule.weekday == weekday).map(|rule| rule.shift).collect()
}

/// Whether these can be the shifts of one day. Those of two days may overlap: then they are one stretch.
fn check_day(day: &impl fmt::Display, shifts: &[Shift]) -> Result<(), BadSchedule> {
    for (shift, later) in shifts.iter().zip(1..) {
        let named = |shift: &Shift| format!("{day} {shift}");
        if shift.start == TimeOfDay::END {
            return Err(BadSchedule::StartsTooLate(named(shift)));
        }
        if let Some(other) = shifts[later..].iter().find(|other| shift.overlaps(**other)) {
            return Err(BadSchedule::Overlap(named(shift), named(other)));
        }
    }
    Ok(())
}

impl Edge {
    /// The state that begins here.
    pub fn state(self) -> State {
        match self {
            Self::Start => State::Available,
            Self::End => State::OffWork,
        }
    }

    /// Whether this edge changes the availability of a user whose active one is `active` and whose duty
    /// window ends at `window`, both as they are at the edge (A2.7, D28). Who set an end has said what is
    /// to be until then, and who is not to be disturbed stays so.
    pub fn applies(self, active: Option<&Availability>, window: Option<Instant>) -> bool {
        let has_end = window.is_some() || active.is_some_and(|one| one.terms.ends_at.is_some());
        let state = active.map(|one| one.terms.state).unwrap_or_default();
        match (self, state.class()) {
            (Self::Start, Class::OffWork) | (Self::End, Class::Allow) => !has_end,
            (Self::Start, Class::Allow | Class::NoServiceCalls)
            | (Self::End, Class::NoServiceCalls | Class::OffWork) => false,
        }
    }

    /// The edge that counts for who is at work, or is not.
    pub fn of(is_working: bool) -> Self {
        if is_working { Self::Start } else { Self::End }
    }

    /// What the edge makes of a user's availability, if anything.
    pub fn says(self, presence: &Presence, id: AvailabilityId, at: Instant) -> Option<Availability> {
        let all = presence.availabilities();
        let applies = self.applies(availability::active(&all, at), presence.window(at));
        applies.then(|| self.made(id, at))
    }

    /// The availability that this edge makes where it applies. It starts at the edge, however late that is
    /// noticed, so that what the user has said since then counts.
    pub fn made(self, id: AvailabilityId, at: Instant) -> Availability {
        let terms = Terms {
            state: self.state(),
            starts_at: at,
            ends_at: None,
            transfer: None,
            note: None,
            label: None,
        };
        Availability { id, terms, source: Source::Schedule }
    }
}

impl TryFrom<Unchecked> for Schedule {
    type Error = BadSchedule;
    fn try_from(Unchecked { zone, rules, exceptions }: Unchecked) -> Result<Self, BadSchedule> {
        Self::new(zone, rules, exceptions)
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start, self.end)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.weekday, self.shift)
    }
}

#[cfg(test)]
mod tests;

//! Schedules against walls that are read minute by minute, on the nights on which clocks are set.

use std::sync::LazyLock;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

/// Zones that tell much, each with a year in which its clocks were set, or could have been.
const ZONES: [(&str, i32); 14] = [
    ("America/New_York", 2026),
    ("America/St_Johns", 2026),
    // At one minute past midnight.
    ("America/St_Johns", 2010),
    // At midnight.
    ("America/Sao_Paulo", 2018),
    ("Europe/Berlin", 2026),
    // Its winter time is the one that counts as set.
    ("Europe/Dublin", 2026),
    // Around Ramadan.
    ("Africa/Casablanca", 2026),
    // At midnight, too, and set to UTC+03:30.
    ("Asia/Tehran", 2022),
    ("Asia/Kolkata", 2026),
    // By half an hour.
    ("Australia/Lord_Howe", 2026),
    // At 02:45.
    ("Pacific/Chatham", 2026),
    // Over the date line.
    ("Pacific/Apia", 2011),
    ("Antarctica/Troll", 2026),
    ("UTC", 2026),
];

/// How many minutes around such a night are read off the wall, and how many of them are looked at: a
/// shift that begins or ends in these does so in those.
const READ: TimeDelta = TimeDelta::days(4);
const LOOKED_AT: TimeDelta = TimeDelta::days(1);

/// What a wall shows around one change of its clocks, minute by minute.
struct Night {
    zone: &'static str,
    change: Instant,
    begins: Instant,
    /// The latest that it has shown up to the minute, in minutes since 1970 as the wall counts them.
    reached: Vec<i64>,
    /// The earliest that it will show from the minute on.
    to_come: Vec<i64>,
}

/// What the wall shows, in minutes since 1970.
fn shown(zone: &Zone, at: Instant) -> i64 {
    let local = zone.local(at);
    let days = local.date().signed_duration_since(Date::default()).num_days();
    days * 1440 + i64::from(local.time_of_day().minute_of_day())
}

fn changes(name: &'static str, year: i32) -> Vec<Instant> {
    let zone: Zone = name.parse().expect("a zone");
    let new_year = utc(&format!("{year}-01-01 00:00"));
    let minutes = |hours: i64, minutes: i64| new_year + TimeDelta::minutes(hours * 60 + minutes);
    let offset = |at| zone.local(at).offset_s;
    let hours = (0..365 * 24).filter(|hour| offset(minutes(*hour, 0)) != offset(minutes(hour + 1, 0)));
    let changes = hours.filter_map(|hour| {
        let mut within = (0..60).map(|minute| minutes(hour, minute + 1));
        within.find(|at| offset(*at) != offset(minutes(hour, 0)))
    });
    changes.collect()
}

impl Night {
    fn read(name: &'static str, change: Instant) -> Self {
        let zone: Zone = name.parse().expect("a zone");
        let begins = change - READ;
        let wall: Vec<_> =
            (0..2 * READ.num_minutes()).map(|m| shown(&zone, begins + TimeDelta::minutes(m))).collect();
        let latest = |reached: &mut i64, shown: &i64| {
            *reached = (*reached).max(*shown);
            Some(*reached)
        };
        let earliest = |to_come: &mut i64, shown: &i64| {
            *to_come = (*to_come).min(*shown);
            Some(*to_come)
        };
        let reached = wall.iter().scan(i64::MIN, latest).collect();
        let mut to_come: Vec<_> = wall.iter().rev().scan(i64::MAX, earliest).collect();
        to_come.reverse();
        Self { zone: name, change, begins, reached, to_come }
    }

    /// At work in a shift is who has seen its start on the wall, and sees a time before its end now or
    /// later, or the end itself later.
    fn is_working(&self, schedule: &Schedule, at: Instant) -> bool {
        let place = usize::try_from((at - self.begins).num_minutes()).expect("read");
        let (reached, to_come, later) = (self.reached[place], self.to_come[place], self.to_come[place + 1]);
        let today = reached.div_euclid(1440);
        (today - 3..=today + 3).any(|day| {
            let date = Date::default() + TimeDelta::days(day);
            let weekly = schedule.rules().iter().filter(|rule| rule.weekday == date.weekday());
            let weekly = weekly.map(|rule| rule.shift).collect();
            schedule.exceptions().get(&date).cloned().unwrap_or(weekly).iter().any(|Shift { start, end }| {
                let start = i64::from(start.minute_of_day());
                let end = i64::from(end.minute_of_day());
                let end = if end <= start { end + 1440 } else { end };
                let (start, end) = (day * 1440 + start, day * 1440 + end);
                reached >= start && (to_come < end || later <= end)
            })
        })
    }
}

impl fmt::Debug for Night {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", told(self.change), self.zone)
    }
}

static NIGHTS: LazyLock<Vec<Night>> = LazyLock::new(|| {
    let nights = ZONES.iter().flat_map(|(zone, year)| {
        let changes = changes(zone, *year);
        let middle = utc(&format!("{year}-06-15 00:00"));
        let nights = if changes.is_empty() { vec![middle] } else { changes };
        nights.into_iter().map(|change| Night::read(zone, change))
    });
    nights.collect()
});

#[test]
fn the_nights_are_those_of_the_zones_history() {
    let told: Vec<_> = NIGHTS.iter().map(|night| format!("{night:?}")).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    2026-03-08 07:00 America/New_York
    2026-11-01 06:00 America/New_York
    2026-03-08 05:30 America/St_Johns
    2026-11-01 04:30 America/St_Johns
    2010-03-14 03:31 America/St_Johns
    2010-11-07 02:31 America/St_Johns
    2018-02-18 02:00 America/Sao_Paulo
    2018-11-04 03:00 America/Sao_Paulo
    2026-03-29 01:00 Europe/Berlin
    2026-10-25 01:00 Europe/Berlin
    2026-03-29 01:00 Europe/Dublin
    2026-10-25 01:00 Europe/Dublin
    2026-02-15 02:00 Africa/Casablanca
    2026-03-22 02:00 Africa/Casablanca
    2026-09-20 01:00 Africa/Casablanca
    2022-03-21 20:30 Asia/Tehran
    2022-09-21 19:30 Asia/Tehran
    2026-06-15 00:00 Asia/Kolkata
    2026-04-04 15:00 Australia/Lord_Howe
    2026-10-03 15:30 Australia/Lord_Howe
    2026-04-04 14:00 Pacific/Chatham
    2026-09-26 14:00 Pacific/Chatham
    2011-04-02 14:00 Pacific/Apia
    2011-09-24 14:00 Pacific/Apia
    2011-12-30 10:00 Pacific/Apia
    2026-03-29 01:00 Antarctica/Troll
    2026-10-25 01:00 Antarctica/Troll
    2026-06-15 00:00 UTC
    ");
}

/// Times of day, many of them near those at which clocks are set.
fn time() -> impl Strategy<Value = u16> {
    prop_oneof![3 => (0..20_u16).prop_map(|quarter| quarter * 15), 1 => 0..1440_u16, 1 => Just(1380)]
}

fn time_of_day(minute: u16) -> TimeOfDay {
    format!("{:02}:{:02}", minute / 60, minute % 60).parse().expect("a time")
}

/// Shifts of one day that do not overlap, out of times that are taken two by two.
fn shifts() -> impl Strategy<Value = Vec<Shift>> {
    (prop::collection::btree_set(time(), 0..6), any::<bool>()).prop_map(|(times, is_night)| {
        let mut times: Vec<_> = times.into_iter().map(time_of_day).collect();
        if is_night && times.len() > 1 {
            // The last one goes on until the first time of the next day.
            times.rotate_left(1);
        }
        times.chunks_exact(2).map(|pair| Shift { start: pair[0], end: pair[1] }).collect()
    })
}

fn schedules() -> impl Strategy<Value = (&'static Night, Schedule)> {
    let week = prop::collection::vec(shifts(), 7);
    let exceptions = prop::collection::btree_map(-3..4_i64, shifts(), 0..3);
    (0..NIGHTS.len(), week, exceptions).prop_filter_map("no shifts", |(night, week, exceptions)| {
        let night = &NIGHTS[night];
        let zone: Zone = night.zone.parse().expect("a zone");
        let today = zone.local(night.change).date();
        let day = |days| today + TimeDelta::days(days);
        let rules = (0..).zip(week).flat_map(|(days, shifts)| {
            let weekday = day(days).weekday();
            shifts.into_iter().map(move |shift| Rule { weekday, shift })
        });
        let rules: Vec<_> = rules.collect();
        let exceptions = exceptions.into_iter().map(|(days, shifts)| (day(days), shifts)).collect();
        Some((night, Schedule::new(zone, rules, exceptions).ok()?))
    })
}

proptest! {
    #[test]
    fn any_schedule_goes_as_the_wall_shows((night, schedule) in schedules()) {
        let (from, to) = (night.change - LOOKED_AT, night.change + LOOKED_AT);
        let spans = schedule.working_spans(from, to);
        for pair in spans.windows(2) {
            prop_assert!(pair[0].1 < pair[1].0, "{spans:?}");
        }
        let mut edge = schedule.next_edge(from);
        let mut before = night.is_working(&schedule, from);
        for minute in 0..(to - from).num_minutes() {
            let now = from + TimeDelta::minutes(minute);
            let wanted = night.is_working(&schedule, now);
            let spanned = spans.iter().any(|(start, end)| *start <= now && now < *end);
            prop_assert_eq!(spanned, wanted, "span at {}", now);
            if wanted != before {
                let kind = if wanted { Edge::Start } else { Edge::End };
                prop_assert_eq!(edge, Some((now, kind)), "edge at {}", now);
                edge = schedule.next_edge(now);
                prop_assert_eq!(schedule.is_working(now), wanted, "working at {}", now);
                let just_before = now - TimeDelta::milliseconds(1);
                prop_assert_eq!(schedule.is_working(just_before), before, "working before {}", now);
            }
            before = wanted;
        }
        prop_assert!(edge.is_none_or(|(at, _)| at >= to), "{edge:?}");
    }
}

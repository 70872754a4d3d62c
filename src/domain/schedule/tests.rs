//! Schedules in tables; what they make of nights on which clocks are set is in `nights`.

mod nights;

use super::*;

/// A shift as `09:00-17:00`.
fn shift(text: &str) -> Shift {
    let (start, end) = text.split_once('-').expect("a start and an end");
    Shift { start: start.parse().expect("a time"), end: end.parse().expect("a time") }
}

/// A rule as `Mon 09:00-17:00`.
fn rule(text: &str) -> Rule {
    let (weekday, hours) = text.split_once(' ').expect("a day and hours");
    Rule { weekday: weekday.parse().expect("a day"), shift: shift(hours) }
}

/// An exception as `2026-12-25` or `2026-12-24 09:00-12:00`.
fn exception(text: &str) -> (Date, Vec<Shift>) {
    let mut words = text.split(' ');
    let date = words.next().and_then(|date| date.parse().ok()).expect("a date");
    (date, words.map(shift).collect())
}

fn try_schedule(zone: &str, rules: &[&str], exceptions: &[&str]) -> Result<Schedule, BadSchedule> {
    let rules = rules.iter().map(|text| rule(text)).collect();
    let exceptions = exceptions.iter().map(|text| exception(text)).collect();
    Schedule::new(zone.parse().expect("a zone"), rules, exceptions)
}

fn schedule(zone: &str, rules: &[&str], exceptions: &[&str]) -> Schedule {
    try_schedule(zone, rules, exceptions).expect("a schedule")
}

/// An instant as `2026-03-08 07:00`, in UTC.
fn utc(text: &str) -> Instant {
    format!("{}:00Z", text.replace(' ', "T")).parse().expect("an instant")
}

fn told(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

/// The spans from one instant to another, as `2026-03-08 07:00 to 2026-03-08 15:00`.
#[track_caller]
fn check_spans(schedule: &Schedule, from: &str, to: &str, wanted: &[&str]) {
    let spans = schedule.working_spans(utc(from), utc(to));
    let found: Vec<_> =
        spans.iter().map(|(start, end)| format!("{} to {}", told(*start), told(*end))).collect();
    assert_eq!(found, wanted);
}

const OFFICE: &[&str] = &["Mon 09:00-12:00", "Mon 13:00-17:00", "Tue 09:00-17:00"];

#[test]
fn a_schedule_is_refused_by_the_rule_that_is_wrong() {
    for (rules, exceptions, wanted) in [
        (&[][..], &[][..], "a schedule has at least one rule"),
        (&["Mon 09:00-12:00", "Mon 11:59-17:00"], &[], "`Mon 09:00-12:00` overlaps `Mon 11:59-17:00`"),
        (&["Mon 22:00-06:00", "Mon 23:00-23:30"], &[], "`Mon 22:00-06:00` overlaps `Mon 23:00-23:30`"),
        (&["Mon 08:00-08:00", "Mon 09:00-10:00"], &[], "`Mon 08:00-08:00` overlaps `Mon 09:00-10:00`"),
        (&["Mon 24:00-06:00"], &[], "`Mon 24:00-06:00` starts when its day is over"),
        (
            &["Mon 09:00-17:00"],
            &["2026-12-24 09:00-12:00 10:00-11:00"],
            "`2026-12-24 09:00-12:00` overlaps `2026-12-24 10:00-11:00`",
        ),
        (&["Mon 09:00-17:00"], &["1999-12-31"], "`1999-12-31` is not a day of the years 2000 to 2199"),
        (&["Mon 09:00-17:00"], &["2200-01-01"], "`2200-01-01` is not a day of the years 2000 to 2199"),
    ] {
        let refused = try_schedule("UTC", rules, exceptions).expect_err("refused");
        assert_eq!(refused.to_string(), wanted);
    }
    for rules in [
        &["Mon 09:00-12:00", "Mon 12:00-17:00"][..],
        &["Mon 22:00-06:00", "Mon 06:00-09:00"],
        &["Mon 00:00-24:00"],
        &["Mon 22:00-06:00", "Tue 05:00-09:00"],
    ] {
        assert!(try_schedule("UTC", rules, &["2026-12-25"]).is_ok(), "{rules:?}");
    }
}

#[test]
fn time_at_work_is_half_open() {
    let office = schedule("UTC", OFFICE, &[]);
    for (now, working) in [
        ("2026-06-01 08:59", false),
        ("2026-06-01 09:00", true),
        ("2026-06-01 11:59", true),
        ("2026-06-01 12:00", false),
        ("2026-06-01 13:00", true),
        ("2026-06-03 10:00", false),
    ] {
        assert_eq!(office.is_working(utc(now)), working, "{now}");
    }
}

#[test]
fn edges_follow_upon_one_another() {
    let office = schedule("UTC", OFFICE, &["2026-06-08"]);
    let mut edges = vec![];
    let mut now = utc("2026-05-31 00:00");
    for _ in 0..8 {
        let (at, edge) = office.next_edge(now).expect("work goes on");
        edges.push(format!("{} {edge:?}", told(at)));
        now = at;
    }
    insta::assert_snapshot!(edges.join("\n"), @r"
    2026-06-01 09:00 Start
    2026-06-01 12:00 End
    2026-06-01 13:00 Start
    2026-06-01 17:00 End
    2026-06-02 09:00 Start
    2026-06-02 17:00 End
    2026-06-09 09:00 Start
    2026-06-09 17:00 End
    ");
}

#[test]
fn who_always_works_has_no_edge_but_around_a_day_off() {
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let rules = days.map(|day| format!("{day} 00:00-24:00"));
    let always = rules.each_ref().map(String::as_str);
    let now = utc("2026-06-01 12:00");
    assert_eq!(schedule("America/Toronto", &always, &[]).next_edge(now), None);
    let but_once = schedule("UTC", &always, &["2028-01-01"]);
    assert_eq!(but_once.next_edge(now), Some((utc("2028-01-01 00:00"), Edge::End)));
    let day_off = utc("2028-01-01 12:00");
    assert_eq!(but_once.next_edge(day_off), Some((utc("2028-01-02 00:00"), Edge::Start)));
    assert_eq!(but_once.next_edge(utc("2028-01-02 00:00")), None);
}

#[test]
fn the_next_edge_is_found_behind_any_number_of_days_off_and_skipped_shifts() {
    // Clocks skip the only hour of the week.
    let night = schedule("America/New_York", &["Sun 02:00-03:00"], &[]);
    let skipped = Some((utc("2026-03-15 06:00"), Edge::Start));
    assert_eq!(night.next_edge(utc("2026-03-01 08:00")), skipped);
    let days_off: Vec<_> = (0..60)
        .map(|week| (utc("2026-06-01 00:00") + Days::new(7 * week)).date_naive().to_string())
        .collect();
    let days_off: Vec<_> = days_off.iter().map(String::as_str).collect();
    let rare = schedule("UTC", &["Mon 09:00-17:00"], &days_off);
    let found = rare.next_edge(utc("2026-06-01 00:00"));
    assert_eq!(found, Some((utc("2027-07-26 09:00"), Edge::Start)));
}

#[test]
fn stretches_that_touch_are_one_and_are_cut_at_both_sides() {
    let nights = schedule("UTC", &["Mon 22:00-06:00", "Tue 05:00-09:00", "Tue 09:00-10:00"], &[]);
    let whole = ["2026-06-01 22:00 to 2026-06-02 10:00"];
    check_spans(&nights, "2026-06-01 00:00", "2026-06-03 00:00", &whole);
    let cut = ["2026-06-02 00:00 to 2026-06-02 01:00"];
    check_spans(&nights, "2026-06-02 00:00", "2026-06-02 01:00", &cut);
    check_spans(&nights, "2026-06-02 10:00", "2026-06-08 22:00", &[]);
    check_spans(&nights, "2026-06-02 01:00", "2026-06-02 01:00", &[]);
}

#[test]
fn an_exception_replaces_the_shifts_that_start_on_its_day() {
    let nights = schedule(
        "UTC",
        &["Wed 22:00-06:00", "Thu 22:00-06:00", "Fri 09:00-17:00"],
        &["2026-12-24 09:00-12:00", "2026-12-25"],
    );
    // Wednesday's night goes on into the day that differs, Thursday's is no more.
    let wanted = ["2026-12-23 22:00 to 2026-12-24 06:00", "2026-12-24 09:00 to 2026-12-24 12:00"];
    check_spans(&nights, "2026-12-21 00:00", "2026-12-28 00:00", &wanted);
}

#[test]
fn nights_on_which_clocks_are_set() {
    let night = |zone, hours: &str| {
        let week = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map(|day| format!("{day} {hours}"));
        schedule(zone, &week.each_ref().map(String::as_str), &[])
    };
    for (zone, hours, from, to, wanted) in [
        // 02:00 to 03:00 is skipped: a start in it moves to its end, and an end too.
        (
            "America/New_York",
            "02:30-04:00",
            "2026-03-08 05:00",
            "2026-03-08 12:00",
            "2026-03-08 07:00 to 2026-03-08 08:00",
        ),
        (
            "America/New_York",
            "01:00-02:30",
            "2026-03-08 05:00",
            "2026-03-08 12:00",
            "2026-03-08 06:00 to 2026-03-08 07:00",
        ),
        // 01:00 to 02:00 comes twice: from the first start to the last end.
        (
            "America/New_York",
            "01:15-01:45",
            "2026-11-01 04:00",
            "2026-11-01 12:00",
            "2026-11-01 05:15 to 2026-11-01 06:45",
        ),
        // A night across it is an hour longer, or shorter, than its wall says.
        (
            "Europe/Berlin",
            "22:00-06:00",
            "2026-10-24 12:00",
            "2026-10-25 12:00",
            "2026-10-24 20:00 to 2026-10-25 05:00",
        ),
        (
            "Europe/Berlin",
            "22:00-06:00",
            "2026-03-28 12:00",
            "2026-03-29 12:00",
            "2026-03-28 21:00 to 2026-03-29 04:00",
        ),
        // The 30th of December never was: its night is the morning that was left of it.
        (
            "Pacific/Apia",
            "22:00-02:00",
            "2011-12-30 08:00",
            "2011-12-30 20:00",
            "2011-12-30 08:00 to 2011-12-30 12:00",
        ),
    ] {
        check_spans(&night(zone, hours), from, to, &[wanted]);
    }
}

#[test]
fn an_edge_changes_only_who_set_no_end() {
    // Both sides of the guard (A2.7), and a window, which has an end (D28).
    let window = Some(utc("2026-06-01 17:00"));
    let end = Some(utc("2026-06-01 18:00"));
    for (state, ends_at, window, at_start, at_end) in [
        (None, None, None, false, true),
        (None, None, window, false, false),
        (Some(State::OffWork), None, None, true, false),
        (Some(State::OffWork), end, None, false, false),
        (Some(State::OffWork), None, window, false, false),
        (Some(State::Available), None, None, false, true),
        (Some(State::Available), end, None, false, false),
        (Some(State::Available), None, window, false, false),
        (Some(State::Busy), None, None, false, true),
        (Some(State::Away), None, None, false, true),
        (Some(State::Brb), None, None, false, true),
        (Some(State::Dnd), None, None, false, false),
        (Some(State::Dnd), end, None, false, false),
    ] {
        let active = state.map(|state| Availability {
            id: AvailabilityId::from_bits(1),
            terms: Terms {
                state,
                ends_at,
                ..Edge::Start.made(AvailabilityId::from_bits(1), utc("2026-06-01 08:00")).terms
            },
            source: Source::Api,
        });
        let found = [Edge::Start, Edge::End].map(|edge| edge.applies(active.as_ref(), window));
        assert_eq!(found, [at_start, at_end], "{state:?} until {ends_at:?}, window {window:?}");
    }
}

#[test]
fn an_edge_makes_an_availability_that_goes_on() {
    let at = utc("2026-06-01 17:00");
    let made = Edge::End.made(AvailabilityId::from_bits(1), at);
    assert_eq!((made.terms.state, made.terms.starts_at), (State::OffWork, at));
    assert_eq!((made.terms.ends_at, made.source), (None, Source::Schedule));
    assert_eq!(Edge::Start.state(), State::Available);
}

#[test]
fn a_schedule_reads_as_it_is_written_and_is_checked_when_read() {
    let schedule = schedule("Europe/Berlin", &["Mon 22:00-06:00"], &["2026-12-24 09:00-12:00", "2026-12-25"]);
    let text = serde_json::to_string(&schedule).expect("plain data");
    insta::assert_snapshot!(text, @r#"{"zone":"Europe/Berlin","rules":[{"weekday":"Mon","start":"22:00","end":"06:00"}],"exceptions":{"2026-12-24":[{"start":"09:00","end":"12:00"}],"2026-12-25":[]}}"#);
    assert_eq!(serde_json::from_str::<Schedule>(&text).expect("what was written"), schedule);
    assert!(serde_json::from_str::<Schedule>(r#"{"zone":"UTC","rules":[]}"#).is_err());
}

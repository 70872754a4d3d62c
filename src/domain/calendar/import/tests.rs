use super::*;
use crate::domain::calendar::ical;

/// Friday, noon in Toronto.
const NOW: &str = "2026-11-20T17:00:00Z";

fn zone(name: &str) -> Zone {
    name.parse().expect("a zone")
}

/// What a user has before: 08:00 to 16:00 from Monday to Friday in Toronto, and a day off at Christmas.
fn usual() -> Schedule {
    let week = ["Mon", "Tue", "Wed", "Thu", "Fri"]
        .map(|day| format!("[[rules]]\nweekday = \"{day}\"\nstart = \"08:00\"\nend = \"16:00\"\n"));
    let text = format!("zone = \"America/Toronto\"\n{}[exceptions]\n2026-12-25 = []\n", week.concat());
    toml::from_str(&text).expect("hours")
}

/// An event for each group of lines.
fn calendar(events: &[&str]) -> Result<Calendar, BadCalendar> {
    let event = |(lines, number): (&&str, usize)| {
        let uid = if lines.contains("UID:") { String::new() } else { format!("UID:{number}\n") };
        format!("BEGIN:VEVENT\n{uid}{}\nEND:VEVENT\n", lines.replace(' ', "\n"))
    };
    let events: String = events.iter().zip(1..).map(event).collect();
    ical::read(format!("BEGIN:VCALENDAR\nVERSION:2.0\n{events}END:VCALENDAR\n").as_bytes())
}

/// What is left of the hours in words: `Mon 08:00-16:00`, `2026-12-25`.
fn words(schedule: &Schedule) -> Vec<String> {
    let rules = schedule.rules().iter().map(ToString::to_string);
    let days = schedule.exceptions().iter().map(|(day, shifts)| {
        let words = std::iter::once(day.to_string()).chain(shifts.iter().map(ToString::to_string));
        words.collect::<Vec<_>>().join(" ")
    });
    rules.chain(days).collect()
}

fn imported(kind: Kind, before: Option<&Schedule>, events: &[&str]) -> Result<Imported, BadCalendar> {
    import(&calendar(events)?, kind, before, &zone("America/Toronto"), NOW.parse().expect("an instant"))
}

/// What an import of holidays into the usual hours changes of their days.
fn days(events: &[&str]) -> Vec<String> {
    let imported = imported(Kind::Holidays, Some(&usual()), events).expect("taken in");
    words(&imported.schedule).split_off(5)
}

/// The hours of a user who had none.
fn shifts(events: &[&str]) -> Vec<String> {
    words(&imported(Kind::Shifts, None, events).expect("taken in").schedule)
}

fn refused(kind: Kind, events: &[&str]) -> String {
    imported(kind, Some(&usual()), events).expect_err("refused").to_string()
}

#[test]
fn whole_days_are_days_off() {
    for (event, expected) in [
        ("DTSTART;VALUE=DATE:20261224", &["2026-12-24", "2026-12-25"][..]),
        // The end is not a day of it.
        (
            "DTSTART;VALUE=DATE:20261224 DTEND;VALUE=DATE:20261227",
            &["2026-12-24", "2026-12-25", "2026-12-26"],
        ),
        ("DTSTART;VALUE=DATE:20261224 DTEND;VALUE=DATE:20261224", &["2026-12-24", "2026-12-25"]),
        ("DTSTART;VALUE=DATE:20261224 DURATION:P2D", &["2026-12-24", "2026-12-25"]),
        // It has begun, and today is one of its days.
        (
            "DTSTART;VALUE=DATE:20261101 DTEND;VALUE=DATE:20261122",
            &["2026-11-20", "2026-11-21", "2026-12-25"],
        ),
        ("DTSTART;VALUE=DATE:20261101 DTEND;VALUE=DATE:20261120", &["2026-12-25"]),
        ("DTSTART;VALUE=DATE:20261224 STATUS:CANCELLED", &["2026-12-25"]),
        ("DTSTART;VALUE=DATE:20000101 RRULE:FREQ=YEARLY", &["2026-12-25", "2027-01-01", "2028-01-01"]),
        (
            "DTSTART;VALUE=DATE:20000101 RRULE:FREQ=YEARLY EXDATE;VALUE=DATE:20270101",
            &["2026-12-25", "2028-01-01"],
        ),
        (
            "DTSTART;VALUE=DATE:20251231 DTEND;VALUE=DATE:20260102 RRULE:FREQ=YEARLY",
            &["2026-12-25", "2026-12-31", "2027-01-01", "2027-12-31", "2028-01-01"],
        ),
        (
            "DTSTART;VALUE=DATE:20261126 RRULE:FREQ=WEEKLY;COUNT=2",
            &["2026-11-26", "2026-12-03", "2026-12-25"],
        ),
        ("DTSTART;VALUE=DATE:21000101", &["2026-12-25", "2100-01-01"]),
    ] {
        assert_eq!(days(&[event]), expected, "{event}");
    }
}

#[test]
fn what_is_left_out_is_counted() {
    let events = [
        "DTSTART;VALUE=DATE:20261101",
        "DTSTART;VALUE=DATE:20000101 RRULE:FREQ=YEARLY;COUNT=3",
        "DTSTART;VALUE=DATE:20261224 STATUS:CANCELLED",
        "DTSTART;VALUE=DATE:20261224",
    ];
    let taken = imported(Kind::Holidays, Some(&usual()), &events).expect("taken in");
    assert_eq!(taken.left_out, LeftOut { cancelled: 1, over: 2 });
}

#[test]
fn weekly_events_are_rules_and_the_rest_are_days_that_differ() {
    let week = "DTSTART;TZID=America/Toronto:20261116T080000 DTEND;TZID=America/Toronto:20261116T160000 RRULE:FREQ=WEEKLY;BYDAY=MO,WE";
    let rules = ["Mon 08:00-16:00", "Wed 08:00-16:00"];
    for (more, expected) in [
        ("", &[][..]),
        // An occurrence that does not take place, and one that did not.
        ("EXDATE;TZID=America/Toronto:20261123T080000,20261102T080000", &["2026-11-23"]),
        ("EXDATE:20261123T130000Z", &["2026-11-23"]),
    ] {
        let all: Vec<&str> = rules.iter().chain(expected).copied().collect();
        assert_eq!(shifts(&[&format!("{week} {more}")]), all, "{more}");
    }
    for (event, expected) in [
        // Beside the weekly ones of its day.
        ("DTSTART:20261125T230000Z DTEND:20261126T010000Z", "2026-11-25 08:00-16:00 18:00-20:00"),
        (
            "DTSTART;TZID=Europe/Berlin:20261124T080000 DTEND;TZID=Europe/Berlin:20261124T120000",
            "2026-11-24 02:00-06:00",
        ),
        ("DTSTART:20261124T220000 DURATION:PT8H", "2026-11-24 22:00-06:00"),
        ("DTSTART:20261124T080000 DTEND:20261125T000000", "2026-11-24 08:00-24:00"),
        ("DTSTART:20261124T080000 DTEND:20261125T080000", "2026-11-24 08:00-08:00"),
        ("DTSTART;VALUE=DATE:20261125", "2026-11-25"),
        // An occurrence that is moved, and one that is cancelled.
        (
            "UID:w RECURRENCE-ID;TZID=America/Toronto:20261125T080000 DTSTART:20261125T100000 DTEND:20261125T140000",
            "2026-11-25 10:00-14:00",
        ),
        ("UID:w RECURRENCE-ID:20261125T130000Z DTSTART:20261125T080000 STATUS:CANCELLED", "2026-11-25"),
    ] {
        let all: Vec<&str> = rules.iter().copied().chain([expected]).collect();
        assert_eq!(shifts(&[&format!("UID:w {week}"), event]), all, "{event}");
    }
}

#[test]
fn a_series_that_ends_where_another_begins_is_followed_day_by_day() {
    let events = [
        "DTSTART:20261102T080000 DTEND:20261102T160000 RRULE:FREQ=WEEKLY;UNTIL=20261129T235959",
        "DTSTART:20261130T090000 DTEND:20261130T170000 RRULE:FREQ=WEEKLY",
    ];
    assert_eq!(shifts(&events), ["Mon 09:00-17:00", "2026-11-23 08:00-16:00"]);
    // What begins later is not there before.
    assert_eq!(
        shifts(&[events[1].replace("20261130", "20261207").as_str()]),
        ["Mon 09:00-17:00", "2026-11-23", "2026-11-30"]
    );
    let other_weeks =
        ["DTSTART:20261123T180000 DTEND:20261123T200000 RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=2", events[1]];
    let expected = ["Mon 09:00-17:00", "2026-11-23 18:00-20:00", "2026-12-07 09:00-17:00 18:00-20:00"];
    assert_eq!(shifts(&other_weeks), expected);
}

#[test]
fn what_the_file_does_not_speak_of_stays() {
    let dated = ["DTSTART:20261123T100000 DTEND:20261123T180000"];
    let taken = imported(Kind::Shifts, Some(&usual()), &dated).expect("taken in").schedule;
    assert_eq!(taken.rules(), usual().rules());
    assert_eq!(words(&taken)[5..], ["2026-11-23 10:00-18:00", "2026-12-25"], "in the place of the day's own");
    let weekly = ["DTSTART:20261123T100000 DTEND:20261123T180000 RRULE:FREQ=WEEKLY"];
    let taken = imported(Kind::Shifts, Some(&usual()), &weekly).expect("taken in").schedule;
    assert_eq!(words(&taken), ["Mon 10:00-18:00", "2026-12-25"], "in the place of the week");
    // A day on which somebody works as usual after all.
    let usual_day = ["DTSTART:20261225T080000 DTEND:20261225T160000"];
    let taken = imported(Kind::Shifts, Some(&usual()), &usual_day).expect("taken in").schedule;
    assert_eq!(words(&taken)[5..], [] as [&str; 0]);
}

#[test]
fn hours_that_there_were_none_of_are_in_the_zone_of_the_calendar() {
    let zone_of =
        |events: &[&str]| imported(Kind::Shifts, None, events).expect("taken in").schedule.zone().to_string();
    let week = "RRULE:FREQ=WEEKLY DURATION:PT8H";
    assert_eq!(zone_of(&[&format!("DTSTART;TZID=Europe/Berlin:20261123T080000 {week}")]), "Europe/Berlin");
    assert_eq!(zone_of(&[&format!("DTSTART:20261123T080000 {week}")]), "America/Toronto");
}

#[test]
fn what_hours_of_work_cannot_say_is_refused_and_nothing_is_done() {
    let week = "RRULE:FREQ=WEEKLY";
    for (kind, event, why) in [
        (
            Kind::Holidays,
            "DTSTART:20261224T120000 DURATION:PT4H",
            "DTSTART: holidays are whole days; make it one, or import the file as shifts",
        ),
        (
            Kind::Holidays,
            "DTSTART;VALUE=DATE:20261224 DTEND;VALUE=DATE:20261223",
            "DTEND: it ends before it starts",
        ),
        (
            Kind::Holidays,
            "DTSTART;VALUE=DATE:20261224 DTEND;VALUE=DATE:20280101",
            "DTEND: an event takes 366 days at most; split it",
        ),
        (
            Kind::Holidays,
            "DTSTART;VALUE=DATE:20261224 DTEND:20261225T000000",
            "DTEND: one is a day and the other a time of day; use the same for both",
        ),
        (
            Kind::Holidays,
            &format!("DTSTART;VALUE=DATE:20261224 {week}"),
            "RRULE: days off in every week are no days that differ; leave them out of the weekly shifts instead",
        ),
        (
            Kind::Shifts,
            "DTSTART:20261124T080000",
            "DTEND: a shift has a length of up to 24 hours; split the event",
        ),
        (
            Kind::Shifts,
            "DTSTART:20261124T080000 DTEND:20261124T080000",
            "DTEND: a shift has a length of up to 24 hours; split the event",
        ),
        (
            Kind::Shifts,
            "DTSTART:20261124T080000 DURATION:PT25H",
            "DTEND: a shift has a length of up to 24 hours; split the event",
        ),
        (Kind::Shifts, "DTSTART:20261124T080000 DTEND:20261124T070000", "DTEND: it ends before it starts"),
        (
            Kind::Shifts,
            "DTSTART:20261124T080030 DURATION:PT1H",
            "DTEND: a shift starts and ends at whole minutes; round it in the calendar",
        ),
        (
            Kind::Shifts,
            "DTSTART:20261124T080000 DTEND;VALUE=DATE:20261125",
            "DTEND: one is a day and the other a time of day; use the same for both",
        ),
        (
            Kind::Shifts,
            &format!("DTSTART;TZID=Europe/Berlin:20261124T080000 DURATION:PT8H {week}"),
            "DTSTART: what is repeated is in the zone of the hours of work, `America/Toronto`; change the event's, or give its dates one by one",
        ),
        (
            Kind::Shifts,
            &format!("DTSTART:20261124T080000Z DURATION:PT8H {week}"),
            "DTSTART: what is repeated is in the zone of the hours of work, `America/Toronto`; change the event's, or give its dates one by one",
        ),
        (
            Kind::Shifts,
            &format!("DTSTART:20261124T080000 DURATION:PT8H {week};INTERVAL=2"),
            "RRULE: it is not over within 24 months; let it end before that, or come every week for ever",
        ),
        (
            Kind::Shifts,
            &format!("DTSTART:20261124T080000 DURATION:PT8H {week};UNTIL=20301231"),
            "RRULE: it is not over within 24 months; let it end before that, or come every week for ever",
        ),
        (
            Kind::Shifts,
            &format!("DTSTART:20301124T080000 DURATION:PT8H {week}"),
            "DTSTART: it starts more than 24 months from now; import it later",
        ),
    ] {
        assert_eq!(refused(kind, &[event]), format!("event `1` (line 3): {why}"), "{event}");
    }
}

#[test]
fn a_whole_that_hours_of_work_cannot_be_is_refused() {
    let both = ["DTSTART;VALUE=DATE:20261124", "DTSTART:20261124T080000 DURATION:PT8H"];
    assert_eq!(
        refused(Kind::Shifts, &both),
        "event `2` (line 7): DTSTART: that day is off by event `1` (line 3); remove one of the two"
    );
    let overlapping = ["DTSTART:20261124T080000 DURATION:PT8H", "DTSTART:20261124T120000 DURATION:PT8H"];
    assert_eq!(
        refused(Kind::Shifts, &overlapping),
        "`2026-11-24 08:00-16:00` overlaps `2026-11-24 12:00-20:00`; mend that in the calendar, and import it again"
    );
    assert_eq!(refused(Kind::Shifts, &[]), "the file has no event");
    let no_week = imported(Kind::Holidays, None, &["DTSTART;VALUE=DATE:20261124"]).expect_err("refused");
    assert_eq!(no_week, BadCalendar::NoWeek);
    let year = "DTSTART;VALUE=DATE:20270101 DTEND;VALUE=DATE:20280101";
    let years = [
        year,
        &year.replace("2028", "2029").replace("2027", "2028"),
        &year.replace("2028", "2030").replace("2027", "2029"),
    ];
    assert_eq!(
        refused(Kind::Holidays, &years),
        "the hours would have more than 1000 days that differ; import fewer at a time"
    );
}

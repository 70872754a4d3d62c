//! What walls show and when, in tables.

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

/// `2026-03-08T02:30` as day and time.
fn day_and_time(wall: &str) -> (Date, TimeOfDay) {
    let (date, time) = wall.split_once('T').expect("a day and a time");
    (date.parse().expect("a day"), time.parse().expect("a time of day"))
}

#[test]
fn a_wall_shows_a_time_once_twice_or_skips_it() {
    for (name, wall, first, last) in [
        ("America/Toronto", "2026-06-01T09:00", "2026-06-01T13:00:00Z", "2026-06-01T13:00:00Z"),
        ("America/Toronto", "2026-06-01T24:00", "2026-06-02T04:00:00Z", "2026-06-02T04:00:00Z"),
        // Skipped: 02:00 to 03:00.
        ("America/Toronto", "2026-03-08T02:00", "2026-03-08T07:00:00Z", "2026-03-08T07:00:00Z"),
        ("America/Toronto", "2026-03-08T02:59", "2026-03-08T07:00:00Z", "2026-03-08T07:00:00Z"),
        ("America/Toronto", "2026-03-08T03:00", "2026-03-08T07:00:00Z", "2026-03-08T07:00:00Z"),
        // Twice: 01:00 to 02:00.
        ("America/Toronto", "2026-11-01T00:59", "2026-11-01T04:59:00Z", "2026-11-01T04:59:00Z"),
        ("America/Toronto", "2026-11-01T01:00", "2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z"),
        ("America/Toronto", "2026-11-01T02:00", "2026-11-01T07:00:00Z", "2026-11-01T07:00:00Z"),
        // Half an hour.
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30:00Z", "2026-10-03T15:30:00Z"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"),
        // At midnight, so that a day began late or ended twice.
        ("America/Sao_Paulo", "2018-11-04T00:00", "2018-11-04T03:00:00Z", "2018-11-04T03:00:00Z"),
        ("America/Sao_Paulo", "2018-02-17T23:30", "2018-02-18T01:30:00Z", "2018-02-18T02:30:00Z"),
        ("America/Sao_Paulo", "2018-02-17T24:00", "2018-02-18T03:00:00Z", "2018-02-18T03:00:00Z"),
        // A day that never was.
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"),
    ] {
        let (date, time) = day_and_time(wall);
        assert_eq!(zone(name).first(date, time), utc(first), "first {wall} in {name}");
        assert_eq!(zone(name).last(date, time), utc(last), "last {wall} in {name}");
    }
}

#[test]
fn a_calendar_shows_the_day_of_its_zone() {
    let new_years_eve = utc("2026-12-31T18:15:00Z");
    for (name, day) in [("Asia/Kathmandu", "2027-01-01"), ("UTC", "2026-12-31")] {
        assert_eq!(zone(name).local(new_years_eve).date().to_string(), day, "{name}");
    }
}

#[test]
fn a_day_on_duty_is_24_hours_whatever_the_wall_shows() {
    let day = Hours::try_from(24).expect("hours");
    for (begins, ends) in [("2026-03-07T12:00", "2026-03-08T13:00"), ("2026-10-31T12:00", "2026-11-01T11:00")]
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
    assert_eq!("24:00".parse(), Ok(TimeOfDay::END));
    assert_eq!(TimeOfDay::END.minute_of_day(), 1440);
    for bad in ["", "9:30", "24:01", "23:60", "+9:30", "09:+5", "09-30", "09:3", "009:30", "0９:30"] {
        assert_eq!(bad.parse::<TimeOfDay>(), Err(BadTimeOfDay(bad.to_owned())), "{bad}");
    }
}

use proptest::prelude::*;

use super::*;
use crate::domain::calendar::ical;
use crate::domain::calendar::import::{Kind, import};

const NOW: &str = "2026-11-20T17:00:00Z";

fn now() -> Instant {
    NOW.parse().expect("an instant")
}

fn written(schedule: &Schedule) -> String {
    hours(&UserId::from_bits(7), schedule, now())
}

fn read_again(text: &str, before: Option<&Schedule>) -> Schedule {
    let calendar = ical::read(text.as_bytes()).expect("our own is read");
    // Elsewhere, so that the zone has to be in the text.
    let home = "Asia/Kathmandu".parse().expect("a zone");
    import(&calendar, Kind::Shifts, before, &home, now()).expect("our own is taken in").schedule
}

const HOURS: &str = r#"
zone = "America/Toronto"
[[rules]]
weekday = "Mon"
start = "08:00"
end = "16:30"
[[rules]]
weekday = "Tue"
start = "08:00"
end = "16:30"
[[rules]]
weekday = "Sun"
start = "22:00"
end = "06:00"
[exceptions]
2026-11-24 = [{ start = "10:00", end = "12:00" }]
2026-12-25 = []
2026-12-29 = [{ start = "08:00", end = "16:30" }, { start = "18:00", end = "24:00" }]
"#;

#[test]
fn hours_are_written_as_calendars_say_them() {
    let schedule: Schedule = toml::from_str(HOURS).expect("hours");
    let text = written(&schedule);
    let (head, rest) = text.split_once("BEGIN:VTIMEZONE\r\n").expect("a zone");
    let (zone, events) = rest.split_once("END:VTIMEZONE\r\n").expect("its end");
    assert!(head.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Dutyline//Dutyline "), "{head}");
    insta::assert_snapshot!(zone.lines().take(16).collect::<Vec<_>>().join("\n"), @r"
    TZID:America/Toronto
    BEGIN:STANDARD
    DTSTART:20251119T000000
    TZOFFSETFROM:-0500
    TZOFFSETTO:-0500
    END:STANDARD
    BEGIN:DAYLIGHT
    DTSTART:20260308T020000
    TZOFFSETFROM:-0500
    TZOFFSETTO:-0400
    END:DAYLIGHT
    BEGIN:STANDARD
    DTSTART:20261101T020000
    TZOFFSETFROM:-0400
    TZOFFSETTO:-0500
    END:STANDARD
    ");
    insta::assert_snapshot!(events.replace("\r\n", "\n"), @r"
    BEGIN:VEVENT
    UID:usr_00000000000000000000000000000007.week.0800-1630@dutyline
    DTSTAMP:20261120T000000Z
    SUMMARY:Working hours
    DTSTART;TZID=America/Toronto:20261123T080000
    DTEND;TZID=America/Toronto:20261123T163000
    RRULE:FREQ=WEEKLY;BYDAY=MO,TU
    EXDATE;TZID=America/Toronto:20261124T080000
    END:VEVENT
    BEGIN:VEVENT
    UID:usr_00000000000000000000000000000007.week.2200-0600@dutyline
    DTSTAMP:20261120T000000Z
    SUMMARY:Working hours
    DTSTART;TZID=America/Toronto:20261122T220000
    DTEND;TZID=America/Toronto:20261123T060000
    RRULE:FREQ=WEEKLY;BYDAY=SU
    END:VEVENT
    BEGIN:VEVENT
    UID:usr_00000000000000000000000000000007.2026-11-24.1000-1200@dutyline
    DTSTAMP:20261120T000000Z
    SUMMARY:Working hours
    DTSTART;TZID=America/Toronto:20261124T100000
    DTEND;TZID=America/Toronto:20261124T120000
    END:VEVENT
    BEGIN:VEVENT
    UID:usr_00000000000000000000000000000007.2026-12-25.off@dutyline
    DTSTAMP:20261120T000000Z
    SUMMARY:Off work
    DTSTART;VALUE=DATE:20261225
    DTEND;VALUE=DATE:20261226
    END:VEVENT
    BEGIN:VEVENT
    UID:usr_00000000000000000000000000000007.2026-12-29.1800-2400@dutyline
    DTSTAMP:20261120T000000Z
    SUMMARY:Working hours
    DTSTART;TZID=America/Toronto:20261229T180000
    DTEND;TZID=America/Toronto:20261230T000000
    END:VEVENT
    END:VCALENDAR
    ");
    assert_eq!(read_again(&text, None), schedule);
    assert_eq!(read_again(&text, Some(&schedule)), schedule);
}

/// Shifts of a day that do not overlap: cuts of the day, of which every second stretch is one.
fn shifts() -> impl Strategy<Value = Vec<Shift>> {
    prop::collection::btree_set(0_u16..=96, 0..5).prop_map(|cuts| {
        let cuts: Vec<u16> = cuts.into_iter().collect();
        let time =
            |quarter: u16| format!("{:02}:{:02}", quarter / 4, quarter % 4 * 15).parse().expect("a time");
        cuts.chunks_exact(2).map(|cut| Shift { start: time(cut[0]), end: time(cut[1]) }).collect()
    })
}

proptest! {
    #[test]
    fn what_is_exported_is_imported_as_the_same(
        week in prop::collection::vec(shifts(), 7),
        differ in prop::collection::btree_map(0_u64..900, shifts(), 0..20),
        zone in prop::sample::select(vec!["UTC", "America/Toronto", "Europe/Berlin", "Australia/Lord_Howe"]),
    ) {
        let rule = |weekday| move |shift: &Shift| crate::domain::schedule::Rule { weekday, shift: *shift };
        let days = EVERY_DAY.into_iter().zip(&week);
        let rules: Vec<_> = days.flat_map(|(day, shifts)| shifts.iter().map(rule(day)).collect::<Vec<_>>()).collect();
        prop_assume!(!rules.is_empty());
        let zone: Zone = zone.parse().expect("a zone");
        let today = zone.local(now()).date();
        // One that is as the rules say does not differ, and is not told.
        let exceptions = differ.into_iter().map(|(ahead, shifts)| (today + Days::new(ahead), shifts)).filter(|(day, shifts)| {
            let weekly = &week[day.weekday().num_days_from_monday() as usize];
            shifts.is_empty() || shifts != weekly
        });
        let schedule = Schedule::new(zone, rules, exceptions.collect()).expect("hours");
        prop_assert_eq!(read_again(&written(&schedule), Some(&schedule)), schedule.clone());
        prop_assert_eq!(read_again(&written(&schedule), None), schedule);
    }
}

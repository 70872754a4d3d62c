use proptest::prelude::*;

use super::*;
use crate::domain::calendar::import::{Kind, import};

/// A calendar of lines.
fn file(lines: &[&str]) -> Vec<u8> {
    let lines: Vec<&str> = ["BEGIN:VCALENDAR", "VERSION:2.0"].iter().chain(lines).copied().collect();
    (lines.join("\r\n") + "\r\nEND:VCALENDAR\r\n").into_bytes()
}

/// A calendar of one event, on the third of its lines.
fn event(lines: &[&str]) -> Vec<u8> {
    let lines: Vec<&str> =
        ["BEGIN:VEVENT", "UID:a"].iter().chain(lines).copied().chain(["END:VEVENT"]).collect();
    file(&lines)
}

fn refused(file: &[u8]) -> String {
    read(file).expect_err("refused").to_string()
}

#[test]
fn a_file_is_read_however_its_lines_end_and_are_folded() {
    let plain = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:a\\,b\r\nSUMMARY:caf\u{e9}\r\n\
                 DTSTART;TZID=\"Europe/Berlin\":20261123T080000\r\nDTEND:20261123T150000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let expected = read(plain.as_bytes()).expect("a calendar");
    let event = &expected.events[0];
    assert_eq!((event.place.uid.as_str(), event.place.line), ("a,b", 3));
    let berlin = "Europe/Berlin".parse().expect("a zone");
    assert_eq!(Some(&event.start), When::read("20261123T080000", Some(berlin)).as_ref());
    assert_eq!(event.end, When::read("20261123T150000Z", None));
    let folded: Vec<u8> = {
        // In the middle of everything, also of a letter.
        let mut folded = Vec::new();
        for line in plain.split_inclusive("\r\n") {
            let bytes = line.as_bytes();
            for (place, byte) in bytes.iter().enumerate() {
                folded.push(*byte);
                if place % 3 == 2 && place + 3 < bytes.len() {
                    folded.extend(b"\r\n\t");
                }
            }
        }
        folded
    };
    let read_again = read(&folded).expect("folded");
    assert_eq!(read_again.events[0].start, expected.events[0].start);
    for other in [
        plain.replace("\r\n", "\n"),
        format!("\u{feff}{plain}"),
        plain.replace("\r\n", "\r\n\r\n"),
        plain.to_lowercase().replace("europe/berlin", "Europe/Berlin").replace("t080000", "T080000"),
        plain.trim_end().to_owned(),
    ] {
        assert_eq!(
            read(other.as_bytes()).map(|read| read.events[0].start.clone()),
            Ok(event.start.clone()),
            "{other}"
        );
    }
}

#[test]
fn what_is_no_calendar_is_refused_with_its_line() {
    for (file, why) in [
        (Vec::new(), "line 1: no calendar begins here; give a file in the iCalendar format"),
        (b"<html>".to_vec(), "line 1: this is no line of a calendar"),
        (
            b"BEGIN:VCARD\nEND:VCARD\n".to_vec(),
            "line 1: no calendar begins here; give a file in the iCalendar format",
        ),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n".to_vec(), "line 2: the file breaks off"),
        (file(&["BEGIN:VEVENT", "END:VTODO"]), "line 4: what ends here is not what began last"),
        (file(&["BEGIN:VTODO", "BEGIN:VEVENT"]), "line 4: an event begins within something else"),
        (file(&["SUMMARY"]), "line 3: this is no line of a calendar"),
        (file(&["DT START:20261123"]), "line 3: this is no line of a calendar"),
        (b"BEGIN:VCALENDAR\nUID:\xff\nEND:VCALENDAR".to_vec(), "line 2: this is not UTF-8"),
        (
            file(&["END:VCALENDAR", "BEGIN:VCALENDAR"]),
            "line 4: another calendar begins; import one at a time",
        ),
        (
            b"BEGIN:VCALENDAR\nVERSION:1.0\nEND:VCALENDAR".to_vec(),
            "line 2: this is another version than 2.0; export the calendar as iCalendar",
        ),
        (vec![b' '; MOST_BYTES + 1], "the file has more than 1024 KiB; leave out what is over, or split it"),
        (file(&["BEGIN:VTODO"; 1000]), "line 10: there is too much in one another"),
        (event(&["DTSTART;X=\"1:20261123", "DTEND;X=\":20261124"]), "line 5: this is no line of a calendar"),
        (event(&["DTSTART;X=\"1\"2:20261123"]), "line 3: what begins here cannot be read"),
        (
            file(&["BEGIN:VEVENT", "END:VEVENT"].repeat(MOST_EVENTS + 1)),
            "line 4003: these are more than 2000 events; split the file",
        ),
    ] {
        assert_eq!(refused(&file), why);
    }
}

#[test]
fn an_event_that_cannot_be_read_is_refused_by_its_property() {
    let day = "DTSTART;VALUE=DATE:20261225";
    for (lines, why) in [
        (&[][..], "DTSTART: it is missing"),
        (&["DTSTART:20261325"], "DTSTART: `20261325` cannot be read"),
        (&["DTSTART:2026-12-25"], "DTSTART: `2026-12-25` cannot be read"),
        (&["DTSTART:18991231"], "DTSTART: `18991231` cannot be read"),
        (&["DTSTART:20261225T240000"], "DTSTART: `20261225T240000` cannot be read"),
        (&[day, day], "DTSTART: it is there twice; leave one out"),
        (
            &["DTSTART;TZID=Nowhere:20261225T080000"],
            "DTSTART: `Nowhere` is no time zone that is known; name one like `America/Toronto` in the calendar",
        ),
        (&[day, "DURATION:1D"], "DURATION: `1D` cannot be read"),
        (&[day, "DURATION:P99999999999999999999D"], "DURATION: `P99999999999999999999D` cannot be read"),
        (&[day, "DURATION:P9999999D"], "DURATION: an event takes 366 days at most; split it"),
        (&[day, "DTEND;VALUE=DATE:20261226", "DURATION:P1D"], "DURATION: it is there twice; leave one out"),
        (
            &[day, "RRULE:FREQ=MONTHLY"],
            "RRULE: `FREQ=MONTHLY` cannot be said of hours of work; give the dates as events of their own",
        ),
        (
            &[day, "RDATE:20261226"],
            "RDATE: hours of work cannot say this; give the dates as events of their own",
        ),
        (&[day, "EXDATE:soon"], "EXDATE: `soon` cannot be read"),
        (
            &[day, "RECURRENCE-ID;RANGE=THISANDFUTURE:20261225"],
            "RECURRENCE-ID: hours of work cannot say this; give the dates as events of their own",
        ),
    ] {
        assert_eq!(refused(&event(lines)), format!("event `a` (line 3): {why}"));
    }
}

#[test]
fn lengths_are_read() {
    for (text, seconds) in [
        ("P1D", Some(86_400)),
        ("PT8H30M", Some(30_600)),
        ("+P1W", Some(604_800)),
        ("P1DT1H1S", Some(90_001)),
        ("PT0S", Some(0)),
        ("-PT1H", None),
        ("P", Some(0)),
        ("PT1", None),
        ("P1H", None),
        ("PT1D", None),
        ("P1Y", None),
        ("PTT1H", None),
        ("", None),
    ] {
        assert_eq!(length(text).map(|length| length.num_seconds()), seconds, "{text}");
    }
}

/// Real lines, of which files are made that are real in most.
const LINES: [&str; 26] = [
    "BEGIN:VCALENDAR",
    "END:VCALENDAR",
    "BEGIN:VEVENT",
    "END:VEVENT",
    "BEGIN:VALARM",
    "END:VALARM",
    "UID:a",
    "DTSTART;VALUE=DATE:20261225",
    "DTSTART;TZID=America/Toronto:20261123T220000",
    "DTSTART:20261123T080000Z",
    "DTEND;TZID=America/Toronto:20261124T060000",
    "DTEND;VALUE=DATE:20270105",
    "DTEND:20261123T160000Z",
    "DURATION:PT8H",
    "RRULE:FREQ=WEEKLY;BYDAY=MO,TU",
    "RRULE:FREQ=DAILY;COUNT=4294967295",
    "RRULE:FREQ=YEARLY;INTERVAL=4294967295",
    "RRULE:FREQ=DAILY;INTERVAL=2;UNTIL=20270101T000000Z",
    "RRULE:FREQ=YEARLY;BYMONTH=2;BYDAY=-5MO",
    "EXDATE:20261130,20261201T000000Z",
    "RECURRENCE-ID:20261123T080000",
    "STATUS:CANCELLED",
    "X-WR-TIMEZONE:Europe/Berlin",
    " folded",
    "",
    "DTSTART:99981231T235959Z",
];

proptest! {
    /// Whatever a file is, it is taken in or refused, and in time.
    #[test]
    fn nothing_that_is_sent_does_harm(
        picked in prop::collection::vec(0..LINES.len(), 0..60),
        cut in any::<prop::sample::Index>(),
        noise in any::<u8>(),
    ) {
        let lines: Vec<&str> = picked.into_iter().map(|line| LINES[line]).collect();
        let body = lines.join("\r\n");
        let whole = format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\n{body}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
        let mut mangled = whole.clone().into_bytes();
        let place = cut.index(mangled.len());
        mangled[place] = noise;
        for file in [body.into_bytes(), whole.into_bytes(), mangled] {
            for kind in Kind::ALL {
                let now = "2026-11-20T17:00:00Z".parse().expect("an instant");
                let taken = read(&file).and_then(|calendar| import(&calendar, *kind, None, &Zone::utc(), now));
                if let Err(why) = taken {
                    prop_assert!(!why.to_string().is_empty());
                }
            }
        }
    }

    #[test]
    fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(read(&bytes).is_err());
    }
}

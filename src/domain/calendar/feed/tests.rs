use super::*;
use crate::domain::availability::{Availability, Terms};
use crate::domain::ids::AvailabilityId;
use crate::domain::presence::{Cause, Command, Reason, Source, decide};

fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

/// What somebody says, with a note and a number.
fn says(number: u128, state: State, from: &str, to: Option<&str>) -> Command {
    let terms = Terms {
        state,
        starts_at: at(from),
        ends_at: to.map(at),
        transfer: Some("+15062345678".parse().expect("a number")),
        note: Some("at the dentist's".parse().expect("a note")),
        label: None,
    };
    Command::Say(Availability { id: AvailabilityId::from_bits(number), terms, source: Source::Api })
}

fn presence(said: impl IntoIterator<Item = Command>, now: Instant) -> Presence {
    let cause = Cause { source: Source::Api, reason: Reason::LoggedIn, call: None };
    said.into_iter().fold(Presence::default(), |presence, command| {
        decide(&presence, &command, &cause, None, now).expect("it may be said").0
    })
}

fn told(presence: &Presence, schedule: Option<&Schedule>, now: Instant) -> String {
    let user = UserId::from_bits(7);
    let person = Person { user: &user, name: "Ada, \"Agent\"", presence, schedule };
    feed("Ada's", &[person], now).replace("\r\n", "\n")
}

#[test]
fn a_feed_tells_of_duty_of_what_is_said_and_of_work() {
    let now = at("2026-11-20T17:00:00Z");
    let presence = presence(
        [
            says(1, State::Available, "2026-11-20T16:00:00Z", Some("2026-11-21T01:00:00Z")),
            says(2, State::Away, "2026-12-24T12:00:00Z", Some("2026-12-25T12:00:00Z")),
            says(3, State::Dnd, "2027-03-24T12:00:00Z", Some("2027-03-25T12:00:00Z")),
        ],
        now,
    );
    let hours = "zone = \"America/Toronto\"\nexceptions = { 2026-11-26 = [] }\nrules = [{ weekday = \"Thu\", start = \"16:00\", end = \"24:00\" }]";
    let schedule: Schedule = toml::from_str(hours).expect("hours");
    let feed = told(&presence, Some(&schedule), now);
    let shown: Vec<&str> = feed.split_inclusive("END:VEVENT\n").take(4).collect();
    insta::assert_snapshot!(shown.concat().replace(env!("CARGO_PKG_VERSION"), "0"), @r#"
    BEGIN:VCALENDAR
    VERSION:2.0
    PRODID:-//Dutyline//Dutyline 0//EN
    CALSCALE:GREGORIAN
    NAME:Ada's
    X-WR-CALNAME:Ada's
    REFRESH-INTERVAL;VALUE=DURATION:PT1H
    X-PUBLISHED-TTL:PT1H
    BEGIN:VEVENT
    UID:avl_00000000000000000000000000000001@dutyline
    DTSTAMP:20261120T000000Z
    DTSTART:20261120T160000Z
    DTEND:20261121T010000Z
    SUMMARY:Ada\, "Agent": on duty
    SEQUENCE:3
    END:VEVENT
    BEGIN:VEVENT
    UID:avl_00000000000000000000000000000002@dutyline
    DTSTAMP:20261120T000000Z
    DTSTART:20261224T120000Z
    DTEND:20261225T120000Z
    SUMMARY:Ada\, "Agent": away
    SEQUENCE:3
    END:VEVENT
    BEGIN:VEVENT
    UID:usr_00000000000000000000000000000007.1795122000-1795150800@dutyline
    DTSTAMP:20261120T000000Z
    DTSTART:20261119T210000Z
    DTEND:20261120T050000Z
    SUMMARY:Ada\, "Agent": working hours
    END:VEVENT
    BEGIN:VEVENT
    UID:usr_00000000000000000000000000000007.1796331600-1796360400@dutyline
    DTSTAMP:20261120T000000Z
    DTSTART:20261203T210000Z
    DTEND:20261204T050000Z
    SUMMARY:Ada\, "Agent": working hours
    END:VEVENT
    "#);
    assert!(!feed.contains("dentist") && !feed.contains("+1506"), "{feed}");
    assert!(!feed.contains("do not disturb"), "90 days ahead");
}

#[test]
fn a_feed_is_the_same_all_day_and_another_one_when_something_changes() {
    let begun = at("2026-11-20T17:00:00Z");
    let before = presence([says(1, State::Away, "2026-11-20T16:00:00Z", None)], begun);
    let feed = told(&before, None, begun);
    assert!(
        feed.contains("\nDTEND:20270219T000000Z\n"),
        "what has no end goes on as far as the feed tells: {feed}"
    );
    assert_eq!(told(&before, None, at("2026-11-20T23:59:59Z")), feed);
    assert_ne!(told(&before, None, at("2026-11-21T00:00:00Z")), feed);
    let after = presence(
        [
            says(1, State::Away, "2026-11-20T16:00:00Z", None),
            says(2, State::Dnd, "2026-11-20T17:00:00Z", None),
        ],
        begun,
    );
    assert_ne!(told(&after, None, begun), feed);
    assert!(!told(&Presence::default(), None, begun).contains("VEVENT"));
}

//! What each event makes of a user's time, and how time falls on days.

use chrono::TimeDelta;

use super::*;
use crate::domain::availability::{Availability, Terms};
use crate::domain::event::{Change, derived};
use crate::domain::ids::AvailabilityId;
use crate::domain::policy::Policy;
use crate::domain::presence::{Cause, Command, Presence, Reason, Source, WhenOnline, decide, settle};

/// Minutes after the beginning of these tests' time.
fn at(minute: i64) -> Instant {
    Instant::from_timestamp(minute * 60, 0).expect("in range")
}

/// A user whose presence goes on as ever, and whose log is read beside it.
#[derive(Default)]
struct Day {
    presence: Presence,
    open: Option<Open>,
    told: Vec<String>,
}

impl Day {
    fn asks(mut self, minute: i64, command: &Command) -> Self {
        let cause = Cause { source: Source::Phone, reason: Reason::LoggedIn, call: None };
        let (after, transitions) =
            decide(&self.presence, command, &cause, None, at(minute)).expect("accepted");
        self.takes(minute, after, transitions.into_iter().map(Event::from).collect());
        self
    }

    /// The timers run, perhaps late.
    fn settles(mut self, minute: i64) -> Self {
        let (after, transitions) =
            settle(&self.presence, self.presence.generation, None, at(minute)).expect("something is due");
        self.takes(minute, after, transitions.into_iter().map(Event::from).collect());
        self
    }

    fn takes(&mut self, minute: i64, after: Presence, mut events: Vec<Event>) {
        events.extend(derived::of(&self.presence, &after, &Policy::default(), at(minute)));
        self.presence = after;
        for event in events {
            match follow(self.open.as_ref(), &event, at(minute)) {
                Turn::Stays => {}
                Turn::Goes(over, open) => {
                    self.told.extend(over.map(|segment| shown(&segment)));
                    self.open = Some(open);
                }
                Turn::Ends(_) => panic!("nobody left"),
            }
        }
    }

    #[track_caller]
    fn comes_to(&self, wanted: &[&str]) {
        assert_eq!(self.told, wanted);
    }
}

fn shown(Segment { occupation, from, to }: &Segment) -> String {
    let Occupation { duty, reason, state, label, activity } = occupation;
    let (from, to) = (from.timestamp() / 60, to.timestamp() / 60);
    let label = label.as_ref().map_or(String::new(), |label| format!(" {label}"));
    format!("{from}-{to} {duty} {} {state}{label} {activity}", reason.as_deref().unwrap_or("-"))
}

fn go(hours: u16) -> Command {
    let hours = hours.try_into().expect("1 to 168");
    Command::GoOnline { hours, when_online: WhenOnline::Replace, cap: crate::domain::time::Hours::LONGEST }
}

fn say(id: u128, state: State, label: Option<&str>, from: i64, until: Option<i64>) -> Command {
    let label = label.map(|label| label.parse().expect("a label"));
    let (starts_at, ends_at) = (at(from), until.map(at));
    let terms = Terms { state, starts_at, ends_at, transfer: None, note: None, label };
    Command::Say(Availability { id: AvailabilityId::from_bits(id), terms, source: Source::Api })
}

#[test]
fn a_window_is_one_stretch_however_often_it_is_prolonged() {
    let day = Day::default().asks(0, &go(1)).asks(30, &go(1)).settles(91).asks(100, &go(1));
    // Noticed a minute late, it ended when its time was up (D21).
    day.comes_to(&["0-90 online logged_in available idle", "90-100 offline expired available idle"]);
}

#[test]
fn what_is_said_ends_when_it_was_to_end_whoever_notices_it_later() {
    let day = Day::default()
        .asks(0, &go(8))
        .asks(10, &say(1, State::Away, Some("Lunch"), 10, Some(40)))
        .asks(20, &say(2, State::Away, Some("Coffee"), 20, Some(30)))
        .settles(35)
        .settles(55)
        .asks(60, &Command::GoOffline);
    day.comes_to(&[
        "0-10 online logged_in available idle",
        "10-20 online logged_in away Lunch idle",
        "20-30 online logged_in away Coffee idle",
        "30-40 online logged_in away Lunch idle",
        "40-60 online logged_in available idle",
    ]);
}

#[test]
fn calls_and_wrap_up_are_time_of_their_own() {
    use crate::domain::desk::{Line, Report};
    let report = |state| {
        let terminal = 1.try_into().expect("1 to 999");
        let report = Report { terminal, state, party: crate::domain::wrap_up::Party::External, queue: None };
        Command::Report(report, 120.try_into().expect("0 to 999"))
    };
    let day = Day::default()
        .asks(0, &go(8))
        .asks(10, &report(Line::Dialing))
        .asks(11, &report(Line::Talking))
        .asks(20, &report(Line::Idle))
        // Its end was noticed late.
        .settles(30)
        .asks(40, &Command::GoOffline);
    day.comes_to(&[
        "0-10 online logged_in available idle",
        "10-20 online logged_in available talking",
        "20-22 online logged_in available wrap_up",
        "22-40 online logged_in available idle",
    ]);
}

#[test]
fn time_counts_from_the_first_event_and_not_behind_the_last() {
    let added = follow(None, &Event::UserAdded(Change::default()), at(5));
    let Turn::Goes(None, open) = added else { panic!("{added:?}") };
    assert_eq!((open.since, open.until(at(5)), open.until(at(6)).is_some()), (at(5), None, true));
    let ended = follow(Some(&open), &Event::UserDeactivated(Change::default()), at(9));
    let Turn::Ends(Some(segment)) = ended else { panic!("{ended:?}") };
    assert_eq!(shown(&segment), "5-9 offline - available idle");
    assert_eq!(follow(Some(&open), &Event::PinFailed { dialled: String::new() }, at(9)), Turn::Stays);
}

#[test]
fn a_day_has_as_many_hours_as_its_zone_gives_it() {
    let zone: Zone = "America/Toronto".parse().expect("a zone");
    let day = |text: &str| text.parse::<Date>().expect("a day");
    let Turn::Goes(None, open) = follow(None, &Event::UserAdded(Change::default()), at(0)) else { panic!() };
    for (from, to, wanted) in [
        // Clocks go forward on the 8th of March 2026, and back on the 1st of November.
        ("2026-03-07", "2026-03-09", vec![("2026-03-07", 24), ("2026-03-08", 23), ("2026-03-09", 24)]),
        ("2026-10-31", "2026-11-01", vec![("2026-10-31", 24), ("2026-11-01", 25)]),
    ] {
        let (from, to) = (midnight(&zone, day(from)), midnight(&zone, day(to).succ_opt().expect("a day")));
        let segment =
            Segment { from: at(0), to: to + TimeDelta::days(9), occupation: open.occupation.clone() };
        let mut tally = Tally::within(&zone, (from, to));
        tally.add(&segment);
        let hours: Vec<_> = tally.rows().map(|(day, _, millis)| (day, millis / 3_600_000)).collect();
        assert_eq!(hours, wanted.into_iter().map(|(text, hours)| (day(text), hours)).collect::<Vec<_>>());
    }
}

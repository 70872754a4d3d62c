//! Every reason alone, all of them together, and that nobody is given a call against one.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::domain::availability::{Availability, State, Terms};
use crate::domain::desk::{Line, Report, Settings};
use crate::domain::ids::AvailabilityId;
use crate::domain::presence::{Cause, Command, Reason as Why, Source, decide};
use crate::domain::user_status::status;
use crate::domain::wrap_up::{Length, Party};

/// Seconds after the beginning of these tests' time.
pub(in crate::domain) fn at(second: i64) -> Instant {
    Instant::from_timestamp(second, 0).expect("in range")
}

fn in_state(state: presence::State) -> Presence {
    Presence { state, ..Presence::default() }
}

fn online(until: i64) -> Presence {
    in_state(presence::State::Online { since: at(-100), until: at(until) })
}

fn offline(since: Option<i64>) -> Presence {
    in_state(presence::State::Offline { since: since.map(at) })
}

fn held(presence: Presence) -> Presence {
    Presence { hold: Some("training".to_owned()), ..presence }
}

/// A user who can be given a call at second 0 and until second 100.
pub(in crate::domain) fn ready() -> Presence {
    online(100)
}

/// The presence after a command at a second.
pub(in crate::domain) fn after(presence: &Presence, second: i64, command: &Command) -> Presence {
    let cause = Cause { source: Source::Api, reason: Why::LoggedIn, call: None };
    decide(presence, command, &cause, None, at(second)).expect("nothing stands against it").0
}

/// Whoever is in a state from second -50 on, until something else is said.
pub(in crate::domain) fn saying(presence: &Presence, state: State) -> Presence {
    let terms = Terms { state, starts_at: at(-50), ends_at: None, transfer: None, note: None, label: None };
    let said = Availability { id: AvailabilityId::from_bits(9), terms, source: Source::Api };
    after(presence, -50, &Command::Say(said))
}

pub(in crate::domain) fn desk(mut presence: Presence, change: impl FnOnce(&mut Settings)) -> Presence {
    change(&mut presence.desk.settings);
    presence
}

fn reported(presence: &Presence, second: i64, state: Line, wrap_up: u16) -> Presence {
    let terminal = 7.try_into().expect("1 to 999");
    let queue = Some("support".parse().expect("a queue"));
    let report = Report { terminal, state, party: Party::External, queue };
    after(presence, second, &Command::Report(report, Length::try_from(wrap_up).expect("0 to 999")))
}

/// In a call of a queue's since second -40.
pub(in crate::domain) fn talking(presence: &Presence) -> Presence {
    reported(presence, -40, Line::Talking, 0)
}

/// In wrap-up until a second, after a call of 10 seconds.
pub(in crate::domain) fn wrapping_up(presence: &Presence, end: i64) -> Presence {
    let talking = reported(presence, end - 40, Line::Talking, 0);
    reported(&talking, end - 30, Line::Idle, 30)
}

#[track_caller]
fn check(presence: &Presence, wanted: &[Reason]) {
    check_where(DefaultAvailability::Offline, presence, wanted);
}

#[track_caller]
fn check_where(default: DefaultAvailability, presence: &Presence, wanted: &[Reason]) {
    let found = verdict(presence, default, at(0));
    assert_eq!(found.clone().err().unwrap_or_default(), wanted, "{presence:?}");
    assert_eq!(status(presence, default, at(0)).can_be_allocated_to, wanted.is_empty());
}

#[test]
fn each_item_alone_stands_against_a_call() {
    let counted = |presence| desk(presence, |settings| settings.service_terminals = Some(1));
    for (presence, reason) in [
        (counted(offline(None)), Reason::OffDuty),
        (counted(offline(Some(-5))), Reason::OffDuty),
        // Its time is up, whether or not a worker runs.
        (counted(online(0)), Reason::OffDuty),
        (saying(&ready(), State::OffWork), Reason::OffWork),
        (saying(&ready(), State::Dnd), Reason::Dnd),
        (desk(ready(), |settings| settings.serving = false), Reason::NotServing),
        (desk(ready(), |settings| settings.allocation_mode = AllocationMode::Fetch), Reason::FetchMode),
        (talking(&ready()), Reason::Talking),
        (reported(&ready(), -1, Line::Dialing, 0), Reason::Talking),
        (wrapping_up(&ready(), 1), Reason::WrapUp),
        (desk(ready(), |settings| settings.service_terminals = Some(0)), Reason::NoTerminal),
    ] {
        check(&presence, &[reason]);
    }
    check(&offline(None), &[Reason::OffDuty, Reason::NoTerminal]);
}

#[test]
fn what_is_no_reason_stands_against_nothing() {
    for presence in [
        ready(),
        saying(&ready(), State::Busy),
        saying(&ready(), State::Away),
        saying(&ready(), State::Brb),
        wrapping_up(&ready(), 0),
        reported(&talking(&ready()), -1, Line::Idle, 0),
        reported(&talking(&ready()), -1, Line::Parked, 0),
        desk(ready(), |settings| settings.service_terminals = Some(3)),
        desk(ready(), |settings| settings.serving_callback = false),
    ] {
        check(&presence, &[]);
    }
}

#[test]
fn all_items_together_are_all_told() {
    use Reason::{FetchMode, NoTerminal, NotServing, OffDuty, OffWork, Talking, WrapUp};
    let nothing_goes = desk(wrapping_up(&saying(&offline(None), State::OffWork), 1), |settings| {
        settings.serving = false;
        settings.allocation_mode = AllocationMode::Fetch;
    });
    let nothing_goes = reported(&nothing_goes, 0, Line::Dialing, 0);
    check(&nothing_goes, &[OffDuty, OffWork, NotServing, FetchMode, Talking, WrapUp, NoTerminal]);
}

#[test]
fn who_never_had_a_window_is_on_duty_where_that_is_the_default() {
    use DefaultAvailability::{Available, Offline};
    for (default, presence, on_duty) in [
        (Offline, offline(None), false),
        (Available, offline(None), true),
        // Who went off duty said so.
        (Available, offline(Some(-5)), false),
        (Available, held(offline(None)), false),
        (Available, online(1), true),
        (Available, online(0), false),
        (Offline, online(1), true),
    ] {
        assert_eq!(is_on_duty(&presence, default, at(0)), on_duty, "{presence:?}");
        check_where(default, &presence, if on_duty { &[] } else { &[Reason::OffDuty, Reason::NoTerminal] });
    }
}

prop_compose! {
    fn any_presence()(
        window in prop_oneof![
            4 => Just(online(100)),
            1 => Just(online(1)),
            1 => Just(online(0)),
            1 => proptest::option::of(Just(-60)).prop_map(offline),
        ],
        state in proptest::option::of(proptest::sample::select(State::ALL)),
        (serving, fetches, talks) in
            (prop::bool::weighted(0.8), prop::bool::weighted(0.2), prop::bool::weighted(0.2)),
        terminals in proptest::option::of(0..3_u8),
        wrap_up_end in proptest::option::of(-1..2_i64),
    ) -> Presence {
        let said = match state {
            Some(state) => saying(&window, state),
            None => window,
        };
        let wrapped = wrap_up_end.map_or(said.clone(), |end| wrapping_up(&said, end));
        let called = if talks { reported(&wrapped, 0, Line::Talking, 0) } else { wrapped };
        desk(called, |settings| {
            settings.serving = serving;
            settings.allocation_mode =
                if fetches { AllocationMode::Fetch } else { AllocationMode::Default };
            settings.service_terminals = terminals;
        })
    }
}

proptest! {
    #[test]
    fn the_status_says_yes_where_the_document_does(
        presence in any_presence(),
        default in proptest::sample::select(DefaultAvailability::ALL),
    ) {
        // online && Schedule && Available && Serving && !FetchMode && !Talking && !wrap-up &&
        // ServiceTerminals > 0, over the fields of the status alone (A2.11).
        let status = status(&presence, default, at(0));
        let composite = is_on_duty(&presence, default, at(0))
            && status.schedule
            && status.available
            && status.serving
            && !status.fetch_mode
            && !status.talking
            && status.wrap_up_end.is_none()
            && status.service_terminals > 0;
        prop_assert_eq!(status.can_be_allocated_to, composite);
        let reasons = verdict(&presence, default, at(0)).err();
        prop_assert_eq!(reasons.is_none(), composite);
        prop_assert!(reasons.is_none_or(|reasons| !reasons.is_empty()));
    }

    #[test]
    fn a_no_becomes_a_yes_by_time_alone_only_when_a_wrap_up_ends(presence in any_presence()) {
        let (later, default) = (at(0) + TimeDelta::seconds(5), DefaultAvailability::Offline);
        let (now, then) = (verdict(&presence, default, at(0)), verdict(&presence, default, later));
        if let (Err(reasons), Ok(())) = (now, then) {
            prop_assert_eq!(reasons, [Reason::WrapUp]);
        }
    }
}

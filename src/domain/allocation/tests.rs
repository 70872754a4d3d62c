//! Every reason alone, all of them together, and that nobody is given a call against one.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::domain::user_status::status;

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

fn wrap_up(end: i64) -> Option<WrapUp> {
    Some(WrapUp { start: at(end - 30), end: at(end), extensions: 0 })
}

/// A user who can be given a call at second 0 and until second 100.
pub(in crate::domain) fn ready() -> Standing {
    Standing {
        presence: online(100),
        default_availability: DefaultAvailability::Offline,
        availability: State::Available,
        allocation_mode: AllocationMode::Default,
        serving: true,
        serving_callback: false,
        service_terminals: 1,
        talking: false,
        talking_status_changed: Some(at(-30)),
        wrap_up: wrap_up(0),
        active_queue_id: None,
        parked_calls: 0,
    }
}

#[track_caller]
fn check(standing: &Standing, wanted: &[Reason]) {
    let found = verdict(standing, at(0));
    assert_eq!(found.clone().err().unwrap_or_default(), wanted, "{standing:?}");
    assert_eq!(found.is_ok(), wanted.is_empty());
    assert_eq!(status(standing, at(0)).can_be_allocated_to, wanted.is_empty());
}

#[test]
fn each_item_alone_stands_against_a_call() {
    for (standing, reason) in [
        (Standing { presence: offline(None), ..ready() }, Reason::OffDuty),
        (Standing { presence: offline(Some(-5)), ..ready() }, Reason::OffDuty),
        // Its time is up, whether or not a worker runs.
        (Standing { presence: online(0), ..ready() }, Reason::OffDuty),
        (Standing { availability: State::OffWork, ..ready() }, Reason::OffWork),
        (Standing { availability: State::Dnd, ..ready() }, Reason::Dnd),
        (Standing { serving: false, ..ready() }, Reason::NotServing),
        (Standing { allocation_mode: AllocationMode::Fetch, ..ready() }, Reason::FetchMode),
        (Standing { talking: true, ..ready() }, Reason::Talking),
        (Standing { wrap_up: wrap_up(1), ..ready() }, Reason::WrapUp),
        (Standing { service_terminals: 0, ..ready() }, Reason::NoTerminal),
    ] {
        check(&standing, &[reason]);
    }
}

#[test]
fn what_is_no_reason_stands_against_nothing() {
    let queue = Some("support".to_owned());
    for standing in [
        ready(),
        Standing { availability: State::Busy, ..ready() },
        Standing { availability: State::Away, ..ready() },
        Standing { availability: State::Brb, ..ready() },
        Standing { wrap_up: None, talking_status_changed: None, ..ready() },
        Standing { service_terminals: 3, parked_calls: 2, active_queue_id: queue, ..ready() },
        Standing { serving_callback: true, ..ready() },
    ] {
        check(&standing, &[]);
    }
}

#[test]
fn all_items_together_are_all_told() {
    let nothing_goes = Standing {
        presence: offline(None),
        availability: State::OffWork,
        allocation_mode: AllocationMode::Fetch,
        serving: false,
        service_terminals: 0,
        talking: true,
        wrap_up: wrap_up(1),
        ..ready()
    };
    use Reason::{Dnd, FetchMode, NoTerminal, NotServing, OffDuty, OffWork, Talking, WrapUp};
    let others = [NotServing, FetchMode, Talking, WrapUp, NoTerminal];
    check(&nothing_goes, &[&[OffDuty, OffWork][..], &others].concat());
    let but_disturb = Standing { availability: State::Dnd, ..nothing_goes };
    check(&but_disturb, &[&[OffDuty, Dnd][..], &others].concat());
}

#[test]
fn who_never_had_a_window_is_on_duty_where_that_is_the_default() {
    use DefaultAvailability::{Available, Offline};
    for (default_availability, presence, on_duty) in [
        (Offline, offline(None), false),
        (Available, offline(None), true),
        // Who went off duty said so.
        (Available, offline(Some(-5)), false),
        (Available, held(offline(None)), false),
        (Available, online(1), true),
        (Available, online(0), false),
        (Offline, online(1), true),
    ] {
        let standing = Standing { default_availability, presence, ..ready() };
        assert_eq!(standing.is_on_duty(at(0)), on_duty, "{standing:?}");
        check(&standing, if on_duty { &[] } else { &[Reason::OffDuty] });
    }
}

fn any_standing() -> impl Strategy<Value = Standing> {
    let presence = prop_oneof![
        4 => Just(online(100)),
        1 => Just(online(1)),
        1 => Just(online(0)),
        1 => proptest::option::of(Just(-5)).prop_map(offline),
    ];
    let state = proptest::sample::select(vec![
        State::Available,
        State::Busy,
        State::Away,
        State::Brb,
        State::Dnd,
        State::OffWork,
    ]);
    let mode = prop_oneof![3 => Just(AllocationMode::Default), 1 => Just(AllocationMode::Fetch)];
    let default = prop_oneof![Just(DefaultAvailability::Offline), Just(DefaultAvailability::Available)];
    let flags = (prop::bool::weighted(0.8), any::<bool>(), prop::bool::weighted(0.2));
    let numbers = (0..4_u32, 0..3_u32, proptest::option::of(-1..2_i64));
    (presence, state, mode, default, flags, numbers).prop_map(
        |(presence, availability, allocation_mode, default_availability, flags, numbers)| {
            let (serving, serving_callback, talking) = flags;
            let (service_terminals, parked_calls, wrap_up_end) = numbers;
            Standing {
                presence,
                default_availability,
                availability,
                allocation_mode,
                serving,
                serving_callback,
                service_terminals,
                talking,
                wrap_up: wrap_up_end.and_then(wrap_up),
                parked_calls,
                ..ready()
            }
        },
    )
}

proptest! {
    #[test]
    fn the_status_says_yes_where_the_document_does(standing in any_standing()) {
        // online && Schedule && Available && Serving && !FetchMode && !Talking && !wrap-up &&
        // ServiceTerminals > 0, over the fields of the status alone.
        let status = status(&standing, at(0));
        let composite = standing.is_on_duty(at(0))
            && status.schedule
            && status.available
            && status.serving
            && !status.fetch_mode
            && !status.talking
            && status.wrap_up_end.is_none()
            && status.service_terminals > 0;
        prop_assert_eq!(status.can_be_allocated_to, composite);
        let reasons = verdict(&standing, at(0)).err();
        prop_assert_eq!(reasons.is_none(), composite);
        prop_assert!(reasons.is_none_or(|reasons| !reasons.is_empty()));
    }

    #[test]
    fn a_no_becomes_a_yes_by_time_alone_only_when_a_wrap_up_ends(standing in any_standing()) {
        let later = at(0) + TimeDelta::seconds(5);
        if let (Err(reasons), Ok(())) = (verdict(&standing, at(0)), verdict(&standing, later)) {
            prop_assert_eq!(reasons, [Reason::WrapUp]);
        }
    }
}

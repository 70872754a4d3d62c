//! What is told of later, in tables; and that it is what the verdict says when the time has come.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::domain::attendance::tests::{at as hour, spans};
use crate::domain::availability::{Availability, State, Terms};
use crate::domain::presence::WhenOnline;
use crate::domain::time::Hours;

const AHEAD: i64 = 72;

/// The presence once it was asked for something at hour 0; as it was, if it was refused.
fn asked(presence: Presence, command: &Command) -> Presence {
    let cause = Cause { source: Source::Api, reason: Reason::LoggedIn, call: None };
    presence::decide(&presence, command, &cause, None, hour(0)).map_or(presence, |(after, _)| after)
}

fn on_duty(hours: u16) -> Command {
    let hours = Hours::try_from(hours).expect("1 to 168");
    Command::GoOnline { hours, when_online: WhenOnline::Replace, cap: Hours::LONGEST }
}

/// Said of the hours from one to another, or from one on.
fn said(number: u128, state: State, from: i64, to: Option<i64>) -> Command {
    let (starts_at, ends_at) = (hour(from), to.map(hour));
    let terms = Terms { state, starts_at, ends_at, transfer: None, note: None, label: None };
    Command::Say(Availability { id: AvailabilityId::from_bits(number), terms, source: Source::Api })
}

/// Hours of work on Thursday, which begins at hour 0, and Friday.
fn office() -> Schedule {
    let rule = |day| format!(r#"{{"weekday":"{day}","start":"08:00","end":"16:00"}}"#);
    let rules = [rule("Thu"), rule("Fri")].join(",");
    serde_json::from_str(&format!(r#"{{"zone":"UTC","rules":[{rules}]}}"#)).expect("hours of work")
}

#[track_caller]
fn check(commands: &[Command], schedule: Option<&Schedule>, wanted: &[(i64, i64)]) {
    let presence = commands.iter().fold(Presence::default(), asked);
    let default = DefaultAvailability::Offline;
    let found = outlook(&presence, schedule, default, (hour(0), hour(AHEAD)));
    assert_eq!(found, spans(wanted), "{commands:?}");
}

#[test]
fn what_keeps_calls_away_is_taken_out_of_time_on_duty() {
    use State::{Available, Busy, Dnd, OffWork};
    check(&[], None, &[]);
    check(&[on_duty(8)], None, &[(0, 8)]);
    check(&[on_duty(8), said(1, Dnd, 2, Some(4))], None, &[(0, 2), (4, 8)]);
    check(&[on_duty(8), said(1, OffWork, 6, None)], None, &[(0, 6)]);
    check(&[on_duty(8), said(1, Busy, 2, Some(4))], None, &[(0, 8)]);
    check(&[said(1, Available, 20, Some(30))], None, &[(20, 30)]);
    check(&[said(1, Available, 20, Some(30)), said(2, Dnd, 10, Some(25))], None, &[(20, 30)]);
    check(&[said(1, Available, 20, Some(30)), said(2, Dnd, 25, None)], None, &[(20, 25)]);
    check(&[on_duty(8), said(1, Available, 6, Some(10))], None, &[(0, 10)]);
    check(&[said(1, Available, 6, Some(10)), Command::Hold("training".to_owned())], None, &[]);
}

#[test]
fn who_is_at_work_by_their_hours_is_expected() {
    use State::{Dnd, OffWork};
    let office = office();
    let check = |commands: &[Command], wanted: &[(i64, i64)]| check(commands, Some(&office), wanted);
    check(&[], &[(8, 16), (32, 40)]);
    check(&[on_duty(10)], &[(0, 16), (32, 40)]);
    // Off work since yesterday's end of work, or at home from noon on.
    check(&[said(1, OffWork, -8, None)], &[(8, 16), (32, 40)]);
    check(&[said(1, OffWork, 12, None)], &[(8, 12), (32, 40)]);
    check(&[said(1, OffWork, 0, Some(36))], &[(36, 40)]);
    check(&[said(1, Dnd, 10, Some(12))], &[(8, 10), (12, 16), (32, 40)]);
    check(&[said(1, Dnd, -8, None)], &[]);
    check(&[Command::Hold("training".to_owned())], &[]);
}

#[test]
fn who_never_had_a_window_is_there_where_that_is_the_default() {
    let told = |commands: &[Command]| {
        let presence = commands.iter().fold(Presence::default(), asked);
        outlook(&presence, None, DefaultAvailability::Available, (hour(0), hour(AHEAD)))
    };
    assert_eq!(told(&[]), spans(&[(0, AHEAD)]));
    assert_eq!(told(&[said(1, State::Available, 20, Some(30))]), spans(&[(0, 30)]), "then they had one");
}

fn any_command() -> impl Strategy<Value = Command> {
    let length = proptest::option::of(1..40_i64);
    let say = (1..6_u128, proptest::sample::select(State::ALL), -10..60_i64, length);
    prop_oneof![
        6 => say.prop_map(|(number, state, from, length)| said(number, state, from, length.map(|long| from + long))),
        2 => (1..72_u16).prop_map(on_duty),
        1 => Just(Command::GoOffline),
        1 => Just(Command::Hold("training".to_owned())),
    ]
}

proptest! {
    #[test]
    fn as_many_are_expected_as_the_verdict_lets_through_when_the_time_has_come(
        plans in proptest::collection::vec(proptest::collection::vec(any_command(), 0..6), 1..5),
        default in proptest::sample::select(DefaultAvailability::ALL),
        half_hours in 0..144,
    ) {
        let users: Vec<Presence> =
            plans.iter().map(|commands| commands.iter().fold(Presence::default(), asked)).collect();
        let within = (hour(0), hour(AHEAD));
        let told: Vec<Span> = users.iter().flat_map(|user| outlook(user, None, default, within)).collect();
        let then = |half_hours| hour(0) + TimeDelta::minutes(30) * half_hours;
        // As a worker has it who looks every half an hour.
        let live = |user: &Presence| (0..=half_hours).fold(user.clone(), |user, count| passed(user, then(count)));
        let is_let_through = |user: &Presence| {
            allocation::foreseeable(user, default, then(half_hours)).next().is_none()
        };
        let standing = users.iter().map(live).filter(is_let_through).count();
        prop_assert_eq!(Attendance::of(&told).at(then(half_hours)), standing);
    }
}

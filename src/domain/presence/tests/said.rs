//! What is said of now and of later beside the window: in tables, and against a fold of what is told.

use proptest::prelude::*;

use super::model::told_after;
use super::*;
use crate::domain::availability::{State as Said, Terms};
use crate::domain::desk::{Line, Report, SettingsPatch};
use crate::domain::wrap_up::Party;

/// In a state from one minute to another.
fn availability(id: u128, state: Said, start: i64, end: Option<i64>) -> Availability {
    let (starts_at, ends_at) = (at(start), end.map(at));
    let terms = Terms { state, starts_at, ends_at, transfer: None, note: None, label: None };
    Availability { id: AvailabilityId::from_bits(id), terms, source: Source::Api }
}

fn say(id: u128, state: Said, start: i64, end: Option<i64>) -> Asked {
    Asked::Command(Command::Say(availability(id, state, start, end)))
}

fn withdraw(id: u128) -> Asked {
    Asked::Command(Command::Withdraw(AvailabilityId::from_bits(id)))
}

fn report(state: Line, seconds: u16) -> Asked {
    let terminal = 1.try_into().expect("1 to 999");
    let report = Report { terminal, state, party: Party::External, queue: None };
    Asked::Command(Command::Report(report, seconds.try_into().expect("0 to 999")))
}

/// The first report of a call that the user makes.
fn dial_out(state: Line) -> Asked {
    let terminal = 1.try_into().expect("1 to 999");
    let report = Report { terminal, state, party: Party::External, queue: None };
    Asked::Command(Command::DialOut(report, 30.try_into().expect("0 to 999"), AvailabilityId::from_bits(9)))
}

#[test]
fn who_dials_out_while_not_to_be_disturbed_is_available_first() {
    // A3.7.
    let dnd = || after(&[(say(1, Said::Dnd, 0, None), 0)]);
    let busy = || after(&[(say(1, Said::Busy, 0, None), 0)]);
    let rang = || after(&[(say(1, Said::Dnd, 0, None), 0), (report(Line::Dialing, 30), 5)]);
    let full = (0..99).fold(dnd(), |before, id| {
        ask(&before, &say(id + 100, Said::Away, 100, Some(200)), None, at(0)).expect("there is room").0
    });
    for (before, asked, wanted) in [
        (dnd(), dial_out(Line::Dialing), "2 said available at 10; 3 desk at 10"),
        (dnd(), dial_out(Line::Talking), "2 said available at 10; 3 desk at 10"),
        (dnd(), dial_out(Line::Idle), ""),
        (dnd(), report(Line::Dialing, 30), "2 desk at 10"),
        (busy(), dial_out(Line::Dialing), "2 desk at 10"),
        // It says so with the first report of a call alone.
        (rang(), dial_out(Line::Talking), "3 desk at 10"),
        (full, dial_out(Line::Dialing), "101 desk at 10"),
    ] {
        check(&before, &asked, None, 10, wanted);
    }
    let dialled = after(&[(say(1, Said::Dnd, 0, None), 0), (dial_out(Line::Dialing), 10)]);
    assert_eq!(dialled.availability(at(10)), Said::Available);
    assert_eq!(dialled.availabilities().last().map(|one| one.id.clone()), Some(AvailabilityId::from_bits(9)));
}

#[test]
fn what_is_said_beside_a_window() {
    let planned = after(&[(say(1, Said::Available, 100, Some(200)), 0)]);
    let away = after(&[(say(2, Said::Dnd, 50, Some(90)), 0)]);
    for (before, asked, now, wanted) in [
        // Available until an end is time on duty (A2.6).
        (new(), say(1, Said::Available, 0, Some(480)), 0, "1 online 0-480 at 0"),
        (on(), say(1, Said::Available, 60, Some(240)), 60, "2 extended 0-240 at 60"),
        (held(), say(1, Said::Available, 60, Some(240)), 60, "held off duty by a supervisor: training"),
        (
            new(),
            say(1, Said::Available, 0, Some(169 * 60)),
            0,
            "the window would end more than 168 hours from now",
        ),
        // Any other state, and one that goes on, is not.
        (new(), say(1, Said::Available, 0, None), 0, "1 said available at 0"),
        (on(), say(1, Said::Dnd, 60, Some(90)), 60, "2 said dnd at 60"),
        (on(), say(1, Said::OffWork, 60, None), 60, "2 said off_work at 60"),
        // Beforehand, and when its time comes: late, or too late.
        (new(), say(1, Said::Available, 100, Some(200)), 0, "1 said available at 0"),
        (planned.clone(), timer(1), 99, "the timer is stale"),
        (planned.clone(), timer(1), 100, "2 online 100-200 at 100"),
        (planned.clone(), timer(1), 150, "2 online 150-200 at 150"),
        (planned.clone(), timer(1), 200, "2 withdrawn at 200"),
        (planned.clone(), timer(2), 150, "the timer is stale"),
        (planned.clone(), go(8), 150, "2 online 150-200 at 150; 3 extended 150-630 at 150"),
        (planned.clone(), hold("training"), 50, "2 held training at 50"),
        (planned.clone(), withdraw(1), 50, "2 withdrawn at 50"),
        (planned.clone(), say(1, Said::Available, 120, Some(200)), 50, "2 said available at 50"),
        (away.clone(), timer(1), 50, "2 turned at 50"),
        (
            away,
            withdraw(3),
            50,
            &format!("`{}` is none of the user's availabilities", AvailabilityId::from_bits(3)),
        ),
    ] {
        check(&before, &asked, None, now, wanted);
    }
    let held = after(&[(say(1, Said::Available, 100, Some(200)), 0), (hold("training"), 50)]);
    check(&held, &timer(2), None, 100, "3 withdrawn at 100");
}

#[test]
fn a_planned_duty_lengthens_an_open_window_and_never_shortens_it() {
    for (end, wanted) in [(600, "3 extended 0-600 at 400"), (450, "3 extended 0-480 at 400")] {
        let before = after(&[(go(8), 0), (say(1, Said::Available, 400, Some(end)), 10)]);
        check(&before, &timer(2), None, 400, wanted);
    }
    // The window before it ended first, whoever looked.
    let apart = after(&[(go(1), 0), (say(1, Said::Available, 100, Some(200)), 10)]);
    check(&apart, &timer(2), None, 150, "3 offline expired, ended 60 at 150; 4 online 150-200 at 150");
}

#[test]
fn the_last_word_counts_until_its_end_and_then_the_one_before() {
    let counts = |presence: &Presence, now| presence.availability(at(now));
    // On duty from 0 to 480, not to be disturbed from 60 to 120 (D29).
    let disturbed = after(&[(go(8), 0), (say(1, Said::Dnd, 60, Some(120)), 60)]);
    assert_eq!(
        [59, 60, 119, 120, 480].map(|now| counts(&disturbed, now)).map(Said::as_str),
        ["available", "dnd", "dnd", "available", "available"]
    );
    // A key press is the last word then.
    let pressed = after(&[(go(8), 0), (say(1, Said::Dnd, 60, Some(120)), 60), (go(8), 90)]);
    assert_eq!(counts(&pressed, 90), Said::Available);
    // What outlives the window shows again when it is over.
    let off = after(&[(say(1, Said::OffWork, 0, None), 0), (go(1), 10)]);
    assert_eq!(
        [10, 69, 70].map(|now| counts(&off, now)).map(Said::as_str),
        ["available", "available", "off_work"]
    );
}

#[test]
fn the_window_is_one_of_the_availabilities() {
    let plain = on().availabilities();
    let [window] = plain.as_slice() else { panic!("{plain:?}") };
    assert_eq!((window.terms.starts_at, window.terms.ends_at), (at(0), Some(at(480))));
    assert_eq!((window.terms.state, window.source), (Said::Available, Source::Phone));
    let again = Asked::Command(Command::Withdraw(window.id.clone()));
    check(&on(), &again, None, 60, "2 offline test, ended 60 at 60");
    // One that was said keeps its name, and what is said in its place ends the window.
    let said = after(&[(say(7, Said::Available, 0, Some(480)), 0)]);
    assert_eq!(said.availabilities()[0].id, AvailabilityId::from_bits(7));
    check(
        &said,
        &say(7, Said::Busy, 0, Some(480)),
        None,
        60,
        "2 offline test, ended 60 at 60; 3 said busy at 60",
    );
}

#[test]
fn a_user_has_so_many_availabilities_and_no_more() {
    let full = (0..100).fold(new(), |before, id| {
        ask(&before, &say(id, Said::Away, 100, Some(200)), None, at(0)).expect("there is room").0
    });
    check(&full, &say(100, Said::Away, 100, Some(200)), None, 0, "the user has 100 availabilities already");
    check(&full, &say(99, Said::Busy, 100, Some(200)), None, 0, "101 said busy at 0");
}

#[test]
fn a_call_changes_the_desk_and_nothing_that_was_said() {
    let talking = after(&[(go(8), 0), (report(Line::Talking, 30), 10)]);
    assert!(talking.desk.is_talking());
    check(&talking, &report(Line::Talking, 30), None, 11, "");
    let ended = after(&[(go(8), 0), (report(Line::Talking, 30), 10), (report(Line::Idle, 90), 20)]);
    assert_eq!(ended.desk.wrap_up(at(21)).map(|wrap_up| minute(wrap_up.end)), Some(21));
    assert_eq!((ended.availability(at(20)), ended.window(at(20))), (Said::Available, Some(at(480))));
    // Its end is due like the rest.
    assert_eq!(ended.turns_at(), Some(at(20) + chrono::TimeDelta::seconds(90)));
    check(&ended, &timer(3), None, 22, "4 turned at 22");
    let by = 60.try_into().expect("0 to 999");
    let extend = |most| Asked::Command(Command::ExtendWrapUp { by, most });
    check(&ended, &extend(1), None, 21, "4 desk at 21");
    check(&ended, &extend(0), None, 21, "the wrap-up was extended 0 times already");
    check(&ended, &Asked::Command(Command::EndWrapUp), None, 21, "4 desk at 21");
    check(&ended, &Asked::Command(Command::EndWrapUp), None, 22, "the wrap-up is over");
    check(&on(), &Asked::Command(Command::EndWrapUp), None, 22, "the wrap-up is over");
}

prop_compose! {
    fn any_terms()(
        id in 0..6_u128,
        state in proptest::sample::select(Said::ALL),
        start in -300..600_i64,
        length in proptest::option::of(1..600_i64),
    ) -> Availability {
        availability(id, state, start, length.map(|length| start + length))
    }
}

fn anything() -> impl Strategy<Value = Asked> {
    let command = |command| Asked::Command(command);
    prop_oneof![
        4 => any_terms().prop_map(move |said| command(Command::Say(said))),
        2 => (0..6_u128).prop_map(withdraw),
        2 => (1..9_u16).prop_map(go),
        1 => Just(GO_OFFLINE),
        1 => Just(hold("training")),
        1 => Just(RELEASE),
        2 => (proptest::sample::select(Line::ALL), 0..999_u16).prop_map(|(line, length)| report(line, length)),
        1 => Just(command(Command::EndWrapUp)),
        1 => any::<bool>().prop_map(move |serving| {
            command(Command::Adjust(SettingsPatch { serving: Some(serving), ..SettingsPatch::default() }))
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_told_comes_to_what_is_kept(happenings in prop::collection::vec((anything(), -30..120_i64), 1..40)) {
        let (mut presence, mut now) = (Presence::default(), 0);
        for (asked, step) in happenings {
            now += step;
            // Whatever is due happens first, and leaves nothing that is.
            let due = presence.turns_at().is_some_and(|due| due <= at(now));
            let settled = settle(&presence, presence.generation, None, at(now));
            prop_assert!(settled.is_some() || !due, "{:?} at {}", presence, now);
            let settled = settled.map_or_else(|| presence.clone(), |(settled, _)| settled);
            prop_assert!(settled.turns_at().is_none_or(|next| at(now) < next), "{:?} at {}", settled, now);
            let Ok((next, transitions)) = ask(&presence, &asked, None, at(now)) else { continue };
            let told = transitions.iter().fold(presence.clone(), told_after);
            prop_assert_eq!(&told, &next);
            prop_assert_eq!(next.generation, presence.generation + transitions.len() as u64);
            // Time on duty that has begun is the window, and nothing else.
            let begun = |one: &Availability| one.terms.is_duty() && one.terms.starts_at <= at(now);
            prop_assert!(!next.plan.said().iter().any(begun));
            presence = next;
        }
    }
}

use serde_json::json;

use crate::domain::call::{LookupMiss, Outcome};
use crate::domain::policy::Policy;
use crate::domain::presence::{Reason, Transition};
use crate::domain::trust::{Attestation, PinOutcome};
use crate::domain::user::Agent;
use crate::flow::engine::{Asked, Effect, Identity, MOST_TURNS};
use crate::flow::fixtures::{Rehearsal, ada, ada_online_until, ada_with_a_pin, at, duty};

fn call(agent: Agent) -> Rehearsal {
    call_to("", agent)
}

/// A call that has heard the menu of a flow with these settings.
fn call_to(settings: &str, agent: Agent) -> Rehearsal {
    let mut call = Rehearsal::of(&[&duty(settings)], agent);
    call.begins();
    call
}

fn call_from(identity: Identity, settings: &str, agent: Option<Agent>) -> Rehearsal {
    let mut call = Rehearsal::from(&[&duty(settings)], identity, agent);
    call.begins();
    call
}

/// What the last turn did to presence.
fn transitions(call: &Rehearsal) -> Vec<Transition> {
    let transitions = call.last().effects.iter().filter_map(|effect| match effect {
        Effect::Presence { transitions, .. } => Some(transitions.clone()),
        Effect::PinAttempt { .. } | Effect::LookupFailed(_) | Effect::PromptFallback(_) => None,
    });
    transitions.flatten().collect()
}

#[test]
fn one_key_puts_the_agent_on_duty() {
    // A1.8.
    for (key, hours) in [("1", 8), ("2", 24), ("3", 48), ("4", 72)] {
        let mut call = call(ada());
        call.hears("Welcome").hears("for 24 hours, press 2").changes_nothing();
        call.presses(key).hears("You are now online").ends(Outcome::Online);
        assert_eq!(call.online_until(), Some(hours * 60), "key {key}");
    }
}

/// The tenant's first set.
fn offering(hours: &[u16]) -> Policy {
    let entry = |hours| json!({ "state": "available", "minutes": hours * 60 });
    let set = json!({ "name": "first", "entries": hours.iter().map(entry).collect::<Vec<_>>() });
    serde_json::from_value(json!({ "quick_sets": [set] })).expect("a policy")
}

#[test]
fn the_keys_mean_what_was_spoken() {
    // A1.8, A2.6.
    let mut call = Rehearsal::of(&[&duty("")], ada());
    call.tenant.policy = offering(&[6, 120]);
    call.begins().hears("6 hours, press 1").hears("120 hours, press 2");
    call.tenant.policy = offering(&[12]);
    call.presses("2").ends(Outcome::Online);
    assert_eq!(call.online_until(), Some(120 * 60));

    let mut own = Rehearsal::of(&[&duty("presets = [5]")], ada());
    own.tenant.policy = offering(&[6]);
    own.begins().hears("5 hours, press 1").hears_no("6 hours");
}

#[test]
fn typed_hours_are_read_as_people_mean_them() {
    let mut typed = Vec::new();
    for keys in ["0", "00", "01", "08", "5", "12", "99"] {
        let mut call = call(ada_online_until(30));
        call.presses("9").hears("number of hours").changes_nothing().presses(keys);
        typed.push((keys, call.last().outcome, call.online_until().map(|minutes| minutes / 60)));
    }
    let (online, offline) = (Some(Outcome::Online), Some(Outcome::Offline));
    assert_eq!(
        typed,
        [
            // D2.
            ("0", offline, None),
            ("00", offline, None),
            // D3.
            ("01", online, Some(1)),
            ("08", online, Some(8)),
            // D5.
            ("5", online, Some(5)),
            ("12", online, Some(12)),
            // D4.
            ("99", online, Some(99)),
        ]
    );
}

#[test]
fn more_hours_than_the_flow_allows_are_refused_and_not_cut() {
    let mut call = call_to("presets = [4]\nmax_hours = 12", ada());
    call.presses("9").presses("13").hears("at most 12 hours").hears("number of hours").changes_nothing();
    call.presses("14").hears("at most 12 hours");
    call.presses("15").hears("Goodbye").ends(Outcome::GaveUp);
    assert_eq!(call.online_until(), None);
}

#[test]
fn the_menu_takes_one_key_and_typing_takes_two() {
    let mut call = call_to("key_timeout = 7\ndigit_timeout = 4", ada());
    let menu = call.question();
    // D8: the hash key is a key here.
    assert_eq!((menu.max_digits, menu.hash_finishes, menu.timeout_s), (1, false, 7));
    let hours = call.presses("9").question();
    assert_eq!((hours.max_digits, hours.hash_finishes, hours.timeout_s), (2, true, 4));
}

#[test]
fn keys_that_mean_nothing_are_asked_for_again() {
    // D8, D10, and the hash key of a carrier that does not keep it to itself (D6).
    for (before, keys) in
        [("", "5"), ("", "8"), ("", "#"), ("", "12"), ("9", "123"), ("9", "1*"), ("9", "#"), ("9", "5#")]
    {
        let mut call = call(ada());
        if !before.is_empty() {
            call.presses(before);
        }
        let asked = call.question().prompt.clone();
        call.presses(keys).hears("not a valid choice").changes_nothing();
        let again = call.question().prompt.clone();
        assert_eq!(again.len(), asked.len(), "{keys}");
        assert_eq!(call.online_until(), None, "{keys}");
    }
    call(ada()).garbles().hears("not a valid choice").hears("press 1").changes_nothing();
    call(ada()).hears_no("press 5").hears_no("press 6");
}

#[test]
fn silence_repeats_the_question_without_blame() {
    let mut call = call(ada());
    call.waits().hears("press 1").hears_no("not a valid").changes_nothing();
    call.presses("9").waits().hears("number of hours").hears_no("not a valid").changes_nothing();
}

#[test]
fn invalid_keys_and_silence_share_a_count_at_whose_end_nothing_changed() {
    let mut call = call(ada_online_until(30));
    call.presses("7").waits().presses("8").hears("Goodbye").changes_nothing().ends(Outcome::GaveUp);
    assert_eq!(call.online_until(), Some(30));
    call_to("tries = 1", ada()).waits().hears("Goodbye").ends(Outcome::GaveUp);
}

#[test]
fn each_menu_bears_its_own_wrong_answers() {
    let mut call = call(ada());
    call.waits().waits().presses("9").waits().waits().hears("number of hours");
    call.presses("*").waits().waits().hears("press 1").waits().hears("Goodbye");
}

#[test]
fn the_star_goes_back_or_repeats() {
    let mut call = call(ada());
    call.presses("*").hears("press 1").hears_no("not a valid").changes_nothing();
    call.presses("9").presses("*").hears("press 1").hears_no("up to two digits").changes_nothing();
    call.presses("1").ends(Outcome::Online);
}

#[test]
fn the_star_does_not_forgive_wrong_answers() {
    call(ada()).waits().presses("*").waits().presses("*").waits().hears("Goodbye");
}

#[test]
fn the_hash_key_keeps_an_open_window_and_is_invalid_without_one() {
    let mut call = call(ada_online_until(30));
    call.hears("Ada, you are online until").hears("30 minutes left").hears("hash key");
    call.presses("#").hears("You stay online until").changes_nothing().ends(Outcome::Kept);
    assert_eq!(call.online_until(), Some(30));
}

#[test]
fn a_window_that_is_open_already_is_treated_as_the_flow_says() {
    for (when_online, until) in [("replace", 480), ("extend", 510), ("max", 480)] {
        let mut call = call_to(&format!("when_online = \"{when_online}\""), ada_online_until(30));
        call.presses("1").ends(Outcome::Online);
        assert_eq!(call.online_until(), Some(until), "{when_online}");
        assert!(matches!(transitions(&call)[..], [Transition::Extended(_)]), "{when_online}");
    }
    let mut shorter = call_to("when_online = \"max\"", ada_online_until(900));
    assert_eq!(shorter.presses("1").online_until(), Some(900));
}

#[test]
fn going_off_duty_twice_is_no_mistake() {
    let mut off = call(ada());
    off.presses("0").hears("You are now offline").ends(Outcome::Offline);
    assert!(off.last().changes_presence() && transitions(&off).is_empty());
    let mut on = call(ada_online_until(30));
    on.presses("0").hears("You are now offline").ends(Outcome::Offline);
    assert!(matches!(transitions(&on)[..], [Transition::WentOffline(_)]));
}

#[test]
fn the_window_begins_with_the_key_and_names_its_call() {
    let mut call = call(ada());
    call.later(2).presses("1");
    let [Transition::WentOnline(window)] = &transitions(&call)[..] else { panic!("{:?}", call.last()) };
    assert_eq!((window.at, window.since), (at(2), at(2)));
    assert_eq!((&window.cause.reason, window.cause.call.is_some()), (&Reason::LoggedIn, true));
}

#[test]
fn a_choice_wins_over_an_end_that_came_while_the_menu_was_open() {
    let mut in_time = call(ada_online_until(1));
    in_time.later(1).presses("1").ends(Outcome::Online);
    assert!(matches!(transitions(&in_time)[..], [Transition::Extended(_)]));
    let mut late = call(ada_online_until(1));
    late.later(2).presses("1").ends(Outcome::Online);
    assert!(matches!(transitions(&late)[..], [Transition::WentOffline(_), Transition::WentOnline(_)]));
}

#[test]
fn strangers_are_turned_away() {
    for miss in [
        LookupMiss::Withheld,
        LookupMiss::NoNumber,
        LookupMiss::NoAgent,
        LookupMiss::Inactive,
        LookupMiss::Ambiguous,
    ] {
        let mut call = call_from(Identity::Nobody(miss), "", None);
        call.hears("does not belong to one of our agents").hears_no("press 1").ends(Outcome::Unknown);
        assert_eq!(call.last().effects, [Effect::LookupFailed(miss)]);
    }
}

#[test]
fn an_agent_who_is_deactivated_during_the_call_is_told_no_lie() {
    for agent in [ada(), ada_online_until(30)] {
        for keys in ["1", "0", "9"] {
            let mut call = call(agent.clone());
            call.agent = None;
            call.presses(keys).hears("does not belong to one of our agents").ends(Outcome::Unknown);
            assert_eq!(call.last().effects, [Effect::LookupFailed(LookupMiss::Inactive)]);
        }
    }
}

#[test]
fn a_supervisors_hold_is_told_and_not_passed() {
    let mut held = ada();
    held.presence.hold = Some("training".to_owned());
    let mut call = call(held);
    call.presses("1").hears("Reason: training").changes_nothing().ends(Outcome::Held);
    assert_eq!(call.online_until(), None);
}

#[test]
fn without_presets_hours_are_typed_at_once() {
    // A1.9.
    let mut call = call_to("presets = []", ada());
    call.hears("number of hours").hears_no("press 1").presses("3").ends(Outcome::Online);
    assert_eq!(call.online_until(), Some(180));
    call_to("presets = [2]", ada()).hears("for 2 hours, press 1").presses("2").hears("not a valid choice");
}

#[test]
fn a_stranger_may_name_themselves_where_the_flow_lets_them() {
    let withheld = Identity::Nobody(LookupMiss::Withheld);
    let mut call = call_from(withheld, "id_pin_login = true", Some(ada_with_a_pin()));
    call.hears("agent code").presses("1234").hears("PIN").hears_no("Ada").changes_nothing();
    call.presses("4711").hears("press 1").presses("1").ends(Outcome::Online);
    assert_eq!(call.online_until(), Some(480));
}

#[test]
fn a_wrong_code_is_learnt_of_no_sooner_than_a_wrong_pin() {
    let withheld = Identity::Nobody(LookupMiss::Withheld);
    let wrong = Effect::PinAttempt { record: None, outcome: PinOutcome::Wrong };
    let mut nobody = call_from(withheld, "id_pin_login = true", Some(ada_with_a_pin()));
    nobody.presses("9999").hears("PIN");
    for _ in 0..2 {
        nobody.presses("4711").hears("not correct").hears("PIN");
        assert_eq!(nobody.last().effects, std::slice::from_ref(&wrong));
    }
    nobody.presses("4711").hears("Goodbye").ends(Outcome::Refused);
    // Who has no PIN cannot be named by code alone.
    let mut without = call_from(withheld, "id_pin_login = true", Some(ada()));
    without.presses("1234").presses("4711").hears("not correct");
}

#[test]
fn who_shares_a_line_says_who_they_are() {
    let mut call = call_from(Identity::Shared, "", Some(ada()));
    call.hears("agent code").presses("9999").hears("not a valid choice").hears("agent code");
    call.presses("1234").hears("press 1").presses("1").ends(Outcome::Online);
    assert_eq!(call.online_until(), Some(480));
    let mut nobody = call_from(Identity::Shared, "", Some(ada()));
    nobody.presses("1").waits().presses("2").hears("Goodbye").changes_nothing().ends(Outcome::Refused);
}

#[test]
fn three_wrong_pins_end_the_call() {
    let mut call = call(ada_with_a_pin());
    call.hears("PIN").hears_no("press 1");
    call.presses("1").hears("not correct").presses("2").presses("3").hears("Goodbye").ends(Outcome::Refused);
    let agent = call.agent.as_ref().expect("an agent");
    assert_eq!((agent.pin.wrong_in_a_row, call.online_until()), (3, None));
    assert!(call.last().must_be_kept());
}

#[test]
fn silence_is_no_attempt_at_a_pin() {
    let mut call = call(ada_with_a_pin());
    call.waits().hears("PIN").changes_nothing();
    call.presses("4711").hears("press 1");
}

#[test]
fn a_locked_agent_hears_what_a_wrong_pin_hears() {
    let mut agent = ada_with_a_pin();
    agent.pin.wrong_in_a_row = 4;
    let mut call = call(agent);
    call.presses("1").hears("not correct");
    let attempt = |call: &Rehearsal| match call.last().effects.first() {
        Some(Effect::PinAttempt { outcome, .. }) => *outcome,
        other => panic!("{other:?}"),
    };
    assert_eq!(attempt(&call), PinOutcome::WrongAndLocked);
    call.presses("4711").hears("not correct");
    assert_eq!(attempt(&call), PinOutcome::Locked);
}

#[test]
fn a_number_that_carriers_attest_needs_no_pin() {
    let mut call = Rehearsal::of(&[&duty("")], ada_with_a_pin());
    call.attestation = Attestation::Full;
    call.begins().hears("press 1");
    let mut always = Rehearsal::of(&[&duty("pin = \"always\"")], ada_with_a_pin());
    always.attestation = Attestation::Full;
    always.begins().hears("PIN");
    call_to("pin = \"never\"", ada_with_a_pin()).hears("press 1");
}

#[test]
fn keys_for_a_menu_that_is_not_true_any_more_change_nothing() {
    for (before, keys) in [("", "0"), ("9", "12")] {
        let mut call = call(ada());
        if !before.is_empty() {
            call.presses(before);
        }
        // Another call of the agent's puts them on duty.
        call.agent = Some(ada_online_until(30));
        call.presses(keys).hears("has changed").hears("you are online until").hears("press 1");
        call.changes_nothing().presses("0").ends(Outcome::Offline);
    }
    let mut ended = call(ada_online_until(30));
    ended.agent = Some(ada());
    ended.presses("#").hears("has changed").hears("You are now offline").changes_nothing();
}

#[test]
fn nobody_listens_for_ever() {
    let mut call = call(ada_online_until(30));
    for _ in 1..MOST_TURNS {
        call.presses("*").hears("press 1");
    }
    call.presses("1").hears("Goodbye").changes_nothing().ends(Outcome::GaveUp);
    assert_eq!(call.online_until(), Some(30));
}

#[test]
fn a_menu_is_open_while_hours_are_asked_for() {
    let mut call = call(ada_with_a_pin());
    assert_eq!((call.last().cursor.asked.clone(), call.last().cursor.is_menu_open()), (Asked::Pin, false));
    assert!(call.presses("4711").last().cursor.is_menu_open());
    assert!(call.presses("9").last().cursor.is_menu_open());
    assert!(!call.presses("3").last().cursor.is_menu_open());
}

//! The conversation with an agent who is known (A1.13, D2 to D13, D15 to D17, D40, D47).

use dutyline::app::presence::{Order, Whom};
use dutyline::domain::desk::SettingsPatch;
use dutyline::domain::edit::Edit;
use dutyline::domain::event::{Envelope, Event};
use dutyline::domain::presence::{Command, Reason, Source, State, WhenOnline};
use serde_json::json;

use crate::harness::line::{ADA, Line, at, hours, noon};

#[tokio::test]
async fn a_preset_key_puts_the_agent_online_from_the_key_press_on() {
    // A1.13, A1.14, D17.
    let line = Line::open().await;
    let caller = line.call_from(ADA).await.hears("Welcome").hears("To go online for 8 hours, press 1.");
    line.clock.advance(chrono::TimeDelta::seconds(20));
    let caller = caller.presses("2").await;
    let pressed = noon() + chrono::TimeDelta::seconds(20);
    caller.hears("until Saturday").hears("Toronto time").was_hung_up_on();
    assert_eq!(line.online_until("ada").await, Some(pressed + hours(24)));
    let State::Online { since, .. } = line.presence("ada").await.state else { panic!("not online") };
    assert_eq!(since, pressed);
    assert_eq!(line.told().await, ["presence.online"]);
}

#[tokio::test]
async fn the_same_line_takes_agents_on_and_off_duty_and_each_change_keeps_its_source() {
    // A1.16, D1.
    let line = Line::open().await;
    line.call_from(ADA).await.hears_not("you are online").presses("1").await.hears("You are now online");
    line.call_from(ADA).await.hears("you are online").presses("0").await.hears("You are now offline");
    let whom = Whom::Named(vec!["ada".parse().expect("a login")]);
    let (hours_8, when_online) = (8.try_into().expect("hours"), WhenOnline::Replace);
    let command = Command::GoOnline { hours: hours_8, when_online, cap: hours_8 };
    let order = Order { whom, command, source: Source::Admin, reason: Reason::LoggedIn };
    line.app.set_presence(&line.tenant, order).await.expect("allowed");
    line.pass(hours(8)).await;
    let source = |event: Envelope| match event.event {
        Event::PresenceOnline(window) => Some(window.cause.source),
        Event::PresenceOffline(ending) => Some(ending.cause.source),
        _ => None,
    };
    let sources: Vec<Source> = line.events().await.into_iter().filter_map(source).collect();
    assert_eq!(sources, [Source::Phone, Source::Phone, Source::Admin, Source::Timer]);
}

#[tokio::test]
async fn every_key_of_the_menu_does_what_it_says() {
    for (key, until) in [("1", 8), ("2", 24), ("3", 48), ("4", 72)] {
        let line = Line::open().await;
        line.call_from(ADA).await.presses(key).await.was_hung_up_on();
        assert_eq!(line.online_until("ada").await, Some(noon() + hours(until)), "key {key}");
    }
}

#[tokio::test]
async fn hours_are_typed_in_after_a_nine() {
    // D3, D5, D6: one digit counts after the wait or with the hash key, a leading zero changes nothing.
    for (keys, until) in [("8#", 8), ("08", 8), ("99", 99), ("01", 1)] {
        let line = Line::open().await;
        let caller = line.call_from(ADA).await.presses("9").await.hears("number of hours");
        caller.presses(keys).await.hears("online").was_hung_up_on();
        assert_eq!(line.online_until("ada").await, Some(noon() + hours(until)), "{keys}");
    }
    let line = Line::open().await;
    line.call_from(ADA).await.presses("9").await.presses("7").await.waits().await.was_hung_up_on();
    assert_eq!(line.online_until("ada").await, Some(noon() + hours(7)), "one digit, then silence");
}

#[tokio::test]
async fn no_hours_are_offline() {
    // D2.
    for keys in ["0#", "00"] {
        let line = Line::open().await;
        line.call_from(ADA).await.presses("1").await;
        let caller = line.call_from(ADA).await.presses("9").await;
        caller.presses(keys).await.hears("You are now offline.").was_hung_up_on();
        assert_eq!(line.online_until("ada").await, None, "{keys}");
    }
}

#[tokio::test]
async fn more_hours_than_allowed_are_refused_and_asked_for_again() {
    // D4.
    let line = Line::with_flow(&duty("max_hours = 12")).await;
    let caller = line.call_from(ADA).await.presses("9").await.presses("13").await;
    let caller = caller.hears("at most 12 hours").hears("number of hours");
    assert_eq!(line.online_until("ada").await, None);
    caller.presses("12").await.was_hung_up_on();
    assert_eq!(line.online_until("ada").await, Some(noon() + hours(12)));
}

#[tokio::test]
async fn the_hash_key_alone_is_no_answer() {
    // D6: carriers swallow the key that finishes.
    let line = Line::open().await;
    let caller = line.call_from(ADA).await.presses("9").await;
    caller.presses("#").await.hears("number of hours").hears_not("not a valid choice");
}

#[tokio::test]
async fn star_leads_back_and_repeats() {
    // D7.
    let line = Line::open().await;
    let caller = line.call_from(ADA).await.presses("*").await.hears("press 1").hears_not("valid");
    let caller = caller.presses("9").await.hears("number of hours");
    caller.presses("*").await.waits().await.hears("press 1");
}

#[tokio::test]
async fn other_keys_are_invalid() {
    // D8.
    for key in ["5", "6", "7", "8", "#"] {
        let line = Line::open().await;
        line.call_from(ADA).await.presses(key).await.hears("not a valid choice").hears("press 1");
        assert_eq!(line.told().await, [""; 0], "key {key}");
    }
    let line = Line::with_flow(&duty("presets = [4]")).await;
    let caller = line.call_from(ADA).await.hears("4 hours, press 1").hears_not("press 2");
    caller.presses("2").await.hears("not a valid choice");
}

#[tokio::test]
async fn three_answers_that_lead_nowhere_end_the_call_and_change_nothing() {
    // D9: silence and invalid keys share one count.
    let line = Line::open().await;
    line.call_from(ADA).await.presses("1").await;
    let before = line.presence("ada").await;
    let caller = line.call_from(ADA).await.waits().await.hears("press 1").presses("7").await;
    caller.waits().await.hears("Goodbye").was_hung_up_on();
    assert_eq!(line.presence("ada").await, before);
}

#[tokio::test]
async fn hanging_up_changes_nothing() {
    // D11, D12, D13, I16.
    let line = Line::open().await;
    line.call_from(ADA).await.hangs_up().await;
    line.call_from(ADA).await.presses("9").await.hangs_up().await;
    assert_eq!(line.presence("ada").await.generation, 0);
    let caller = line.call_from(ADA).await.presses("1").await;
    caller.hangs_up().await;
    assert_eq!(line.online_until("ada").await, Some(noon() + hours(8)), "the key was pressed");
    let outcomes: Vec<String> = line
        .events()
        .await
        .into_iter()
        .filter_map(|event| match event.event {
            dutyline::domain::event::Event::CallEnded { outcome, .. } => Some(outcome),
            _ => None,
        })
        .collect();
    assert_eq!(outcomes, ["abandoned", "abandoned", "online"]);
}

#[tokio::test]
async fn pressing_again_while_online_sets_another_end() {
    // D15, I7.
    for (when_online, until) in [("replace", 9), ("extend", 80), ("max", 72)] {
        let line = Line::with_flow(&duty(&format!("when_online = \"{when_online}\""))).await;
        line.call_from(ADA).await.presses("4").await;
        line.clock.advance(hours(1));
        line.call_from(ADA).await.hears("you are online until").presses("1").await.was_hung_up_on();
        assert_eq!(line.online_until("ada").await, Some(noon() + hours(until)), "{when_online}");
        assert_eq!(line.told().await, ["presence.online", "presence.extended"]);
    }
}

#[tokio::test]
async fn an_extension_beyond_the_furthest_end_is_refused() {
    // D4, I7.
    let line = Line::with_flow(&duty("when_online = \"extend\"\nmax_hours = 72")).await;
    line.call_from(ADA).await.presses("4").await;
    let caller = line.call_from(ADA).await.presses("1").await;
    caller.hears("at most 72 hours").hears("press 1");
    assert_eq!(line.online_until("ada").await, Some(noon() + hours(72)));
}

#[tokio::test]
async fn going_offline_twice_is_said_twice_and_done_once() {
    // D16.
    let line = Line::open().await;
    line.call_from(ADA).await.presses("1").await;
    for _ in 0..2 {
        line.call_from(ADA).await.presses("0").await.hears("You are now offline.").was_hung_up_on();
    }
    assert_eq!(line.told().await, ["presence.online", "presence.offline", "presence.unchanged"]);
    assert_eq!(line.presence("ada").await.generation, 2);
}

#[tokio::test]
async fn an_agent_who_is_online_hears_so_and_may_keep_it() {
    let line = Line::open().await;
    line.call_from(ADA).await.presses("1").await;
    line.clock.advance(hours(3));
    let caller = line.call_from(ADA).await;
    let end = "until Friday, 8 PM, Toronto time";
    let caller = caller.hears("Ada Agent, you are online").hears(end).hears("5 hours left");
    caller.presses("#").await.hears("You stay online").hears(end).was_hung_up_on();
    assert_eq!(line.presence("ada").await.generation, 1);
}

#[tokio::test]
async fn a_supervisors_hold_is_said_and_holds() {
    // D40.
    let line = Line::open().await;
    let (tenant, agent) = (line.tenant.id.clone(), line.find("ada").await);
    line.write(move |tx| {
        Box::pin(async move {
            let held = dutyline::domain::presence::Presence {
                hold: Some("fire drill".to_owned()),
                generation: 1,
                ..agent.presence
            };
            tx.save_presence(&tenant, &agent.id, &held);
            Ok(())
        })
    })
    .await;
    line.call_from(ADA).await.presses("1").await.hears("fire drill").was_hung_up_on();
    assert_eq!(line.online_until("ada").await, None);
}

#[tokio::test]
async fn without_presets_the_hours_are_asked_for_at_once() {
    // D47.
    let line = Line::with_flow(&duty("presets = []")).await;
    line.call_from(ADA).await.hears("number of hours").presses("05").await.was_hung_up_on();
    assert_eq!(line.online_until("ada").await, Some(noon() + hours(5)));
}

#[tokio::test]
async fn the_phone_offers_the_callers_own_presets() {
    // A1.8, A2.6.
    let set = |name: &str, hours: u16| {
        let entries = [json!({ "state": "busy" }), json!({ "state": "available", "minutes": hours * 60 })];
        serde_json::from_value(json!({ "name": name, "entries": entries })).expect("a set")
    };
    let sets = vec![set("day", 6), set("night", 12)];
    let line = Line::open().await.edited(|tenant| tenant.policy.quick_sets = sets).await;
    line.call_from(ADA).await.hears("6 hours, press 1").hangs_up().await;
    let given = SettingsPatch {
        quick_set: Some(Edit::Set("night".parse().expect("a name"))),
        ..SettingsPatch::default()
    };
    let whom = Whom::Named(vec!["ada".parse().expect("a login")]);
    line.app.adjust(&line.tenant, whom, given, Source::Admin).await.expect("a set of the tenant's");
    line.call_from(ADA).await.hears("12 hours, press 1").presses("1").await.was_hung_up_on();
    assert_eq!(line.online_until("ada").await, Some(noon() + hours(12)));
}

#[tokio::test]
async fn the_end_is_told_in_the_agents_zone_and_language() {
    // D26, D27: 24 hours over the night on which the clocks go forward end an hour later by the wall.
    let line = Line::empty(at("2026-03-07T20:00:00Z")).await;
    line.publish(include_str!("../../../flows/timed-presence.toml")).await;
    line.map(crate::harness::line::DUTY_LINE, "timed-presence", None).await;
    for (login, number, language, end) in [
        ("ada", "+15062345678", "en", "Sunday, 4 PM, Toronto time"),
        ("eva", "+15062345679", "de", "Sonntag, 16:00 Uhr, Ortszeit Toronto"),
        ("luc", "+15062345680", "fr", "dimanche"),
        ("ines", "+15062345681", "es", "domingo"),
    ] {
        line.user(login, |user| {
            user.language = Some(language.parse().expect("a tag"));
            user.extensions[0].number = number.parse().expect("a number");
        })
        .await;
        line.call_from(number).await.presses("2").await.hears(end);
        assert_eq!(line.online_until(login).await, Some(at("2026-03-08T20:00:00Z")));
    }
}

/// The shipped flow with one more setting.
pub fn duty(setting: &str) -> String {
    format!(
        "[flow]\nname = \"duty\"\nkind = \"customer\"\nstart = \"duty\"\n\
         [node.duty.timed_presence]\n{setting}\nnext = \"bye\"\n[node.bye.exit]\n"
    )
}

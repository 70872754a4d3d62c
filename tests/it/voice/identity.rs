//! Who is calling (D30 to D35, D51, D57, I18).

use chrono::TimeDelta;
use dutyline::app::users::NewExtension;
use dutyline::domain::event::{Envelope, Event};

use super::dial_in::duty;
use crate::harness::caller::Caller;
use crate::harness::line::{ADA, DUTY_LINE, Line, hours, noon};

/// Why callers were not recognised, as the log has it.
async fn misses(line: &Line) -> Vec<String> {
    let reason = |event: Envelope| match event.event {
        Event::LookupFailed { reason, .. } => Some(reason),
        _ => None,
    };
    line.events().await.into_iter().filter_map(reason).collect()
}

#[tokio::test]
async fn a_hidden_or_odd_caller_is_nobody() {
    // D30, I18.
    let line = Line::open().await;
    for from in
        ["", "anonymous", "+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "client:x"]
    {
        line.call_from(from).await.hears("does not belong to one of our agents").was_hung_up_on();
    }
    assert!(line.told().await.iter().all(|kind| kind == "lookup.failed"));
}

#[tokio::test]
async fn a_sip_address_and_a_national_number_are_read() {
    // D31.
    let line = Line::open().await;
    for from in ["sip:+15062345678@pbx.example.com", "5062345678", "15062345678"] {
        line.call_from(from).await.hears("press 1");
    }
}

#[tokio::test]
async fn an_inactive_user_is_nobody_and_the_log_says_why() {
    // D35.
    let line = Line::open().await;
    line.user("bob", |user| {
        user.active = false;
        user.extensions[0].number = "+15060000001".parse().expect("a number");
    })
    .await;
    line.call_from("+15060000001").await.hears("does not belong").was_hung_up_on();
    line.call_from("+15060000002").await.hears("does not belong").was_hung_up_on();
    assert_eq!(misses(&line).await, ["inactive", "no_agent"]);
}

#[tokio::test]
async fn agents_who_share_a_line_say_who_they_are() {
    // D34.
    let line = Line::open().await;
    let line = line.edited(|tenant| tenant.shared_lines = true).await;
    for (login, ext, code) in [("bob", "11", "1111"), ("cyd", "12", "2222")] {
        line.user(login, |user| {
            user.extensions[0].number = "+15060000001".parse().expect("a number");
            user.extensions[0].ext = Some(ext.to_owned());
            user.agent_code = Some(code.parse().expect("a code"));
        })
        .await;
    }
    let caller = line.call_from("+15060000001").await.hears("agent code").presses("9999#").await;
    let caller = caller.hears("agent code").presses("2222#").await.hears("press 1");
    caller.presses("1").await.was_hung_up_on();
    assert_eq!(line.online_until("cyd").await, Some(noon() + hours(8)));
    assert_eq!(line.online_until("bob").await, None);
    let ada = line.call_from("+15060000001").await;
    line.user("eve", |user| {
        user.agent_code = Some("3333".parse().expect("a code"));
        user.extensions[0].number = "+15060000009".parse().expect("a number");
    })
    .await;
    ada.presses("3333#").await.hears("agent code");
}

#[tokio::test]
async fn a_number_that_two_users_have_is_nobodys() {
    // D32, I18: shared while lines were shared, in a database that somebody edited.
    let line = Line::open().await;
    let line = line.edited(|tenant| tenant.shared_lines = true).await;
    line.user("bob", |user| user.extensions[0].ext = Some("11".to_owned())).await;
    let line = line.edited(|tenant| tenant.shared_lines = false).await;
    line.call_from(ADA).await.hears("does not belong").was_hung_up_on();
    assert_eq!(misses(&line).await, ["ambiguous"]);
}

#[tokio::test]
async fn who_is_deactivated_with_the_menu_open_is_told_like_a_stranger() {
    // D37.
    let line = Line::open().await;
    let ada = "ada".parse().expect("a login");
    line.call_from(ADA).await.presses("1").await;
    let caller = line.call_from(ADA).await.hears("press 1");
    line.app.deactivate_user(&line.tenant, &ada).await.expect("there");
    caller.presses("2").await.hears("does not belong").hears_not("online").was_hung_up_on();
    let told = ["presence.online", "user.deactivated", "presence.offline", "lookup.failed"];
    assert_eq!(line.told().await, told);
    line.call_from(ADA).await.hears("does not belong");
}

#[tokio::test]
async fn an_agent_whose_number_changes_stays_on_duty_and_calls_from_the_new_one() {
    // D36.
    let line = Line::open().await;
    let (ada, phone) = ("ada".parse().expect("a login"), "+15060000002");
    line.call_from(ADA).await.presses("1").await;
    let extension = NewExtension { number: phone.to_owned(), ext: None, description: None };
    line.app.add_extension(&line.tenant, &ada, extension).await.expect("free");
    line.app.remove_extension(&line.tenant, &ada, 1).await.expect("there");
    assert_eq!(line.online_until("ada").await, Some(noon() + hours(8)));
    line.call_from(ADA).await.hears("does not belong");
    line.call_from(phone).await.hears("you are online until").presses("0").await.hears("offline");
    assert_eq!(line.online_until("ada").await, None);
}

#[tokio::test]
async fn an_unknown_number_may_log_in_with_code_and_pin_where_that_is_on() {
    // D30.
    let line = Line::with_flow(&duty("id_pin_login = true")).await;
    line.user("bob", |user| {
        user.agent_code = Some("4711".parse().expect("a code"));
        user.extensions.clear();
    })
    .await;
    line.pin("bob", "2468").await;
    let caller = line.call_from("anonymous").await.hears("agent code").presses("4711#").await.hears("PIN");
    let caller = caller.presses("1111#").await.hears("not correct").presses("2468#").await;
    caller.hears("press 1").presses("1").await.was_hung_up_on();
    assert_eq!(line.online_until("bob").await, Some(noon() + hours(8)));
    let caller = line.call_from("anonymous").await.presses("9999#").await.hears("PIN");
    let caller = caller.presses("1#").await.presses("2#").await.hears("not correct");
    caller.presses("3#").await.hears("Goodbye").was_hung_up_on();
}

#[tokio::test]
async fn a_pin_is_asked_unless_the_number_is_attested() {
    // D51, D57.
    let line = Line::open().await;
    line.pin("ada", "2468").await;
    Caller::dial_attested(&line, ADA, DUTY_LINE).await.hears("press 1");
    let caller = line.call_from(ADA).await.hears("PIN").hears_not("press 1");
    caller.presses("2468#").await.hears("press 1").presses("1").await.hears("online");
}

#[tokio::test]
async fn wrong_pins_lock_and_a_lock_sounds_like_a_wrong_pin() {
    // D51.
    let line = Line::open().await;
    line.pin("ada", "2468").await;
    for _ in 0..2 {
        let caller = line.call_from(ADA).await.presses("1111#").await.presses("1112#").await;
        caller.presses("1113#").await.hears("Goodbye").was_hung_up_on();
    }
    line.call_from(ADA).await.presses("2468#").await.hears("not correct");
    line.clock.advance(TimeDelta::minutes(15));
    let line = line.restart().await;
    line.call_from(ADA).await.presses("2468#").await.hears("press 1");
    let told = line.told().await;
    assert_eq!(told.iter().filter(|kind| *kind == "pin.locked").count(), 1, "{told:?}");
}

#[tokio::test]
async fn many_wrong_pins_on_a_line_raise_the_alarm() {
    // D51.
    let line = Line::with_flow(&duty("id_pin_login = true")).await;
    for _ in 0..7 {
        let caller = line.call_from("anonymous").await.presses("77#").await.presses("1#").await;
        caller.presses("2#").await.presses("3#").await;
    }
    let told = line.told().await;
    assert_eq!(told.iter().filter(|kind| *kind == "pin.alarm").count(), 1);
}

#[tokio::test]
async fn a_pin_is_kept_nowhere() {
    // A1.27, D51.
    let line = Line::open().await;
    line.pin("ada", "2468").await;
    line.call_from(ADA).await.presses("1111#").await.presses("2468#").await.hears("press 1");
    let mut logged = Vec::new();
    for Envelope { event, .. } in line.events().await {
        if let Event::CallStep { input, .. } = event {
            logged.push(input);
        }
    }
    assert_eq!(logged, ["****", "****"]);
    let calls = line.app.calls(&line.tenant, None, 1).await.expect("the calls are read");
    let story = line.app.call_story(&line.tenant, calls[0].id.as_str()).await.expect("the call is there");
    let pressed: Vec<&str> = story.steps.iter().map(|step| step.pressed.as_str()).collect();
    assert_eq!(pressed, ["started", "****", "****"]);
}

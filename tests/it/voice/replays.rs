//! Requests that come twice, late, or from two calls at once (D14, D38, I12 to I17).

use chrono::TimeDelta;
use dutyline::cli::phone::conversation::Request;
use dutyline::domain::call::CallStatus;

use crate::harness::line::{ADA, Line, PUBLIC_URL, hours, noon};

#[tokio::test]
async fn a_repeated_key_gets_the_same_words_and_no_second_effect() {
    // D14, I12, I13.
    let line = Line::open().await;
    let caller = line.call_from(ADA).await.presses("1").await;
    let (request, answer) = &caller.last;
    line.clock.advance(TimeDelta::seconds(30));
    for _ in 0..3 {
        assert_eq!(line.post(&request.url, &request.form).await, *answer);
    }
    assert_eq!(line.online_until("ada").await, Some(noon() + hours(8)));
    assert_eq!(line.told().await, ["presence.online"]);
}

#[tokio::test]
async fn a_repeated_pin_is_known_as_one_though_it_is_kept_nowhere() {
    // I12, D51.
    let line = Line::open().await;
    line.pin("ada", "2468").await;
    let caller = line.call_from(ADA).await.presses("2468#").await.hears("press 1");
    let (Request { url, form }, answer) = (&caller.last.0, &caller.last.1);
    let (url, form, answer) = (url.clone(), form.clone(), answer.clone());
    caller.presses("9").await.hears("number of hours");
    assert_eq!(line.post(&url, &form).await, answer, "the words of that turn, not the current ones");
}

#[tokio::test]
async fn the_first_keys_win_for_a_turn() {
    // I12: same turn, other digits.
    let line = Line::open().await;
    let caller = line.call_from(ADA).await.presses("1").await;
    let (request, answer) = &caller.last;
    let other = with(&request.form, "Digits", "0");
    assert_eq!(line.post(&request.url, &other).await, *answer);
    assert_eq!(line.online_until("ada").await, Some(noon() + hours(8)));
}

#[tokio::test]
async fn the_first_request_may_come_twice() {
    // I12.
    let line = Line::open().await;
    let caller = line.call_from(ADA).await;
    let Request { url, form } = &caller.last.0;
    let (url, form) = (url.clone(), form.clone());
    assert_eq!(line.post(&url, &form).await, caller.last.1);
    let caller = caller.presses("7").await;
    let again = line.post(&url, &form).await;
    assert_eq!(again, caller.last.1, "the words that are current by now");
}

#[tokio::test]
async fn a_turn_that_is_long_past_gets_the_current_words() {
    // D14.
    let line = Line::open().await;
    let caller = line.call_from(ADA).await.presses("7").await;
    let Request { url, form } = &caller.last.0;
    let (first_url, first_form, first_answer) = (url.clone(), form.clone(), caller.last.1.clone());
    let caller = caller.presses("9").await;
    assert_eq!(line.post(&first_url, &first_form).await, first_answer, "the same keys: the same words");
    let other = with(&first_form, "Digits", "1");
    assert_eq!(line.post(&first_url, &other).await, caller.last.1, "other keys: the current words");
    assert_eq!(line.online_until("ada").await, None);
    caller.presses("08").await.was_hung_up_on();
    assert_eq!(line.online_until("ada").await, Some(noon() + hours(8)));
}

#[tokio::test]
async fn a_key_that_comes_to_the_first_address_counts_for_the_open_turn() {
    // I12: a number's fallback address leads to the same place.
    let line = Line::open().await;
    let caller = line.call_from(ADA).await;
    let form = caller.leg.form(CallStatus::InProgress, &[("Digits", "9")]);
    let inbound = format!("{PUBLIC_URL}/voice/twilio/inbound");
    let answer = line.post(&inbound, &form).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("number of hours"));
    assert_eq!(line.post(&inbound, &form).await, answer, "and once only");
    let answer = line.post(&inbound, &with(&form, "Digits", "08")).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("online"));
    assert_eq!(line.online_until("ada").await, Some(noon() + hours(8)));
}

#[tokio::test]
async fn a_reply_survives_a_crash_word_by_word() {
    // I13.
    let line = Line::open().await;
    let caller = line.call_from(ADA).await.presses("1").await;
    let (Request { url, form }, answer) = (&caller.last.0, &caller.last.1);
    let (url, form, answer) = (url.clone(), form.clone(), answer.clone());
    let line = line.restart().await;
    assert_eq!(line.post(&url, &form).await, answer);
    assert_eq!(line.told().await, ["presence.online"]);
}

#[tokio::test]
async fn a_token_opens_its_own_turn_for_as_long_as_a_call_may_last() {
    // I14.
    let line = Line::open().await;
    let caller = line.call_from(ADA).await.presses("7").await;
    let Request { url, form } = &caller.last.0;
    let goodbye = |answer: dutyline::cli::phone::answer::Answer| {
        let body = String::from_utf8(answer.body).expect("UTF-8");
        assert!(answer.status == 200 && body.contains("Goodbye") && body.contains("Hangup"), "{body}");
    };
    goodbye(line.post(&url.replacen("&l=", "0&l=", 1), form).await);
    line.clock.advance(hours(4) + TimeDelta::seconds(1));
    goodbye(line.post(url, form).await);
    assert_eq!(line.presence("ada").await.generation, 0);
}

#[tokio::test]
async fn a_call_that_is_over_takes_no_more_keys() {
    // I14.
    let line = Line::open().await;
    let caller = line.call_from(ADA).await;
    caller.reports(CallStatus::Completed, 3).await;
    caller.presses("1").await.hears("Goodbye").was_hung_up_on();
    assert_eq!(line.presence("ada").await.generation, 0);
}

#[tokio::test]
async fn a_call_that_nobody_remembers_begins_anew() {
    let line = Line::open().await;
    let caller = line.call_from(ADA).await;
    let form = with(&caller.leg.form(CallStatus::InProgress, &[("Digits", "1")]), "CallSid", "CAforgotten");
    let first_answer = String::from_utf8(caller.last.1.body.clone()).expect("UTF-8");
    let next =
        first_answer.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an action");
    let answer = line.post(&next.replace("&amp;", "&"), &form).await;
    let body = String::from_utf8(answer.body).expect("UTF-8");
    assert!(
        body.contains("<Redirect method=\"POST\">https://ivr.example.com/voice/twilio/inbound<"),
        "{body}"
    );
    assert_eq!(line.presence("ada").await.generation, 0);
}

#[tokio::test]
async fn keys_for_a_menu_that_is_not_true_any_more_are_asked_for_again() {
    // D38, I17.
    let line = Line::open().await;
    let first = line.call_from(ADA).await;
    let second = line.call_from(ADA).await;
    second.presses("1").await.hears("8 PM, Toronto time");
    let first = first.presses("0").await.hears("changed").hears("you are online until").hears("press 1");
    assert_eq!(line.online_until("ada").await, Some(noon() + hours(8)), "not applied blindly");
    first.presses("0").await.hears("offline").was_hung_up_on();
    assert_eq!(line.online_until("ada").await, None, "the last key wins");
}

#[tokio::test]
async fn callbacks_come_in_any_order_and_of_unknown_calls() {
    // I19.
    let line = Line::open().await;
    let caller = line.call_from(ADA).await;
    for (status, sequence) in [
        (CallStatus::Completed, 3),
        (CallStatus::InProgress, 2),
        (CallStatus::Completed, 3),
        (CallStatus::Ringing, 1),
    ] {
        caller.reports(status, sequence).await;
    }
    let unknown = with(&caller.leg.form(CallStatus::Completed, &[]), "CallSid", "CAunknown");
    assert_eq!(line.post(&format!("{PUBLIC_URL}/voice/twilio/status"), &unknown).await.status, 204);
    let ended = line.events().await.iter().filter(|event| event.subject.starts_with("call:")).count();
    assert_eq!(ended, 2, "started, and ended once");
}

/// The form with another value for `name`.
fn with(form: &[(String, String)], name: &str, value: &str) -> Vec<(String, String)> {
    let others = form.iter().filter(|(key, _)| key != name).cloned();
    others.chain([(name.to_owned(), value.to_owned())]).collect()
}

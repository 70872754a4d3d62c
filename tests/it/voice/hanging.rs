//! The database hangs, and a carrier waits (D48, I15, I31).

use dutyline::cli::phone::answer::Answer;
use dutyline::domain::call::CallStatus;

use crate::harness::caller::leg;
use crate::harness::line::{ADA, DUTY_LINE, Line, PUBLIC_URL, hours, noon};

/// A document's text, and the address that it leads on to.
fn read(answer: &Answer) -> (String, String) {
    answer.document().expect("a carrier takes it");
    let body = String::from_utf8(answer.body.clone()).expect("UTF-8");
    let next = ["action=\"", "<Redirect method=\"POST\">"].iter().find_map(|mark| body.split(mark).nth(1));
    let next = next.and_then(|rest| rest.split(['"', '<']).next()).unwrap_or_default().replace("&amp;", "&");
    (body, next)
}

#[tokio::test]
async fn the_caller_is_asked_to_wait_and_the_keys_count_afterwards() {
    let line = Line::open().await;
    let caller = line.call_from(ADA).await;
    let (_, menu) = read(&caller.last.1);
    let intruder = line.held().await;
    let form = caller.leg.form(CallStatus::InProgress, &[("Digits", "1")]);
    let (body, again) = read(&line.impatient().post(&menu, &form).await);
    assert!(body.contains("One moment") && body.contains("<Redirect"), "{body}");
    assert_eq!(again, format!("{menu}&attempt=1&digits=1"));
    assert_eq!(line.online_until("ada").await, None, "nothing is said that is not so");
    intruder.let_go().await;
    let form = caller.leg.form(CallStatus::InProgress, &[]);
    let (body, _) = read(&line.post(&again, &form).await);
    assert!(body.contains("You are now online"), "{body}");
    assert_eq!(line.online_until("ada").await, Some(noon() + hours(8)));
    assert_eq!(line.told().await, ["presence.online"], "once");
}

#[tokio::test]
async fn after_three_attempts_the_line_apologises() {
    let line = Line::open().await;
    let impatient = line.impatient();
    let mut caller = line.call_from(ADA).await;
    let intruder = line.held().await;
    caller.line = &impatient;
    let caller = caller.presses("1").await.hears("We are sorry").was_hung_up_on();
    assert_eq!(caller.said.matches("One moment").count(), 3);
    assert!(caller.last.0.url.ends_with("&attempt=3&digits=1"), "{}", caller.last.0.url);
    intruder.let_go().await;
}

#[tokio::test]
async fn a_call_that_comes_in_is_asked_to_wait_as_well() {
    let line = Line::open().await;
    let intruder = line.held().await;
    let inbound = format!("{PUBLIC_URL}/voice/twilio/inbound");
    let form = leg(ADA, DUTY_LINE).form(CallStatus::Ringing, &[]);
    let (body, again) = read(&line.impatient().post(&inbound, &form).await);
    assert!(body.contains("One moment"), "{body}");
    assert_eq!(again, format!("{inbound}?attempt=1"));
    intruder.let_go().await;
    line.call_from(ADA).await.hears("press 1").presses("1").await.hears("online");
}

#[tokio::test]
async fn a_menu_takes_no_writing_on_sqlite() {
    let line = Line::open().await;
    let intruder = line.held().await;
    let caller = line.call_from(ADA).await.hears("press 1");
    intruder.let_go().await;
    caller.presses("1").await.hears("online");
}

#[tokio::test]
async fn a_carrier_is_asked_to_report_again() {
    let line = Line::open().await;
    let caller = line.call_from(ADA).await;
    let intruder = line.held().await;
    let status = format!("{PUBLIC_URL}/voice/twilio/status");
    let form = caller.leg.form(CallStatus::Completed, &[("SequenceNumber", "3")]);
    assert_eq!(line.impatient().post(&status, &form).await.status, 503);
    intruder.let_go().await;
    assert_eq!(line.post(&status, &form).await.status, 204);
}

#[tokio::test]
async fn calls_do_not_wait_for_somebody_who_reads() {
    // I31.
    let line = Line::open().await;
    let _reader = line.watched().await;
    line.call_from(ADA).await.presses("1").await.hears("You are now online");
    assert_eq!(line.online_until("ada").await, Some(noon() + hours(8)));
}

//! What a carrier, or somebody who plays one, may send (D10, D48, D49, D50).

use dutyline::carrier::twilio::signature;
use dutyline::domain::call::CallStatus;

use crate::harness::caller::leg;
use crate::harness::line::{ADA, DUTY_LINE, Line, PUBLIC_URL, encode};

fn inbound() -> String {
    format!("{PUBLIC_URL}/voice/twilio/inbound")
}

#[tokio::test]
async fn without_a_signature_nothing_is_answered_and_nothing_written() {
    // D49.
    let line = Line::open().await;
    let before = line.events().await.len();
    let form = leg(ADA, DUTY_LINE).form(CallStatus::Ringing, &[]);
    let wrong = signature::sign(&"54321".to_owned().into(), &inbound(), &form);
    for signature in ["", "nonsense", &wrong] {
        let answer = line.post_signed(&inbound(), encode(&form), signature).await;
        assert_eq!(answer.status, 403, "{signature}");
    }
    let right = signature::sign(&"12345".to_owned().into(), &inbound(), &form);
    let more = [form.clone(), vec![("Digits".to_owned(), "1".to_owned())]].concat();
    assert_eq!(line.post_signed(&inbound(), encode(&more), &right).await.status, 403, "one more field");
    assert_eq!(line.events().await.len(), before);
}

#[tokio::test]
async fn keys_that_no_phone_has_are_invalid() {
    // D10.
    for digits in ["a", "1a", "12", "999999999", "１", "<x>", "1\u{0}", "&amp;"] {
        let line = Line::open().await;
        let caller = line.call_from(ADA).await;
        let form = caller.leg.form(CallStatus::InProgress, &[("Digits", digits)]);
        let answer = line.post(&inbound(), &form).await;
        let body =
            String::from_utf8(answer.document().map(|_| answer.body).expect("a document")).expect("UTF-8");
        assert!(body.contains("not a valid choice"), "{digits}: {body}");
        assert_eq!(line.presence("ada").await.generation, 0);
    }
}

#[tokio::test]
async fn hostile_forms_get_a_document_and_have_no_effect() {
    let line = Line::open().await;
    let long = "x".repeat(20_000);
    for more in [
        vec![("CallerName", "<Say>& \u{1}\u{fffe}\"'")],
        vec![("Digits", "")],
        vec![("StirVerstat", long.as_str())],
        (0..10_000).map(|_| ("a", "b")).collect(),
    ] {
        let form = leg(ADA, DUTY_LINE).form(CallStatus::Ringing, &more);
        line.post(&inbound(), &form).await.document().expect("a carrier takes it");
    }
    for (missing, status) in [("CallSid", 200), ("AccountSid", 200), ("To", 200), ("From", 200)] {
        let mut form = leg(ADA, DUTY_LINE).form(CallStatus::Ringing, &[]);
        form.retain(|(name, _)| name != missing);
        let answer = line.post(&inbound(), &form).await;
        assert_eq!(answer.status, status, "{missing}");
        answer.document().expect("a carrier takes it");
    }
    let broken = b"CallSid=%ff%fe&From=%2B1506\xff\xfe&%=&=&&To".to_vec();
    let form = dutyline::carrier::twilio::form::Form::decode(&broken);
    let signature = signature::sign(&"12345".to_owned().into(), &inbound(), form.pairs());
    let answer = line.post_signed(&inbound(), broken, &signature).await;
    answer.document().expect("a carrier takes it");
    assert_eq!(line.presence("ada").await.generation, 0);
}

#[tokio::test]
async fn on_a_call_that_we_made_the_agent_is_whom_we_called() {
    // D50.
    let line = Line::open().await;
    let mut form = leg(DUTY_LINE, ADA).form(CallStatus::InProgress, &[]);
    for (name, value) in &mut form {
        if name == "Direction" {
            "outbound-api".clone_into(value);
        }
    }
    let answer = line.post(&inbound(), &form).await;
    let body = String::from_utf8(answer.body).expect("UTF-8");
    assert!(body.contains("press 1"), "{body}");
}

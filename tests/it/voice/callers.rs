//! Callers who come again meet what has changed since they called last.

use chrono::TimeDelta;
use dutyline::domain::call::CallStatus;
use dutyline::domain::user::User;

use super::dial_in::duty;
use crate::harness::line::{ADA, DUTY_LINE, Line, PUBLIC_URL};

const BEN: &str = "+15062340002";

/// A line on which Ada has gone on duty before.
async fn line() -> Line {
    let line = Line::open().await;
    line.call_from(ADA).await.presses("1").await.was_hung_up_on();
    line.call_from(ADA).await.hears("Ada Agent, you are online").hangs_up().await;
    line
}

async fn change(line: &Line, login: &'static str, edit: fn(&mut User)) {
    let tenant = line.tenant.clone();
    line.write(move |tx| {
        Box::pin(async move {
            let login = login.parse().expect("a login");
            let mut user = tx.user(&tenant.id, &login).await?.expect("a user");
            edit(&mut user);
            tx.save_user(&tenant, &user);
            Ok(())
        })
    })
    .await;
}

#[tokio::test]
async fn a_change_of_the_user_is_followed() {
    let line = line().await;
    change(&line, "ada", |user| user.language = Some("de".parse().expect("a tag"))).await;
    line.call_from(ADA).await.hears("drücken Sie die 1").hangs_up().await;
    change(&line, "ada", |user| user.active = false).await;
    line.call_from(ADA).await.hears_not("press").was_hung_up_on();
    change(&line, "ada", |user| user.active = true).await;
    line.pin("ada", "4711").await;
    line.call_from(ADA).await.hears("PIN");
}

#[tokio::test]
async fn a_number_that_another_user_has_now_is_theirs() {
    let line = line().await;
    line.agent("ben", "Ben", BEN).await;
    line.call_from(BEN).await.hears_not("Ada Agent, you are online").hangs_up().await;
    change(&line, "ada", |user| user.extensions.clear()).await;
    change(&line, "ben", |user| user.extensions[0].number = ADA.parse().expect("a number")).await;
    line.call_from(ADA).await.hears_not("Ada Agent, you are online").presses("1").await.was_hung_up_on();
    assert!(line.online_until("ben").await.is_some());
    line.call_from(BEN).await.hears_not("press");
}

#[tokio::test]
async fn a_number_that_others_share_now_asks_who_is_calling() {
    // D34.
    let line = Line::open().await.edited(|tenant| tenant.shared_lines = true).await;
    line.call_from(ADA).await.hears("press 1").hangs_up().await;
    line.user("ben", |user| {
        user.extensions[0].ext = Some("12".to_owned());
        user.agent_code = Some("2222".parse().expect("a code"));
    })
    .await;
    line.call_from(ADA).await.hears("agent code");
}

#[tokio::test]
async fn a_change_of_what_is_set_up_is_followed() {
    let line = line().await;
    line.publish(&duty("presets = [5]")).await;
    line.map(DUTY_LINE, "duty", None).await;
    line.call_from(ADA).await.hears("5 hours, press 1").hangs_up().await;
    line.publish(&duty("presets = [6]")).await;
    line.call_from(ADA).await.hears("6 hours, press 1").hangs_up().await;
    line.edited(|tenant| tenant.shared_lines = true).await.call_from(ADA).await.hears("6 hours, press 1");
}

#[tokio::test]
async fn a_call_that_is_known_does_not_begin_again() {
    // I12.
    let line = line().await;
    let caller = line.call_from(ADA).await.presses("*").await;
    line.app.store.settle().await.expect("saved");
    line.clock.advance(TimeDelta::minutes(2));
    let form = caller.leg.form(CallStatus::Ringing, &[]);
    let answer = line.post(&format!("{PUBLIC_URL}/voice/twilio/inbound"), &form).await;
    let document = String::from_utf8(answer.body).expect("a document");
    assert!(document.contains("/2?t="), "the second turn is the one that is open: {document}");
}

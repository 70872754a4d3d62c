//! Which flow answers (D33, D41 to D45).

use dutyline::app::tenants;
use dutyline::domain::call::CallStatus;
use dutyline::domain::dispatch::{Channel, Mapping, MappingKind};
use dutyline::domain::event::Event;
use dutyline::domain::ids::MappingId;
use dutyline::flow::prompt::catalogue::{Content, Entry};
use dutyline::flow::reply::{MediaFormat, MediaRef};
use dutyline::store::flows::FlowState;

use super::dial_in::duty;
use crate::harness::line::{ADA, DUTY_LINE, Line, PUBLIC_URL, hours, noon};

#[tokio::test]
async fn a_number_that_nobody_answers_was_rejected_and_told_once_a_minute() {
    // D41.
    let line = Line::open().await;
    for _ in 0..3 {
        line.call(ADA, "+15065550199").await.was_rejected();
    }
    line.clock.advance(chrono::TimeDelta::minutes(1));
    line.call(ADA, "+15065550199").await.was_rejected();
    assert_eq!(line.told().await, ["dispatch.unmatched"; 2]);
}

#[tokio::test]
async fn a_customers_mapping_wins_over_the_numbers() {
    // D42.
    let line = Line::open().await;
    line.publish(&duty("presets = [5]")).await;
    line.save_mapping(Mapping {
        id: MappingId::from_bits(7),
        name: "ada's own".to_owned(),
        description: String::new(),
        channel: Channel::Any,
        kind: MappingKind::Customer,
        value: ADA.to_owned(),
        flow: "duty".parse().expect("a name"),
        version: None,
        active: true,
    })
    .await;
    line.call_from(ADA).await.hears("5 hours, press 1");
}

#[tokio::test]
async fn an_unpublished_version_falls_back_to_the_latest() {
    // D43.
    let line = Line::open().await;
    line.map(DUTY_LINE, "timed-presence", Some(9)).await;
    line.call_from(ADA).await.hears("press 1");
    assert_eq!(line.told().await, ["dispatch.fallback"]);
}

#[tokio::test]
async fn a_draft_falls_back_to_the_latest_published_version() {
    // D43, A1.12.
    let line = Line::with_flow(&duty("presets = [5]")).await;
    line.put_flow(&duty("presets = [6]"), FlowState::Draft).await;
    line.map(DUTY_LINE, "duty", Some(2)).await;
    line.call_from(ADA).await.hears("5 hours, press 1");
    assert_eq!(line.told().await, ["dispatch.fallback"]);
}

#[tokio::test]
async fn a_call_stays_on_the_version_it_began_with() {
    // D44, A1.12.
    let line = Line::with_flow(&duty("presets = [5]")).await;
    let caller = line.call_from(ADA).await.hears("5 hours, press 1");
    line.publish(&duty("presets = [6]")).await;
    caller.presses("7").await.hears("5 hours, press 1");
    line.call_from(ADA).await.hears("6 hours, press 1");
}

#[tokio::test]
async fn the_dialled_number_says_whose_call_it_is() {
    // D33.
    let line = Line::open().await;
    let other = line.app.add_tenant(tenants::fresh("other".parse().expect("a slug"))).await.expect("added");
    let other = line.of(other);
    other.publish(&duty("presets = [3]")).await;
    other.map("+15065550777", "duty", None).await;
    other.agent("ada", "Ada of the other tenant", ADA).await;
    let caller = other.call(ADA, "+15065550777").await.hears("3 hours, press 1");
    caller.presses("1").await.was_hung_up_on();
    other.call(ADA, "+15065550777").await.hears("Ada of the other tenant");
    other.call_from(ADA).await.hears("8 hours, press 1").hears_not("other tenant");
}

#[tokio::test]
async fn a_missing_prompt_is_spoken_in_the_lines_own_words_and_told() {
    // D45.
    let line = Line::with_flow(&duty("prompts.welcome = \"greeting\"")).await;
    line.call_from(ADA).await.hears("Welcome to the duty line").hears("press 1");
    assert_eq!(line.told().await, ["prompt.fallback"]);
    let text = "Bonjour <&> \u{1}!".to_owned();
    greet(&line, Content::Say(text.try_into().expect("a text"))).await;
    line.call_from(ADA).await.hears("Bonjour <&> !").hears_not("Welcome");
    assert_eq!(line.told().await, ["prompt.fallback"], "followed at once, and no fallback any more");
}

#[tokio::test]
async fn a_recording_that_is_gone_is_replaced_by_the_lines_own_words_and_told() {
    // D45.
    let line = Line::with_flow(&duty("prompts.welcome = \"greeting\"")).await;
    let sha256 = "a".repeat(64).parse().expect("a digest");
    let media = MediaRef { sha256, format: MediaFormat::Wav };
    greet(&line, Content::Play { media, presets: Vec::new() }).await;
    let caller = line.call_from(ADA).await.hears("Welcome to the duty line").hears("press 1");
    assert_eq!(line.told().await, ["prompt.fallback"]);
    caller.presses("1").await.hears("online");
}

/// Puts the prompt `greeting` into the database as it is.
async fn greet(line: &Line, content: Content) {
    let tenant = line.tenant.id.clone();
    line.write(move |tx| {
        Box::pin(async move {
            let (language, name) = ("en".parse().expect("a tag"), "greeting".parse().expect("a name"));
            tx.save_prompt(&tenant, &Entry { language, name, content });
            Ok(())
        })
    })
    .await;
}

#[tokio::test]
async fn a_flow_that_puts_its_caller_online_before_it_asks_anything_does_it_once() {
    // A1.14, I12.
    let line = Line::with_flow(
        "[flow]\nname = \"duty\"\nkind = \"customer\"\nstart = \"on\"\n\
         [node.on.set_presence]\nto.online.hours = 8\nnext = \"bye\"\notherwise = \"bye\"\n\
         [node.bye.hangup]\n",
    )
    .await;
    let caller = line.call_from(ADA).await;
    assert_eq!(line.online_until("ada").await, Some(noon() + hours(8)));
    let form = caller.leg.form(CallStatus::Ringing, &[]);
    for _ in 0..2 {
        line.post(&format!("{PUBLIC_URL}/voice/twilio/inbound"), &form).await;
    }
    assert_eq!(line.told().await, ["presence.online"]);
    let steps = line.events().await.into_iter().filter_map(|told| match told.event {
        Event::CallStep { turn, decided, .. } => Some((turn, decided.contains("online for 8 h"))),
        _ => None,
    });
    assert_eq!(steps.collect::<Vec<_>>(), [(0, true)], "what a beginning decides is told");
}

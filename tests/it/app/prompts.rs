//! A tenant's prompts.

use dutyline::app::mappings::{NewMapping, Numbers, Version};
use dutyline::app::prompts::NewContent;
use dutyline::domain::dispatch::{Channel, MappingKind};
use dutyline::flow::recording;

use super::{Bench, beep, flow, name};

impl Bench {
    async fn map_to(&self, flow: &str) {
        let mapping = NewMapping {
            name: "Duty line".to_owned(),
            description: String::new(),
            channel: Channel::Voice,
            kind: MappingKind::ContactPoint,
            value: "+15065550100".to_owned(),
            flow: name(flow),
            version: Version::Latest,
            numbers: Numbers::Checked,
        };
        self.app.add_mapping(&self.tenant, mapping).await.expect("a mapping");
    }
}

#[tokio::test]
async fn a_change_of_prompts_is_an_event_and_raises_the_revision() {
    let bench = Bench::new().await;
    let revision = async || bench.app.tenant(&bench.tenant.slug).await.expect("a tenant").revision;
    let before = revision().await;
    bench.say("hello", "Hello.").await.expect("set");
    bench.say("hello", "Good day.").await.expect("set");
    bench.remove("hello").await.expect("removed");
    assert_eq!(revision().await, before + 3);
    let told = ["prompt.set prompt:hello", "prompt.set prompt:hello", "prompt.removed prompt:hello"];
    assert_eq!(bench.events().await, told);
}

#[tokio::test]
async fn a_recording_is_kept_by_its_content() {
    // A1.10.
    let bench = Bench::new().await;
    let media = recording::inspect(&beep()).expect("a good file").media;
    assert_eq!(bench.app.recording(&media).await.expect("read"), None);
    bench.set("chime", NewContent::Play { bytes: beep(), presets: Vec::new() }).await.expect("set");
    assert_eq!(bench.app.recording(&media).await.expect("read"), Some(beep()));
    let refused = bench.set("noise", NewContent::Play { bytes: vec![0; 100], presets: Vec::new() }).await;
    let refused = refused.expect_err("no sound");
    assert!(refused.starts_with("prompt `noise`: the file is neither WAV nor MP3"), "{refused}");
}

#[tokio::test]
async fn prompts_that_do_not_hold_together_are_refused_and_nothing_changes() {
    let bench = Bench::new().await;
    bench.list("a", &["b"]).await.expect("set");
    let refused = bench.list("b", &["a"]).await.expect_err("a circle");
    assert!(refused.contains("prompt `a` is a list that comes back to itself"), "{refused}");
    let refused = bench.say("offline", "Until {until}.").await.expect_err("nothing to fill in");
    assert_eq!(refused, "prompt `offline` (en) cannot fill in `{until}`: take it out of the text");
    assert_eq!(bench.app.prompts(&bench.tenant.id).await.expect("prompts").len(), 1);
    assert_eq!(bench.events().await.len(), 1);
}

#[tokio::test]
async fn a_prompt_stays_while_a_call_or_a_list_would_miss_it() {
    // A1.7.
    let bench = Bench::new().await;
    bench.say("hello", "Hello.").await.expect("set");
    bench.publish(&flow("inner", &["hello"], &[])).await.expect("published");
    bench.publish(&flow("outer", &[], &["inner"])).await.expect("published");
    bench.say("spare", "Spare.").await.expect("set");
    bench.remove("spare").await.expect("nobody names it");
    bench.map_to("outer").await;
    assert_eq!(
        bench.remove("hello").await.expect_err("in use"),
        "prompt_in_use: `hello` is used by flow `inner`, node `n0`; change that first"
    );
    bench.app.remove_mapping(&bench.tenant, "Duty line").await.expect("removed");
    bench.list("greeting", &["hello", "welcome"]).await.expect("set");
    assert_eq!(
        bench.remove("hello").await.expect_err("in use"),
        "prompt_in_use: `hello` is used by list `greeting` (en); change that first"
    );
    bench.remove("greeting").await.expect("removed");
    bench.remove("hello").await.expect("no call runs the flow any more");
}

#[tokio::test]
async fn the_lint_looks_at_the_latest_published_flows() {
    let bench = Bench::new().await;
    bench.say("hello", "Hello.").await.expect("set");
    bench.publish(&flow("a", &["hello"], &[])).await.expect("published");
    let lint = async || bench.app.lint_prompts(bench.tenant.clone()).await.expect("a catalogue").len();
    assert_eq!(lint().await, 0);
    bench.remove("hello").await.expect("no mapping leads there");
    assert_eq!(lint().await, 1);
    bench.publish(&flow("a", &[], &[])).await.expect("published");
    assert_eq!(lint().await, 0);
}

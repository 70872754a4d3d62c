//! Every method of a unit of work, on a real file: what is put in comes out again.

/// Runs reads, given as the body of an async block over `tx`.
macro_rules! read {
    ($desk:expr, $tx:ident => $body:expr) => {
        $desk
            .store
            .read::<_, StoreError, _>(|$tx: &mut Tx<'_>| Box::pin(async move { Ok($body) }))
            .await
            .expect("readable")
    };
}

mod calls;
mod events;
mod presence;
mod segments;
mod setup;
mod tenants;
mod tokens;
mod upkeep;
mod users;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use dutyline::domain::dispatch::{Channel, Mapping, MappingKind};
use dutyline::domain::ids::{MappingId, Name};
use dutyline::flow::engine::Input;
use dutyline::flow::prompt::catalogue::{Content, Entry};
use dutyline::flow::reply::{Reply, Then};
use dutyline::store::arrivals::Encounter;
use dutyline::store::flows::{FlowState, FlowVersion};
use dutyline::store::steps::Step;
use dutyline::store::{StoreError, Tx};

use crate::harness::store::{ADAS, Desk, OURS, at, call, tenant, user};

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn mapping() -> Mapping {
    Mapping {
        id: MappingId::from_bits(1),
        name: "main".to_owned(),
        description: "the main line".to_owned(),
        channel: Channel::Voice,
        kind: MappingKind::ContactPoint,
        value: OURS.to_owned(),
        flow: name("line"),
        version: Some(1),
        active: true,
    }
}

fn flow(version: u32, state: FlowState) -> FlowVersion {
    FlowVersion {
        flow: name("line"),
        version,
        state,
        source: "[flow]".to_owned(),
        uses: BTreeMap::from([(name("other"), 3)]),
        created_at: at(1),
    }
}

fn step(turn: u32) -> Step {
    Step {
        turn,
        at: at(2),
        input: Input::Keys("12".parse().expect("keys")),
        decided: vec!["online".to_owned()],
        reply: Reply { speech: Vec::new(), then: Then::HangUp },
    }
}

fn prompt(called: &str, content: Content) -> Entry {
    Entry { language: "en".parse().expect("a tag"), name: name(called), content }
}

fn hello() -> Entry {
    prompt("hello", Content::Say("Hello {name}.".parse().expect("a template")))
}

/// A desk with a user, a mapping and a published flow.
async fn desk() -> Desk {
    let desk = Desk::open().await;
    desk.put(|tx| {
        let acme = tenant("acme");
        tx.insert_user(&acme, &user("ada", ADAS), Some("a hash"));
        tx.save_mapping(&acme.id, &mapping());
        tx.insert_flow(&acme.id, &flow(1, FlowState::Published));
    })
    .await
    .expect("kept");
    desk
}

/// Ada calls again.
async fn encounter(desk: &Desk) -> Encounter {
    let (ada, again) = (user("ada", ADAS).id, call().id);
    read!(desk, tx => tx.encounter(&tenant("acme").id, &ada, &again).await?).expect("a user")
}

/// What the files of a folder hold.
fn sources(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(folder).expect("a readable folder");
    let paths = entries.map(|entry| entry.expect("a readable entry").path());
    paths
        .filter(|path| path.is_file())
        .map(|path| fs::read_to_string(path).expect("a readable file"))
        .collect()
}

#[test]
fn every_method_of_a_unit_of_work_is_called_here() {
    let here = sources("tests/it/store/contract").concat() + &sources("tests/it/harness").concat();
    let mut missing = Vec::new();
    for source in sources("src/store") {
        let methods = source.split("impl Tx<'_> {").skip(1).flat_map(|code| {
            let code = code.split("\n}").next().unwrap_or_default();
            code.lines().filter_map(|line| line.strip_prefix("    pub "))
        });
        for method in methods {
            let method = method.trim_start_matches("async ").trim_start_matches("fn ");
            let called = method.split(['(', '<']).next().unwrap_or_default().to_owned();
            if !here.contains(&format!("tx.{called}(")) {
                missing.push(called);
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

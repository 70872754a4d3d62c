//! What deciding a turn of a call costs, prompts and all, before anything is saved or rendered.

use std::hint::black_box;
use std::sync::Arc;

use divan::Bencher;
use dutyline::domain::ids::{CallId, Language, TenantId, UserId};
use dutyline::domain::phone::E164;
use dutyline::domain::policy::Policy;
use dutyline::domain::presence::Presence;
use dutyline::domain::skills::Skills;
use dutyline::domain::tenant::Tenant;
use dutyline::domain::time::Instant;
use dutyline::domain::trust::{Attestation, PinRecord};
use dutyline::domain::user::Agent;
use dutyline::flow::check::check;
use dutyline::flow::engine::{Cursor, Identity, Input, Scene, Turn, step};
use dutyline::flow::program::Program;
use dutyline::flow::prompt::catalogue::Catalogue;

fn main() {
    divan::main();
}

const LANGUAGES: [&str; 4] = ["en", "es", "fr", "de"];

/// An agent calls: welcome and menu.
#[divan::bench(args = LANGUAGES)]
fn menu(bencher: Bencher, language: &str) {
    let call = Call::of(language);
    bencher.bench_local(|| call.begin());
}

/// The agent presses 1, and is online: the transition, and its end in words.
#[divan::bench(args = LANGUAGES)]
fn deciding_key(bencher: Bencher, language: &str) {
    let call = Call::of(language);
    let cursor = call.begin().cursor;
    let key = Input::Keys("1".parse().expect("a key"));
    bencher.with_inputs(|| cursor.clone()).bench_local_values(|cursor| call.step(1, cursor, black_box(&key)));
}

/// The shipped flow is read and checked, as it is once for each published version.
#[divan::bench]
fn check_a_flow() -> bool {
    check(black_box(FLOW)).0.is_some()
}

const FLOW: &str = include_str!("../flows/timed-presence.toml");

/// All that a turn needs.
struct Call {
    program: Program,
    catalogue: Catalogue,
    tenant: Tenant,
    agent: Agent,
    id: CallId,
    dialled: E164,
    now: Instant,
}

impl Call {
    fn of(language: &str) -> Self {
        let language: Language = language.parse().expect("a tag");
        let flow = Arc::new(check(FLOW).0.expect("the shipped flow is sound"));
        Self {
            program: Program::link(flow, |_| None).expect("it runs no other flow"),
            catalogue: Catalogue::built_in(),
            tenant: tenant(language.clone()),
            agent: agent(language),
            id: CallId::from_bits(1),
            dialled: "+15065550100".parse().expect("a number"),
            now: "2026-11-20T17:00:00Z".parse().expect("an instant"),
        }
    }

    fn begin(&self) -> Turn {
        self.step(0, Cursor::at_start(&self.program, Identity::Known), &Input::Started)
    }

    fn step(&self, turn: u32, cursor: Cursor, input: &Input) -> Turn {
        let scene = Scene {
            program: &self.program,
            catalogue: &self.catalogue,
            tenant: &self.tenant,
            call: &self.id,
            turn,
            dialled: &self.dialled,
            agent: Some(&self.agent),
            attestation: Attestation::Full,
            pin_matches: None,
            menu_since: (turn > 0).then_some(self.now),
            now: self.now,
        };
        step(&scene, cursor, input)
    }
}

fn tenant(language: Language) -> Tenant {
    Tenant {
        id: TenantId::from_bits(1),
        slug: "default".parse().expect("a slug"),
        name: "Default".to_owned(),
        region: "CA".parse().expect("a region"),
        zone: "America/Toronto".parse().expect("a zone"),
        language,
        shared_lines: false,
        policy: Policy::default(),
        revision: 0,
    }
}

fn agent(language: Language) -> Agent {
    Agent {
        id: UserId::from_bits(1),
        login: "ada".parse().expect("a login"),
        name: "Ada Agent".to_owned(),
        zone: None,
        language: Some(language),
        agent_code: None,
        skills: Skills::default(),
        pin_hash: None,
        pin: PinRecord::default(),
        presence: Presence::default(),
    }
}

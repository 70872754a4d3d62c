//! A call without a carrier, a server or a database: the same engine, a made-up agent, and a clock that
//! moves only where a caller would wait. Flow tests and `flow simulate` both run on it.

pub mod script;

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::domain::call::LookupMiss;
use crate::domain::ids::{CallId, Language, Name, TenantId, UserId};
use crate::domain::phone::E164;
use crate::domain::policy::Policy;
use crate::domain::presence::{self, Cause, Command, Presence, Reason, Source, WhenOnline};
use crate::domain::skills::Skills;
use crate::domain::tenant::Tenant;
use crate::domain::time::{Hours, Instant, Zone};
use crate::domain::trust::{Attestation, PinRecord};
use crate::domain::user::Agent;
use crate::flow::engine::{self, Cursor, Effect, Identity, Input, Scene, Turn};
use crate::flow::keys::Keys;
use crate::flow::model::Flow;
use crate::flow::program::Program;
use crate::flow::prompt::Line;
use crate::flow::prompt::catalogue::{Catalogue, Content, Entry};
use crate::flow::prompt::template::Template;
use crate::flow::reply::{Gather, Speech, Then};
use crate::flow::script::Caller;

/// How the world is when the call comes.
#[derive(Debug, Clone)]
pub struct Stage {
    pub at: Instant,
    /// The caller's.
    pub zone: Zone,
    pub language: Language,
    pub caller: Caller,
    /// The number that is called; any, if none.
    pub dialled: Option<E164>,
    /// Hours of duty that the caller has left; off duty if none.
    pub online_for: Option<Hours>,
    /// Why a supervisor holds the caller off duty.
    pub held: Option<String>,
    /// The caller's PIN, if they have one.
    pub pin: Option<Keys>,
}

/// A call under way.
#[derive(Debug)]
pub struct Rehearsal<'a> {
    program: &'a Program,
    catalogue: Catalogue,
    tenant: Tenant,
    call: CallId,
    dialled: E164,
    agent: Option<Agent>,
    pin: Option<Keys>,
    turns: u32,
    menu_since: Option<Instant>,
    now: Instant,
    latest: Turn,
}

/// The number that is called where nobody says which.
const ANY_LINE: &str = "+15065550100";

impl<'a> Rehearsal<'a> {
    /// The call comes in, and the flow answers.
    pub fn begin(program: &'a Program, stage: &Stage) -> Self {
        let dialled = stage.dialled.clone().unwrap_or_else(|| ANY_LINE.parse().expect("a number"));
        let (identity, agent) = match stage.caller {
            Caller::Known => (Identity::Known, Some(agent(stage))),
            Caller::Unknown => (Identity::Nobody(LookupMiss::NoAgent), None),
            Caller::Withheld => (Identity::Nobody(LookupMiss::Withheld), None),
        };
        let cursor = Cursor::at_start(program, identity);
        let mut rehearsal = Self {
            program,
            catalogue: stand_ins(program),
            tenant: tenant(stage),
            call: CallId::from_bits(0),
            dialled,
            agent,
            pin: stage.pin.clone(),
            turns: 0,
            menu_since: None,
            now: stage.at,
            latest: Turn::nothing_yet(cursor),
        };
        rehearsal.step(&Input::Started);
        rehearsal
    }

    /// What the flow did last.
    pub fn latest(&self) -> &Turn {
        &self.latest
    }

    /// What is said in the last turn, the question included.
    pub fn heard(&self) -> String {
        let question = self.question().map(|question| question.prompt.as_slice()).unwrap_or_default();
        let words: Vec<&str> = self.latest.reply.speech.iter().chain(question).map(words).collect();
        words.join(" ")
    }

    /// What is being asked; none if the call is over.
    pub fn question(&self) -> Option<&Gather> {
        match &self.latest.reply.then {
            Then::Gather(gather) => Some(gather),
            Then::Redirect | Then::HangUp | Then::Reject => None,
        }
    }

    /// The number of the turn that comes next.
    pub fn next_turn(&self) -> u32 {
        self.turns
    }

    pub fn call(&self) -> &CallId {
        &self.call
    }

    /// The caller's presence; one who is nobody's agent is offline.
    pub fn presence(&self) -> Presence {
        self.agent.as_ref().map(|agent| agent.presence.clone()).unwrap_or_default()
    }

    pub fn now(&self) -> Instant {
        self.now
    }

    /// Presses keys as a carrier passes them on: the hash key that ends an entry is not part of it, and an
    /// entry of nothing is silence.
    pub fn press(&mut self, keys: &Keys) {
        let finishes = self.question().is_some_and(|question| question.hash_finishes);
        let entry = if finishes { keys.as_str().trim_end_matches('#') } else { keys.as_str() };
        match entry.parse() {
            Ok(entry) => self.step(&Input::Keys(entry)),
            Err(_) => self.step(&Input::Silence),
        }
    }

    /// Lets the question pass, for as long as the line waits for an answer.
    pub fn wait(&mut self) {
        let patience = self.question().map_or(0, |question| question.timeout_s);
        self.now += TimeDelta::seconds(patience.into());
        self.step(&Input::Silence);
    }

    fn step(&mut self, input: &Input) {
        let scene = Scene {
            program: self.program,
            catalogue: &self.catalogue,
            tenant: &self.tenant,
            call: &self.call,
            turn: self.turns,
            dialled: &self.dialled,
            agent: self.agent.as_ref(),
            attestation: Attestation::Less,
            pin_matches: self.pin.as_ref().map(|pin| *input == Input::Keys(pin.clone())),
            menu_since: self.menu_since,
            now: self.now,
        };
        let turn = engine::step(&scene, self.latest.cursor.clone(), input);
        self.turns += 1;
        self.menu_since = turn.cursor.is_menu_open().then(|| self.menu_since.unwrap_or(self.now));
        if let Some(agent) = &mut self.agent {
            keep(agent, &turn.effects);
        }
        self.latest = turn;
    }
}

/// Keeps of a turn's effects what the next turn depends on.
fn keep(agent: &mut Agent, effects: &[Effect]) {
    for effect in effects {
        match effect {
            Effect::Presence { presence, .. } => agent.presence.clone_from(presence),
            Effect::PinAttempt { record, .. } => agent.pin = record.unwrap_or(agent.pin),
            Effect::LookupFailed(_) | Effect::PromptFallback(_) => {}
        }
    }
}

/// The line's own prompts, and the name of every other one that the flows speak, to be heard in its stead:
/// a flow's tests hold whatever its prompts say.
fn stand_ins(program: &Program) -> Catalogue {
    let english: Language = "en".parse().expect("a tag");
    let names: BTreeSet<&Name> =
        program.flows().flat_map(Flow::prompts).filter(|name| Line::named(name).is_none()).collect();
    let entry = |name: &Name| {
        let text: Template = name.as_str().parse().expect("a name is neither blank nor has it braces");
        Entry { language: english.clone(), name: name.clone(), content: Content::Say(text) }
    };
    Catalogue::new(english.clone(), names.into_iter().map(entry), &BTreeSet::new())
        .expect("texts under different names, which are none of the line's own, have no issues")
}

fn tenant(stage: &Stage) -> Tenant {
    Tenant {
        id: TenantId::from_bits(0),
        slug: "rehearsal".parse().expect("a short name"),
        name: "Rehearsal".to_owned(),
        region: "US".parse().expect("a region"),
        zone: stage.zone.clone(),
        language: stage.language.clone(),
        policy: Policy::default(),
        shared_lines: false,
        revision: 0,
    }
}

fn agent(stage: &Stage) -> Agent {
    Agent {
        id: UserId::from_bits(0),
        login: "ada".parse().expect("a login"),
        name: "Ada".to_owned(),
        zone: Some(stage.zone.clone()),
        language: Some(stage.language.clone()),
        agent_code: None,
        skills: Skills::default(),
        // That there is a hash is that there is a PIN; which one, the rehearsal knows itself.
        pin_hash: stage.pin.as_ref().map(|_| String::new()),
        pin: PinRecord::default(),
        presence: opening_presence(stage),
    }
}

fn opening_presence(stage: &Stage) -> Presence {
    let online = stage.online_for.map(|hours| Command::GoOnline {
        hours,
        when_online: WhenOnline::Replace,
        cap: Hours::LONGEST,
    });
    let commands = online.into_iter().chain(stage.held.clone().map(Command::Hold));
    let cause = Cause { source: Source::Admin, reason: Reason::LoggedIn, call: None };
    commands.fold(Presence::default(), |before, command| {
        let decided = presence::decide(&before, &command, &cause, None, stage.at);
        decided.expect("nothing is in the way of an admin, and no hours are longer than the longest").0
    })
}

fn words(speech: &Speech) -> &str {
    match speech {
        Speech::Say { text, .. } => text,
        // Prompts are stood in for by texts.
        Speech::Play(_) => "",
    }
}

//! Calls for tests: keys go in, and what is heard, asked and done comes out. No runtime, and a clock that
//! stands until it is told to move.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::call::Outcome;
use crate::domain::ids::{CallId, Name, UserId};
use crate::domain::phone::E164;
use crate::domain::presence::{Presence, State};
use crate::domain::skills::Skills;
use crate::domain::tenant::{Tenant, acme};
use crate::domain::time::Instant;
use crate::domain::trust::{Attestation, PinRecord};
use crate::domain::user::Agent;
use crate::flow::check::check;
use crate::flow::engine::{Asked, Cursor, Effect, Identity, Input, Scene, Turn, step};
use crate::flow::model::Flow;
use crate::flow::program::Program;
use crate::flow::prompt::catalogue::Catalogue;
use crate::flow::reply::{Gather, Speech, Then};

/// Monday, 5 January 2026, 9:00 UTC, and minutes after it.
pub(super) fn at(minute: i64) -> Instant {
    Instant::from_timestamp(1_767_603_600 + minute * 60, 0).expect("in range")
}

/// An agent who was never on duty, with agent code 1234 and no PIN.
pub(super) fn ada() -> Agent {
    Agent {
        id: UserId::from_bits(1),
        login: "ada".parse().expect("a login"),
        name: "Ada".to_owned(),
        zone: None,
        language: None,
        agent_code: Some("1234".parse().expect("a code")),
        skills: Skills::default(),
        pin_hash: None,
        pin: PinRecord::default(),
        presence: Presence::default(),
    }
}

/// The agent on duty since an hour before minute 0, and until `minute`.
pub(super) fn ada_online_until(minute: i64) -> Agent {
    let presence = Presence {
        state: State::Online { since: at(-60), until: at(minute) },
        generation: 1,
        at: Some(at(-60)),
        ..Presence::default()
    };
    Agent { presence, ..ada() }
}

/// The agent with a PIN, which is 4711.
pub(super) fn ada_with_a_pin() -> Agent {
    Agent { pin_hash: Some("of 4711".to_owned()), ..ada() }
}

/// A flow of one timed-presence node, with more settings.
pub(super) fn duty(settings: &str) -> String {
    format!(
        "[flow]\nname = \"line\"\nkind = \"customer\"\nstart = \"duty\"\n\
         [node.duty.timed_presence]\nnext = \"bye\"\n{settings}\n[node.bye.exit]\n"
    )
}

/// A call under way. Its cursor is written and read again between every two turns, as the store does.
pub(super) struct Rehearsal {
    program: Program,
    pub(super) catalogue: Catalogue,
    tenant: Tenant,
    /// Whoever may be named by code, and whom the call speaks for.
    pub(super) agent: Option<Agent>,
    pub(super) attestation: Attestation,
    named: bool,
    pub(super) now: Instant,
    cursor: Option<Cursor>,
    turn: u32,
    menu_since: Option<Instant>,
    last: Option<Turn>,
}

impl Rehearsal {
    /// A call of an agent's to the first of the flows.
    pub(super) fn of(sources: &[&str], agent: Agent) -> Self {
        Self::from(sources, Identity::Known, Some(agent))
    }

    /// A call to the first of the flows; `agent` is whom the caller claims to be by code, unless known.
    pub(super) fn from(sources: &[&str], identity: Identity, agent: Option<Agent>) -> Self {
        let flows: Vec<Arc<Flow>> = sources
            .iter()
            .map(|source| match check(source) {
                (Some(flow), _) => Arc::new(flow),
                (None, issues) => panic!("{issues:?}"),
            })
            .collect();
        let by_name: BTreeMap<Name, Arc<Flow>> =
            flows.iter().map(|flow| (flow.name.clone(), Arc::clone(flow))).collect();
        let root = Arc::clone(flows.first().expect("a flow to call"));
        let program = Program::link(root, |name| by_name.get(name).cloned()).expect("flows that link");
        let cursor = Some(Cursor::at_start(&program, identity));
        Self {
            program,
            catalogue: Catalogue::built_in(),
            tenant: acme(),
            agent,
            attestation: Attestation::Less,
            named: identity == Identity::Known,
            now: at(0),
            cursor,
            turn: 0,
            menu_since: None,
            last: None,
        }
    }

    pub(super) fn begins(&mut self) -> &mut Self {
        self.take(&Input::Started)
    }

    pub(super) fn presses(&mut self, keys: &str) -> &mut Self {
        self.take(&Input::Keys(keys.parse().expect("keys")))
    }

    pub(super) fn waits(&mut self) -> &mut Self {
        self.take(&Input::Silence)
    }

    pub(super) fn garbles(&mut self) -> &mut Self {
        self.take(&Input::Garbled)
    }

    /// The clock moves.
    pub(super) fn later(&mut self, minutes: i64) -> &mut Self {
        self.now += TimeDelta::minutes(minutes);
        self
    }

    fn take(&mut self, input: &Input) -> &mut Self {
        let cursor = self.cursor.take().expect("the call goes on");
        let pin_matches = match (cursor.asked, input) {
            (Asked::Pin, Input::Keys(keys)) => {
                let right = format!("of {}", keys.as_str());
                self.agent.as_ref().and_then(|agent| agent.pin_hash.as_ref()).map(|hash| *hash == right)
            }
            (_, Input::Keys(_) | Input::Started | Input::Garbled | Input::Silence) => None,
        };
        if let (Asked::AgentCode, Input::Keys(keys)) = (cursor.asked, input) {
            let code = self.agent.as_ref().and_then(|agent| agent.agent_code.as_ref());
            self.named = code.is_some_and(|code| code.as_str() == keys.as_str());
        }
        let scene = Scene {
            program: &self.program,
            catalogue: &self.catalogue,
            tenant: &self.tenant,
            call: &CallId::from_bits(1),
            turn: self.turn,
            dialled: &dialled(),
            agent: self.agent.as_ref().filter(|_| self.named),
            attestation: self.attestation,
            pin_matches,
            menu_since: self.menu_since,
            now: self.now,
        };
        let turn = step(&scene, cursor, input);
        self.save(turn);
        self
    }

    /// Does what the shell does with a turn.
    fn save(&mut self, turn: Turn) {
        for effect in &turn.effects {
            let agent = self.agent.as_mut().filter(|_| self.named);
            match effect {
                Effect::Presence { presence, .. } => {
                    agent.expect("presence is commanded of an agent alone").presence.clone_from(presence);
                }
                Effect::PinAttempt { record: Some(record), .. } => {
                    agent.expect("a record is an agent's").pin = *record;
                }
                Effect::PinAttempt { record: None, .. }
                | Effect::LookupFailed(_)
                | Effect::PromptFallback(_) => {}
            }
        }
        let kept = serde_json::to_string(&turn.cursor).expect("a cursor is plain data");
        self.cursor = match turn.reply.then {
            Then::Gather(_) => Some(serde_json::from_str(&kept).expect("a cursor reads as it is written")),
            Then::Redirect | Then::HangUp | Then::Reject => None,
        };
        self.menu_since = turn.cursor.is_menu_open().then(|| self.menu_since.unwrap_or(self.now));
        self.turn += 1;
        self.last = Some(turn);
    }

    pub(super) fn last(&self) -> &Turn {
        self.last.as_ref().expect("the call has begun")
    }

    /// All that is spoken in the last turn.
    pub(super) fn words(&self) -> String {
        let reply = &self.last().reply;
        let asked = match &reply.then {
            Then::Gather(gather) => gather.prompt.as_slice(),
            Then::Redirect | Then::HangUp | Then::Reject => &[],
        };
        let piece = |speech: &Speech| match speech {
            Speech::Say { text, .. } => text.clone(),
            Speech::Play(media) => media.file_name(),
        };
        reply.speech.iter().chain(asked).map(piece).collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    pub(super) fn hears(&mut self, words: &str) -> &mut Self {
        assert!(self.words().contains(words), "`{words}` is not in `{}`", self.words());
        self
    }

    #[track_caller]
    pub(super) fn hears_no(&mut self, words: &str) -> &mut Self {
        assert!(!self.words().contains(words), "`{words}` is in `{}`", self.words());
        self
    }

    /// The question that the last turn asked.
    #[track_caller]
    pub(super) fn question(&self) -> &Gather {
        match &self.last().reply.then {
            Then::Gather(gather) => gather,
            Then::Redirect | Then::HangUp | Then::Reject => panic!("the call is over: {}", self.words()),
        }
    }

    #[track_caller]
    pub(super) fn ends(&mut self, outcome: Outcome) -> &mut Self {
        assert_eq!((&self.last().reply.then, self.last().outcome), (&Then::HangUp, Some(outcome)));
        self
    }

    /// Nothing is to be done after the last turn.
    #[track_caller]
    pub(super) fn changes_nothing(&mut self) -> &mut Self {
        assert_eq!(self.last().effects, []);
        self
    }

    /// The minute until which the agent is on duty; none if they are not.
    pub(super) fn online_until(&self) -> Option<i64> {
        let until = self.agent.as_ref()?.presence.window(self.now)?;
        Some((until - at(0)).num_minutes())
    }
}

fn dialled() -> E164 {
    "+15062345678".parse().expect("a number")
}

//! Runs a flow, one turn at a time: where the call stood, what came in, and what the world is like give
//! what is said next, what is to be done, and where the call stands then. No waiting, no looking up.

use std::{fmt, mem};

use serde::{Deserialize, Serialize};

use crate::domain::call::{LookupMiss, Outcome};
use crate::domain::ids::{CallId, Language, Name};
use crate::domain::phone::E164;
use crate::domain::presence::{self, Cause, Command, Presence, Reason, Rejected, Source, Transition};
use crate::domain::tenant::Tenant;
use crate::domain::time::{Hours, Instant, Zone};
use crate::domain::trust::{Attestation, PinOutcome, PinPolicy, PinRecord};
use crate::domain::user::Agent;
use crate::flow::duty;
use crate::flow::keys::Keys;
use crate::flow::model::{
    Branch, Case, Condition, GatherNode, Node, PresenceChange, SetPresence, WeeklyTime,
};
use crate::flow::program::Program;
use crate::flow::prompt::catalogue::Catalogue;
use crate::flow::prompt::speaker::{Args, Voice};
use crate::flow::prompt::spoken::{Fallback, Spoken};
use crate::flow::prompt::{Line, Slot};
use crate::flow::reply::{Gather, Reply, Then};

/// Nodes that one turn passes through at most. Checked flows cannot loop without listening; this stops
/// what a later change of the check might let through.
const MOST_NODES: usize = 1_000;

/// Turns that a call has at most, so that nobody listens to a menu for hours.
pub const MOST_TURNS: u32 = 60;

/// Where a call stands between two turns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The flows the call is in and their nodes, the innermost last.
    pub frames: Vec<Frame>,
    /// What the last reply asked for.
    pub asked: Asked,
    /// Answers to that question so far that led nowhere.
    pub tries: u8,
    pub identity: Identity,
    /// Whether the agent gave their PIN on this call.
    pub proven: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    pub flow: Name,
    pub node: Name,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Nothing: the call has just begun, or is over.
    Nothing,
    /// The keys of a gather node.
    Keys,
    AgentCode,
    Pin,
    /// The menu of presets, spoken while the agent's presence had this generation (I17).
    Menu {
        generation: u64,
    },
    /// Hours, likewise.
    Hours {
        generation: u64,
    },
}

/// Whether the call's agent is who they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// The number, or code and PIN, say so.
    Known,
    /// Several agents share the number (D34).
    Shared,
    Nobody(LookupMiss),
}

impl Cursor {
    /// A call that has just reached `program`.
    pub fn at_start(program: &Program, identity: Identity) -> Self {
        let root = program.root();
        let frame = Frame { flow: root.name.clone(), node: root.start.clone() };
        Self { frames: vec![frame], asked: Asked::Nothing, tries: 0, identity, proven: false }
    }

    /// Whether the agent is being asked for how long they are on duty.
    pub fn is_menu_open(&self) -> bool {
        match self.asked {
            Asked::Menu { .. } | Asked::Hours { .. } => true,
            Asked::Nothing | Asked::Keys | Asked::AgentCode | Asked::Pin => false,
        }
    }
}

/// What came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    Started,
    Keys(Keys),
    /// Something that no phone's keys are (D10).
    Garbled,
    Silence,
}

impl Input {
    pub fn is_keys(&self) -> bool {
        match self {
            Self::Keys(_) | Self::Garbled => true,
            Self::Started | Self::Silence => false,
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("started"),
            Self::Keys(keys) => keys.fmt(f),
            Self::Garbled => f.write_str("garbled"),
            Self::Silence => f.write_str("silence"),
        }
    }
}

/// The world of one turn.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    pub program: &'a Program,
    pub catalogue: &'a Catalogue,
    pub tenant: &'a Tenant,
    pub call: &'a CallId,
    /// How many turns the call had before this one.
    pub turn: u32,
    pub dialled: &'a E164,
    /// Whom the call speaks for or, when an agent code came in, whom the code names.
    pub agent: Option<&'a Agent>,
    pub attestation: Attestation,
    /// What the hash says of a PIN that came in; none for an agent without one.
    pub pin_matches: Option<bool>,
    /// Since when the agent's menu is open on this call.
    pub menu_since: Option<Instant>,
    pub now: Instant,
}

/// The answer to one turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    pub cursor: Cursor,
    pub reply: Reply,
    pub effects: Vec<Effect>,
    /// What was decided, in words, for `call show`.
    pub decided: Vec<String>,
    pub outcome: Option<Outcome>,
}

impl Turn {
    /// Where a call stands before its first turn: nothing was said or decided.
    pub fn nothing_yet(cursor: Cursor) -> Self {
        let reply = Reply { speech: Vec::new(), then: Then::Redirect };
        Self { cursor, reply, effects: Vec::new(), decided: Vec::new(), outcome: None }
    }

    pub fn changes_presence(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::Presence { .. }))
    }

    /// Whether the caller is told, or may guess from the answer, that something has happened: then it must
    /// be on disk before they hear it.
    pub fn must_be_kept(&self) -> bool {
        self.changes_presence()
            || self.effects.iter().any(|effect| matches!(effect, Effect::PinAttempt { .. }))
    }
}

/// What is to be done besides speaking.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Save the presence; each transition is an event. None is a command that changed nothing.
    Presence {
        presence: Presence,
        transitions: Vec<Transition>,
    },
    /// Save the agent's record, if an agent was named, and remember the attempt.
    PinAttempt {
        record: Option<PinRecord>,
        outcome: PinOutcome,
    },
    LookupFailed(LookupMiss),
    PromptFallback(Fallback),
}

/// Answers one turn.
pub fn step(scene: &Scene<'_>, cursor: Cursor, input: &Input) -> Turn {
    let mut walk = Walk {
        scene,
        presence: scene.agent.map(|agent| agent.presence.clone()).unwrap_or_default(),
        cursor,
        spoken: Spoken::default(),
        effects: Vec::new(),
        decided: Vec::new(),
        outcome: None,
    };
    let mut go = if scene.turn < MOST_TURNS { walk.answer(input) } else { walk.give_up() };
    for _ in 0..MOST_NODES {
        go = match go {
            Go::To(node) => walk.enter(node),
            Go::Leave => walk.leave(),
            Go::Ask(asked, question) => return walk.ask(asked, &question),
            Go::HangUp => return walk.end(),
        };
    }
    walk.note("stopped: the flow runs in circles");
    walk.end()
}

/// Where a call goes next.
#[derive(Debug)]
pub(super) enum Go {
    To(Name),
    /// Out of this flow.
    Leave,
    Ask(Asked, Question),
    HangUp,
}

/// How keys are asked for.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) max_digits: u8,
    pub(super) hash_finishes: bool,
    pub(super) timeout_s: u8,
}

/// One turn under way.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) cursor: Cursor,
    /// The agent's, as it is after what was decided so far.
    pub(super) presence: Presence,
    spoken: Spoken,
    pub(super) effects: Vec<Effect>,
    decided: Vec<String>,
    pub(super) outcome: Option<Outcome>,
}

impl<'a> Walk<'a> {
    fn answer(&mut self, input: &Input) -> Go {
        match (self.cursor.asked, self.node()) {
            (_, None) => {
                self.note("stopped: the flow has no such node any more");
                Go::HangUp
            }
            (Asked::Nothing, Some(_)) => Go::To(self.frame().node.clone()),
            (Asked::Keys, Some(Node::Gather(gather))) => self.answer_gather(gather, input),
            (_, Some(Node::TimedPresence(settings))) => duty::answer(self, settings, input),
            (_, Some(_)) => Go::To(self.frame().node.clone()),
        }
    }

    /// Ends a call that would go on for ever, changing nothing.
    fn give_up(&mut self) -> Go {
        self.note(format!("ended after {MOST_TURNS} turns"));
        self.say(Line::Goodbye, None, &Args::default());
        self.outcome = Some(Outcome::GaveUp);
        Go::HangUp
    }

    fn enter(&mut self, name: Name) -> Go {
        self.frame_mut().node = name;
        self.cursor.tries = 0;
        match self.node() {
            Some(Node::TimedPresence(settings)) => duty::enter(self, settings),
            Some(Node::Play(play)) => {
                for prompt in &play.prompts {
                    self.play(prompt);
                }
                Go::To(play.next.clone())
            }
            Some(Node::Gather(gather)) => self.ask_gather(gather),
            Some(Node::Branch(branch)) => Go::To(self.choose(branch).clone()),
            Some(Node::SetPresence(set)) => Go::To(self.set_presence(set).clone()),
            Some(Node::Subflow(subflow)) => {
                let Some(flow) = self.scene.program.flow(&subflow.flow) else { return Go::HangUp };
                self.cursor.frames.push(Frame { flow: flow.name.clone(), node: flow.start.clone() });
                Go::To(flow.start.clone())
            }
            Some(Node::HangUp) | None => Go::HangUp,
            Some(Node::Exit) => Go::Leave,
        }
    }

    /// Back to the flow that called this one, behind the node that did; the end of the call if none did.
    fn leave(&mut self) -> Go {
        if self.cursor.frames.len() == 1 {
            return Go::HangUp;
        }
        self.cursor.frames.pop();
        match self.node() {
            Some(Node::Subflow(subflow)) => Go::To(subflow.next.clone()),
            Some(_) | None => Go::HangUp,
        }
    }

    fn ask(mut self, asked: Asked, question: &Question) -> Turn {
        if mem::discriminant(&asked) != mem::discriminant(&self.cursor.asked) {
            // Another question: each bears its own wrong answers (D9).
            self.cursor.tries = 0;
        }
        self.cursor.asked = asked;
        let gather = Gather {
            prompt: mem::take(&mut self.spoken.speech),
            max_digits: question.max_digits,
            hash_finishes: question.hash_finishes,
            timeout_s: question.timeout_s,
        };
        self.turn(Then::Gather(gather))
    }

    fn end(mut self) -> Turn {
        self.cursor.asked = Asked::Nothing;
        self.outcome = self.outcome.or(Some(Outcome::Finished));
        self.turn(Then::HangUp)
    }

    fn turn(self, then: Then) -> Turn {
        let Self { cursor, spoken: Spoken { speech, fallbacks }, mut effects, decided, outcome, .. } = self;
        effects.extend(fallbacks.into_iter().map(Effect::PromptFallback));
        Turn { cursor, reply: Reply { speech, then }, effects, decided, outcome }
    }

    fn frame(&self) -> &Frame {
        self.cursor.frames.last().expect("a call is always in a flow")
    }

    fn frame_mut(&mut self) -> &mut Frame {
        self.cursor.frames.last_mut().expect("a call is always in a flow")
    }

    fn node(&self) -> Option<&'a Node> {
        let frame = self.frame();
        self.scene.program.node(&frame.flow, &frame.node)
    }

    /// The agent whom the call speaks for, once that is known.
    pub(super) fn agent(&self) -> Option<&'a Agent> {
        match self.cursor.identity {
            Identity::Known => self.scene.agent,
            Identity::Shared | Identity::Nobody(_) => None,
        }
    }

    pub(super) fn language(&self) -> &'a Language {
        let own = self.agent().and_then(|agent| agent.language.as_ref());
        own.unwrap_or(&self.scene.tenant.language)
    }

    fn zone(&self) -> &'a Zone {
        self.agent().and_then(|agent| agent.zone.as_ref()).unwrap_or(&self.scene.tenant.zone)
    }

    pub(super) fn note(&mut self, what: impl Into<String>) {
        self.decided.push(what.into());
    }

    /// Whether `agent` must still give a PIN before their presence is touched.
    pub(super) fn wants_pin(&self, agent: &Agent, policy: PinPolicy) -> bool {
        !self.cursor.proven && agent.pin_hash.is_some() && policy.asks(self.scene.attestation)
    }

    /// Counts an answer that led nowhere; whether there may be another one.
    pub(super) fn may_try_again(&mut self, tries: u8) -> bool {
        self.cursor.tries = self.cursor.tries.saturating_add(1);
        self.cursor.tries < tries
    }

    /// Says a line, with the flow's own prompt in its place if `own` names one.
    pub(super) fn say(&mut self, line: Line, own: Option<&Name>, args: &Args<'_>) {
        let spoken = self.scene.catalogue.speak(line, own, &self.voice(), args);
        self.hear(spoken);
    }

    fn play(&mut self, prompt: &Name) {
        let spoken = self.scene.catalogue.play(prompt, &self.voice(), &Args::default());
        self.hear(spoken);
    }

    fn voice(&self) -> Voice<'a> {
        Voice { language: self.language(), zone: self.zone(), now: self.scene.now }
    }

    fn hear(&mut self, spoken: Spoken) {
        self.spoken = mem::take(&mut self.spoken).then(spoken);
    }

    /// Applies a command of the caller's to their presence; what was decided becomes an effect.
    pub(super) fn command(&mut self, command: &Command) -> Result<(), Rejected> {
        let reason = match command {
            Command::GoOnline { .. } => Reason::LoggedIn,
            Command::GoOffline | Command::Hold(_) | Command::Release => Reason::LoggedOut,
        };
        let cause = Cause { source: Source::Phone, reason, call: Some(self.scene.call.clone()) };
        let (presence, transitions) =
            presence::decide(&self.presence, command, &cause, self.scene.menu_since, self.scene.now)?;
        self.presence = presence.clone();
        self.effects.push(Effect::Presence { presence, transitions });
        Ok(())
    }

    fn ask_gather(&mut self, gather: &GatherNode) -> Go {
        self.play(&gather.prompt);
        let question = Question {
            max_digits: gather.max_digits,
            hash_finishes: gather.hash_finishes(),
            timeout_s: gather.timeout_s,
        };
        Go::Ask(Asked::Keys, question)
    }

    fn answer_gather(&mut self, gather: &GatherNode, input: &Input) -> Go {
        if let Input::Keys(keys) = input
            && let Some(next) = gather.keys.get(keys)
        {
            self.note(format!("pressed {keys}: to `{next}`"));
            return Go::To(next.clone());
        }
        if !self.may_try_again(gather.tries) {
            self.note(format!("no answer that fits: to `{}`", gather.otherwise));
            return Go::To(gather.otherwise.clone());
        }
        match (&gather.invalid, input) {
            (_, Input::Silence | Input::Started) => {}
            (Some(own), Input::Keys(_) | Input::Garbled) => self.play(own),
            (None, Input::Keys(_) | Input::Garbled) => {
                self.say(Line::Slot(Slot::InvalidInput), None, &Args::default());
            }
        }
        self.ask_gather(gather)
    }

    fn choose(&mut self, branch: &'a Branch) -> &'a Name {
        let holds = |case: &&Case| case.when.iter().all(|condition| self.holds(condition));
        let next = branch.cases.iter().find(holds).map_or(&branch.otherwise, |case| &case.next);
        self.note(format!("branch `{}`: to `{next}`", self.frame().node));
        next
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::CallerKnown(known) => self.agent().is_some() == *known,
            Condition::Online(online) => {
                (self.agent().is_some() && self.presence.is_online(self.scene.now)) == *online
            }
            Condition::Dialled(numbers) => numbers.contains(self.scene.dialled),
            Condition::Time(time) => time.holds(&self.scene.tenant.zone, self.scene.now),
        }
    }

    fn set_presence(&mut self, set: &'a SetPresence) -> &'a Name {
        let trusted = self.agent().is_some_and(|agent| !self.wants_pin(agent, PinPolicy::Unattested));
        if !trusted {
            self.note("presence left alone: the caller is not a known agent, or owes a PIN");
            return &set.otherwise;
        }
        let command = match set.change {
            PresenceChange::Online { hours, when_online } => {
                Command::GoOnline { hours, when_online, cap: Hours::LONGEST }
            }
            PresenceChange::Offline => Command::GoOffline,
        };
        match self.command(&command) {
            Ok(()) => {
                self.outcome = Some(match set.change {
                    PresenceChange::Online { .. } => Outcome::Online,
                    PresenceChange::Offline => Outcome::Offline,
                });
                &set.next
            }
            Err(why) => {
                self.note(format!("presence left alone: {why}"));
                &set.otherwise
            }
        }
    }
}

impl WeeklyTime {
    /// Whether the wall clock stands within the span; past midnight it is still the day it began on.
    fn holds(&self, tenant_zone: &Zone, now: Instant) -> bool {
        let local = self.zone.as_ref().unwrap_or(tenant_zone).local(now);
        let (time, today) = (local.time_of_day(), self.days.contains(&local.weekday));
        if self.from < self.to {
            return today && self.from <= time && time < self.to;
        }
        let yesterday = self.days.contains(&local.weekday.pred());
        (today && self.from <= time) || (yesterday && time < self.to)
    }
}

#[cfg(test)]
mod tests;

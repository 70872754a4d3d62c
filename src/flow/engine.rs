//! Runs a flow, one turn at a time: where the call stood, what came in, and what the world is like give
//! what is said next, what is to be done, and where the call stands then. No waiting, no looking up.

mod nodes;
mod walk;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::call::{LookupMiss, Outcome};
use crate::domain::ids::{CallId, Name};
use crate::domain::phone::E164;
use crate::domain::presence::{Presence, Transition};
use crate::domain::tenant::Tenant;
use crate::domain::time::{Hours, Instant};
use crate::domain::trust::{Attestation, PinOutcome, PinRecord};
use crate::domain::user::Agent;
use crate::flow::keys::Keys;
use crate::flow::program::Program;
use crate::flow::prompt::catalogue::Catalogue;
use crate::flow::prompt::spoken::Fallback;
use crate::flow::reply::{Reply, Then};

pub(super) use walk::{Go, Question, Walk};

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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Nothing: the call has just begun, or is over.
    Nothing,
    /// The keys of a gather node.
    Keys,
    AgentCode,
    Pin,
    /// The menu, spoken while the agent's presence had this generation (I17).
    Menu {
        generation: u64,
        /// What was spoken: that is what the keys mean, whatever became of the presets since.
        #[serde(default)]
        presets: Vec<Hours>,
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
        self.effects.iter().any(Effect::is_presence)
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
        presence: Box<Presence>,
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

impl Effect {
    pub fn is_presence(&self) -> bool {
        matches!(self, Self::Presence { .. })
    }
}

/// Answers one turn.
pub fn step(scene: &Scene<'_>, cursor: Cursor, input: &Input) -> Turn {
    let mut walk = Walk::begin(scene, cursor);
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

#[cfg(test)]
mod tests;

//! A flow that was checked: every edge leads to a node, every setting lies within its bounds. Made by
//! [`super::check`] alone; the file that people write is mirrored in [`super::file`].

use std::collections::BTreeMap;
use std::iter;

use chrono::Weekday;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::ids::Name;
use crate::domain::phone::E164;
use crate::domain::presence::WhenOnline;
use crate::domain::time::{Hours, TimeOfDay, Zone};
use crate::domain::trust::PinPolicy;
use crate::flow::keys::Keys;
use crate::flow::prompt::Slot;

/// One checked flow. Its fields are read freely and written by the check only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    pub name: Name,
    pub kind: FlowKind,
    pub start: Name,
    pub nodes: BTreeMap<Name, Node>,
}

impl Flow {
    /// The prompts that its nodes name.
    pub fn prompts(&self) -> impl Iterator<Item = &Name> {
        self.nodes.values().flat_map(Node::prompts)
    }
}

/// What a flow is for.
// The three kinds of A1.11; a doc comment here is shown to authors of flows, through the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlowKind {
    /// Runs on a call; mappings point at it.
    Customer,
    /// Runs on an agent's leg.
    Resource,
    /// Runs inside other flows only.
    Reusable,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    TimedPresence(TimedPresence),
    Play(Play),
    Gather(GatherNode),
    Branch(Branch),
    SetPresence(SetPresence),
    Subflow(Subflow),
    /// Ends the call, wherever in the flows it stands.
    HangUp,
    /// Leaves this flow: back to the flow that called it, or the end of the call.
    Exit,
}

impl Node {
    fn prompts(&self) -> Vec<&Name> {
        match self {
            Self::TimedPresence(activity) => activity.prompts.values().collect(),
            Self::Play(play) => play.prompts.iter().collect(),
            Self::Gather(gather) => iter::once(&gather.prompt).chain(&gather.invalid).collect(),
            Self::Branch(_) | Self::SetPresence(_) | Self::Subflow(_) | Self::HangUp | Self::Exit => {
                Vec::new()
            }
        }
    }
}

/// The timed-presence activity (A1.13): who calls, how long are they on duty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimedPresence {
    /// Hours on keys 1 to 4, at most four; no hours means that they are always typed in (D47). None are those of the
    /// caller's quick set (A2.6).
    pub presets: Option<Vec<Hours>>,
    /// The most hours that may be typed in, and the furthest end that extending may reach (D4, I7).
    pub max_hours: Hours,
    /// Invalid or silent answers a menu bears before it says goodbye (D9).
    pub tries: u8,
    pub when_online: WhenOnline,
    /// Seconds of silence that end a menu's question.
    pub key_timeout_s: u8,
    /// Seconds of silence that end typing digits (D5).
    pub digit_timeout_s: u8,
    pub pin: PinPolicy,
    /// Whether a caller whose number is not known may name themselves by agent code and PIN (D30).
    pub id_pin_login: bool,
    /// Prompts that take a slot's place.
    pub prompts: BTreeMap<Slot, Name>,
    pub next: Name,
}

/// Speaks prompts in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Play {
    pub prompts: Vec<Name>,
    pub next: Name,
}

/// Asks for keys and goes where they lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatherNode {
    pub prompt: Name,
    /// Spoken before the question is asked again; the built-in words if none.
    pub invalid: Option<Name>,
    pub max_digits: u8,
    pub tries: u8,
    pub timeout_s: u8,
    pub keys: BTreeMap<Keys, Name>,
    /// Where the call goes when the tries are used up.
    pub otherwise: Name,
}

impl GatherNode {
    /// Whether the hash key ends the entry: where one key is asked for, or the hash key leads somewhere,
    /// it is a key like the others.
    pub fn hash_finishes(&self) -> bool {
        self.max_digits > 1 && !self.keys.keys().any(|keys| keys.as_str().contains('#'))
    }
}

/// Goes where the first case that holds leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    pub cases: Vec<Case>,
    pub otherwise: Name,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// All of them must hold.
    pub when: Vec<Condition>,
    pub next: Name,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Whether the caller is known as an agent.
    CallerKnown(bool),
    /// Whether the caller is on duty; an unknown caller is not.
    Online(bool),
    /// The number that was called is one of these.
    Dialled(Vec<E164>),
    /// The wall clock shows one of these days and times.
    Time(WeeklyTime),
}

/// Days and a span of the wall clock, `from` included, `to` not. A span that ends before it begins
/// runs past midnight and belongs to the day it began on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeeklyTime {
    /// The tenant's, if none.
    pub zone: Option<Zone>,
    pub days: Vec<Weekday>,
    pub from: TimeOfDay,
    pub to: TimeOfDay,
}

/// Puts the caller on or off duty without asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetPresence {
    pub change: PresenceChange,
    pub next: Name,
    /// Where the call goes when the caller is nobody's agent or a supervisor holds them off duty.
    pub otherwise: Name,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresenceChange {
    Online { hours: Hours, when_online: WhenOnline },
    Offline,
}

/// Runs another flow and comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subflow {
    pub flow: Name,
    pub next: Name,
}

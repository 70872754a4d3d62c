//! The flow file as people write it: TOML, a table per node, the node's kind in the table's header
//! (`[node.menu.gather]`). serde's internal tags and `flatten` would lose the places that issues point at.
//!
//! Doc comments here are what editors show from the JSON Schema ([`super::schema`]), so they speak to authors
//! of flows. What a setting's value must be beyond its type, [`super::check`] says.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::domain::ids::Name;
use crate::domain::phone::E164;
use crate::domain::presence::WhenOnline;
use crate::domain::time::{TimeOfDay, Zone};
use crate::domain::trust::PinPolicy;
use crate::flow::keys::Keys;
use crate::flow::model::FlowKind;
use crate::flow::setting::{Bounded, Setting};

/// Hours on duty: a week at most.
pub type WholeHours = Bounded<1, 168>;
/// How often a question is asked.
pub type Tries = Bounded<1, 10>;
/// Seconds of silence.
pub type Seconds = Bounded<1, 60>;
/// How many keys an answer has.
pub type KeyCount = Bounded<1, 32>;

/// A Dutyline flow: what happens on a call, as a set of named nodes.
//
// The root of the schema only: a file is read node by node, so that all its issues are found.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FlowFile {
    pub flow: Header,
    /// The nodes by name. The second part of a table's header is the node's kind: `[node.bye.exit]`.
    #[schemars(extend("minProperties" = 1, "maxProperties" = 200))]
    pub node: BTreeMap<Name, Node>,
}

/// What the flow is called, what it is for, and where it begins.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The name that mappings and other flows use.
    pub name: Setting<Name>,
    /// What the flow is for.
    pub kind: Setting<FlowKind>,
    /// The node at which the flow begins.
    pub start: Setting<Name>,
}

/// One step of a flow.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    TimedPresence(Box<TimedPresence>),
    Play(Play),
    Gather(Gather),
    Branch(Branch),
    SetPresence(SetPresence),
    Subflow(Subflow),
    Hangup(Hangup),
    Exit(Exit),
}

/// Recognises the caller, asks for how many hours they are on duty, and puts them on or off duty.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimedPresence {
    /// Hours offered on keys 1 to 4; with an empty list they are always typed in. Without it they are those of the
    /// caller's set of quick availabilities.
    #[schemars(with = "Option<Vec<Setting<WholeHours>>>", extend("maxItems" = 4, "uniqueItems" = true))]
    pub presets: Option<Spanned<Vec<Setting<WholeHours>>>>,
    /// The most hours that may be typed in, and how far away extending may push the end of the duty. A preset
    /// may be longer.
    #[serde(default = "two_digits_of_hours")]
    pub max_hours: Setting<WholeHours>,
    /// Invalid or silent answers that each menu bears; after the last the line says goodbye and changes
    /// nothing.
    #[serde(default = "three_tries")]
    pub tries: Setting<Tries>,
    /// What choosing hours does to somebody who is on duty already.
    #[serde(default)]
    pub when_online: Setting<WhenOnline>,
    /// Seconds to wait for a key in the menu of presets.
    #[serde(default = "five_seconds")]
    pub key_timeout: Setting<Seconds>,
    /// Seconds to wait for each digit where hours are typed in.
    #[serde(default = "five_seconds")]
    pub digit_timeout: Setting<Seconds>,
    /// When an agent who has a PIN is asked for it.
    #[serde(default)]
    pub pin: Setting<PinPolicy>,
    /// Whether a caller whose number is not known may log in with agent code and PIN instead.
    #[serde(default)]
    pub id_pin_login: Setting<bool>,
    /// Prompts that are spoken instead of the built-in words.
    #[serde(default)]
    pub prompts: SlotPrompts,
    /// The node that follows.
    pub next: Setting<Name>,
}

/// A prompt's name for each of the activity's slots; the built-in words are spoken where there is none.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlotPrompts {
    /// Greets the caller.
    pub welcome: Option<Setting<Name>>,
    /// The caller's number is nobody's.
    pub resource_lookup_error: Option<Setting<Name>>,
    /// Offers the presets on keys 1 to 4, 9 for other hours, 0 to go off duty.
    pub preset_hours: Option<Setting<Name>>,
    /// Asks for hours in one or two digits.
    pub custom_hours: Option<Setting<Name>>,
    /// What was pressed means nothing here.
    pub invalid_input: Option<Setting<Name>>,
    /// The caller is on duty now.
    pub online: Option<Setting<Name>>,
    /// The caller is off duty now.
    pub offline: Option<Setting<Name>>,
}

/// Speaks prompts, one after the other.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Play {
    /// The prompts' names, in the order in which they are heard.
    #[schemars(with = "Vec<Setting<Name>>", extend("minItems" = 1))]
    pub prompts: Spanned<Vec<Setting<Name>>>,
    /// The node that follows.
    pub next: Setting<Name>,
}

/// Asks for keys and goes where they lead.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gather {
    /// The question, as a prompt's name.
    pub prompt: Setting<Name>,
    /// The prompt that is spoken after a wrong answer, before the question is asked again; the built-in
    /// words if there is none.
    pub invalid: Option<Setting<Name>>,
    /// How many keys an answer has at most. With more than one, `#` ends the answer early, unless it is part
    /// of an answer in `keys`.
    #[serde(default = "one_key")]
    pub max_digits: Setting<KeyCount>,
    /// How often the question is asked before the call goes to `otherwise`.
    #[serde(default = "three_tries")]
    pub tries: Setting<Tries>,
    /// Seconds to wait for each key.
    #[serde(default = "five_seconds")]
    pub timeout: Setting<Seconds>,
    /// The node to which each answer leads: `{ "1" = "sales", "2" = "support" }`.
    #[schemars(with = "BTreeMap<Keys, Setting<Name>>", extend("minProperties" = 1))]
    pub keys: Spanned<BTreeMap<Spanned<String>, Setting<Name>>>,
    /// The node that follows when the tries are used up.
    pub otherwise: Setting<Name>,
}

/// Goes where the first case leads that holds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// Tried in order.
    #[schemars(with = "Vec<Case>", extend("minItems" = 1))]
    pub cases: Spanned<Vec<Case>>,
    /// The node that follows when no case holds.
    pub otherwise: Setting<Name>,
}

/// A way out of a branch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What must hold, all of it.
    #[schemars(with = "When", extend("minProperties" = 1))]
    pub when: Spanned<When>,
    /// The node that follows when it does.
    pub next: Setting<Name>,
}

/// Conditions on the call.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// Whether the caller's number is an agent's.
    pub caller: Option<Setting<Caller>>,
    /// Whether the caller is on duty. A caller who is nobody's agent is not.
    pub presence: Option<Setting<Duty>>,
    /// The numbers, one of which was dialled.
    #[schemars(with = "Option<Vec<Setting<E164>>>", extend("minItems" = 1))]
    pub dialled: Option<Spanned<Vec<Setting<E164>>>>,
    /// The days and hours in which the call comes.
    #[schemars(with = "Option<Time>")]
    pub time: Option<Spanned<Time>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    /// The caller's number is an agent's.
    Known,
    /// It is nobody's, or withheld.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// The caller is on duty.
    Online,
    /// The caller is off duty, or nobody's agent.
    Offline,
}

/// Days and hours on a wall clock. A span that ends before it begins runs past midnight and belongs to the
/// day on which it began.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Time {
    /// An IANA zone like `America/Toronto`; the tenant's if there is none.
    pub zone: Option<Setting<Zone>>,
    /// The days of the week.
    #[serde(default = "every_day")]
    #[schemars(with = "Vec<Setting<Day>>", extend("minItems" = 1, "uniqueItems" = true))]
    pub days: Spanned<Vec<Setting<Day>>>,
    /// The first minute, `HH:MM`.
    #[serde(default = "midnight")]
    pub from: Setting<TimeOfDay>,
    /// The first minute that no longer counts, `HH:MM`; `24:00` is the end of the day.
    #[serde(default = "end_of_day")]
    pub to: Setting<TimeOfDay>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// Puts the caller on or off duty without asking.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPresence {
    /// `"offline"`, or `to.online.hours = 8`.
    pub to: To,
    /// The node that follows.
    pub next: Setting<Name>,
    /// The node that follows when the caller is nobody's agent, or is held off duty by a supervisor.
    pub otherwise: Setting<Name>,
}

/// On or off duty.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum To {
    /// Off duty.
    Offline,
    /// On duty.
    Online(Online),
}

/// For how long.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Online {
    /// Hours on duty.
    pub hours: Setting<WholeHours>,
    /// What that does to somebody who is on duty already.
    #[serde(default)]
    pub when_online: Setting<WhenOnline>,
}

/// Runs another flow, and goes on where that flow exits.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subflow {
    /// The other flow's name.
    pub flow: Setting<Name>,
    /// The node that follows.
    pub next: Setting<Name>,
}

/// Ends the call, in whichever flow it stands.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hangup {}

/// Leaves the flow: back to the flow that runs it, or, if there is none, the end of the call.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exit {}

impl Node {
    /// The settings that name a node which may follow.
    pub fn edges(&self) -> Vec<&Setting<Name>> {
        match self {
            Self::TimedPresence(node) => vec![&node.next],
            Self::Play(node) => vec![&node.next],
            Self::Gather(node) => node.keys.get_ref().values().chain([&node.otherwise]).collect(),
            Self::Branch(node) => {
                node.cases.get_ref().iter().map(|case| &case.next).chain([&node.otherwise]).collect()
            }
            Self::SetPresence(node) => vec![&node.next, &node.otherwise],
            Self::Subflow(node) => vec![&node.next],
            Self::Hangup(Hangup {}) | Self::Exit(Exit {}) => vec![],
        }
    }
}

/// The most that the two digits of the custom entry spell.
fn two_digits_of_hours() -> Setting<WholeHours> {
    Setting::unwritten(const { WholeHours::default_of(99) })
}

fn three_tries() -> Setting<Tries> {
    Setting::unwritten(const { Tries::default_of(3) })
}

fn five_seconds() -> Setting<Seconds> {
    Setting::unwritten(const { Seconds::default_of(5) })
}

fn one_key() -> Setting<KeyCount> {
    Setting::unwritten(const { KeyCount::default_of(1) })
}

fn every_day() -> Spanned<Vec<Setting<Day>>> {
    let days = [Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri, Day::Sat, Day::Sun];
    Spanned::new(0..0, days.map(Setting::unwritten).into())
}

fn midnight() -> Setting<TimeOfDay> {
    Setting::unwritten("00:00".parse().expect("midnight is a time of day"))
}

fn end_of_day() -> Setting<TimeOfDay> {
    Setting::unwritten("24:00".parse().expect("24:00 is the end of the day"))
}

//! What telephony and settings say of a user: the calls on their terminals, their wrap-up, and what they serve. Being
//! in a call changes nothing of what the user has said of themselves (A2.1).

use serde::{Deserialize, Serialize};

use crate::domain::edit::Edit;
use crate::domain::ids::{self, BadName, Name};
use crate::domain::time::Instant;
use crate::domain::wrap_up::{self, Length, Party, WrapUp};

/// All of it is as it is by default for most users, most of the time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Desk {
    pub settings: Settings,
    /// Terminals that have a call, and no others (A2.8).
    terminals: Vec<Terminal>,
    /// The last wrap-up, over or not.
    wrap_up: Option<WrapUp>,
    talking_status_changed: Option<Instant>,
}

/// What a user serves, and how (A2.12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Calls of queues: 1 or 0 on the wire, as `Queues_Serving`.
    pub serving: bool,
    /// Lists of callbacks, `CallbackLists_Serving`.
    pub serving_callback: bool,
    pub allocation_mode: AllocationMode,
    /// How long wrap-up lasts after a call; the tenant's, if none.
    #[schema(value_type = Option<u16>, maximum = 999)]
    pub wrap_up: Option<Length>,
    /// On how many terminals calls can reach the user, as a telephony system counts them; if it does not, the
    /// telephone of the duty window is the only one.
    pub service_terminals: Option<u8>,
    /// The set of quick availabilities; the tenant's first, if none (A2.6).
    pub quick_set: Option<Name>,
    /// The list of labels that the user chooses from; the tenant's first, if none (A1.21).
    pub reason_list: Option<Name>,
}

/// What of the settings is to change; what is none stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SettingsPatch {
    pub serving: Option<bool>,
    pub serving_callback: Option<bool>,
    pub allocation_mode: Option<AllocationMode>,
    pub wrap_up: Option<Edit<Length>>,
    pub service_terminals: Option<Edit<u8>>,
    pub quick_set: Option<Edit<Name>>,
    pub reason_list: Option<Edit<Name>>,
}

impl SettingsPatch {
    pub fn of(self, settings: Settings) -> Settings {
        Settings {
            serving: self.serving.unwrap_or(settings.serving),
            serving_callback: self.serving_callback.unwrap_or(settings.serving_callback),
            allocation_mode: self.allocation_mode.unwrap_or(settings.allocation_mode),
            wrap_up: self.wrap_up.map_or(settings.wrap_up, Edit::value),
            service_terminals: self.service_terminals.map_or(settings.service_terminals, Edit::value),
            quick_set: self.quick_set.map_or(settings.quick_set, Edit::value),
            reason_list: self.reason_list.map_or(settings.reason_list, Edit::value),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            serving: true,
            serving_callback: true,
            allocation_mode: AllocationMode::default(),
            wrap_up: None,
            service_terminals: None,
            quick_set: None,
            reason_list: None,
        }
    }
}

spelled!(
    /// How calls come to a user (A2.12).
    #[derive(Default)]
    AllocationMode, "one of default, fetch", {
        /// They are given to the user.
        #[default]
        Default = "default",
        /// The user takes them.
        Fetch = "fetch",
    }
);

/// A terminal's `PresenceTypeId`: above 0, which stands for the user themselves (A2.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct TerminalId(u16);

impl TryFrom<u16> for TerminalId {
    type Error = BadName;
    fn try_from(number: u16) -> Result<Self, BadName> {
        match number {
            1..=999 => Ok(Self(number)),
            _ => Err(BadName { value: number.to_string(), expected: "a terminal's number from 1 to 999" }),
        }
    }
}

impl From<TerminalId> for u16 {
    fn from(id: TerminalId) -> Self {
        id.0
    }
}

/// A call on a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Terminal {
    #[schema(value_type = u16, minimum = 1, maximum = 999)]
    pub presence_type_id: TerminalId,
    pub state: Line,
    /// Since when it is so.
    #[schema(value_type = String, format = DateTime)]
    pub since: Instant,
    /// Since when somebody talks, if anybody has.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub connected_at: Option<Instant>,
    pub party: Party,
    /// The queue from which the call came.
    pub queue: Option<Queue>,
}

spelled!(
    /// Where a terminal's call stands.
    Line, "one of idle, dialing, talking, parked", {
        /// There is none, or no longer.
        Idle = "idle",
        /// Nobody has answered yet; it counts as talking (A2.10).
        Dialing = "dialing",
        Talking = "talking",
        Parked = "parked",
    }
);

spelled!(
    /// Who has begun a call.
    #[derive(Default)]
    Direction, "one of incoming, outgoing", {
        #[default]
        Incoming = "incoming",
        /// The user has.
        Outgoing = "outgoing",
    }
);

ids::text!(/// A queue, as the telephony system calls it.
    Queue, "a queue: one line of at most 100 characters", ids::one_line!(98), |text| ids::is_line(text, 100));

/// What a telephony system says of one terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub terminal: TerminalId,
    pub state: Line,
    pub party: Party,
    pub queue: Option<Queue>,
}

impl Desk {
    pub fn terminals(&self) -> &[Terminal] {
        &self.terminals
    }

    pub fn wrap_up(&self, now: Instant) -> Option<WrapUp> {
        self.wrap_up.filter(|wrap_up| wrap_up.is_open(now))
    }

    /// Whether the user has a call, from dialling on and before anybody answers.
    pub fn is_talking(&self) -> bool {
        self.terminals.iter().any(|terminal| match terminal.state {
            Line::Dialing | Line::Talking => true,
            Line::Idle | Line::Parked => false,
        })
    }

    /// Whether a report is the first of its call.
    pub(super) fn is_begun_by(&self, report: &Report) -> bool {
        let is_known = self.terminals.iter().any(|terminal| terminal.presence_type_id == report.terminal);
        match report.state {
            Line::Dialing | Line::Talking => !is_known,
            Line::Idle | Line::Parked => false,
        }
    }

    pub fn talking_status_changed(&self) -> Option<Instant> {
        self.talking_status_changed
    }

    /// The queue whose call the user has.
    pub fn active_queue(&self) -> Option<&Queue> {
        self.terminals.iter().find_map(|terminal| terminal.queue.as_ref())
    }

    pub fn parked_calls(&self) -> usize {
        self.terminals.iter().filter(|terminal| terminal.state == Line::Parked).count()
    }

    /// Takes in a report. Wrap-up follows when the last call of several ends, if it is due at all (D52): of the user's
    /// own length or else of the one given.
    pub(super) fn report(&mut self, report: &Report, otherwise: Length, now: Instant) {
        let was_talking = self.is_talking();
        let before =
            self.terminals.iter().find(|terminal| terminal.presence_type_id == report.terminal).cloned();
        if before.as_ref().map_or(Line::Idle, |terminal| terminal.state) == report.state {
            return;
        }
        self.terminals.retain(|terminal| terminal.presence_type_id != report.terminal);
        match (report.state, before) {
            (Line::Idle, Some(ended)) if self.terminals.is_empty() => {
                self.begin_wrap_up(&ended, otherwise, now);
            }
            (Line::Idle, _) => {}
            (Line::Dialing | Line::Talking | Line::Parked, before) => {
                self.terminals.push(report.terminal_after(before, now));
            }
        }
        if self.is_talking() != was_talking {
            self.talking_status_changed = Some(now);
        }
    }

    fn begin_wrap_up(&mut self, ended: &Terminal, otherwise: Length, now: Instant) {
        let length = self.settings.wrap_up.unwrap_or(otherwise);
        let talked = ended.connected_at.map(|connected| now - connected).unwrap_or_default();
        if let Some(length) = wrap_up::after(talked, ended.party, length) {
            self.wrap_up = Some(WrapUp::begin(length, now));
        }
    }

    pub(super) fn extend_wrap_up(
        &mut self,
        by: Length,
        most: u32,
        now: Instant,
    ) -> Result<(), wrap_up::Rejected> {
        self.wrap_up = Some(self.wrap_up.ok_or(wrap_up::Rejected::Over)?.extend(by, most, now)?);
        Ok(())
    }

    pub(super) fn end_wrap_up(&mut self, now: Instant) -> Result<(), wrap_up::Rejected> {
        self.wrap_up = Some(self.wrap_up.ok_or(wrap_up::Rejected::Over)?.end_early(now)?);
        Ok(())
    }

    /// The next moment after `at` at which time alone changes something.
    pub(super) fn turns_at(&self, at: Instant) -> Option<Instant> {
        self.wrap_up.map(|wrap_up| wrap_up.end).filter(|end| at < *end)
    }
}

impl Report {
    fn terminal_after(&self, before: Option<Terminal>, now: Instant) -> Terminal {
        let connected = before.as_ref().and_then(|terminal| terminal.connected_at);
        let connected_at = match self.state {
            Line::Talking => Some(connected.unwrap_or(now)),
            Line::Idle | Line::Dialing | Line::Parked => connected,
        };
        let queue = self.queue.clone().or(before.and_then(|terminal| terminal.queue));
        let presence_type_id = self.terminal;
        Terminal { presence_type_id, state: self.state, since: now, connected_at, party: self.party, queue }
    }
}

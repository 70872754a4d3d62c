//! The duty-window machine: an agent is offline, or online until a deadline. Late, early and repeated
//! timers are inputs like the others; nothing here knows whether a worker runs.

mod story;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::domain::availability::{self, Availability};
use crate::domain::desk::{Desk, Report, SettingsPatch};
use crate::domain::ids::{AvailabilityId, CallId};
use crate::domain::plan::{self, Plan};
use crate::domain::presence::story::Story;
use crate::domain::presence_code::LabelText;
use crate::domain::time::{Hours, Instant};
use crate::domain::wrap_up::{self, Length};

/// One agent's presence: what the store keeps in one row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Presence {
    pub state: State,
    /// Rises by one with every accepted transition (I1); 0 before the first.
    pub generation: u64,
    /// When the last transition was accepted; later ones never carry an earlier time (I9).
    pub at: Option<Instant>,
    /// Who or what made the last transition.
    pub cause: Option<Cause>,
    /// Why a supervisor keeps the agent off duty; while set, the phone is refused (D40).
    pub hold: Option<String>,
    /// What the agent has said of themselves, but for the window.
    pub plan: Plan,
    /// What telephony and settings say.
    pub desk: Desk,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not on duty. `since` is none for an agent who never was (D1).
    Offline { since: Option<Instant> },
    /// On duty in `[since, until)`: at `until` itself no longer (D18).
    Online { since: Instant, until: Instant },
}

impl Default for State {
    fn default() -> Self {
        Self::Offline { since: None }
    }
}

spelled!(
    /// Whether an agent is on duty.
    Duty, "one of offline, online", {
        Offline = "offline",
        Online = "online",
    }
);

/// Why a presence is as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Cause {
    pub source: Source,
    pub reason: Reason,
    /// The call on which the agent pressed the key.
    pub call: Option<CallId>,
}

spelled!(
    /// Where a change of presence comes from (A1.16).
    Source, "one of phone, admin, api, timer, schedule", {
        Phone = "phone",
        /// The command line.
        Admin = "admin",
        Api = "api",
        Timer = "timer",
        /// The user's hours of work (A2.7).
        Schedule = "schedule",
    }
);

/// The system's reasons, and a supervisor's own words (A1.21).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Reason {
    LoggedIn,
    LoggedOut,
    Expired,
    /// The last number at which the agent could be reached was removed (D36).
    NoExtension,
    /// The user was deactivated (D37).
    Deactivated,
    Other(String),
}

described!(Reason, crate::domain::described::line::<1, 280>());

impl Reason {
    /// Those that the system gives by itself.
    pub const SYSTEM: [Self; 5] =
        [Self::LoggedIn, Self::LoggedOut, Self::Expired, Self::NoExtension, Self::Deactivated];

    pub fn as_str(&self) -> &str {
        match self {
            Self::LoggedIn => "logged_in",
            Self::LoggedOut => "logged_out",
            Self::Expired => "expired",
            Self::NoExtension => "no_extension",
            Self::Deactivated => "admin",
            Self::Other(words) => words,
        }
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self::SYSTEM.into_iter().find(|reason| reason.as_str() == text).unwrap_or(Self::Other(text))
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.as_str().to_owned()
    }
}

/// What going online does to a window that is open already (D15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenOnline {
    /// The new end counts from now, even if that is sooner.
    #[default]
    Replace,
    /// The hours are added to the old end.
    Extend,
    /// The later of the old end and the new one.
    Max,
}

/// What is asked of an agent's presence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    GoOnline {
        hours: Hours,
        when_online: WhenOnline,
        /// The furthest the end may lie from now (I7).
        cap: Hours,
    },
    GoOffline,
    /// A supervisor takes the agent off duty and keeps them there, for the reason given.
    Hold(String),
    /// The agent may go on duty again.
    Release,
    /// The agent is in a state, now or later (A2.5). What begins now, is `available` and has an end is time on duty.
    Say(Availability),
    /// What was said does not hold.
    Withdraw(AvailabilityId),
    Adjust(SettingsPatch),
    /// A terminal's news, and how long wrap-up lasts for users who have no length of their own.
    Report(Report, Length),
    /// The same of a call that the user makes. Who was not to be disturbed says that they are available first, under this
    /// name (A3.7).
    DialOut(Report, Length, AvailabilityId),
    ExtendWrapUp {
        by: Length,
        /// How often a wrap-up may be extended.
        most: u32,
    },
    EndWrapUp,
}

impl Command {
    /// Whether it opens a duty window, now or later, so that the agent must be one who can be called.
    pub fn puts_on_duty(&self) -> bool {
        match self {
            Self::GoOnline { .. } => true,
            Self::Say(said) => said.terms.is_duty(),
            Self::GoOffline
            | Self::Hold(_)
            | Self::Release
            | Self::Withdraw(_)
            | Self::Adjust(_)
            | Self::Report(..)
            | Self::DialOut(..)
            | Self::ExtendWrapUp { .. }
            | Self::EndWrapUp => false,
        }
    }

    /// The label under which something is said.
    pub fn label(&self) -> Option<&LabelText> {
        match self {
            Self::Say(said) => said.terms.label.as_ref(),
            Self::GoOnline { .. }
            | Self::GoOffline
            | Self::Hold(_)
            | Self::Release
            | Self::Withdraw(_)
            | Self::Adjust(_)
            | Self::Report(..)
            | Self::DialOut(..)
            | Self::ExtendWrapUp { .. }
            | Self::EndWrapUp => None,
        }
    }

    /// Whether it is a supervisor's to give: agents do not lift themselves what keeps them off duty (D40).
    pub fn is_supervisors(&self) -> bool {
        match self {
            Self::Hold(_) | Self::Release => true,
            Self::GoOnline { .. }
            | Self::GoOffline
            | Self::Say(_)
            | Self::Withdraw(_)
            | Self::Adjust(_)
            | Self::Report(..)
            | Self::DialOut(..)
            | Self::ExtendWrapUp { .. }
            | Self::EndWrapUp => false,
        }
    }
}

/// One accepted transition, in the terms of its event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transition {
    /// A window opened.
    WentOnline(Window),
    /// The open window got another end, which may be an earlier one.
    Extended(Window),
    WentOffline(Ending),
    Held {
        generation: u64,
        at: Instant,
        reason: String,
    },
    Released {
        generation: u64,
        at: Instant,
    },
    Said {
        generation: u64,
        at: Instant,
        availability: Availability,
    },
    /// It was taken back, or its time came and nothing could come of it.
    Withdrawn {
        generation: u64,
        at: Instant,
        id: AvailabilityId,
    },
    /// What was said beforehand began or ended.
    Turned {
        generation: u64,
        at: Instant,
    },
    /// Settings, a call on a terminal, or a wrap-up.
    DeskChanged {
        generation: u64,
        at: Instant,
        desk: Desk,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub generation: u64,
    /// When the transition was accepted.
    pub at: Instant,
    pub since: Instant,
    pub until: Instant,
    pub cause: Cause,
    /// The words with which it was asked for, where it is more than a key press and nothing else is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duty: Option<Availability>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    pub generation: u64,
    /// When the transition was accepted: for an expiry, when it was noticed.
    pub at: Instant,
    /// The last moment on duty: for an expiry, when the time was up.
    pub ended: Instant,
    pub cause: Cause,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    #[error("held off duty by a supervisor: {0}")]
    Held(String),
    #[error("the window would end more than {} hours from now", .0.get())]
    TooFar(Hours),
    #[error("`{0}` is none of the user's availabilities")]
    NotSaid(AvailabilityId),
    #[error("the user has {} availabilities already", plan::MOST)]
    Full,
    #[error(transparent)]
    WrapUp(#[from] wrap_up::Rejected),
}

/// How long an agent's open menu keeps a window from ending under it (D25).
pub const MENU_GRACE: TimeDelta = TimeDelta::seconds(60);

impl Presence {
    /// Whether the agent is on duty at `now`, whatever any worker has done by then (I5).
    pub fn is_online(&self, now: Instant) -> bool {
        self.window(now).is_some()
    }

    /// The end of the window that is open at `now`.
    pub fn window(&self, now: Instant) -> Option<Instant> {
        match self.state {
            State::Online { until, .. } => (now < until).then_some(until),
            State::Offline { .. } => None,
        }
    }

    /// The end of the window, over or not.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Online { until, .. } => Some(until),
            State::Offline { .. } => None,
        }
    }

    /// The next moment, from the last transition on, at which time alone changes something else than the window.
    pub fn turns_at(&self) -> Option<Instant> {
        [self.said_turns_at(), self.wrap_up_ends_at()].into_iter().flatten().min()
    }

    /// The next moment at which something that was said begins or ends.
    pub fn said_turns_at(&self) -> Option<Instant> {
        self.plan.turns_at(self.at?)
    }

    /// The end of a wrap-up that was not over at the last transition.
    pub fn wrap_up_ends_at(&self) -> Option<Instant> {
        self.desk.turns_at(self.at?)
    }

    /// All of the user's availabilities, the window among them (A2.4).
    pub fn availabilities(&self) -> Vec<Availability> {
        self.plan.said().iter().cloned().chain(self.said_window()).collect()
    }

    /// The state of the one that counts at `now`. Most say nothing, and are available with a window and without.
    pub fn availability(&self, now: Instant) -> availability::State {
        if self.plan.said().is_empty() {
            return availability::State::default();
        }
        availability::state(&self.availabilities(), now)
    }

    fn said_window(&self) -> Option<Availability> {
        let State::Online { since, until } = self.state else { return None };
        let source = self.cause.as_ref().map_or(Source::Phone, |cause| cause.source);
        let mut window = self.plan.duty().cloned().unwrap_or_else(|| plan::plain(since, source));
        window.terms.ends_at = Some(until);
        Some(window)
    }

    fn is_window(&self, id: &AvailabilityId) -> bool {
        self.said_window().is_some_and(|window| window.id == *id)
    }
}

/// The moment at which a window that ends at `until` is over for good: a menu that the agent had open
/// by then holds it for at most [`MENU_GRACE`], so that their choice does not come just too late (D25).
pub fn lapse(until: Instant, menu_since: Option<Instant>) -> Instant {
    match menu_since {
        Some(opened) if opened < until => until + MENU_GRACE,
        Some(_) | None => until,
    }
}

/// Applies `command`. Returns the presence afterwards and the transitions that led there, in order; none
/// where nothing changed (D16). A window whose time is up ends first, in a transition of its own (I8).
///
/// `menu_since` is when the agent's open phone menu began, if one is open.
pub fn decide(
    before: &Presence,
    command: &Command,
    cause: &Cause,
    menu_since: Option<Instant>,
    now: Instant,
) -> Result<(Presence, Vec<Transition>), Rejected> {
    let mut story = Story::begin(before, menu_since, now);
    story.carry_out(command, cause)?;
    Ok((story.presence, story.transitions))
}

/// Does what is due of the `generation` that a timer saw: the window's end, and beginnings and ends of what was said.
/// None if the timer is stale: it saw another generation, or the time is not up (I3, I4).
pub fn settle(
    before: &Presence,
    generation: u64,
    menu_since: Option<Instant>,
    now: Instant,
) -> Option<(Presence, Vec<Transition>)> {
    let story = Story::begin(before, menu_since, now);
    let has_come = before.generation == generation && !story.transitions.is_empty();
    has_come.then_some((story.presence, story.transitions))
}

#[cfg(test)]
mod tests;

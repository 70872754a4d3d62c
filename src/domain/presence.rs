//! The duty-window machine: an agent is offline, or online until a deadline. Late, early and repeated
//! timers are inputs like the others; nothing here knows whether a worker runs.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::domain::ids::CallId;
use crate::domain::time::{Hours, Instant};

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
    Source, "one of phone, admin, api, timer", {
        Phone = "phone",
        /// The command line.
        Admin = "admin",
        Api = "api",
        Timer = "timer",
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
        [Self::LoggedIn, Self::LoggedOut, Self::Expired, Self::NoExtension, Self::Deactivated]
            .into_iter()
            .find(|reason| reason.as_str() == text)
            .unwrap_or(Self::Other(text))
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
}

impl Command {
    /// Whether it is a supervisor's to give: agents do not lift themselves what keeps them off duty (D40).
    pub fn is_supervisors(&self) -> bool {
        match self {
            Self::Hold(_) | Self::Release => true,
            Self::GoOnline { .. } | Self::GoOffline => false,
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
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub generation: u64,
    /// When the transition was accepted.
    pub at: Instant,
    pub since: Instant,
    pub until: Instant,
    pub cause: Cause,
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

    fn has_lapsed(&self, menu_since: Option<Instant>, now: Instant) -> bool {
        match self.state {
            State::Online { until, .. } => now >= lapse(until, menu_since),
            State::Offline { .. } => false,
        }
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
    match command {
        Command::GoOnline { hours, when_online, cap } => {
            story.go_online(*hours, *when_online, *cap, cause)?;
        }
        Command::GoOffline => story.go_offline(cause),
        Command::Hold(reason) => story.hold(reason, cause),
        Command::Release => story.release(),
    }
    Ok((story.presence, story.transitions))
}

/// Ends the window of the `generation` that a timer saw. None if the timer is stale: it saw another
/// generation, or the time is not up (I3, I4).
pub fn expire(
    before: &Presence,
    generation: u64,
    menu_since: Option<Instant>,
    now: Instant,
) -> Option<(Presence, Vec<Transition>)> {
    let story = Story::begin(before, menu_since, now);
    let ended = before.generation == generation && !story.transitions.is_empty();
    ended.then_some((story.presence, story.transitions))
}

/// A presence on its way through one command, and what happened to it so far.
struct Story {
    presence: Presence,
    transitions: Vec<Transition>,
    now: Instant,
}

impl Story {
    /// From here on the window is open only if its time is not up.
    fn begin(before: &Presence, menu_since: Option<Instant>, now: Instant) -> Self {
        let mut story = Self { presence: before.clone(), transitions: Vec::new(), now };
        match (before.state, before.has_lapsed(menu_since, now)) {
            (State::Online { until, .. }, true) => {
                story.end(until, Cause { source: Source::Timer, reason: Reason::Expired, call: None });
            }
            (State::Online { .. } | State::Offline { .. }, _) => {}
        }
        story
    }

    fn go_online(
        &mut self,
        hours: Hours,
        when_online: WhenOnline,
        cap: Hours,
        cause: &Cause,
    ) -> Result<(), Rejected> {
        if let Some(reason) = &self.presence.hold {
            return Err(Rejected::Held(reason.clone()));
        }
        let at = self.next_at();
        let fresh = at + hours.span();
        let (since, until) = match (self.presence.state, when_online) {
            (State::Offline { .. }, _) => (at, fresh),
            (State::Online { since, .. }, WhenOnline::Replace) => (since, fresh),
            (State::Online { since, until }, WhenOnline::Extend) => (since, until + hours.span()),
            (State::Online { since, until }, WhenOnline::Max) => (since, until.max(fresh)),
        };
        if until - at > cap.span() {
            return Err(Rejected::TooFar(cap));
        }
        let opened = matches!(self.presence.state, State::Offline { .. });
        let generation = self.advance(at, State::Online { since, until }, cause.clone());
        let window = Window { generation, at, since, until, cause: cause.clone() };
        self.transitions.push(if opened {
            Transition::WentOnline(window)
        } else {
            Transition::Extended(window)
        });
        Ok(())
    }

    fn go_offline(&mut self, cause: &Cause) {
        match self.presence.state {
            // While a menu holds the end, the agent is off duty already.
            State::Online { until, .. } => self.end(self.next_at().min(until), cause.clone()),
            State::Offline { .. } => {}
        }
    }

    fn hold(&mut self, reason: &str, cause: &Cause) {
        self.go_offline(cause);
        if self.presence.hold.as_deref() != Some(reason) {
            self.presence.hold = Some(reason.to_owned());
            let (generation, at) = self.touch();
            self.transitions.push(Transition::Held { generation, at, reason: reason.to_owned() });
        }
    }

    fn release(&mut self) {
        if self.presence.hold.take().is_some() {
            let (generation, at) = self.touch();
            self.transitions.push(Transition::Released { generation, at });
        }
    }

    fn end(&mut self, ended: Instant, cause: Cause) {
        let at = self.next_at();
        let generation = self.advance(at, State::Offline { since: Some(ended) }, cause.clone());
        self.transitions.push(Transition::WentOffline(Ending { generation, at, ended, cause }));
    }

    fn advance(&mut self, at: Instant, state: State, cause: Cause) -> u64 {
        self.presence.state = state;
        self.presence.cause = Some(cause);
        self.presence.at = Some(at);
        self.presence.generation += 1;
        self.presence.generation
    }

    /// A transition that leaves the state and its cause as they are.
    fn touch(&mut self) -> (u64, Instant) {
        let at = self.next_at();
        self.presence.at = Some(at);
        self.presence.generation += 1;
        (self.presence.generation, at)
    }

    /// Time does not run backwards in an agent's log, whatever the clock does (I9).
    fn next_at(&self) -> Instant {
        self.presence.at.map_or(self.now, |last| last.max(self.now))
    }
}

#[cfg(test)]
mod tests;

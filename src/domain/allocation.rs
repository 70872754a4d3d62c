//! Whether a user can be given a service call, and why not. Routing, boards, commands and [`UserStatus`]
//! all ask here, so that they cannot disagree (A2.11).
//!
//! [`UserStatus`]: crate::domain::user_status::UserStatus

use crate::domain::availability::{Class, State};
use crate::domain::presence::{self, Presence};
use crate::domain::time::Instant;
use crate::domain::wrap_up::WrapUp;

/// What is known of a user when a call is to be given to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub presence: Presence,
    pub default_availability: DefaultAvailability,
    /// The state of the active availability; available without one (A2.3).
    pub availability: State,
    pub allocation_mode: AllocationMode,
    /// Whether the user serves queues of calls.
    pub serving: bool,
    /// Whether the user serves lists of callbacks.
    pub serving_callback: bool,
    /// On how many active terminals a call can reach the user.
    pub service_terminals: u32,
    /// Whether the user has a call, from dialling on and before anybody answers.
    pub talking: bool,
    pub talking_status_changed: Option<Instant>,
    /// The last wrap-up, over or not.
    pub wrap_up: Option<WrapUp>,
    /// The queue whose call the user is serving.
    pub active_queue_id: Option<String>,
    pub parked_calls: u32,
}

spelled!(
    /// Whether a user who never opened a duty window can be given calls (D1).
    #[derive(Default)]
    DefaultAvailability, "one of offline, available", {
        /// Who is on duty has said so.
        #[default]
        Offline = "offline",
        /// There is no such thing as being off duty until the first window.
        Available = "available",
    }
);

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

spelled!(
    /// What keeps a user from being given a call (A2.11).
    Reason, "a reason why a user is given no call", {
        OffDuty = "off_duty",
        OffWork = "off_work",
        Dnd = "dnd",
        NotServing = "not_serving",
        FetchMode = "fetch_mode",
        Talking = "talking",
        WrapUp = "wrap_up",
        NoTerminal = "no_terminal",
    }
);

/// The verdict: nothing, or everything that stands against it. A window or a wrap-up whose time is up
/// counts as over, whatever any worker has done by then (I5).
pub fn verdict(standing: &Standing, now: Instant) -> Result<(), Vec<Reason>> {
    let class = standing.availability.class();
    let against = [
        (Reason::OffDuty, !standing.is_on_duty(now)),
        (Reason::OffWork, class == Class::OffWork),
        (Reason::Dnd, class == Class::NoServiceCalls),
        (Reason::NotServing, !standing.serving),
        (Reason::FetchMode, standing.allocation_mode == AllocationMode::Fetch),
        (Reason::Talking, standing.talking),
        (Reason::WrapUp, standing.open_wrap_up(now).is_some()),
        (Reason::NoTerminal, standing.service_terminals == 0),
    ];
    let reasons: Vec<_> = against.into_iter().filter_map(|(reason, holds)| holds.then_some(reason)).collect();
    if reasons.is_empty() { Ok(()) } else { Err(reasons) }
}

impl Standing {
    /// Whether the user is on duty: in a window, or having never had one where that is as good.
    pub fn is_on_duty(&self, now: Instant) -> bool {
        match self.presence.state {
            presence::State::Online { .. } => self.presence.is_online(now),
            presence::State::Offline { since: Some(_) } => false,
            presence::State::Offline { since: None } => match self.default_availability {
                DefaultAvailability::Available => self.presence.hold.is_none(),
                DefaultAvailability::Offline => false,
            },
        }
    }

    pub fn open_wrap_up(&self, now: Instant) -> Option<WrapUp> {
        self.wrap_up.filter(|wrap_up| wrap_up.is_open(now))
    }
}

#[cfg(test)]
pub(in crate::domain) mod tests;

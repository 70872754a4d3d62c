//! Whether a user can be given a service call, and why not. Routing, boards, commands and [`UserStatus`]
//! all ask here, so that they cannot disagree (A2.11).
//!
//! [`UserStatus`]: crate::domain::user_status::UserStatus

use crate::domain::availability::{self, Class};
use crate::domain::desk::AllocationMode;
use crate::domain::presence::{self, Presence};
use crate::domain::time::Instant;

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
pub fn verdict(presence: &Presence, default: DefaultAvailability, now: Instant) -> Result<(), Vec<Reason>> {
    let desk = &presence.desk;
    let against = [
        (Reason::NotServing, !desk.settings.serving),
        (Reason::FetchMode, desk.settings.allocation_mode == AllocationMode::Fetch),
        (Reason::Talking, desk.is_talking()),
        (Reason::WrapUp, desk.wrap_up(now).is_some()),
        (Reason::NoTerminal, service_terminals(presence, default, now) == 0),
    ];
    let of_the_moment = against.into_iter().filter_map(|(reason, holds)| holds.then_some(reason));
    let reasons: Vec<_> = foreseeable(presence, default, now).chain(of_the_moment).collect();
    if reasons.is_empty() { Ok(()) } else { Err(reasons) }
}

/// What of the verdict time alone brings about, so that it can be told beforehand.
pub fn foreseeable(
    presence: &Presence,
    default: DefaultAvailability,
    now: Instant,
) -> impl Iterator<Item = Reason> {
    let class = presence.availability(now).class();
    let against = [
        (Reason::OffDuty, !is_on_duty(presence, default, now)),
        (Reason::OffWork, class == Class::OffWork),
        (Reason::Dnd, class == Class::NoServiceCalls),
    ];
    against.into_iter().filter_map(|(reason, holds)| holds.then_some(reason))
}

/// Whether the user is on duty: in a window, or having never had one where that is as good (D1).
pub fn is_on_duty(presence: &Presence, default: DefaultAvailability, now: Instant) -> bool {
    match presence.state {
        presence::State::Online { .. } => presence.is_online(now),
        presence::State::Offline { since: Some(_) } => false,
        presence::State::Offline { since: None } => match default {
            DefaultAvailability::Available => presence.hold.is_none(),
            DefaultAvailability::Offline => false,
        },
    }
}

/// On how many terminals a call can reach the user: as many as are counted, or else the telephone of who is on duty.
pub fn service_terminals(presence: &Presence, default: DefaultAvailability, now: Instant) -> u8 {
    let counted = presence.desk.settings.service_terminals;
    counted.unwrap_or_else(|| is_on_duty(presence, default, now).into())
}

/// From when to when the user is on duty around `at`, if they can be given a call then: now by the verdict, and later by
/// what is said of then.
pub fn duty(
    presence: &Presence,
    default: DefaultAvailability,
    at: Instant,
    now: Instant,
) -> Option<(Instant, Instant)> {
    if at <= now {
        verdict(presence, default, now).ok()?;
    }
    let all = presence.availabilities();
    let open = all.iter().filter(|one| one.terms.is_duty() && one.holds(at));
    let duty = open.max_by_key(|one| one.terms.ends_at)?;
    let is_open = availability::state(&all, at).class() == Class::Allow && presence.hold.is_none();
    is_open.then_some((duty.terms.starts_at, duty.terms.ends_at?))
}

#[cfg(test)]
pub(in crate::domain) mod tests;

//! Whether a user is working, as they or their schedule say it. Being in a call or logged in somewhere
//! changes nothing here (A2.1).

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{self, AvailabilityId};
use crate::domain::phone::E164;
use crate::domain::presence::{Presence, Source};
use crate::domain::presence_code::LabelText;
use crate::domain::time::Instant;

spelled!(
    /// What a user says of themselves (A2.2). Who says nothing is available (A2.3).
    #[derive(Default)]
    State, "one of available, busy, away, brb, dnd, off_work", {
        #[default]
        Available = "available",
        Busy = "busy",
        Away = "away",
        /// Be right back.
        Brb = "brb",
        /// Do not disturb.
        Dnd = "dnd",
        OffWork = "off_work",
    }
);

/// What a state means for calls: routing reads no more of it than this (A2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Direct calls and service calls come through.
    Allow,
    /// No service calls. Direct calls to the work number are blocked, those to the mobile number as the
    /// user's mode of use says.
    NoServiceCalls,
    /// No service calls. Direct calls to the work number are blocked, those to the mobile number ring
    /// there and nowhere else.
    OffWork,
}

impl State {
    pub fn class(self) -> Class {
        match self {
            Self::Available | Self::Busy | Self::Away | Self::Brb => Class::Allow,
            Self::Dnd => Class::NoServiceCalls,
            Self::OffWork => Class::OffWork,
        }
    }
}

ids::text!(/// A user's words about an availability (A2.4).
    Note, "a note: one line of at most 280 characters", ids::one_line!(278), |text| ids::is_line(text, 280));

/// One statement of a user's, in force in `[starts_at, ends_at)` unless a later one covers it (D18, D29).
/// One that is cut short to nothing is never in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Availability {
    pub id: AvailabilityId,
    #[serde(flatten)]
    pub terms: Terms,
    pub source: Source,
}

/// What an availability says, whoever makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Terms {
    pub state: State,
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Instant,
    /// None goes on until another one takes its place.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ends_at: Option<Instant>,
    /// Where direct calls to the work number go meanwhile (A2.4).
    pub transfer: Option<E164>,
    pub note: Option<Note>,
    /// The tenant's own word for it, by which it is counted (A3.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<LabelText>,
}

/// How far from now an availability may begin or end: a slip of the pen in a date is not kept for ever.
pub const REACH: TimeDelta = TimeDelta::days(400);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTerms {
    #[error("`starts_at` is more than {} days from now", REACH.num_days())]
    StartsTooFar,
    #[error("`ends_at` is not after `starts_at`")]
    EndsBeforeStart,
    #[error("`ends_at` is over already")]
    EndsInPast,
    #[error("`ends_at` is more than {} days from now", REACH.num_days())]
    EndsTooFar,
}

impl BadTerms {
    /// The field at fault.
    pub fn field(self) -> &'static str {
        match self {
            Self::StartsTooFar => "starts_at",
            Self::EndsBeforeStart | Self::EndsInPast | Self::EndsTooFar => "ends_at",
        }
    }
}

impl Terms {
    /// Whether it is time on duty: who is available until an end can be called until then.
    pub fn is_duty(&self) -> bool {
        self.state == State::Available && self.ends_at.is_some()
    }

    /// Whether an availability may be made of these terms at `now`. One may begin in the past: it was
    /// not said in time.
    pub fn check(&self, now: Instant) -> Result<(), BadTerms> {
        if (self.starts_at - now).abs() > REACH {
            return Err(BadTerms::StartsTooFar);
        }
        match self.ends_at {
            Some(end) if end <= self.starts_at => Err(BadTerms::EndsBeforeStart),
            Some(end) if end <= now => Err(BadTerms::EndsInPast),
            Some(end) if end - now > REACH => Err(BadTerms::EndsTooFar),
            Some(_) | None => Ok(()),
        }
    }
}

impl Availability {
    /// By which the later of two availabilities is known.
    pub(super) fn rank(&self) -> (Instant, &AvailabilityId) {
        (self.terms.starts_at, &self.id)
    }

    /// Whether it is in force at `now`, counting or covered by a later one.
    pub fn holds(&self, now: Instant) -> bool {
        self.terms.starts_at <= now && self.terms.ends_at.is_none_or(|end| now < end)
    }
}

/// The one of a user's availabilities that counts at `now`: of those that hold the latest to start, of
/// several that start at once the one with the latest id. When it ends, an earlier one that still holds
/// shows again (D29).
pub fn active(all: &[Availability], now: Instant) -> Option<&Availability> {
    all.iter().filter(|one| one.holds(now)).max_by_key(|one| one.rank())
}

/// The state that counts at `now`.
pub fn state(all: &[Availability], now: Instant) -> State {
    active(all, now).map(|one| one.terms.state).unwrap_or_default()
}

/// What counts of a user, as listeners are told: `PresenceTypeId` 0 is the user, and not one of their terminals (A2.8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ActiveAvailability {
    pub presence_type_id: u16,
    pub generation: u64,
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    pub state: State,
    /// None is as good as available (A2.3).
    pub availability: Option<Availability>,
}

impl ActiveAvailability {
    pub fn of(presence: &Presence, now: Instant) -> Self {
        let all = presence.availabilities();
        let availability = active(&all, now).cloned();
        let state = availability.as_ref().map(|one| one.terms.state).unwrap_or_default();
        Self { presence_type_id: 0, generation: presence.generation, at: now, state, availability }
    }

    pub fn label(&self) -> Option<&LabelText> {
        self.availability.as_ref()?.terms.label.as_ref()
    }
}

/// The next instant at which another availability becomes the active one, or none does any more. One that
/// starts or ends under a later one changes nothing.
pub fn next_change(all: &[Availability], now: Instant) -> Option<Instant> {
    let before = active(all, now);
    boundaries(all, now).into_iter().find(|at| active(all, *at) != before)
}

/// Every start and end after `after`, in order.
fn boundaries(all: &[Availability], after: Instant) -> Vec<Instant> {
    let ends = all.iter().filter_map(|one| one.terms.ends_at);
    let mut boundaries: Vec<_> =
        all.iter().map(|one| one.terms.starts_at).chain(ends).filter(|at| *at > after).collect();
    boundaries.sort_unstable();
    boundaries.dedup();
    boundaries
}

#[cfg(test)]
mod tests;

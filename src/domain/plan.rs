//! What a user has said of now and of later, and the duty window's place among it: one list, whoever asks for it.

use serde::{Deserialize, Serialize};

use crate::domain::availability::{self, Availability, State, Terms};
use crate::domain::ids::AvailabilityId;
use crate::domain::presence::Source;
use crate::domain::time::Instant;

/// A user's availabilities but for the duty window, whose times have their own place in a presence. An `available`
/// with an end is time on duty: it waits here until it begins.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    said: Vec<Availability>,
    /// The words with which the open window was asked for, where it is more than a key press and nothing else is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duty: Option<Availability>,
}

/// How many availabilities are kept for one user.
pub const MOST: usize = 100;

impl Plan {
    pub fn said(&self) -> &[Availability] {
        &self.said
    }

    pub fn duty(&self) -> Option<&Availability> {
        self.duty.as_ref()
    }

    /// Adds what is said. False if there is no room.
    pub(super) fn say(&mut self, availability: Availability) -> bool {
        let has_room = self.said.len() < MOST;
        if has_room {
            self.said.push(availability);
        }
        has_room
    }

    pub(super) fn withdraw(&mut self, id: &AvailabilityId) -> Option<Availability> {
        let place = self.said.iter().position(|one| one.id == *id)?;
        Some(self.said.remove(place))
    }

    /// The words of the window, which was opened or asked for again, or has ended. What was said beforehand with the
    /// same identifier has become the window.
    pub(super) fn take_up(&mut self, duty: Option<Availability>) {
        if let Some(duty) = &duty {
            self.withdraw(&duty.id);
        }
        self.duty = duty;
    }

    /// Forgets what is over at `now`, and what goes on without an end below something later that does so too: none
    /// of it shows again.
    pub(super) fn forget(&mut self, now: Instant) {
        let is_endless = |one: &Availability| one.terms.ends_at.is_none() && one.terms.starts_at <= now;
        let endless = self.said.iter().filter(|one| is_endless(one));
        let last = endless.max_by_key(|one| one.rank()).map(|one| one.id.clone());
        self.said.retain(|one| match one.terms.ends_at {
            Some(end) => now < end,
            None => !is_endless(one) || last.as_ref() == Some(&one.id),
        });
    }

    /// The next time on duty that was said beforehand.
    pub(super) fn next_duty(&self) -> Option<&Availability> {
        self.said.iter().filter(|one| one.terms.is_duty()).min_by_key(|one| one.rank())
    }

    /// The next moment after `at` at which time alone changes something.
    pub(super) fn turns_at(&self, at: Instant) -> Option<Instant> {
        let duty = self.next_duty().map(|one| one.terms.starts_at);
        [availability::next_change(&self.said, at), duty].into_iter().flatten().min()
    }
}

/// The words of a window of which nothing is said but that it counts from `since` on. A user has one window at a time,
/// so that its beginning names it: as the last of all identifiers that are drawn in its millisecond (RFC 9562).
pub(super) fn plain(since: Instant, source: Source) -> Availability {
    let millis = u128::from(since.timestamp_millis().unsigned_abs());
    let id = AvailabilityId::from_bits(millis << 80 | u128::MAX >> 48);
    let terms = Terms {
        state: State::Available,
        starts_at: since,
        ends_at: None,
        transfer: None,
        note: None,
        label: None,
    };
    Availability { id, terms, source }
}

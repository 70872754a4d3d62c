//! When a user will be there for calls, by what is known of it now: their window, what is said beforehand, and hours of
//! work.

use crate::domain::allocation::{self, DefaultAvailability, Reason as Against};
use crate::domain::attendance::{Attendance, Span, joined};
use crate::domain::ids::AvailabilityId;
use crate::domain::presence::{self, Cause, Command, Presence, Reason, Source};
use crate::domain::schedule::{Edge, Schedule};
use crate::domain::time::Instant;

/// The stretches of `within`, which begins now, in which nothing foreseeable stands against giving the user a call. Who
/// is at work by their hours counts as on duty: they have yet to say so.
pub fn outlook(
    presence: &Presence,
    schedule: Option<&Schedule>,
    default: DefaultAvailability,
    within: Span,
) -> Vec<Span> {
    let (now, end) = within;
    let hours = schedule.map(|schedule| schedule.working_spans(now, end));
    let at_work = |at: Instant| hours.iter().flatten().any(|(from, to)| *from <= at && at < *to);
    let (mut presence, mut there) = (presence.clone(), Vec::new());
    for stretch in turns(&presence, hours.as_deref().unwrap_or_default(), within).windows(2) {
        let (from, to) = (stretch[0], stretch[1]);
        let before = presence.deadline();
        presence = passed(presence, from);
        // Hours count at their edges, and again when a window is over (D28).
        let is_edge = now < from && hours.iter().flatten().any(|(start, end)| *start == from || *end == from);
        let is_over = hours.is_some() && before.is_some() && presence.deadline().is_none();
        if is_edge || is_over {
            presence = over(presence, Edge::of(at_work(from)), from);
        }
        let is_expected = presence.hold.is_none() && at_work(from);
        let stands = |reason| reason != Against::OffDuty || !is_expected;
        if !allocation::foreseeable(&presence, default, from).any(stands) {
            there.push((from, to));
        }
    }
    joined(there)
}

/// `within`'s ends, and the moments between them at which time alone may change something.
fn turns(presence: &Presence, hours: &[Span], within: Span) -> Vec<Instant> {
    let said = presence.availabilities();
    let said = said.iter().map(|one| (one.terms.starts_at, one.terms.ends_at.unwrap_or(within.1)));
    Attendance::of(&said.chain(hours.iter().copied()).collect::<Vec<_>>()).turns(within)
}

/// The presence once time has gone on to `at`, and nothing else has happened.
fn passed(before: Presence, at: Instant) -> Presence {
    presence::settle(&before, before.generation, None, at).map_or(before, |(after, _)| after)
}

/// The presence behind an edge of hours of work.
fn over(before: Presence, edge: Edge, at: Instant) -> Presence {
    let id = AvailabilityId::from_bits(u128::MAX);
    let Some(said) = edge.says(&before, id, at) else { return before };
    let cause = Cause { source: Source::Schedule, reason: Reason::LoggedOut, call: None };
    presence::decide(&before, &Command::Say(said), &cause, None, at).map_or(before, |(after, _)| after)
}

#[cfg(test)]
mod tests;

//! What a change of a presence is to those who only ask how the user stands: nothing, if they see no difference (A2.9).

use crate::domain::availability::ActiveAvailability;
use crate::domain::chosen::Chosen;
use crate::domain::event::Event;
use crate::domain::policy::Policy;
use crate::domain::presence::Presence;
use crate::domain::time::Instant;
use crate::domain::user_status::status;

/// The events that follow from a change. Listeners were told last how the user stood at the transition before.
pub fn of(before: &Presence, after: &Presence, policy: &Policy, now: Instant) -> Vec<Event> {
    let (then, now) = (before.at.unwrap_or(now), after.at.unwrap_or(now));
    let mut events = Vec::new();
    // Most have said nothing, and their key presses wait for this.
    if !(says_nothing(before) && says_nothing(after)) {
        events.extend(turned(before, after, policy, (then, now)));
    }
    let default = policy.default_availability;
    let (was, is) = (status(before, default, then), status(after, default, now));
    events.extend((was != is).then_some(Event::UserStatus(is)));
    events
}

/// The active availability, if it is in another state or under another label, and who is to know of the label.
fn turned(
    before: &Presence,
    after: &Presence,
    policy: &Policy,
    (then, now): (Instant, Instant),
) -> impl Iterator<Item = Event> {
    let (was, is) = (ActiveAvailability::of(before, then), ActiveAvailability::of(after, now));
    let is_relabelled = was.label() != is.label();
    let chosen = is_relabelled.then(|| Chosen::of(&is, policy)).flatten().map(Event::LabelChosen);
    let active = (is_relabelled || was.state != is.state).then_some(Event::UserAvailability(is));
    active.into_iter().chain(chosen)
}

/// Whether the user is available without a word about it, in a window and without.
fn says_nothing(presence: &Presence) -> bool {
    presence.plan.said().is_empty() && presence.plan.duty().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::allocation::tests::{at, ready, saying, talking};
    use crate::domain::availability::State;

    fn kinds(before: &Presence, after: &Presence) -> Vec<String> {
        let events = of(before, after, &Policy::default(), at(0));
        events.iter().map(|event| event.tell().0).collect()
    }

    #[test]
    fn listeners_are_told_of_what_they_can_see() {
        let (off, on) = (Presence::default(), ready());
        let (dnd, off_work) = (saying(&on, State::Dnd), saying(&on, State::OffWork));
        for (before, after, told) in [
            (&on, &on, &[][..]),
            (&off, &on, &["UserStatus"]),
            (&on, &off, &["UserStatus"]),
            (&on, &talking(&on), &["UserStatus"]),
            (&on, &saying(&on, State::Busy), &["UserAvailability"]),
            (&on, &dnd, &["UserAvailability", "UserStatus"]),
            (&dnd, &on, &["UserAvailability", "UserStatus"]),
            (&dnd, &off_work, &["UserAvailability", "UserStatus"]),
            (&dnd, &dnd, &[]),
        ] {
            assert_eq!(kinds(before, after), told, "{before:?} {after:?}");
        }
    }
}

//! What holds of every agent's log, whatever a model says.

use chrono::TimeDelta;
use dutyline::domain::event::{Envelope, Event};
use dutyline::domain::presence::{Ending, Presence, Reason, State, Window};
use dutyline::domain::time::Instant;

use super::duty::{Change, MAX_HOURS};

/// An agent's events, oldest first.
pub fn log_of<'e>(login: &str, events: &'e [Envelope]) -> Vec<&'e Event> {
    let subject = format!("user:{login}");
    events.iter().filter(|event| event.subject == subject).map(|event| &event.event).collect()
}

/// The presence that a log comes to. Each event must be one that may follow.
pub fn fold(log: &[&Event]) -> Presence {
    log.iter().fold(Presence::default(), |before, event| follow(before, event))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "most events are not about presence")]
fn follow(before: Presence, event: &Event) -> Presence {
    match event {
        Event::PresenceOnline(window) => {
            assert_eq!(before.deadline(), None, "I1: online follows offline");
            open(before, window)
        }
        Event::PresenceExtended(window) => {
            assert!(before.deadline().is_some(), "I1: extended follows online");
            open(before, window)
        }
        Event::PresenceOffline(ending) => close(before, ending),
        Event::PresenceHeld { generation, at, reason } => {
            assert_eq!(before.deadline(), None, "a held agent is off duty");
            Presence { hold: Some(reason.clone()), ..next(before, *generation, *at) }
        }
        Event::PresenceReleased { generation, at } => {
            Presence { hold: None, ..next(before, *generation, *at) }
        }
        Event::PresenceUnchanged { generation } => {
            assert_eq!(before.generation, *generation, "I1");
            before
        }
        // They say again what the others say.
        Event::UserStatus(_) => before,
        other => panic!("{other:?} is no event of an agent"),
    }
}

fn open(before: Presence, window: &Window) -> Presence {
    let Window { generation, at, since, until, cause, duty } = window.clone();
    assert_eq!(duty, None, "a key press says nothing more");
    let span = until - at;
    assert!(TimeDelta::zero() < span && span <= TimeDelta::hours(MAX_HOURS), "I7: {span}");
    assert_eq!(before.hold, None, "D40");
    let state = State::Online { since, until };
    Presence { state, cause: Some(cause), ..next(before, generation, at) }
}

fn close(before: Presence, ending: &Ending) -> Presence {
    let Ending { generation, at, ended, cause } = ending.clone();
    let until = before.deadline().expect("I1: offline follows online");
    if cause.reason == Reason::Expired {
        assert!(until <= at, "I4: {at} is before {until}");
        assert_eq!(ended, until, "D21");
    }
    let state = State::Offline { since: Some(ended) };
    Presence { state, cause: Some(cause), ..next(before, generation, at) }
}

fn next(before: Presence, generation: u64, at: Instant) -> Presence {
    assert_eq!(generation, before.generation + 1, "I1");
    assert!(before.at <= Some(at), "I9: {:?}, then {at}", before.at);
    Presence { generation, at: Some(at), ..before }
}

/// The log in the model's words.
#[expect(clippy::wildcard_enum_match_arm, reason = "most events are not about presence")]
pub fn changes(log: &[&Event]) -> Vec<Change> {
    let change = |event: &&Event| match event {
        Event::PresenceOnline(window) => Change::Online { until: window.until },
        Event::PresenceExtended(window) => Change::Extended { until: window.until },
        Event::PresenceOffline(Ending { ended, cause, .. }) if cause.reason == Reason::Expired => {
            Change::Expired { ended: *ended }
        }
        Event::PresenceOffline(ending) => Change::Offline { ended: ending.ended },
        Event::PresenceHeld { .. } => Change::Held,
        Event::PresenceReleased { .. } => Change::Released,
        _ => Change::Nothing,
    };
    let told = log.iter().filter(|event| !matches!(event, Event::UserStatus(_)));
    told.map(change).collect()
}

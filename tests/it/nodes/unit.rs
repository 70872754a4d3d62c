//! A unit of work: what it is for, how far it is, and what it decides. The change of presence is decided by
//! the product's own machine.

use dutyline::domain::call;
use dutyline::domain::presence::{self, Cause, Command, Reason, Source, Transition, WhenOnline};
use dutyline::domain::time::Hours;

use super::database::{BEGAN, Database, Duty, Hour, Key, Said, Step, instant};
use super::fault::Fault;

/// Hours from now that nobody's window may go beyond.
pub const MAX_HOURS: u8 = 2;

/// How far a unit is. To get the lock, to read and to decide is one step, because nothing that a unit could
/// see changes between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Has asked for the lock on the tenant's row. A sound unit does not care what was seen before it has it.
    Waiting { task: Task, began: Option<View> },
    /// Has the lock, and has decided; nothing of that is committed.
    Holding { task: Task, view: View },
    /// The server has ended the session, and the node does not know. What a sound one has in hand is lost.
    Cut { kept: Option<(Task, View)> },
    /// Has committed; the answer is yet to go out.
    Committed { asked: Asked, said: Said },
}

/// What a unit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Task {
    /// The carrier sends the key of a turn.
    Answer(Asked),
    /// A timer saw a window of this generation.
    End { generation: u8 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asked {
    pub call: u8,
    pub turn: u8,
    pub key: Key,
}

/// What a unit goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct View {
    pub rows: Database,
    pub now: Hour,
    /// What the store's clock showed when the unit got the lock.
    pub store: Hour,
}

/// What a unit comes to.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub duty: Duty,
    pub transitions: Vec<Transition>,
    pub step: Option<Step>,
    pub said: Option<Said>,
}

impl Unit {
    pub fn has_lock(&self) -> bool {
        matches!(self, Self::Holding { .. })
    }
}

impl Asked {
    /// The answer that was given, if one was.
    pub fn step(self, rows: &Database) -> Option<Step> {
        rows.calls[usize::from(self.call)].steps[usize::from(self.turn)]
    }
}

impl Outcome {
    fn unchanged(rows: &Database) -> Self {
        Self { duty: rows.duty, transitions: Vec::new(), step: None, said: None }
    }

    fn says(rows: &Database, said: Said) -> Self {
        Self { said: Some(said), ..Self::unchanged(rows) }
    }

    /// How many events tell of it: one for each transition, and one for the step.
    pub fn events(&self) -> u8 {
        u8::try_from(self.transitions.len()).expect("one or two") + u8::from(self.step.is_some())
    }
}

impl Task {
    pub fn decide(self, view: &View, fault: Option<Fault>) -> Outcome {
        match self {
            Self::Answer(asked) => asked.decide(view, fault),
            Self::End { generation } => end(generation, view, fault),
        }
    }
}

impl Asked {
    fn decide(self, View { rows, now, .. }: &View, fault: Option<Fault>) -> Outcome {
        let call = &rows.calls[usize::from(self.call)];
        let is_valid = call::may_be_live(instant(BEGAN[usize::from(self.call)]), instant(*now));
        let answered = self.step(rows).filter(|_| fault != Some(Fault::TurnForgotten));
        match answered {
            _ if !is_valid => Outcome::says(rows, Said::Goodbye),
            Some(step) if step.key == self.key => Outcome::says(rows, step.said),
            Some(step) => Outcome::says(rows, call.latest().unwrap_or(step).said),
            None if call.has_ended => Outcome::says(rows, Said::Goodbye),
            None => self.press(rows, *now),
        }
    }

    fn press(self, rows: &Database, now: Hour) -> Outcome {
        let cap = Hours::try_from(u16::from(MAX_HOURS)).expect("a few hours");
        let (command, reason) = match self.key.hours() {
            Some(hours) => {
                (Command::GoOnline { hours, when_online: WhenOnline::Replace, cap }, Reason::LoggedIn)
            }
            None => (Command::GoOffline, Reason::LoggedOut),
        };
        let cause = Cause { source: Source::Phone, reason, call: None };
        let decided = presence::decide(&rows.duty.presence(), &command, &cause, None, instant(now));
        let (presence, transitions) = decided.expect("nobody is held, and no key goes beyond the cap");
        let duty = Duty::of(&presence);
        let said = duty.until().map_or(Said::Offline, |until| Said::Online { until });
        let step = Some(Step { key: self.key, said });
        Outcome { duty, transitions, step, ..Outcome::says(rows, said) }
    }
}

fn end(generation: u8, View { rows, now, .. }: &View, fault: Option<Fault>) -> Outcome {
    let (before, now) = (rows.duty.presence(), instant(*now));
    let ended = if fault == Some(Fault::BlindExpiry) {
        let cause = Cause { source: Source::Timer, reason: Reason::Expired, call: None };
        presence::decide(&before, &Command::GoOffline, &cause, None, now).ok()
    } else {
        presence::settle(&before, generation.into(), None, now)
    };
    let unchanged = Outcome::unchanged(rows);
    match ended {
        Some((presence, transitions)) => Outcome { duty: Duty::of(&presence), transitions, ..unchanged },
        None => unchanged,
    }
}

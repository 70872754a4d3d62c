//! What has to happen in one evening or another, lest the laws hold because nothing does.

use dutyline::domain::presence::Transition;

use super::cluster::{Cluster, Done, Write};
use super::database::{Said, hour};
use super::unit::{Task, Unit};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    WentOnline,
    Extended,
    WentOffline,
    /// A timer ended a window.
    Expired,
    /// A key came after the end and before the timer: one window ended, and another began.
    Overtaken,
    /// A timer found nothing to end.
    StaleTimer,
    /// The clock had been set back, and an agent's time stood still.
    SetBack,
    /// A stored answer was given again.
    Repeated,
    /// Other keys came for an answered turn.
    OtherKeys,
    /// A call was too old, or over.
    Goodbye,
    /// Both nodes were at the same turn at once.
    BothAsked,
    /// A node that had stood still found itself shut out.
    Fenced,
    /// A node failed before its commit.
    RolledBack,
    /// A node failed between its commit and its answer.
    Ambiguous,
}

impl Sight {
    pub const ALL: [Self; 14] = [
        Self::WentOnline,
        Self::Extended,
        Self::WentOffline,
        Self::Expired,
        Self::Overtaken,
        Self::StaleTimer,
        Self::SetBack,
        Self::Repeated,
        Self::OtherKeys,
        Self::Goodbye,
        Self::BothAsked,
        Self::Fenced,
        Self::RolledBack,
        Self::Ambiguous,
    ];
}

pub fn sight(before: &Cluster, done: &Done) -> Option<Sight> {
    match done {
        Done::Refused => Some(Sight::Fenced),
        Done::Lost(Unit::Holding { .. }) => Some(Sight::RolledBack),
        Done::Lost(Unit::Committed { .. }) => Some(Sight::Ambiguous),
        Done::Wrote(write) => written(write),
        Done::Nothing
        | Done::HungUp
        | Done::Replied { .. }
        | Done::Lost(Unit::Waiting { .. } | Unit::Cut { .. }) => {
            let [one, other] = before.nodes.map(|unit| unit.and_then(turn));
            (one.is_some() && one == other).then_some(Sight::BothAsked)
        }
    }
}

/// The call and turn that a unit waits to answer.
fn turn(unit: Unit) -> Option<(u8, u8)> {
    match unit {
        Unit::Waiting { task: Task::Answer(asked), .. } => Some((asked.call, asked.turn)),
        Unit::Waiting { .. } | Unit::Holding { .. } | Unit::Cut { .. } | Unit::Committed { .. } => None,
    }
}

fn written(Write { task, view, outcome, .. }: &Write) -> Option<Sight> {
    let asked = match task {
        Task::End { .. } if outcome.transitions.is_empty() => return Some(Sight::StaleTimer),
        Task::End { .. } => return Some(Sight::Expired),
        Task::Answer(asked) => asked,
    };
    let known = asked.step(&view.rows);
    match (&outcome.transitions[..], known) {
        ([], _) if outcome.said == Some(Said::Goodbye) => Some(Sight::Goodbye),
        ([], Some(step)) if step.key == asked.key => Some(Sight::Repeated),
        ([], Some(_)) => Some(Sight::OtherKeys),
        ([_, _, ..], _) => Some(Sight::Overtaken),
        ([Transition::WentOnline(window)], _) if view.store < hour(window.at) => Some(Sight::SetBack),
        ([Transition::WentOnline(_)], _) => Some(Sight::WentOnline),
        ([Transition::Extended(_)], _) => Some(Sight::Extended),
        ([Transition::WentOffline(_)], _) => Some(Sight::WentOffline),
        // No caller asks for anything else.
        ([] | [_], _) => None,
    }
}

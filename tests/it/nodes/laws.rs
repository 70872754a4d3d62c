//! What must hold, whoever does what and whenever: of the rows before and after a move, of the events that
//! were written, and of what was said. Nothing here knows how a unit decides.

use dutyline::domain::presence::{Reason, Transition, Window};

use super::cluster::{Cluster, Done, Write};
use super::database::{BEGAN, Database, Duty, Hour, Said, count, hour};
use super::fault::Fault;
use super::unit::{Asked, MAX_HOURS, Outcome, Task};

/// Hours for which a call may be live.
const LONGEST_CALL: Hour = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// I1: online, any number of extensions, offline; generations and the numbers of events rise by one.
    Alternation,
    /// I2: the row is what the events add up to.
    OneTruth,
    /// I3: an end names the generation that its timer saw, and so a window ends once.
    EndsOnce,
    /// I4: no window ends before its time, by the store's clock when that was decided.
    NeverEarly,
    /// I5: what is over is over for every reader, whether or not a timer ever fires.
    OverIsOver,
    /// I7: a window ends after the key press, and within the longest time.
    Horizon,
    /// I8: a window is extended while it is open, or else it ends and another one begins.
    Race,
    /// I9: the time of a change is the store's, or that of the change before where the clock was set back.
    TimeRises,
    /// I12: a turn is answered once, and whoever asks again hears the same.
    AnsweredOnce,
    /// I13: answer, change and events are committed together, and by nothing else is any row changed.
    Together,
    /// I13, I15: what is said is committed.
    SaidIsSo,
    /// I14: an address is good for the turn that is open, while the call may be live. After that, goodbye.
    AddressHolds,
    /// I20, I28: a node that stood still for too long, wherever that was, commits nothing of what it had in hand.
    Fence,
    /// I27: there is no leader; whatever the other node is at, a free one can end what is due.
    OneIsEnough,
}

impl Law {
    pub const ALL: [Self; 14] = [
        Self::Alternation,
        Self::OneTruth,
        Self::EndsOnce,
        Self::NeverEarly,
        Self::OverIsOver,
        Self::Horizon,
        Self::Race,
        Self::TimeRises,
        Self::AnsweredOnce,
        Self::Together,
        Self::SaidIsSo,
        Self::AddressHolds,
        Self::Fence,
        Self::OneIsEnough,
    ];

    fn demands(self, holds: bool) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(self) }
    }
}

/// What must hold whenever somebody looks.
pub fn at_rest(cluster: &Cluster, fault: Option<Fault>) -> Result<(), Law> {
    let is_over = cluster.database.duty.until().is_some_and(|until| until <= cluster.clock);
    Law::OverIsOver.demands(!is_over || !cluster.shows_online(fault))?;
    let mut free = cluster.nodes.iter().enumerate().filter(|(_, unit)| unit.is_none());
    Law::OneIsEnough.demands(!is_over || free.all(|(node, _)| cluster.ends_alone(node, fault)))
}

/// What must hold of each move.
pub fn of_move(before: &Database, done: &Done, after: &Database) -> Result<(), Law> {
    match done {
        Done::Nothing | Done::Refused | Done::Lost(_) => Law::Together.demands(before == after),
        Done::HungUp => Law::Together.demands((before.duty, before.head) == (after.duty, after.head)),
        Done::Replied { asked, said } => {
            Law::Together.demands(before == after)?;
            reply(*asked, *said, after)
        }
        Done::Wrote(write) => {
            story(before, &write.outcome, write.view.store, after)?;
            match write.task {
                Task::Answer(asked) => answer(asked, before, write, after)?,
                Task::End { generation } => end(generation, before, &write.outcome, after)?,
            }
            Law::Fence.demands(!write.is_stale)
        }
    }
}

/// The events follow on those before, and lead to the row as it is now.
fn story(before: &Database, outcome: &Outcome, store: Hour, after: &Database) -> Result<(), Law> {
    let mut duty = before.duty;
    for transition in &outcome.transitions {
        duty = follow(duty, transition, store)?;
    }
    Law::OneTruth.demands(duty == after.duty)?;
    Law::Alternation.demands(after.head == before.head + outcome.events())
}

fn follow(before: Duty, transition: &Transition, store: Hour) -> Result<Duty, Law> {
    match transition {
        Transition::WentOnline(window) => {
            Law::Alternation.demands(before.window.is_none() && window.since == window.at)?;
            open(before, window, store)
        }
        Transition::Extended(window) => {
            let (since, until) = before.window.ok_or(Law::Alternation)?;
            Law::Alternation.demands(since == hour(window.since))?;
            Law::Race.demands(store < until)?;
            open(before, window, store)
        }
        Transition::WentOffline(ending) => {
            let until = before.until().ok_or(Law::Alternation)?;
            let is_due = until <= store && until == hour(ending.ended);
            Law::NeverEarly.demands(is_due || ending.cause.reason != Reason::Expired)?;
            next(before, ending.generation, hour(ending.at), store)
        }
        Transition::Held { .. }
        | Transition::Released { .. }
        | Transition::Said { .. }
        | Transition::Withdrawn { .. }
        | Transition::Turned { .. }
        | Transition::DeskChanged { .. } => Err(Law::Alternation),
    }
}

fn open(before: Duty, window: &Window, store: Hour) -> Result<Duty, Law> {
    let (since, until) = (hour(window.since), hour(window.until));
    let pressed = before.at.map_or(store, |at| at.max(store));
    Law::Horizon.demands(pressed < until && (until - pressed).unsigned_abs() <= MAX_HOURS)?;
    let then = next(before, window.generation, hour(window.at), store)?;
    Ok(Duty { window: Some((since, until)), ..then })
}

fn next(before: Duty, generation: u64, at: Hour, store: Hour) -> Result<Duty, Law> {
    let generation = count(generation);
    Law::Alternation.demands(generation == before.generation + 1)?;
    Law::TimeRises.demands(Some(at) == before.at.max(Some(store)))?;
    Ok(Duty { window: None, generation, at: Some(at) })
}

fn answer(asked: Asked, before: &Database, write: &Write, after: &Database) -> Result<(), Law> {
    let Write { outcome, view, .. } = write;
    let is_valid = view.store - BEGAN[usize::from(asked.call)] <= LONGEST_CALL;
    let call = &before.calls[usize::from(asked.call)];
    if let Some(known) = asked.step(before) {
        // Who pressed something else hears the words that are current (D14).
        let current = if known.key == asked.key { Some(known) } else { call.latest() };
        let is_same = outcome.said == current.map(|step| step.said);
        Law::AnsweredOnce.demands(before == after && (is_same || !is_valid))?;
        return Law::AddressHolds.demands(is_valid || outcome.said == Some(Said::Goodbye));
    }
    let is_taken = is_valid && !call.has_ended && call.turn() == usize::from(asked.turn);
    Law::AddressHolds.demands(is_taken == outcome.step.is_some())?;
    Law::AddressHolds.demands(is_taken || (before == after && outcome.said == Some(Said::Goodbye)))?;
    let mut calls = before.calls;
    calls[usize::from(asked.call)].steps[usize::from(asked.turn)] = outcome.step;
    Law::Together.demands(calls == after.calls)
}

fn end(generation: u8, before: &Database, outcome: &Outcome, after: &Database) -> Result<(), Law> {
    Law::Together.demands(before.calls == after.calls)?;
    let is_it = before.duty.generation == generation && after.duty.window.is_none();
    Law::EndsOnce.demands(is_it || outcome.transitions.is_empty())
}

/// Who pressed what was answered hears the stored words, and who pressed something else some that this call
/// has stored. Who came too late hears goodbye.
fn reply(asked: Asked, said: Said, rows: &Database) -> Result<(), Law> {
    let mut steps = rows.calls[usize::from(asked.call)].steps.into_iter().flatten();
    let is_stored = match asked.step(rows) {
        Some(step) if step.key == asked.key => step.said == said,
        Some(_) | None => steps.any(|step| step.said == said),
    };
    Law::SaidIsSo.demands(is_stored || said == Said::Goodbye)
}

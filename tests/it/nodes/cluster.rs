//! Two nodes, the database that they share, and its clock. Whoever does not move is paused: a node may stand
//! still before any of its moves for as long as it likes, while everything else goes on.

use super::database::{Database, Hour, KEYS, Said, instant};
use super::fault::Fault;
use super::unit::{Asked, Outcome, Task, Unit, View};

/// The evening's last hour.
const LAST: Hour = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Cluster {
    /// What the store's clock shows.
    pub clock: Hour,
    pub database: Database,
    /// What each node is at.
    pub nodes: [Option<Unit>; 2],
}

/// Something that may happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// The clock goes on, or is set back.
    Tick(Hour),
    /// The second call is over, as the carrier tells a node that has nothing else to do here.
    HangUp,
    /// A request comes in, perhaps late or once more; or a timer wakes, perhaps for nothing.
    Begin {
        node: usize,
        task: Task,
    },
    /// The server grants the lock.
    Lock {
        node: usize,
    },
    /// Presence, call and log, all at once; or the node finds that its session was ended.
    Commit {
        node: usize,
    },
    Reply {
        node: usize,
    },
    /// The node dies and comes back, or its connection breaks, or its answer is lost.
    Fail {
        node: usize,
    },
    /// The server ends the session of a node that sits idle in a transaction.
    EndSession {
        node: usize,
    },
}

/// What came of a move.
#[derive(Debug)]
pub enum Done {
    Nothing,
    /// The node found that its session was ended.
    Refused,
    /// The unit that failed.
    Lost(Unit),
    HungUp,
    Wrote(Write),
    Replied {
        asked: Asked,
        said: Said,
    },
}

#[derive(Debug)]
pub struct Write {
    pub task: Task,
    pub view: View,
    pub outcome: Outcome,
    /// Whether the server had ended the session in which it was decided.
    pub is_stale: bool,
}

impl Cluster {
    pub fn moves(&self, fault: Option<Fault>) -> Vec<Move> {
        let hours = [-1, 1].into_iter().filter(|by| (0..=LAST).contains(&(self.clock + by)));
        let mut moves: Vec<Move> = hours.map(Move::Tick).collect();
        let is_locked = fault != Some(Fault::NoLock) && self.nodes.iter().flatten().any(Unit::has_lock);
        moves.extend((!is_locked && !self.database.calls[1].has_ended).then_some(Move::HangUp));
        for (node, unit) in self.nodes.iter().enumerate() {
            let next = match unit {
                None => {
                    moves.extend(self.tasks(fault).into_iter().map(|task| Move::Begin { node, task }));
                    continue;
                }
                Some(Unit::Waiting { .. }) if is_locked => None,
                Some(Unit::Waiting { .. }) => Some(Move::Lock { node }),
                Some(Unit::Holding { .. } | Unit::Cut { .. }) => Some(Move::Commit { node }),
                Some(Unit::Committed { .. }) => Some(Move::Reply { node }),
            };
            moves.extend(next.into_iter().chain([Move::Fail { node }]));
            if unit.is_some_and(|unit| unit.has_lock()) {
                let ends = (fault != Some(Fault::EndlessSession)).then_some(Move::EndSession { node });
                let early = (fault == Some(Fault::EarlyReply)).then_some(Move::Reply { node });
                moves.extend(ends.into_iter().chain(early));
            }
        }
        moves
    }

    /// What a node may be asked to do. The carrier has the addresses of all turns so far, and any of its
    /// requests may come again, with the same key or another.
    fn tasks(&self, fault: Option<Fault>) -> Vec<Task> {
        let Database { duty, calls, .. } = self.database;
        let mut tasks = Vec::with_capacity(8);
        for (call, keys) in (0..).zip(KEYS) {
            let turns = (0..).zip(keys).take(calls[usize::from(call)].turn() + 1);
            tasks.extend(
                turns.flat_map(|(turn, keys)| keys.map(|key| Task::Answer(Asked { call, turn, key }))),
            );
        }
        // Only who does not look again has to look before.
        let wakes = |until| fault != Some(Fault::BlindExpiry) || until <= self.clock;
        if duty.until().is_some_and(wakes) {
            tasks.push(Task::End { generation: duty.generation });
        }
        tasks
    }

    pub fn after(&self, step: Move, fault: Option<Fault>) -> (Self, Done) {
        let mut then = *self;
        let done = match step {
            Move::Tick(by) => {
                then.clock += by;
                Done::Nothing
            }
            Move::HangUp => {
                then.database.calls[1].has_ended = true;
                Done::HungUp
            }
            Move::Begin { node, task } => {
                let looks = matches!(fault, Some(Fault::OldSnapshot | Fault::OldTime));
                let began = looks.then(|| self.view(node, None, fault));
                then.nodes[node] = Some(Unit::Waiting { task, began });
                Done::Nothing
            }
            Move::Fail { node } => then.nodes[node].take().map_or(Done::Nothing, Done::Lost),
            Move::Lock { node }
            | Move::Commit { node }
            | Move::Reply { node }
            | Move::EndSession { node } => {
                let unit = self.nodes[node].expect("idle nodes only begin");
                then.proceed(node, unit, step, fault)
            }
        };
        (then, done)
    }

    fn proceed(&mut self, node: usize, unit: Unit, step: Move, fault: Option<Fault>) -> Done {
        let (next, done) = match (unit, step) {
            (Unit::Waiting { task, began }, _) => {
                (Some(Unit::Holding { task, view: self.view(node, began, fault) }), Done::Nothing)
            }
            (Unit::Holding { task, view }, Move::EndSession { .. }) => {
                let kept = (fault == Some(Fault::NoFence)).then_some((task, view));
                (Some(Unit::Cut { kept }), Done::Nothing)
            }
            (Unit::Holding { task: Task::Answer(asked), view }, Move::Reply { .. }) => {
                let said = Task::Answer(asked).decide(&view, fault).said;
                (Some(unit), said.map_or(Done::Nothing, |said| Done::Replied { asked, said }))
            }
            (Unit::Holding { task, view }, _) => self.commit(task, view, false, fault),
            (Unit::Cut { kept: Some((task, view)) }, _) => self.commit(task, view, true, fault),
            (Unit::Cut { kept: None }, _) => (None, Done::Refused),
            (Unit::Committed { asked, said }, _) => (None, Done::Replied { asked, said }),
        };
        self.nodes[node] = next;
        done
    }

    fn view(&self, node: usize, began: Option<View>, fault: Option<Fault>) -> View {
        let ahead = Hour::from(fault == Some(Fault::OwnClock) && node == 1);
        let view = View { rows: self.database, now: self.clock + ahead, store: self.clock };
        match (fault, began) {
            (Some(Fault::OldSnapshot), Some(began)) => View { rows: began.rows, ..view },
            (Some(Fault::OldTime), Some(began)) => View { now: began.now, ..view },
            _ => view,
        }
    }

    fn commit(
        &mut self,
        task: Task,
        view: View,
        is_stale: bool,
        fault: Option<Fault>,
    ) -> (Option<Unit>, Done) {
        let outcome = task.decide(&view, fault);
        self.database.duty = outcome.duty;
        self.database.head = view.rows.head + outcome.events();
        let mut next = None;
        match task {
            Task::Answer(asked) => {
                if outcome.step.is_some() && fault != Some(Fault::TornCommit) {
                    self.database.calls[usize::from(asked.call)].steps[usize::from(asked.turn)] =
                        outcome.step;
                }
                next = outcome.said.map(|said| Unit::Committed { asked, said });
            }
            Task::End { .. } => {}
        }
        (next, Done::Wrote(Write { task, view, outcome, is_stale }))
    }

    /// The same, with the nodes in order: they are equal, so that it makes no difference which does what.
    pub fn ordered(mut self) -> Self {
        self.nodes.sort_unstable();
        self
    }

    /// Whether a reader of the rows takes the agent to be on duty.
    pub fn shows_online(&self, fault: Option<Fault>) -> bool {
        let duty = self.database.duty;
        match fault {
            Some(Fault::RowBelieved) => duty.window.is_some(),
            _ => duty.presence().is_online(instant(self.clock)),
        }
    }

    /// Whether a node that is free can end the window, though the other never moves again.
    pub fn ends_alone(&self, node: usize, fault: Option<Fault>) -> bool {
        let task = Task::End { generation: self.database.duty.generation };
        let end = [Move::Begin { node, task }, Move::Lock { node }, Move::Commit { node }];
        let end_session = Move::EndSession { node: 1 - node };
        let frees = self.moves(fault).contains(&end_session).then_some(end_session);
        let mut then = *self;
        for step in frees.into_iter().chain(end) {
            if !then.moves(fault).contains(&step) {
                return false;
            }
            then = then.after(step, fault).0;
        }
        then.database.duty.window.is_none()
    }
}

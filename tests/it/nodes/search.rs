//! Every order in which things can happen, tried breadth first, so that what is found is told as briefly as
//! it can be.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

use super::cluster::{Cluster, Move};
use super::fault::Fault;
use super::laws::{self, Law};
use super::sights::{Sight, sight};

#[derive(Debug, Default)]
pub struct Found {
    pub states: u32,
    pub sights: BTreeSet<Sight>,
    /// The first breach of each law that was broken.
    pub breaches: Vec<Breach>,
}

#[derive(Debug)]
pub struct Breach {
    pub law: Law,
    /// What led to it. Where nodes are equal they change places, so that a number may name either.
    pub moves: Vec<Move>,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?} does not hold after", self.law)?;
        self.moves.iter().try_for_each(|step| writeln!(f, "    {step:?}"))
    }
}

impl Found {
    pub fn breaks(&self, law: Law) -> bool {
        self.breaches.iter().any(|breach| breach.law == law)
    }
}

/// Ends when nothing new can happen, or once all that is `wanted` is broken. Nothing is built on a breach.
pub fn search(fault: Option<Fault>, wanted: &[Law]) -> Found {
    let mut search = Search::default();
    search.reach(Cluster::default(), 0, Move::Tick(0));
    while let Some((before, place)) = search.open.pop_front() {
        search.judge(laws::at_rest(&before, fault), place, None);
        for step in before.moves(fault) {
            let (after, done) = before.after(step, fault);
            let verdict = laws::of_move(&before.database, &done, &after.database);
            if search.judge(verdict, place, Some(step)) {
                search.found.sights.extend(sight(&before, &done));
                // What is built wrong may depend on which node it is.
                let after = if fault.is_none() { after.ordered() } else { after };
                search.reach(after, place, step);
            }
        }
        if !wanted.is_empty() && wanted.iter().all(|law| search.found.breaks(*law)) {
            break;
        }
    }
    search.found
}

#[derive(Default)]
struct Search {
    found: Found,
    known: HashSet<Cluster, BuildHasherDefault<Mixer>>,
    /// For each state, in the order in which they were found, the one before it and the move between them.
    ways: Vec<(u32, Move)>,
    /// Found, and not gone on from.
    open: VecDeque<(Cluster, u32)>,
}

impl Search {
    fn reach(&mut self, cluster: Cluster, from: u32, step: Move) {
        if self.known.insert(cluster) {
            self.open.push_back((cluster, self.found.states));
            self.ways.push((from, step));
            self.found.states += 1;
        }
    }

    /// Keeps a breach, if it is the first of its law.
    fn judge(&mut self, verdict: Result<(), Law>, place: u32, step: Option<Move>) -> bool {
        let Err(law) = verdict else { return true };
        if !self.found.breaks(law) {
            let moves = self.way_to(place).into_iter().chain(step).collect();
            self.found.breaches.push(Breach { law, moves });
        }
        false
    }

    fn way_to(&self, mut place: u32) -> Vec<Move> {
        let mut moves = Vec::new();
        while place > 0 {
            let (from, step) = self.ways[place as usize];
            moves.push(step);
            place = from;
        }
        moves.reverse();
        moves
    }
}

/// States differ in many small numbers. The standard library's hash guards against people who choose them,
/// and takes five times as long.
#[derive(Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u8(*byte);
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(number.into());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

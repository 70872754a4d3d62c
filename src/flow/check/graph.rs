//! The nodes as a whole: that every edge leads to a node, every node can be reached, every way can end, and
//! no way goes round without asking the caller for anything.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Placed;
use crate::domain::ids::Name;
use crate::flow::file::Node;
use crate::flow::issue::{Issue, Span};
use crate::flow::setting::Setting;

/// Edges that lead to a node, by the node that they leave.
type Edges<'f> = BTreeMap<&'f Name, Vec<&'f Name>>;

pub(super) fn check(start: &Setting<Name>, nodes: &BTreeMap<Name, Placed>, issues: &mut Vec<Issue>) {
    let read = nodes.values().filter_map(|placed| placed.node.as_ref());
    let targets: Vec<_> = read.flat_map(Node::edges).chain([start]).collect();
    let dangling = dangling(&targets, nodes);
    let is_whole = dangling.is_empty()
        && targets.iter().all(|target| target.fits().is_some())
        && nodes.values().all(|placed| placed.node.is_some());
    issues.extend(dangling);
    // What a broken node leads to is not known, so that too many nodes would seem out of reach.
    if let (true, Some(start_name)) = (is_whole, start.fits()) {
        let graph = Graph::new(nodes);
        issues.extend(graph.out_of_reach(start_name));
        issues.extend(graph.endless(start_name, &start.span));
        issues.extend(graph.loops());
    }
}

fn dangling(targets: &[&Setting<Name>], nodes: &BTreeMap<Name, Placed>) -> Vec<Issue> {
    let unknown = targets.iter().filter_map(|target| {
        let name = target.fits().filter(|name| !nodes.contains_key(*name))?;
        let issue = Issue::error(target.span.clone(), format!("unknown node `{name}`"));
        Some(issue.did_you_mean(name.as_str(), nodes.keys().map(Name::as_str)))
    });
    unknown.collect()
}

/// Whether a node waits for the caller, which keeps a loop from spinning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asks {
    Never,
    /// Not if the caller is unknown, or the other flow exits at once.
    Perhaps,
    Always,
}

/// The nodes of a file of which every node was read and every edge leads to a node.
struct Graph<'f> {
    spans: BTreeMap<&'f Name, &'f Span>,
    asks: BTreeMap<&'f Name, Asks>,
    edges: Edges<'f>,
    ends: BTreeSet<&'f Name>,
}

impl<'f> Graph<'f> {
    fn new(nodes: &'f BTreeMap<Name, Placed>) -> Self {
        let mut graph = Self {
            spans: BTreeMap::new(),
            asks: BTreeMap::new(),
            edges: BTreeMap::new(),
            ends: BTreeSet::new(),
        };
        for (name, placed) in nodes {
            let Some(node) = &placed.node else { continue };
            graph.spans.insert(name, &placed.span);
            graph.asks.insert(name, asks(node));
            graph.edges.insert(name, node.edges().into_iter().filter_map(Setting::fits).collect());
            if is_end(node) {
                graph.ends.insert(name);
            }
        }
        graph
    }

    fn out_of_reach(&self, start: &'f Name) -> Vec<Issue> {
        let reached = spread(BTreeSet::from([start]), &self.edges);
        let lost = self.spans.iter().filter(|(name, _)| !reached.contains(*name));
        let warned = lost.map(|(name, span)| {
            let message = format!("node `{name}` is never reached");
            Issue::warning((*span).clone(), message).hint("lead to it, or delete it")
        });
        warned.collect()
    }

    fn endless(&self, start: &'f Name, start_span: &Span) -> Vec<Issue> {
        let ending = spread(self.ends.clone(), &self.backwards());
        if !ending.contains(start) {
            let message = "the flow has no end: no way leads from its start to an `exit` or `hangup`";
            return vec![Issue::error(start_span.clone(), message)];
        }
        let caught = self.spans.iter().filter(|(name, _)| !ending.contains(*name));
        let warned = caught.map(|(name, span)| {
            let message = format!("no way leads from node `{name}` to an `exit` or `hangup`");
            Issue::warning((*span).clone(), message)
        });
        warned.collect()
    }

    fn backwards(&self) -> Edges<'f> {
        let mut backwards = Edges::new();
        for (from, targets) in &self.edges {
            for to in targets {
                backwards.entry(to).or_default().push(from);
            }
        }
        backwards
    }

    fn loops(&self) -> Vec<Issue> {
        let mut seen = BTreeSet::new();
        let surely = self.ways_round(Asks::Never, &mut seen);
        let perhaps = self.ways_round(Asks::Perhaps, &mut seen);
        let surely = surely.iter().map(|way| {
            let message = format!("{} without ever asking the caller for a key", round(way));
            Issue::error(self.spans[way[0]].clone(), message)
        });
        let perhaps = perhaps.iter().map(|way| {
            let message = format!("{}, and may ask the caller for nothing on the way", round(way));
            Issue::warning(self.spans[way[0]].clone(), message)
                .hint("nobody asks a caller who is not known: put a `gather` into the way")
        });
        surely.chain(perhaps).collect()
    }

    /// Ways from a node back to itself over nodes that ask no surer than `at_most`, one for each node that
    /// is not `seen` on another.
    fn ways_round(&self, at_most: Asks, seen: &mut BTreeSet<&'f Name>) -> Vec<Vec<&'f Name>> {
        let mut ways = Vec::new();
        for name in self.edges.keys() {
            if seen.contains(name) {
                continue;
            }
            if let Some(way) = self.way_round(name, at_most) {
                seen.extend(&way);
                ways.push(way);
            }
        }
        ways
    }

    /// The shortest way from `start` back to `start`, breadth first.
    fn way_round(&self, start: &'f Name, at_most: Asks) -> Option<Vec<&'f Name>> {
        if self.asks[start] > at_most {
            return None;
        }
        let mut came_from: BTreeMap<&Name, &Name> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(name) = queue.pop_front() {
            for target in &self.edges[name] {
                if *target == start {
                    return Some(way_back(name, start, &came_from));
                }
                if self.asks[target] <= at_most && !came_from.contains_key(target) {
                    came_from.insert(target, name);
                    queue.push_back(target);
                }
            }
        }
        None
    }
}

fn way_back<'f>(last: &'f Name, start: &'f Name, came_from: &BTreeMap<&'f Name, &'f Name>) -> Vec<&'f Name> {
    let mut way = vec![last];
    let mut at = last;
    while at != start {
        at = came_from[at];
        way.push(at);
    }
    way.reverse();
    way
}

/// `a` leads back to itself through `b`, `c`.
fn round(way: &[&Name]) -> String {
    let quoted = |name: &&Name| format!("`{name}`");
    match way {
        [] => String::new(),
        [only] => format!("node `{only}` leads to itself"),
        [first, others @ ..] => {
            let others: Vec<String> = others.iter().map(quoted).collect();
            format!("node `{first}` leads back to itself through {}", others.join(", "))
        }
    }
}

/// Everything that is reached from `from`.
fn spread<'f>(from: BTreeSet<&'f Name>, edges: &Edges<'f>) -> BTreeSet<&'f Name> {
    let mut todo: Vec<&Name> = from.iter().copied().collect();
    let mut reached = from;
    while let Some(name) = todo.pop() {
        let targets = edges.get(name).into_iter().flatten().copied();
        todo.extend(targets.filter(|target| reached.insert(target)));
    }
    reached
}

fn asks(node: &Node) -> Asks {
    match node {
        Node::Gather(_) => Asks::Always,
        Node::TimedPresence(_) | Node::Subflow(_) => Asks::Perhaps,
        Node::Play(_) | Node::Branch(_) | Node::SetPresence(_) | Node::Hangup(_) | Node::Exit(_) => {
            Asks::Never
        }
    }
}

fn is_end(node: &Node) -> bool {
    match node {
        Node::Hangup(_) | Node::Exit(_) => true,
        Node::TimedPresence(_)
        | Node::Play(_)
        | Node::Gather(_)
        | Node::Branch(_)
        | Node::SetPresence(_)
        | Node::Subflow(_) => false,
    }
}

//! From a flow file to a checked [`Flow`], or to everything that is wrong with it.

use std::collections::BTreeMap;

use crate::domain::ids::Name;
use crate::flow::document::{self, Entry, Table};
use crate::flow::file;
use crate::flow::issue::{Issue, Span, is_usable};
use crate::flow::model::{Flow, Node};

mod graph;
mod nodes;

/// The most nodes that a flow may have.
pub const MAX_NODES: usize = 200;

/// A node of the file.
#[derive(Debug)]
struct Placed {
    /// Where its name stands.
    span: Span,
    /// None if it could not be read.
    node: Option<file::Node>,
}

/// Reads and checks a flow file. The flow is there if none of the issues is an error; the issues are all of
/// the file's, in its order.
pub fn check(source: &str) -> (Option<Flow>, Vec<Issue>) {
    let mut issues = Vec::new();
    let flow = read(source, &mut issues);
    issues.sort_by_key(|issue| (issue.span.start, issue.severity));
    (flow.filter(|_| is_usable(&issues)), issues)
}

fn read(source: &str, issues: &mut Vec<Issue>) -> Option<Flow> {
    let mut file = Table::parse(source, issues)?;
    let header = file.take("flow");
    let nodes = file.take("node");
    file.refuse_rest(&["flow", "node"], issues);
    let header: Option<file::Header> = match header {
        Some(entry) => document::read(entry.value, issues),
        None => missing("the file has no table `[flow]` with `name`, `kind` and `start`", issues),
    };
    let nodes = match nodes {
        Some(entry) => entry.into_table(issues).and_then(|table| placed(table, issues)),
        None => missing("the flow has no nodes: write a table like `[node.bye.exit]`", issues),
    };
    if let (Some(header), Some(nodes)) = (&header, &nodes) {
        graph::check(&header.start, nodes, issues);
    }
    let nodes = nodes.and_then(|nodes| converted(nodes, issues));
    let file::Header { name, kind, start } = header?;
    let (name, kind, start) = (name.take(issues), kind.take(issues), start.take(issues));
    Some(Flow { name: name?, kind: kind?, start: start?, nodes: nodes? })
}

fn missing<T>(message: &str, issues: &mut Vec<Issue>) -> Option<T> {
    issues.push(Issue::error(0..0, message));
    None
}

/// All nodes; none if there are too many to look at.
fn placed(table: Table<'_>, issues: &mut Vec<Issue>) -> Option<BTreeMap<Name, Placed>> {
    let count = table.count();
    if count > MAX_NODES {
        let message = format!("the flow has {count} nodes, {MAX_NODES} are the most it may have");
        issues.push(Issue::error(table.span(), message));
        return None;
    }
    let mut nodes = BTreeMap::new();
    for entry in table.into_entries() {
        match entry.key.parse::<Name>() {
            Ok(name) => {
                let placed = Placed { span: entry.span.clone(), node: node(entry, issues) };
                nodes.insert(name, placed);
            }
            Err(error) => issues.push(Issue::error(entry.span, error.to_string())),
        }
    }
    Some(nodes)
}

fn node(entry: Entry<'_>, issues: &mut Vec<Issue>) -> Option<file::Node> {
    let (name, span, whole) = (entry.key.clone(), entry.span.clone(), entry.value.clone());
    let kinds: Vec<String> = entry.into_table(issues)?.into_entries().map(|kind| kind.key).collect();
    match kinds.as_slice() {
        [_] => document::read(whole, issues),
        [] => {
            let mend = format!("write its kind after its name, `[node.{name}.play]`");
            issues.push(Issue::error(span, format!("node `{name}` has no kind")).hint(mend));
            None
        }
        kinds => {
            let kinds = kinds.join("` and `");
            issues.push(Issue::error(span, format!("node `{name}` has more than one kind: `{kinds}`")));
            None
        }
    }
}

/// All nodes; none if one of them does not fit, after each has said so.
fn converted(nodes: BTreeMap<Name, Placed>, issues: &mut Vec<Issue>) -> Option<BTreeMap<Name, Node>> {
    let nodes: Vec<Option<(Name, Node)>> =
        nodes.into_iter().map(|(name, placed)| Some((name, nodes::convert(placed.node?, issues)?))).collect();
    nodes.into_iter().collect()
}

#[cfg(test)]
mod tests;

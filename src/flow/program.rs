//! A flow and all flows that it runs, linked before a call begins: a call never meets a flow that is not
//! there.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::ids::Name;
use crate::flow::model::{Flow, Node};

/// The most flows that may stand one inside the other, the outermost included.
pub const MAX_DEPTH: usize = 8;

/// A flow and everything that it runs, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    root: Arc<Flow>,
    flows: BTreeMap<Name, Arc<Flow>>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    #[error("flow `{within}`, node `{node}`: unknown flow `{flow}`; publish it first")]
    UnknownFlow { within: Name, node: Name, flow: Name },
    /// The flows on the way round, the first again at its end.
    #[error("flows run each other in a circle: {}", arrows(.0))]
    Circle(Vec<Name>),
    #[error("flows stand more than {MAX_DEPTH} deep in each other: {}", arrows(.0))]
    TooDeep(Vec<Name>),
}

impl Program {
    /// Links `root` with the flows that `find` knows.
    pub fn link(root: Arc<Flow>, find: impl FnMut(&Name) -> Option<Arc<Flow>>) -> Result<Self, LinkError> {
        let mut linker = Linker { find, flows: BTreeMap::new(), heights: BTreeMap::new(), way: Vec::new() };
        linker.enter(&root)?;
        Ok(Self { root, flows: linker.flows })
    }

    /// The flow at which a call begins.
    pub fn root(&self) -> &Flow {
        &self.root
    }

    /// A linked flow.
    pub fn flow(&self, name: &Name) -> Option<&Flow> {
        self.flows.get(name).map(Arc::as_ref)
    }

    /// All linked flows, by name.
    pub fn flows(&self) -> impl Iterator<Item = &Flow> {
        self.flows.values().map(Arc::as_ref)
    }

    /// A node of a linked flow.
    pub fn node(&self, flow: &Name, node: &Name) -> Option<&Node> {
        self.flow(flow)?.nodes.get(node)
    }
}

struct Linker<F> {
    find: F,
    /// Flows that are entered, those on the way included.
    flows: BTreeMap<Name, Arc<Flow>>,
    /// How deep the flows in a finished flow stand, itself included, so that each flow is entered once.
    heights: BTreeMap<Name, usize>,
    /// From the root to the flow in hand.
    way: Vec<Name>,
}

impl<F: FnMut(&Name) -> Option<Arc<Flow>>> Linker<F> {
    fn enter(&mut self, flow: &Arc<Flow>) -> Result<usize, LinkError> {
        self.way.push(flow.name.clone());
        self.refuse_depth(1)?;
        self.flows.insert(flow.name.clone(), Arc::clone(flow));
        let mut height = 1;
        for (node, callee) in callees(flow) {
            height = height.max(1 + self.follow(flow, node, callee)?);
        }
        self.way.pop();
        self.heights.insert(flow.name.clone(), height);
        Ok(height)
    }

    fn follow(&mut self, flow: &Flow, node: &Name, callee: &Name) -> Result<usize, LinkError> {
        if let Some(at) = self.way.iter().position(|name| name == callee) {
            let circle = self.way[at..].iter().chain([callee]).cloned().collect();
            return Err(LinkError::Circle(circle));
        }
        if let Some(height) = self.heights.get(callee).copied() {
            self.refuse_depth(1 + height)?;
            return Ok(height);
        }
        let found = (self.find)(callee).ok_or_else(|| LinkError::UnknownFlow {
            within: flow.name.clone(),
            node: node.clone(),
            flow: callee.clone(),
        })?;
        self.enter(&found)
    }

    /// Refuses flows that stand `height` deep at the end of the way.
    fn refuse_depth(&self, height: usize) -> Result<(), LinkError> {
        let depth = self.way.len() - 1 + height;
        if depth > MAX_DEPTH { Err(LinkError::TooDeep(self.way.clone())) } else { Ok(()) }
    }
}

/// The flows that `flow` runs, each with the node that runs it.
pub fn callees(flow: &Flow) -> impl Iterator<Item = (&Name, &Name)> {
    flow.nodes.iter().filter_map(|(name, node)| match node {
        Node::Subflow(subflow) => Some((name, &subflow.flow)),
        Node::TimedPresence(_)
        | Node::Play(_)
        | Node::Gather(_)
        | Node::Branch(_)
        | Node::SetPresence(_)
        | Node::HangUp
        | Node::Exit => None,
    })
}

fn arrows(way: &[Name]) -> String {
    let names: Vec<String> = way.iter().map(|name| format!("`{name}`")).collect();
    names.join(" -> ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::check::check;

    fn name(text: &str) -> Name {
        text.parse().expect("a name")
    }

    /// A flow that runs `callees`, one after the other.
    fn flow(name: &str, callees: &[&str]) -> Arc<Flow> {
        let mut lines = vec![format!("[flow]\nname = '{name}'\nkind = 'reusable'\nstart = 'n0'")];
        for (index, callee) in callees.iter().enumerate() {
            lines.push(format!("[node.n{index}.subflow]\nflow = '{callee}'\nnext = 'n{}'", index + 1));
        }
        lines.push(format!("[node.n{}.exit]", callees.len()));
        let (flow, issues) = check(&lines.join("\n"));
        Arc::new(flow.unwrap_or_else(|| panic!("{issues:?}")))
    }

    fn link(flows: &[(&str, &[&str])]) -> Result<Program, String> {
        let flows: BTreeMap<Name, Arc<Flow>> =
            flows.iter().map(|(called, callees)| (name(called), flow(called, callees))).collect();
        let root = Arc::clone(&flows[&name("a")]);
        Program::link(root, |wanted| flows.get(wanted).cloned()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_program_knows_the_nodes_of_all_its_flows() {
        let program = link(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[]), ("d", &[])]).expect("it links");
        assert_eq!(program.root().name, name("a"));
        assert_eq!(program.node(&name("c"), &name("n0")), Some(&Node::Exit));
        assert_eq!(program.node(&name("c"), &name("n1")), None);
        assert_eq!(program.flow(&name("d")), None, "nobody runs it");
    }

    #[test]
    fn a_program_is_whole_and_ends() {
        let refused = |flows: &[(&str, &[&str])]| link(flows).expect_err("it does not link");
        assert_eq!(refused(&[("a", &["b"])]), "flow `a`, node `n0`: unknown flow `b`; publish it first");
        assert_eq!(refused(&[("a", &["a"])]), "flows run each other in a circle: `a` -> `a`");
        assert_eq!(
            refused(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])]),
            "flows run each other in a circle: `b` -> `c` -> `b`"
        );
    }

    #[test]
    fn eight_flows_may_stand_in_each_other_and_nine_may_not() {
        let letters = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
        let chain = |depth: usize| -> Vec<(&str, Vec<&str>)> {
            (0..depth)
                .map(|at| (letters[at], letters[..depth].get(at + 1).copied().into_iter().collect()))
                .collect()
        };
        let linked = |chain: &[(&str, Vec<&str>)]| {
            let flows: Vec<(&str, &[&str])> = chain.iter().map(|(a, b)| (*a, b.as_slice())).collect();
            link(&flows)
        };
        assert!(linked(&chain(8)).is_ok());
        let error = linked(&chain(9)).expect_err("too deep");
        assert!(error.starts_with("flows stand more than 8 deep in each other: `a` -> `b`"), "{error}");
        // The deep end is known already when the root comes to it over a longer way.
        let mut detour = chain(8);
        detour[0].1.push("x");
        detour.push(("x", vec!["b"]));
        assert!(linked(&detour).is_err());
    }
}

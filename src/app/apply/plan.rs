//! What must happen for a tenant's setup to become another one. Pure: a comparison of two values.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::apply::folder::{file_prompt, to_toml};
use crate::app::apply::setup::{MappingSetup, Setup, TenantSetup, UserSetup};
use crate::domain::ids::{Language, Login, Name};
use crate::flow::check::check;
use crate::flow::program::callees;
use crate::flow::prompt::catalogue::Content;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Tenant {
        from: TenantSetup,
        to: TenantSetup,
    },
    Prompt {
        language: Language,
        name: Name,
        delta: Delta<Content>,
    },
    /// Publishes a version. The same source once more takes up new versions of the flows that it runs.
    Flow {
        name: Name,
        from: Option<String>,
        to: String,
    },
    /// To remove a user is to deactivate them.
    User {
        login: Login,
        delta: Delta<UserSetup>,
    },
    Mapping {
        name: String,
        delta: Delta<MappingSetup>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delta<T> {
    Add(T),
    Replace { from: T, to: T },
    Remove(T),
}

impl<T> Delta<T> {
    fn is_removal(&self) -> bool {
        match self {
            Self::Remove(_) => true,
            Self::Add(_) | Self::Replace { .. } => false,
        }
    }

    fn verb(&self) -> &'static str {
        match self {
            Self::Add(_) => "add",
            Self::Replace { .. } => "change",
            Self::Remove(_) => "remove",
        }
    }

    fn sides(&self, text: impl Fn(&T) -> String) -> (String, String) {
        match self {
            Self::Add(to) => (String::new(), text(to)),
            Self::Replace { from, to } => (text(from), text(to)),
            Self::Remove(from) => (text(from), String::new()),
        }
    }
}

impl Step {
    /// Whether something that callers or agents have now will be gone.
    pub fn is_removal(&self) -> bool {
        match self {
            Self::Tenant { .. } | Self::Flow { .. } => false,
            Self::Prompt { delta, .. } => delta.is_removal(),
            Self::User { delta, .. } => delta.is_removal(),
            Self::Mapping { delta, .. } => delta.is_removal(),
        }
    }

    /// What is done, in words.
    pub fn title(&self) -> String {
        match self {
            Self::Tenant { .. } => "change the tenant".to_owned(),
            Self::Prompt { language, name, delta } => {
                format!("{} prompt `{name}` ({language})", delta.verb())
            }
            Self::Flow { name, from, to } if from.as_ref() == Some(to) => {
                format!("publish flow `{name}` with the new versions of the flows that it runs")
            }
            Self::Flow { name, .. } => format!("publish flow `{name}`"),
            Self::User { login, delta } if delta.is_removal() => format!("deactivate user `{login}`"),
            Self::User { login, delta } => format!("{} user `{login}`", delta.verb()),
            Self::Mapping { name, delta } => format!("{} mapping `{name}`", delta.verb()),
        }
    }

    /// The text in the file before and after, to be compared by people.
    pub fn sides(&self) -> (String, String) {
        match self {
            Self::Tenant { from, to } => (to_toml(from), to_toml(to)),
            Self::Prompt { delta, .. } => delta.sides(|content| to_toml(&file_prompt(content))),
            Self::Flow { from, to, .. } => (from.clone().unwrap_or_default(), to.clone()),
            Self::User { delta, .. } => delta.sides(to_toml),
            Self::Mapping { delta, .. } => delta.sides(to_toml),
        }
    }
}

/// The steps from `current` to `wanted`; none if they are the same. A flow that is no longer wanted stays
/// published, since versions never go away; without a mapping no call runs it.
pub fn plan(current: &Setup, wanted: &Setup) -> Vec<Step> {
    let mut steps = Vec::new();
    if current.tenant != wanted.tenant {
        steps.push(Step::Tenant { from: current.tenant.clone(), to: wanted.tenant.clone() });
    }
    let prompts = deltas(&current.prompts, &wanted.prompts);
    steps.extend(prompts.map(|((language, name), delta)| Step::Prompt { language, name, delta }));
    steps.extend(flows(&current.flows, &wanted.flows));
    let users = deltas(&current.users, &wanted.users);
    steps.extend(users.map(|(login, delta)| Step::User { login, delta }));
    let mappings = deltas(&current.mappings, &wanted.mappings);
    steps.extend(mappings.map(|(name, delta)| Step::Mapping { name, delta }));
    steps
}

fn deltas<'a, K: Ord + Clone, T: PartialEq + Clone>(
    current: &'a BTreeMap<K, T>,
    wanted: &'a BTreeMap<K, T>,
) -> impl Iterator<Item = (K, Delta<T>)> {
    let keys: BTreeSet<&K> = current.keys().chain(wanted.keys()).collect();
    keys.into_iter().filter_map(|key| {
        let delta = match (current.get(key), wanted.get(key)) {
            (Some(from), Some(to)) if from == to => return None,
            (Some(from), Some(to)) => Delta::Replace { from: from.clone(), to: to.clone() },
            (Some(from), None) => Delta::Remove(from.clone()),
            (None, Some(to)) => Delta::Add(to.clone()),
            (None, None) => return None,
        };
        Some((key.clone(), delta))
    })
}

/// The flows to publish, those first that others run.
fn flows(current: &BTreeMap<Name, String>, wanted: &BTreeMap<Name, String>) -> Vec<Step> {
    let mut publishing = Publishing { current, wanted, seen: BTreeMap::new(), steps: Vec::new() };
    for name in wanted.keys() {
        publishing.visit(name);
    }
    publishing.steps
}

struct Publishing<'a> {
    current: &'a BTreeMap<Name, String>,
    wanted: &'a BTreeMap<Name, String>,
    /// Whether each flow so far is published anew. One in a circle counts as not: linking refuses it.
    seen: BTreeMap<Name, bool>,
    steps: Vec<Step>,
}

impl Publishing<'_> {
    /// Whether the flow is published anew: because it is another one, or because one that it runs is.
    fn visit(&mut self, name: &Name) -> bool {
        if let Some(is_new) = self.seen.get(name) {
            return *is_new;
        }
        self.seen.insert(name.clone(), false);
        let Some(source) = self.wanted.get(name) else { return false };
        let callees: Vec<Name> = check(source)
            .0
            .map(|flow| callees(&flow).map(|(_, callee)| callee.clone()).collect())
            .unwrap_or_default();
        let mut is_new = self.current.get(name) != Some(source);
        for callee in &callees {
            is_new |= self.visit(callee);
        }
        self.seen.insert(name.clone(), is_new);
        if is_new {
            let from = self.current.get(name).cloned();
            self.steps.push(Step::Flow { name: name.clone(), from, to: source.clone() });
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Slug;

    const RUNS_B: &str = "[flow]\nname = 'a'\nkind = 'customer'\nstart = 'x'\n\
        [node.x.subflow]\nflow = 'b'\nnext = 'y'\n[node.y.exit]";
    const B: &str = "[flow]\nname = 'b'\nkind = 'reusable'\nstart = 'y'\n[node.y.exit]";
    const OTHER_B: &str = "[flow]\nname = 'b'\nkind = 'reusable'\nstart = 'y'\n[node.y.hangup]";

    fn setup() -> Setup {
        let slug: Slug = "default".parse().expect("a short name");
        Setup {
            tenant: TenantSetup::from(&crate::app::tenants::fresh(slug)),
            users: BTreeMap::new(),
            prompts: BTreeMap::new(),
            flows: BTreeMap::new(),
            mappings: BTreeMap::new(),
        }
    }

    fn with_users(users: &[(&str, &str)]) -> Setup {
        let user = |(login, name): &(&str, &str)| {
            let toml = format!("name = '{name}'");
            (login.parse().expect("a login"), toml::from_str(&toml).expect("a user"))
        };
        Setup { users: users.iter().map(user).collect(), ..setup() }
    }

    fn with_flows(flows: &[(&str, &str)]) -> Setup {
        let flow = |(name, source): &(&str, &str)| (name.parse().expect("a name"), (*source).to_owned());
        Setup { flows: flows.iter().map(flow).collect(), ..setup() }
    }

    fn with_prompts(prompts: &[(&str, &str)]) -> Setup {
        let prompt = |(name, text): &(&str, &str)| {
            let key = ("en".parse().expect("a tag"), name.parse().expect("a name"));
            (key, Content::Say(text.parse().expect("a template")))
        };
        Setup { prompts: prompts.iter().map(prompt).collect(), ..setup() }
    }

    fn with_mapping(value: &str) -> Setup {
        let toml = format!("kind = 'contact-point'\nvalue = '{value}'\nflow = 'a'");
        let mapping = toml::from_str(&toml).expect("a mapping");
        Setup { mappings: BTreeMap::from([("Duty line".to_owned(), mapping)]), ..setup() }
    }

    #[test]
    fn a_plan_names_what_differs_and_nothing_else() {
        let moved = Setup { tenant: TenantSetup { shared_lines: true, ..setup().tenant }, ..setup() };
        for (current, wanted, expected) in [
            (setup(), setup(), &[][..]),
            (setup(), moved, &["change the tenant"]),
            (with_users(&[("ada", "Ada")]), with_users(&[("ada", "Ada")]), &[]),
            (
                with_users(&[("ada", "Ada"), ("bob", "Bob")]),
                with_users(&[("ada", "Ada L."), ("cy", "Cy")]),
                &["change user `ada`", "deactivate user `bob`", "add user `cy`"],
            ),
            (
                with_prompts(&[("hello", "Hello."), ("bye", "Bye.")]),
                with_prompts(&[("hello", "Hi.")]),
                &["remove prompt `bye` (en)", "change prompt `hello` (en)"],
            ),
            (setup(), with_mapping("+15065550100"), &["add mapping `Duty line`"]),
            (with_mapping("+15065550100"), with_mapping("+15065550101"), &["change mapping `Duty line`"]),
            (with_mapping("+15065550100"), setup(), &["remove mapping `Duty line`"]),
        ] {
            let steps = plan(&current, &wanted);
            assert_eq!(steps.iter().map(Step::title).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn flows_are_published_after_those_that_they_run_and_again_with_them() {
        let again = "publish flow `a` with the new versions of the flows that it runs";
        for (current, wanted, expected) in [
            (&[][..], &[("a", RUNS_B), ("b", B)][..], &["publish flow `b`", "publish flow `a`"][..]),
            (&[("a", RUNS_B), ("b", B)], &[("a", RUNS_B), ("b", B)], &[]),
            (&[("a", RUNS_B), ("b", B)], &[("a", RUNS_B), ("b", OTHER_B)], &["publish flow `b`", again]),
            (&[("a", RUNS_B), ("b", B)], &[("b", B)], &[]),
        ] {
            let steps = plan(&with_flows(current), &with_flows(wanted));
            assert_eq!(steps.iter().map(Step::title).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn only_what_goes_away_is_asked_about() {
        let removals = |current: &Setup, wanted: &Setup| {
            plan(current, wanted).iter().filter(|step| step.is_removal()).count()
        };
        for full in [
            with_users(&[("ada", "Ada")]),
            with_prompts(&[("hello", "Hello.")]),
            with_mapping("+15065550100"),
        ] {
            assert_eq!(removals(&setup(), &full), 0);
            assert_eq!(removals(&full, &full), 0);
            assert_eq!(removals(&full, &setup()), 1);
        }
        assert_eq!(removals(&with_flows(&[("b", B)]), &setup()), 0, "a published flow stays");
    }
}

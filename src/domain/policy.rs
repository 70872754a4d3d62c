//! What a tenant has decided about presence, for all of its users.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::allocation::DefaultAvailability;
use crate::domain::demand::Demand;
use crate::domain::dial_command::DialCommand;
use crate::domain::ids::{Name, Skill};
use crate::domain::presence_code::{ActiveCall, Label, LabelText};
use crate::domain::quick::QuickSet;
use crate::domain::reason_list::{Listed, ReasonList, SYSTEM};
use crate::domain::time::Hours;
use crate::domain::wrap_up::Length;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    pub default_availability: DefaultAvailability,
    /// How long wrap-up lasts, in seconds, for users who have no length of their own; 0 for none (A3.4).
    #[schema(value_type = u16, maximum = 999)]
    pub wrap_up: Length,
    /// How often users may prolong a wrap-up (A3.5).
    #[schema(value_type = u64, maximum = 4_294_967_295_u64)]
    pub wrap_up_extensions: u32,
    pub active_call: ActiveCall,
    /// Whether users who are not to be disturbed are available from the call on that they make (A3.7).
    pub dialling_out_ends_dnd: bool,
    /// Whom the commands of labels are dialled to; nobody, if none.
    pub dial_command: Option<DialCommand>,
    /// How many should be on duty: of everybody, and of those who have a skill, once for each.
    pub coverage: Vec<Demand>,
    pub labels: Vec<Label>,
    /// A user chooses from the one they are given, or from the first; from all labels, if there is none (A1.21).
    pub reason_lists: Vec<ReasonList>,
    pub quick_sets: Vec<QuickSet>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            default_availability: DefaultAvailability::default(),
            wrap_up: Length::default(),
            wrap_up_extensions: 3,
            active_call: ActiveCall::default(),
            dialling_out_ends_dnd: false,
            dial_command: None,
            coverage: Vec::new(),
            labels: Vec::new(),
            reason_lists: Vec::new(),
            quick_sets: Vec::new(),
        }
    }
}

impl Policy {
    /// A user's set of quick availabilities: the one they are given by name, or the first, or the usual one.
    pub fn quick_set(&self, name: Option<&Name>) -> &QuickSet {
        let named = name.and_then(|name| self.quick_sets.iter().find(|set| set.name() == name));
        named.or(self.quick_sets.first()).unwrap_or(QuickSet::usual())
    }

    /// The hours that the phone offers, to each user those of their set.
    pub fn presets(&self) -> impl Iterator<Item = Vec<Hours>> {
        let usual = self.quick_sets.is_empty().then_some(QuickSet::usual());
        self.quick_sets.iter().chain(usual).map(QuickSet::presets)
    }

    /// A user's list of labels: the one they are given by name, or the first.
    pub fn reason_list(&self, name: Option<&Name>) -> Option<&ReasonList> {
        let named = name.and_then(|name| self.reason_lists.iter().find(|list| list.name == *name));
        named.or(self.reason_lists.first())
    }

    /// The labels that a user may choose who has this list, or all if there is none.
    pub fn choices(&self, list: Option<&ReasonList>) -> Vec<&Label> {
        let offered: Vec<&Label> = match list {
            Some(list) => list.labels.iter().filter_map(|text| self.label(text)).collect(),
            None => self.labels.iter().collect(),
        };
        offered.into_iter().filter(|label| label.code.state().is_some()).collect()
    }

    /// All lists of reasons, the system's last.
    pub fn listed(&self) -> Vec<Listed> {
        self.reason_lists.iter().map(Listed::from).chain([Listed::system()]).collect()
    }

    pub fn label(&self, text: &LabelText) -> Option<&Label> {
        self.labels.iter().find(|label| label.text == *text)
    }

    /// Whether everything has a name of its own, lists are of labels that there are, and what is to be dialled can be.
    pub fn check(&self) -> Result<(), BadPolicy> {
        let sets = self.quick_sets.iter().map(|set| ("quick_sets", set.name().to_string()));
        let labels = self.labels.iter().map(|label| ("labels", label.text.to_string()));
        let lists = self.reason_lists.iter().map(|list| ("reason_lists", list.name.to_string()));
        let skill =
            |demand: &Demand| demand.skill.as_ref().map_or_else(|| "everybody".to_owned(), Skill::to_string);
        let demands = self.coverage.iter().map(|demand| ("coverage", skill(demand)));
        unique(sets.chain(labels).chain(lists).chain(demands))?;
        for list in &self.reason_lists {
            self.check_list(list)?;
        }
        match self.labels.iter().find(|label| label.is_unspoken()) {
            Some(label) => Err(BadPolicy::Unspoken(label.text.clone())),
            None => Ok(()),
        }
    }

    fn check_list(&self, ReasonList { name, labels }: &ReasonList) -> Result<(), BadPolicy> {
        if name.as_str() == SYSTEM || labels.is_empty() {
            return Err(BadPolicy::List(name.clone()));
        }
        unique(labels.iter().map(|label| ("reason_lists.labels", label.to_string())))?;
        match labels.iter().find(|label| self.label(label).is_none()) {
            Some(label) => Err(BadPolicy::Unlabelled(label.clone())),
            None => Ok(()),
        }
    }
}

/// Refuses what stands twice in a field.
fn unique(named: impl Iterator<Item = (&'static str, String)>) -> Result<(), BadPolicy> {
    let mut seen = BTreeSet::new();
    for (field, name) in named {
        if !seen.insert((field, name.clone())) {
            return Err(BadPolicy::Ambiguous { field, name });
        }
    }
    Ok(())
}

/// What cannot be decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPolicy {
    /// Two of a kind have one name.
    #[error("`{name}` stands twice among `{field}`")]
    Ambiguous { field: &'static str, name: String },
    #[error(
        "its sink is `dial_command`; give it a code that can be dialled: 1 to 32 of 0-9, `*`, `#` and `w`"
    )]
    Unspoken(LabelText),
    #[error("name one label at least, and call no list `{SYSTEM}`, which is the system's own")]
    List(Name),
    #[error("it is none of `labels`; add it there, or take it off the list")]
    Unlabelled(LabelText),
}

impl BadPolicy {
    pub fn field(&self) -> &'static str {
        match self {
            Self::Ambiguous { field, .. } => field,
            Self::Unspoken(_) => "labels.reason_code",
            Self::List(_) => "reason_lists",
            Self::Unlabelled(_) => "reason_lists.labels",
        }
    }

    /// What of the field is at fault.
    pub fn value(&self) -> &str {
        match self {
            Self::Ambiguous { name, .. } => name,
            Self::Unspoken(label) | Self::Unlabelled(label) => label.as_str(),
            Self::List(name) => name.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A policy with three labels, and more.
    fn policy(more: &str) -> Policy {
        let labels = r#"{"text":"Lunch","code":"away"},{"text":"In a call","code":"on_a_call"},
            {"text":"Quiet","code":"dnd","reason_code":"*61","sink":"dial_command"}"#;
        serde_json::from_str(&format!(r#"{{"labels":[{labels}]{more}}}"#)).expect("a policy")
    }

    #[test]
    fn a_policy_that_contradicts_itself_is_refused() {
        let list = |name: &str, labels: &str| format!(r#"{{"name":"{name}","labels":[{labels}]}}"#);
        for (lists, refused) in [
            (vec![], None),
            (vec![list("office", r#""Lunch","Quiet""#), list("other", r#""Lunch""#)], None),
            (
                vec![list("office", r#""Lunch""#), list("office", r#""Quiet""#)],
                Some(("reason_lists", "office")),
            ),
            (vec![list("office", r#""Lunch","Lunch""#)], Some(("reason_lists.labels", "Lunch"))),
            (vec![list("office", r#""Dinner""#)], Some(("reason_lists.labels", "Dinner"))),
            (vec![list("office", "")], Some(("reason_lists", "office"))),
            (vec![list("system", r#""Lunch""#)], Some(("reason_lists", "system"))),
        ] {
            let checked = policy(&format!(r#","reason_lists":[{}]"#, lists.join(","))).check();
            let found = checked.as_ref().err().map(|why| (why.field(), why.value()));
            assert_eq!(found, refused, "{lists:?}");
        }
    }

    #[test]
    fn a_label_that_is_to_be_dialled_can_be() {
        // A3.9.
        for (code, sink, is_taken) in [
            (Some("*61"), "dial_command", true),
            (Some("T1"), "dial_command", false),
            (None, "dial_command", false),
            (Some("T1"), "http", true),
            (None, "none", true),
        ] {
            let mut policy = policy("");
            policy.labels[0].reason_code = code.map(|code| code.parse().expect("a reason code"));
            policy.labels[0].sink = sink.parse().expect("a sink");
            let refused = policy.check().err();
            assert_eq!(refused.is_none(), is_taken, "{code:?} {sink}");
            assert!(refused.is_none_or(|why| (why.field(), why.value()) == ("labels.reason_code", "Lunch")));
        }
    }

    #[test]
    fn users_choose_from_their_list_or_the_first_or_all_labels() {
        // A1.21.
        let lists = r#","reason_lists":[{"name":"office","labels":["Quiet","Lunch"]},
            {"name":"shop","labels":["Lunch","In a call"]}]"#;
        let office = ["Quiet", "Lunch"];
        for (more, list, wanted) in [
            ("", None, &["Lunch", "Quiet"][..]),
            ("", Some("shop"), &["Lunch", "Quiet"]),
            (lists, None, &office),
            (lists, Some("shop"), &["Lunch"]),
            (lists, Some("gone"), &office),
        ] {
            let (policy, list) = (policy(more), list.map(|name| name.parse().expect("a name")));
            let choices = policy.choices(policy.reason_list(list.as_ref()));
            let texts: Vec<&str> = choices.iter().map(|label| label.text.as_str()).collect();
            assert_eq!(texts, wanted, "{more} {list:?}");
        }
    }

    #[test]
    fn the_systems_reasons_are_the_last_list() {
        let listed = policy(r#","reason_lists":[{"name":"office","labels":["Lunch"]}]"#).listed();
        let listed = serde_json::to_string(&listed).expect("plain data");
        insta::assert_snapshot!(listed, @r#"[{"name":"office","system":false,"reasons":["Lunch"]},{"name":"system","system":true,"reasons":["logged_in","logged_out","expired","no_extension","admin"]}]"#);
    }
}

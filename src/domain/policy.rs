//! What a tenant has decided about presence, for all of its users.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::allocation::DefaultAvailability;
use crate::domain::coverage::Demand;
use crate::domain::dial_command::DialCommand;
use crate::domain::ids::Name;
use crate::domain::presence_code::{ActiveCall, Label, LabelText};
use crate::domain::quick::QuickSet;
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
    /// Whom the commands of labels are dialled to; nobody, if none.
    pub dial_command: Option<DialCommand>,
    /// How many should be on duty; none is nobody's concern.
    pub coverage: Option<Demand>,
    pub labels: Vec<Label>,
    pub quick_sets: Vec<QuickSet>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            default_availability: DefaultAvailability::default(),
            wrap_up: Length::default(),
            wrap_up_extensions: 3,
            active_call: ActiveCall::default(),
            dial_command: None,
            coverage: None,
            labels: Vec::new(),
            quick_sets: Vec::new(),
        }
    }
}

impl Policy {
    /// A user's set of quick availabilities: the one they are given by name, or the first.
    pub fn quick_set(&self, name: Option<&Name>) -> Option<&QuickSet> {
        let named = name.and_then(|name| self.quick_sets.iter().find(|set| set.name() == name));
        named.or(self.quick_sets.first())
    }

    pub fn label(&self, text: &LabelText) -> Option<&Label> {
        self.labels.iter().find(|label| label.text == *text)
    }

    /// Whether every set and every label has a name of its own, and what is to be dialled can be.
    pub fn check(&self) -> Result<(), BadPolicy> {
        let sets = self.quick_sets.iter().map(|set| ("quick_sets", set.name().to_string()));
        let labels = self.labels.iter().map(|label| ("labels", label.text.to_string()));
        let mut seen = BTreeSet::new();
        if let Some((field, name)) = sets.chain(labels).find(|named| !seen.insert(named.clone())) {
            return Err(BadPolicy::Ambiguous { field, name });
        }
        match self.labels.iter().find(|label| label.is_unspoken()) {
            Some(label) => Err(BadPolicy::Unspoken(label.text.clone())),
            None => Ok(()),
        }
    }
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
}

impl BadPolicy {
    pub fn field(&self) -> &'static str {
        match self {
            Self::Ambiguous { field, .. } => field,
            Self::Unspoken(_) => "labels.reason_code",
        }
    }

    /// What of the field is at fault.
    pub fn value(&self) -> &str {
        match self {
            Self::Ambiguous { name, .. } => name,
            Self::Unspoken(label) => label.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A policy with three labels.
    fn policy() -> Policy {
        let labels = r#"{"text":"Lunch","code":"away"},{"text":"In a call","code":"on_a_call"},
            {"text":"Quiet","code":"dnd","reason_code":"*61","sink":"dial_command"}"#;
        serde_json::from_str(&format!(r#"{{"labels":[{labels}]}}"#)).expect("a policy")
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
            let mut policy = policy();
            policy.labels[0].reason_code = code.map(|code| code.parse().expect("a reason code"));
            policy.labels[0].sink = sink.parse().expect("a sink");
            let refused = policy.check().err();
            assert_eq!(refused.is_none(), is_taken, "{code:?} {sink}");
            assert!(refused.is_none_or(|why| (why.field(), why.value()) == ("labels.reason_code", "Lunch")));
        }
    }
}

//! What a tenant has decided about presence, for all of its users.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::allocation::DefaultAvailability;
use crate::domain::demand::Demand;
use crate::domain::ids::{Name, Skill};
use crate::domain::presence_code::{ActiveCall, Label, LabelText};
use crate::domain::quick::QuickSet;
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
    /// How many should be on duty: of everybody, and of those who have a skill, once for each.
    pub coverage: Vec<Demand>,
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
            coverage: Vec::new(),
            labels: Vec::new(),
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

    pub fn label(&self, text: &LabelText) -> Option<&Label> {
        self.labels.iter().find(|label| label.text == *text)
    }

    /// Whether every set, every label and every demand has a name of its own.
    pub fn check(&self) -> Result<(), Ambiguous> {
        let sets = self.quick_sets.iter().map(|set| ("quick_sets", set.name().to_string()));
        let labels = self.labels.iter().map(|label| ("labels", label.text.to_string()));
        let skill =
            |demand: &Demand| demand.skill.as_ref().map_or_else(|| "everybody".to_owned(), Skill::to_string);
        let demands = self.coverage.iter().map(|demand| ("coverage", skill(demand)));
        let mut seen = BTreeSet::new();
        match sets.chain(labels).chain(demands).find(|named| !seen.insert(named.clone())) {
            Some((field, name)) => Err(Ambiguous { field, name }),
            None => Ok(()),
        }
    }
}

/// Two of a kind have one name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` stands twice among `{field}`")]
pub struct Ambiguous {
    pub field: &'static str,
    pub name: String,
}

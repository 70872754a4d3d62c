//! What a change of hours of work changes.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Rule, Schedule, Shift};
use crate::domain::time::Date;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Difference {
    pub rules_added: Vec<Rule>,
    pub rules_removed: Vec<Rule>,
    pub days: Vec<DayChange>,
}

/// What becomes of a day: its shifts, none of a day off; nothing of one that is as the rules say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DayChange {
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    pub before: Option<Vec<Shift>>,
    pub after: Option<Vec<Shift>>,
}

impl Difference {
    pub fn between(before: Option<&Schedule>, after: &Schedule) -> Self {
        let rules = |schedule: Option<&Schedule>| schedule.map(|one| one.rules.clone()).unwrap_or_default();
        let days =
            |schedule: Option<&Schedule>| schedule.map(|one| one.exceptions.clone()).unwrap_or_default();
        let (old, new) = (rules(before), rules(Some(after)));
        let missing = |from: &[Rule], of: &[Rule]| {
            of.iter().filter(|rule| !from.contains(rule)).copied().collect::<Vec<_>>()
        };
        let (old_days, new_days) = (days(before), days(Some(after)));
        let dates: BTreeSet<&Date> = old_days.keys().chain(new_days.keys()).collect();
        let change = |date: &&Date| {
            let (before, after) = (old_days.get(*date).cloned(), new_days.get(*date).cloned());
            (before != after).then_some(DayChange { date: **date, before, after })
        };
        Self {
            rules_added: missing(&old, &new),
            rules_removed: missing(&new, &old),
            days: dates.iter().filter_map(change).collect(),
        }
    }

    pub fn is_none(&self) -> bool {
        self.rules_added.is_empty() && self.rules_removed.is_empty() && self.days.is_empty()
    }
}

//! The answered turns of a call. Each keeps its reply, so that a repeated request gets the same.

use serde::{Deserialize, Serialize};

use super::error::StoreError;
use crate::domain::time::Instant;
use crate::flow::engine::Input;
use crate::flow::reply::Reply;

/// One answered turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub turn: u32,
    pub at: Instant,
    pub input: Input,
    pub decided: Vec<String>,
    pub reply: Reply,
}

/// A call's answered turns in their order, as they lie in the database: most turns add one and read none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps(String);

impl Default for Steps {
    fn default() -> Self {
        Self("[]".to_owned())
    }
}

impl Steps {
    /// Those of the call with this name, as they lie in the database.
    pub(super) fn kept(call: &str, list: String) -> Result<Self, StoreError> {
        let is_list = list.starts_with('[') && list.ends_with(']');
        if is_list {
            Ok(Self(list))
        } else {
            Err(StoreError::corrupt("calls", call, "its steps are no list"))
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub fn push(&mut self, step: &Step) {
        let step = serde_json::to_string(step).expect("a step is plain data");
        let open = self.0.strip_suffix(']').expect("a list ends so");
        let comma = if open.len() > 1 { "," } else { "" };
        self.0 = [open, comma, &step, "]"].concat();
    }

    pub fn all(&self) -> Result<Vec<Step>, StoreError> {
        serde_json::from_str(&self.0).map_err(|why| StoreError::corrupt("calls", "steps", why))
    }

    /// The turn as it was answered; none if it was not.
    pub fn of_turn(&self, turn: u32) -> Result<Option<Step>, StoreError> {
        Ok(self.all()?.into_iter().find(|step| step.turn == turn))
    }
}

//! Prompts: the slots of the activities, and the catalogue of what is spoken in them.

use serde::{Deserialize, Serialize};

/// The seven slots of the timed-presence activity (A1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    Welcome,
    ResourceLookupError,
    PresetHours,
    CustomHours,
    InvalidInput,
    Online,
    Offline,
}

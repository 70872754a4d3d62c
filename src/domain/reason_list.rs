//! Lists of reasons (A1.21): the labels that a user chooses from, and the system's own reasons.

use serde::{Deserialize, Serialize};

use crate::domain::ids::Name;
use crate::domain::presence::Reason;
use crate::domain::presence_code::LabelText;

/// Some of a tenant's labels, in the order in which they are offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonList {
    pub name: Name,
    #[schema(min_items = 1)]
    pub labels: Vec<LabelText>,
}

/// The name of the system's list, which no other has.
pub const SYSTEM: &str = "system";

/// A list as it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Listed {
    pub name: Name,
    /// Nobody chooses from it, and nobody edits it.
    pub system: bool,
    pub reasons: Vec<String>,
}

impl Listed {
    /// The reasons that the system gives by itself.
    pub fn system() -> Self {
        let reasons = Reason::SYSTEM.iter().map(|reason| reason.as_str().to_owned()).collect();
        Self { name: SYSTEM.parse().expect("it is a name"), system: true, reasons }
    }
}

impl From<&ReasonList> for Listed {
    fn from(ReasonList { name, labels }: &ReasonList) -> Self {
        let reasons = labels.iter().map(ToString::to_string).collect();
        Self { name: name.clone(), system: false, reasons }
    }
}

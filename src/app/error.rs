//! What a request can be refused for. Every refusal names the thing, the value and the mend.

use crate::domain::ids::{Login, Name, Slug};
use crate::domain::phone::{BadNumber, E164};
use crate::domain::presence::Rejected;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no {what} `{name}`; {mend}")]
    NotFound { what: &'static str, name: String, mend: &'static str },
    #[error("{what} `{name}` exists already; choose another name, or change it with `set`")]
    Exists { what: &'static str, name: String },
    #[error("{field}: `{value}`: {why}")]
    Invalid { field: &'static str, value: String, why: String },
    /// A1.4.
    #[error("number_in_use: {number} is an extension of user `{holder}`; remove it there first")]
    NumberInUse { number: E164, holder: Login },
    /// D55.
    #[error("{0} is a number that calls come in on; an agent reached there would be called in circles")]
    NumberIsOurs(E164),
    #[error("agent code `{code}` is user `{holder}`'s; choose another one")]
    CodeInUse { code: String, holder: Login },
    #[error("{0}")]
    BadNumber(#[from] BadNumber),
    /// A1.17.
    #[error("unsupported_channel: mappings for `{0}` are not run; use voice, sms or any")]
    UnsupportedChannel(&'static str),
    /// D42.
    #[error("mapping_conflict: an active mapping answers {rule} already ({holder}); disable that one first")]
    MappingConflict { rule: String, holder: String },
    #[error("flow `{flow}` has no published version {version}; see `dutyline flow list`")]
    NoSuchVersion { flow: Name, version: String },
    /// The report has a line, column and caret for each issue.
    #[error("{report}")]
    Flow { report: String },
    /// A mapping leads to a flow that cannot run.
    #[error("mapping `{mapping}` leads nowhere: {why}; publish the flow, or disable the mapping")]
    Unrunnable { mapping: String, why: String },
    #[error("{0}")]
    Prompt(String),
    #[error("prompt_in_use: `{prompt}` is used by {by}; change that first")]
    PromptInUse { prompt: Name, by: String },
    #[error("tenant `{0}` is the default and stays")]
    DefaultTenant(Slug),
    #[error("{0}")]
    Presence(#[from] Rejected),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Error {
    pub fn invalid(field: &'static str, value: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Invalid { field, value: value.into(), why: why.into() }
    }
}

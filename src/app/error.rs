//! What a request can be refused for. Every refusal names the thing, the value and the mend.

use crate::app::flows::Placed;
use crate::app::presence::Standing;
use crate::domain::calendar::BadCalendar;
use crate::domain::ids::{Login, Name, TokenName};
use crate::domain::phone::{BadNumber, E164};
use crate::domain::presence::Rejected;
use crate::flow::issue::nearest;
use crate::flow::program::LinkError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no {what} `{name}`; {mend}")]
    NotFound { what: &'static str, name: String, mend: &'static str },
    #[error("no {what} `{name}`; {}", mend(nearest.as_deref(), list))]
    Unknown { what: &'static str, name: String, nearest: Option<String>, list: &'static str },
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
    #[error("users `{one}` and `{other}` share {number}; change one of them first")]
    SharedNumber { number: E164, one: Login, other: Login },
    #[error("user `{0}` is inactive; `dutyline user set {0} --reactivate` makes them active again")]
    Inactive(Login),
    /// A1.6.
    #[error("user `{0}` has no number to be reached at; `dutyline user ext add {0}` gives one")]
    Unreachable(Login),
    #[error(
        "user `{user}` has no extension {position}; `dutyline user ext list {user}` shows those there are"
    )]
    NoExtension { user: Login, position: usize },
    #[error("agent code `{code}` is user `{holder}`'s; choose another one")]
    CodeInUse { code: String, holder: Login },
    #[error(transparent)]
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
    #[error("the flow has errors\n\n{report}")]
    Flow { report: String, issues: Vec<Placed> },
    /// A mapping leads to a flow that cannot run.
    #[error("mapping `{mapping}` leads nowhere: {why}; publish the flow, or disable the mapping")]
    Unrunnable { mapping: String, why: String },
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Every fault of every file, each with its place.
    #[error("the folder has errors\n\n{report}")]
    Folder { report: String },
    #[error("the setup has changed since the plan was made; run `dutyline apply` again")]
    PlanOutdated,
    #[error("{0}")]
    Prompt(String),
    #[error("prompt_in_use: `{prompt}` is used by {by}; change that first")]
    PromptInUse { prompt: Name, by: String },
    /// D39.
    #[error("user `{}` has changed since you looked: they are {} now", .0.user, .0.state)]
    Stale(Box<Standing>),
    #[error("{what} `{name}` has changed since you looked")]
    Outdated { what: &'static str, name: String, current: Box<serde_json::Value> },
    #[error("token `{0}` exists already; choose another name, or revoke that one first")]
    TokenExists(TokenName),
    #[error("nothing was changed: {0}")]
    Calendar(BadCalendar),
    #[error("user `{user}`: {why}")]
    Presence { user: Login, why: Rejected },
    #[error(transparent)]
    Store(StoreError),
    /// D80.
    #[error("a request with this key is being carried out; send yours again in a moment")]
    Claimed,
}

impl Error {
    pub fn invalid(field: &'static str, value: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Invalid { field, value: value.into(), why: why.into() }
    }

    /// No `name` among `known`, which `list` shows.
    pub fn unknown<'a>(
        what: &'static str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
        list: &'static str,
    ) -> Self {
        let nearest = nearest(name, known).map(str::to_owned);
        Self::Unknown { what, name: name.to_owned(), nearest, list }
    }
}

impl From<BadCalendar> for Error {
    fn from(why: BadCalendar) -> Self {
        Self::Calendar(why)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Claimed) { Self::Claimed } else { Self::Store(error) }
    }
}

fn mend(nearest: Option<&str>, list: &str) -> String {
    nearest.map_or_else(
        || format!("`{list}` shows those there are"),
        |nearest| format!("did you mean `{nearest}`?"),
    )
}

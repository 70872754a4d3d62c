//! What is refused, told so that a program can tell refusals apart and a person can mend them (RFC 9457).

use axum::Json;
use axum::http::header::{CONTENT_TYPE as TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::Error;
use crate::app::flows::Placed;
use crate::app::tokens::Unauthenticated;
use crate::domain::access::Denied;
use crate::domain::calendar::BadCalendar;
use crate::domain::presence::Rejected;
use crate::http::v1::allowance::TooMany;

pub(super) const CONTENT_TYPE: &str = "application/problem+json";

/// Why a request was refused, or failed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    fault: Option<Box<Fault>>,
    issues: Box<[Placed]>,
    current: Option<Box<Value>>,
    /// Seconds until it is worth trying again.
    retry_after: Option<u64>,
}

/// A problem as it is told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Told {
    /// Names the kind of problem: `urn:dutyline:problem:` and the code.
    r#type: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// Names the kind of problem to a program; it stays as it is.
    code: String,
    /// What is wrong here, and what would mend it.
    detail: String,
    /// The fields at fault, if any are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
    /// What is wrong with a file that was sent, and where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    issues: Vec<Placed>,
    /// How what was to be changed stands now, where it has changed since it was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<Value>,
}

/// A field at fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Fault {
    /// `limit`, `extension.number`; empty for the whole body.
    field: String,
    detail: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let (issues, detail) = (Box::default(), detail.into());
        Self { status, code, detail, fault: None, issues, current: None, retry_after: None }
    }

    /// A value that does not read as what it should be.
    pub(super) fn field(code: &'static str, field: impl Into<String>, detail: impl Into<String>) -> Self {
        let (field, detail) = (field.into(), detail.into());
        let told = if field.is_empty() { detail.clone() } else { format!("`{field}`: {detail}") };
        let fault = Some(Box::new(Fault { field, detail }));
        Self { fault, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, told) }
    }

    /// Whether it is that nobody is known by the token that was shown.
    pub(super) fn is_disbelief(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    /// Nothing is there, or nothing for whoever asks: they do not learn which.
    pub(super) fn hidden() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here")
    }

    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// A header that does not read as what it should be.
    pub(super) fn header(name: &'static str, detail: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, ..Self::field("invalid", name, detail) }
    }

    /// The request with the same key is not answered yet.
    pub(super) fn under_way() -> Self {
        let detail = Error::Claimed.to_string();
        Self::new(StatusCode::CONFLICT, "idempotency_under_way", detail).retried_after(1)
    }

    /// The same may well be answered otherwise after so many seconds.
    pub(super) fn retried_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "`Allow` names the methods that there are",
        )
    }

    pub(super) fn no_such_path(path: &str) -> Self {
        let detail = format!("there is no `{path}`; see `/v1/openapi.json`");
        Self::new(StatusCode::NOT_FOUND, "no_such_path", detail)
    }

    /// Something of ours has failed; whoever runs the server finds more in its log.
    pub(super) fn failed(why: &dyn std::fmt::Display) -> Self {
        tracing::error!(%why, "an API request failed");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "nothing was changed; try again in a moment",
        )
    }
}

impl From<Problem> for Told {
    fn from(Problem { status, code, detail, fault, issues, current, .. }: Problem) -> Self {
        Self {
            r#type: format!("urn:dutyline:problem:{code}"),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail,
            errors: fault.into_iter().map(|fault| *fault).collect(),
            issues: issues.into(),
            current: current.map(|current| *current),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status, self.retry_after);
        let mut response = (status, Json(Told::from(self))).into_response();
        response.headers_mut().insert(TYPE, HeaderValue::from_static(CONTENT_TYPE));
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Unauthenticated> for Problem {
    fn from(why: Unauthenticated) -> Self {
        match why {
            Unauthenticated::Store(why) => Self::failed(&why),
            Unauthenticated::Unknown
            | Unauthenticated::Expired
            | Unauthenticated::Revoked
            | Unauthenticated::Suspended => {
                tracing::info!(?why, "refused a token");
                Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "the token is not one that is in use")
            }
        }
    }
}

impl From<TooMany> for Problem {
    fn from(TooMany { wait }: TooMany) -> Self {
        let seconds = wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX);
        let detail = format!("that is more than may be asked for; go on in {seconds} s");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail).retried_after(seconds)
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", denied.to_string())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        let refused = |status, code| Self::new(status, code, detail.clone());
        let (conflict, unfit) = (StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY);
        match error {
            Error::NotFound { .. } | Error::Unknown { .. } | Error::NoExtension { .. } => {
                refused(StatusCode::NOT_FOUND, "not_found")
            }
            Error::Exists { .. } | Error::TokenExists(_) => refused(conflict, "exists"),
            Error::Invalid { field, value, why } => {
                Self::field("invalid", field, format!("`{value}`: {why}"))
            }
            Error::BadNumber(_) => Self::field("invalid", "number", detail),
            Error::NumberInUse { .. } | Error::SharedNumber { .. } => refused(conflict, "number_in_use"),
            Error::NumberIsOurs(_) => refused(conflict, "number_is_ours"),
            Error::CodeInUse { .. } => refused(conflict, "agent_code_in_use"),
            Error::Inactive(_) => refused(conflict, "user_inactive"),
            Error::Unreachable(_) => refused(conflict, "user_unreachable"),
            Error::UnsupportedChannel(_) => refused(unfit, "unsupported_channel"),
            Error::MappingConflict { .. } => refused(conflict, "mapping_conflict"),
            Error::NoSuchVersion { .. } => refused(unfit, "no_such_version"),
            Error::Flow { issues, .. } => Self { issues: issues.into(), ..refused(unfit, "flow_invalid") },
            Error::Link(_) | Error::Folder { .. } => refused(unfit, "flow_invalid"),
            Error::Unrunnable { .. } => refused(conflict, "flow_not_runnable"),
            Error::PlanOutdated => refused(conflict, "plan_outdated"),
            Error::Calendar(BadCalendar::TooLarge) => refused(StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Error::Calendar(_) => refused(unfit, "calendar_invalid"),
            Error::Prompt(_) => refused(unfit, "prompt_invalid"),
            Error::PromptInUse { .. } => refused(conflict, "prompt_in_use"),
            Error::Presence { why: Rejected::Held(_), .. } => refused(conflict, "held"),
            Error::Presence { why: Rejected::TooFar(_), .. } => Self::field("too_far", "hours", detail),
            Error::Presence { why: Rejected::NotSaid(_), .. } => refused(StatusCode::NOT_FOUND, "not_found"),
            Error::Presence { why: Rejected::Full, .. } => refused(conflict, "too_many"),
            Error::Presence { why: Rejected::WrapUp(_), .. } => refused(conflict, "wrap_up"),
            Error::Stale(standing) => {
                let current = serde_json::to_value(standing).expect("a standing is plain data");
                Self {
                    current: Some(Box::new(current)),
                    ..refused(StatusCode::PRECONDITION_FAILED, "changed_meanwhile")
                }
            }
            Error::Claimed => Self::under_way(),
            Error::Outdated { current, .. } => Self {
                current: Some(current),
                ..refused(StatusCode::PRECONDITION_FAILED, "changed_meanwhile")
            },
            Error::Store(why) => Self::failed(&why),
        }
    }
}

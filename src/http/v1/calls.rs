//! Calls, and what was pressed and decided in them.

use std::str::FromStr;

use axum::Json;

use crate::app::Error;
use crate::app::calls::{CallStory, CallSummary};
use crate::domain::ids::CallId;
use crate::domain::time::Instant;
use crate::http::v1::gate::Caller;
use crate::http::v1::page::{Asked, Page};
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::{Named, Search};

/// The place of a call in a list: when it began, and its name.
#[derive(Debug, Clone)]
struct Place(Instant, CallId);

impl FromStr for Place {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (millis, call) = text.split_once('.').ok_or(())?;
        let began = millis.parse().ok().and_then(Instant::from_timestamp_millis).ok_or(())?;
        Ok(Self(began, call.parse().map_err(|_| ())?))
    }
}

/// List calls, the newest first
#[utoipa::path(get, path = "/v1/calls", tag = "calls", params(Asked), security(("token" = ["calls.read"])),
    responses((status = 200, body = Page<CallSummary>)))]
pub(super) async fn list(caller: Caller, Search(asked): Search<Asked>) -> Result<Page<CallSummary>, Problem> {
    let (before, limit) = (asked.after::<Place>()?, asked.limit()?);
    let before = before.map(|Place(began, call)| (began, call));
    let calls = caller.app.calls(caller.tenant(), before, limit + 1).await.map_err(Error::from)?;
    Ok(Page::new(calls, limit, |call| format!("{}.{}", call.started_at.timestamp_millis(), call.id)))
}

/// Show a call turn by turn, by our name of it or the carrier's
#[utoipa::path(get, path = "/v1/calls/{call}", tag = "calls", params(("call" = String, Path)),
    security(("token" = ["calls.read"])), responses((status = 200, body = CallStory)))]
pub(super) async fn show(caller: Caller, Named(call): Named<String>) -> Result<Json<CallStory>, Problem> {
    Ok(Json(caller.app.call_story(caller.tenant(), &call).await?))
}

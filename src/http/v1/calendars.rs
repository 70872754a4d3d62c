//! Calendars to subscribe to. Calendar programs can send no header, so for them a token stands in the address: one that
//! may read calendars and nothing else.

use std::str::FromStr;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::Error;
use crate::domain::access::Right;
use crate::domain::ids::{Login, Sha256Hex, Skill};
use crate::http::media;
use crate::http::v1::gate::{Caller, Gate, peer};
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::Named;

/// Show a user's calendar: when they are on duty, what they say beforehand, and when they work
///
/// 90 days ahead, in UTC, with neither notes nor telephone numbers.
#[utoipa::path(get, path = "/v1/users/{login}/calendar.ics", tag = "calendars",
    params(("login" = Login, Path), ("If-None-Match" = Option<String>, Header, description = "The `ETag` that was seen.")),
    security(("token" = ["calendar.read"])),
    responses(
        (status = 200, body = String, content_type = "text/calendar",
            headers(("ETag" = String, description = "For `If-None-Match`."))),
        (status = 304, description = "Nothing has changed.")))]
pub(super) async fn of_user(
    caller: Caller,
    Named(login): Named<Login>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let calendar = caller.app.calendar(caller.tenant(), &login).await?;
    Ok(answer(calendar, &headers))
}

/// Show the calendar of all who have a skill: when they are on duty, what they say beforehand, and when they work
#[utoipa::path(get, path = "/v1/skills/{skill}/calendar.ics", tag = "calendars",
    params(("skill" = Skill, Path), ("If-None-Match" = Option<String>, Header, description = "The `ETag` that was seen.")),
    security(("token" = ["calendar.read"])),
    responses(
        (status = 200, body = String, content_type = "text/calendar",
            headers(("ETag" = String, description = "For `If-None-Match`."))),
        (status = 304, description = "Nothing has changed.")))]
pub(super) async fn of_skill(
    caller: Caller,
    Named(skill): Named<Skill>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let calendar = caller.app.skill_calendar(caller.tenant(), &skill).await?;
    Ok(answer(calendar, &headers))
}

/// `/calendar/{token}/…`, for programs that can but be given an address.
pub(super) fn addressed(gate: Gate) -> Router {
    Router::new()
        .route("/calendar/{token}/users/{file}", get(of_user_by_address))
        .route("/calendar/{token}/skills/{file}", get(of_skill_by_address))
        .with_state(gate)
}

async fn of_user_by_address(
    State(gate): State<Gate>,
    Path((token, file)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let login: Option<Login> = named(&file);
    let peer = peer(request.extensions());
    // Who guesses at tokens is held up whatever stands behind them.
    let caller = gate.follow(&token, (Right::CalendarRead, login.as_ref()), peer).await?;
    let login = login.ok_or_else(Problem::hidden)?;
    found(caller.app.calendar(caller.tenant(), &login).await, request.headers())
}

async fn of_skill_by_address(
    State(gate): State<Gate>,
    Path((token, file)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let caller = gate.follow(&token, (Right::CalendarRead, None), peer(request.extensions())).await?;
    let skill: Skill = named(&file).ok_or_else(Problem::hidden)?;
    found(caller.app.skill_calendar(caller.tenant(), &skill).await, request.headers())
}

/// Whom a file is of.
fn named<T: FromStr>(file: &str) -> Option<T> {
    file.strip_suffix(".ics")?.parse().ok()
}

fn found(calendar: Result<String, Error>, headers: &HeaderMap) -> Result<Response, Problem> {
    match calendar {
        Ok(calendar) => Ok(answer(calendar, headers)),
        Err(Error::Store(why)) => Err(Problem::failed(&why)),
        Err(_) => Err(Problem::hidden()),
    }
}

/// The calendar, unless whoever asks has it already.
pub(super) fn answer(calendar: String, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", Sha256Hex::of(calendar.as_bytes()).as_str());
    let seen = headers.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let about = [(ETAG, tag.clone()), (CACHE_CONTROL, "private, no-cache".to_owned())];
    if seen.is_some_and(|seen| media::names(seen, &tag)) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, [(CONTENT_TYPE, "text/calendar; charset=utf-8")], calendar).into_response()
}

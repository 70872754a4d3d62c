//! Hours of work.

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::Error;
use crate::app::calendars::{CalendarFile, HoursImported};
use crate::domain::calendar::import::Kind;
use crate::domain::ids::Login;
use crate::domain::schedule::Schedule;
use crate::http::v1::calendars;
use crate::http::v1::gate::Caller;
use crate::http::v1::page::{Asked, Page};
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::{Named, Search, Sent, SentCalendar};

/// A user's hours of work.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Hours {
    user: Login,
    schedule: Schedule,
}

/// List users' hours of work, by login; without those who have none
#[utoipa::path(get, path = "/v1/schedules", tag = "schedules", params(Asked),
    security(("token" = ["presence.read"])), responses((status = 200, body = Page<Hours>)))]
pub(super) async fn list(caller: Caller, Search(asked): Search<Asked>) -> Result<Page<Hours>, Problem> {
    let (after, limit) = (asked.after::<Login>()?, asked.limit()?);
    let page = caller.app.schedules_after(caller.tenant(), after.as_ref(), limit + 1).await;
    let hours = page.map_err(Error::from)?.into_iter().map(|(user, schedule)| Hours { user, schedule });
    Ok(Page::new(hours.collect(), limit, |hours| hours.user.to_string()))
}

/// Show a user's hours of work
#[utoipa::path(get, path = "/v1/users/{login}/schedule", tag = "schedules", params(("login" = Login, Path)),
    security(("token" = ["presence.read"])), responses((status = 200, body = Schedule)))]
pub(super) async fn show(caller: Caller, Named(login): Named<Login>) -> Result<Json<Schedule>, Problem> {
    let schedule = caller.app.schedule(caller.tenant(), &login).await?;
    let none = || Problem::new(StatusCode::NOT_FOUND, "not_found", format!("`{login}` has no hours of work"));
    schedule.map(Json).ok_or_else(none)
}

/// Set a user's hours of work
///
/// At their beginning who is off work becomes available, and at their end who is available goes off work, unless something with an end holds by then.
#[utoipa::path(put, path = "/v1/users/{login}/schedule", tag = "schedules", params(("login" = Login, Path)),
    request_body = Schedule, security(("token" = ["users.write"])), responses((status = 204)))]
pub(super) async fn set(
    caller: Caller,
    Named(login): Named<Login>,
    Sent(schedule): Sent<Schedule>,
) -> Result<StatusCode, Problem> {
    caller.app.set_schedule(caller.tenant(), &login, Some(schedule)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leave a user without hours of work
#[utoipa::path(delete, path = "/v1/users/{login}/schedule", tag = "schedules",
    params(("login" = Login, Path)), security(("token" = ["users.write"])), responses((status = 204)))]
pub(super) async fn clear(caller: Caller, Named(login): Named<Login>) -> Result<StatusCode, Problem> {
    caller.app.set_schedule(caller.tenant(), &login, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How a calendar is taken in.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Importing {
    /// `holidays`: days off, while the hours stay. `shifts`: hours, week by week and of certain days.
    #[serde(rename = "as")]
    #[param(rename = "as", inline)]
    kind: Kind,
    /// Only tell what would change.
    #[serde(default)]
    dry_run: bool,
}

/// Change a user's hours of work to what a calendar says (iCalendar)
///
/// All of it, or nothing: an event that hours of work cannot say is told by its line and identifier. Events that come every year are followed for 24 months.
#[utoipa::path(post, path = "/v1/users/{login}/schedule/import", tag = "schedules",
    params(("login" = Login, Path), Importing), request_body(content = String, content_type = "text/calendar"),
    security(("token" = ["users.write"])), responses((status = 200, body = HoursImported)))]
pub(super) async fn import(
    caller: Caller,
    Named(login): Named<Login>,
    Search(Importing { kind, dry_run }): Search<Importing>,
    SentCalendar(file): SentCalendar,
) -> Result<Json<HoursImported>, Problem> {
    let file = CalendarFile { kind, bytes: file.into(), is_dry_run: dry_run };
    Ok(Json(caller.app.import_hours(caller.tenant(), &login, file).await?))
}

/// Show a user's hours of work as a calendar, which can be imported again
#[utoipa::path(get, path = "/v1/users/{login}/schedule.ics", tag = "schedules", params(("login" = Login, Path)),
    security(("token" = ["presence.read"])), responses((status = 200, body = String, content_type = "text/calendar")))]
pub(super) async fn export(
    caller: Caller,
    Named(login): Named<Login>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Ok(calendars::answer(caller.app.export_hours(caller.tenant(), &login).await?, &headers))
}

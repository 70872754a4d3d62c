//! What users say of themselves, now and later.

use axum::Json;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::availability::{Availabilities, Choices, Saying, Until};
use crate::domain::availability::{Availability, Note, State};
use crate::domain::ids::{AvailabilityId, Login};
use crate::domain::phone::E164;
use crate::domain::presence::Source;
use crate::domain::presence_code::LabelText;
use crate::domain::quick::{Minutes, Quick};
use crate::domain::time::Instant;
use crate::http::v1::gate::Caller;
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::{Named, Sent, tag, whom};

/// What a user says. `available` with an end is time on duty: the user can be called until then.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AvailabilityToSay {
    /// That of the label, if left out.
    state: Option<State>,
    /// One of those that the user chooses from.
    label: Option<LabelText>,
    /// Now, if left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Instant>,
    /// It goes on until something else is said, if this and `minutes` are left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Instant>,
    /// How long it lasts, in the place of `ends_at`.
    #[schema(value_type = Option<u16>, minimum = 1, maximum = 10080)]
    minutes: Option<Minutes>,
    /// Where direct calls to the work number go meanwhile.
    transfer: Option<E164>,
    note: Option<Note>,
    /// 0, the user. What is above is a terminal's, and made by calls alone.
    #[serde(default)]
    presence_type_id: u16,
}

impl AvailabilityToSay {
    fn saying(self) -> Result<Saying, Problem> {
        let Self { state, label, starts_at, ends_at, minutes, transfer, note, presence_type_id } = self;
        if presence_type_id > 0 {
            let detail = "terminals' availabilities are made by calls; report the call at `/v1/users/{login}/terminals`";
            let refused = Problem::field("terminal_availability", "presence_type_id", detail);
            return Err(refused.with_status(StatusCode::FORBIDDEN));
        }
        let until = match (ends_at, minutes) {
            (Some(_), Some(_)) => {
                return Err(Problem::field("invalid", "minutes", "give `ends_at` or `minutes`, not both"));
            }
            (Some(end), None) => Some(Until::At(end)),
            (None, Some(minutes)) => Some(Until::After(minutes.span())),
            (None, None) => None,
        };
        Ok(Saying { state, label, starts_at, until, transfer, note })
    }
}

/// Show what a user says, now and later
///
/// The duty window is one of the availabilities, whoever opened it.
#[utoipa::path(get, path = "/v1/users/{login}/availabilities", tag = "availability",
    params(("login" = Login, Path)), security(("token" = ["presence.read"])),
    responses((status = 200, body = Availabilities, headers(("ETag" = String, description = "For `If-Match`.")))))]
pub(super) async fn list(caller: Caller, Named(login): Named<Login>) -> Result<impl IntoResponse, Problem> {
    let said = caller.app.availabilities(caller.tenant(), &login).await?;
    Ok((tag(said.generation), Json(said)))
}

/// Say something of a user, now or later
///
/// The one that starts last counts, and when it ends the one before, if that still holds. With `If-Match` only if nothing has changed since that was seen.
#[utoipa::path(post, path = "/v1/users/{login}/availabilities", tag = "availability",
    params(("login" = Login, Path), ("If-Match" = Option<String>, Header, description = "The `ETag` that was seen.")),
    request_body = AvailabilityToSay, security(("token" = ["presence.write"])),
    responses((status = 201, body = Availability)))]
pub(super) async fn say(
    caller: Caller,
    Named(login): Named<Login>,
    headers: HeaderMap,
    Sent(said): Sent<AvailabilityToSay>,
) -> Result<impl IntoResponse, Problem> {
    let whom = whom(login.clone(), &headers)?;
    let made = caller.app.say(caller.tenant(), whom, said.saying()?, (None, Source::Api)).await?;
    let place = format!("/v1/users/{login}/availabilities/{}", made.id);
    Ok((StatusCode::CREATED, [(LOCATION, place)], Json(made)))
}

/// Say anew what was said
#[utoipa::path(put, path = "/v1/users/{login}/availabilities/{availability}", tag = "availability",
    params(("login" = Login, Path), ("availability" = AvailabilityId, Path),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was seen.")),
    request_body = AvailabilityToSay, security(("token" = ["presence.write"])),
    responses((status = 200, body = Availability)))]
pub(super) async fn say_anew(
    caller: Caller,
    Named((login, id)): Named<(Login, AvailabilityId)>,
    headers: HeaderMap,
    Sent(said): Sent<AvailabilityToSay>,
) -> Result<Json<Availability>, Problem> {
    let whom = whom(login, &headers)?;
    Ok(Json(caller.app.say(caller.tenant(), whom, said.saying()?, (Some(id), Source::Api)).await?))
}

/// Take back what was said; the duty window ends
#[utoipa::path(delete, path = "/v1/users/{login}/availabilities/{availability}", tag = "availability",
    params(("login" = Login, Path), ("availability" = AvailabilityId, Path),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was seen.")),
    security(("token" = ["presence.write"])), responses((status = 204)))]
pub(super) async fn withdraw(
    caller: Caller,
    Named((login, id)): Named<(Login, AvailabilityId)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let whom = whom(login, &headers)?;
    caller.app.withdraw(caller.tenant(), whom, id, Source::Api).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List what a user can choose with one word, in its order
#[utoipa::path(get, path = "/v1/users/{login}/quick-availabilities", tag = "availability",
    params(("login" = Login, Path)), security(("token" = ["presence.read"])),
    responses((status = 200, body = Vec<Quick>)))]
pub(super) async fn quick(caller: Caller, Named(login): Named<Login>) -> Result<Json<Vec<Quick>>, Problem> {
    Ok(Json(caller.app.quick(caller.tenant(), &login).await?))
}

/// Choose one of them, by its number from 1 on
#[utoipa::path(post, path = "/v1/users/{login}/quick-availabilities/{number}", tag = "availability",
    params(("login" = Login, Path), ("number" = usize, Path, minimum = 1, maximum = 9)),
    security(("token" = ["presence.write"])), responses((status = 201, body = Availability)))]
pub(super) async fn choose_quick(
    caller: Caller,
    Named((login, number)): Named<(Login, usize)>,
) -> Result<impl IntoResponse, Problem> {
    let made = caller.app.choose_quick(caller.tenant(), &login, number, Source::Api).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// List the labels that a user chooses from, and the reasons that the system gives by itself
#[utoipa::path(get, path = "/v1/users/{login}/reasons", tag = "availability", params(("login" = Login, Path)),
    security(("token" = ["presence.read"])), responses((status = 200, body = Choices)))]
pub(super) async fn reasons(caller: Caller, Named(login): Named<Login>) -> Result<Json<Choices>, Problem> {
    Ok(Json(caller.app.choices(caller.tenant(), &login).await?))
}

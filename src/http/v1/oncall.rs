//! Who can be reached.

use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::Error;
use crate::domain::ids::Skill;
use crate::domain::time::Instant;
use crate::domain::user::Reachable;
use crate::http::v1::gate::Caller;
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::Search;

/// Who, and when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Only those who have this skill.
    skill: Option<Skill>,
    /// Now, if left out.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Instant>,
}

/// List who can be reached, in which order, at which number, and until when
///
/// Who has been on duty longest comes first. Of a moment to come it tells what is known of it now: the windows that are open, and what is said beforehand.
#[utoipa::path(get, path = "/v1/oncall", tag = "presence", params(Wanted), security(("token" = ["presence.read"])),
    responses((status = 200, body = Vec<Reachable>)))]
pub(super) async fn list(
    caller: Caller,
    Search(Wanted { skill, at }): Search<Wanted>,
) -> Result<Json<Vec<Reachable>>, Problem> {
    Ok(Json(caller.app.reachable(caller.tenant(), skill.as_ref(), at).await.map_err(Error::from)?))
}

//! When too few will be on duty.

use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::Error;
use crate::domain::coverage::Gap;
use crate::domain::demand::{Demand, HoursAhead, HowMany};
use crate::domain::ids::Skill;
use crate::http::v1::gate::Caller;
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::Search;

/// How many are wanted, and for how long.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// How many should be on duty.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1000, default = 1)]
    users: Option<HowMany>,
    /// Of those who have this skill.
    skill: Option<Skill>,
    /// Hours from now that are looked at.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 72, default = 72)]
    hours: Option<HoursAhead>,
}

/// List when too few will be on duty
///
/// By windows, what is said beforehand and hours of work; who is off work or in `dnd` then does not count.
#[utoipa::path(get, path = "/v1/coverage", tag = "presence", params(Wanted),
    security(("token" = ["reports.read"])), responses((status = 200, body = Vec<Gap>)))]
pub(super) async fn list(
    caller: Caller,
    Search(Wanted { users, skill, hours }): Search<Wanted>,
) -> Result<Json<Vec<Gap>>, Problem> {
    let (users, hours_ahead) = (users.unwrap_or(HowMany::ONE), hours.unwrap_or(HoursAhead::MOST));
    let gaps = caller.app.coverage(caller.tenant(), Demand { users, hours_ahead, skill }).await;
    Ok(Json(gaps.map_err(Error::from)?))
}

//! Who is on duty, and until when.

use axum::Json;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::Error;
use crate::app::presence::{Order, Standing, Wanted, Whom};
use crate::domain::access::Right;
use crate::domain::event::Envelope;
use crate::domain::ids::Login;
use crate::domain::presence::{Command, Reason, Source, WhenOnline};
use crate::domain::time::Hours;
use crate::http::v1::events::Told;
use crate::http::v1::gate::Caller;
use crate::http::v1::page::{Page, UsersAsked, within_bounds};
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::{Named, Search, Sent, tag, whom};

/// What an agent's presence is to be. Flat, since an error in a field of a variant could not name the field.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    state: Wanted,
    /// How long to be on duty, from now on or beside what is left: see `when_online`.
    #[schema(value_type = Option<u16>, minimum = 1, maximum = 168)]
    hours: Option<Hours>,
    /// What happens to a window that is open already: it is replaced unless told otherwise.
    #[schema(value_type = Option<Overlap>)]
    when_online: Option<WhenOnline>,
    /// Why; `held` needs one.
    reason: Option<Reason>,
}

/// What happens to a window that is open already.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes `WhenOnline` to readers of the document")]
pub(super) enum Overlap {
    /// The new end counts from now, even if that is sooner.
    Replace,
    /// The hours are added to the old end.
    Extend,
    /// The later end of the two.
    Max,
}

impl Wish {
    fn order(self, whom: Whom) -> Result<Order, Problem> {
        let missing = |field, what| Problem::field("invalid", field, what);
        let Self { state, hours, when_online, reason } = self;
        let (command, usual) = match (state, hours, when_online) {
            (Wanted::Online, Some(hours), when_online) => {
                let when_online = when_online.unwrap_or_default();
                (Command::GoOnline { hours, when_online, cap: Hours::LONGEST }, Reason::LoggedIn)
            }
            (Wanted::Online, None, _) => return Err(missing("hours", "say for how long, 1 to 168")),
            (_, Some(_), _) => return Err(missing("hours", "only `online` has hours")),
            (_, None, Some(_)) => return Err(missing("when_online", "only `online` has it")),
            (Wanted::Offline, None, None) => (Command::GoOffline, Reason::LoggedOut),
            (Wanted::Held, None, None) => {
                let why =
                    reason.as_ref().ok_or_else(|| missing("reason", "say why they are held off duty"))?;
                (Command::Hold(why.as_str().to_owned()), Reason::LoggedOut)
            }
            (Wanted::Released, None, None) => (Command::Release, Reason::LoggedIn),
        };
        Ok(Order { whom, command, source: Source::Api, reason: reason.unwrap_or(usual) })
    }
}

/// Several agents who are to change alike, all of them or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Bulk {
    /// Everybody who is on duty now, if left out.
    #[schema(max_items = 1000)]
    users: Option<Vec<Login>>,
    presence: Wish,
    /// Change nothing, and say who would be changed.
    #[serde(default)]
    dry_run: bool,
}

/// Whom a bulk change has changed, or would.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Changed {
    /// Nothing was changed.
    dry_run: bool,
    users: Vec<Login>,
}

const MOST_AT_ONCE: usize = 1000;

/// How many changes are to be shown.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Newest {
    #[param(minimum = 1, maximum = 500, default = 20)]
    limit: Option<u32>,
}

/// List agents and whether they are on duty, by login
#[utoipa::path(get, path = "/v1/presence", tag = "presence", params(UsersAsked),
    security(("token" = ["presence.read"])), responses((status = 200, body = Page<Standing>)))]
pub(super) async fn list(
    caller: Caller,
    Search(asked): Search<UsersAsked>,
) -> Result<Page<Standing>, Problem> {
    let (skill, asked) = asked.split();
    let (after, limit) = (asked.after::<Login>()?, asked.limit()?);
    let page = caller.app.presences_after(caller.tenant(), after.as_ref(), skill.as_ref(), limit + 1).await;
    Ok(Page::new(page.map_err(Error::from)?, limit, |standing| standing.user.to_string()))
}

/// Show whether an agent is on duty
#[utoipa::path(get, path = "/v1/presence/{login}", tag = "presence", params(("login" = Login, Path)),
    security(("token" = ["presence.read"])),
    responses((status = 200, body = Standing, headers(("ETag" = String, description = "For `If-Match`.")))))]
pub(super) async fn show(caller: Caller, Named(login): Named<Login>) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(caller.app.presence(caller.tenant(), &login).await?))
}

/// Put an agent on duty or off it
///
/// Agents do not hold or release themselves. With `If-Match` only if nothing has changed since that was seen; how it stands now is in the refusal's `current`.
#[utoipa::path(put, path = "/v1/presence/{login}", tag = "presence",
    params(("login" = Login, Path), ("If-Match" = Option<String>, Header, pattern = "^\"[0-9]{1,18}\"$", description = "The `ETag` that was seen.")),
    request_body = Wish, security(("token" = ["presence.write"])),
    responses((status = 200, body = Standing, headers(("ETag" = String, description = "For `If-Match`.")))))]
pub(super) async fn set(
    caller: Caller,
    Named(login): Named<Login>,
    headers: HeaderMap,
    Sent(wish): Sent<Wish>,
) -> Result<impl IntoResponse, Problem> {
    let order = wish.order(whom(login, &headers)?)?;
    if order.command.is_supervisors() {
        caller.access.require(Right::PresenceWrite)?;
    }
    let outcomes = caller.app.set_presence(caller.tenant(), order).await?;
    let outcome = outcomes.into_iter().next().ok_or_else(|| Problem::failed(&"an order was about nobody"))?;
    Ok(tagged(outcome.standing))
}

/// Put several agents on duty or off it, all of them or none
#[utoipa::path(post, path = "/v1/presence", tag = "presence", request_body = Bulk,
    security(("token" = ["presence.write"])), responses((status = 200, body = Changed)))]
pub(super) async fn set_many(caller: Caller, Sent(bulk): Sent<Bulk>) -> Result<Json<Changed>, Problem> {
    let Bulk { users, presence, dry_run } = bulk;
    if users.as_ref().is_some_and(|users| users.len() > MOST_AT_ONCE) {
        return Err(Problem::field("invalid", "users", format!("give at most {MOST_AT_ONCE}")));
    }
    let order = presence.order(users.map_or(Whom::AllOnline, Whom::Named))?;
    let users = if dry_run {
        caller.app.would_change(caller.tenant(), &order).await?
    } else {
        let outcomes = caller.app.set_presence(caller.tenant(), order).await?;
        outcomes
            .into_iter()
            .filter(|outcome| outcome.has_changed)
            .map(|outcome| outcome.standing.user)
            .collect()
    };
    Ok(Json(Changed { dry_run, users }))
}

/// Show how an agent's presence changed, the newest first
#[utoipa::path(get, path = "/v1/presence/{login}/history", tag = "presence",
    params(("login" = Login, Path), Newest), security(("token" = ["presence.read"])),
    responses((status = 200, body = Vec<Told>)))]
pub(super) async fn history(
    caller: Caller,
    Named(login): Named<Login>,
    Search(Newest { limit }): Search<Newest>,
) -> Result<Json<Vec<Envelope>>, Problem> {
    let limit = within_bounds(limit.unwrap_or(20))?;
    Ok(Json(caller.app.presence_history(caller.tenant(), &login, limit).await?))
}

/// A presence, and what to call this state of it.
fn tagged(standing: Standing) -> impl IntoResponse {
    (tag(standing.generation), Json(standing))
}

//! Users, and the numbers at which they are reached.

use axum::Json;
use axum::http::header::{ETAG, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::Error;
use crate::app::users::{NewExtension, NewUser, UserPatch};
use crate::domain::described;
use crate::domain::edit::Edit;
use crate::domain::ids::{AgentCode, Language, Login};
use crate::domain::skills::Skills;
use crate::domain::time::Zone;
use crate::domain::user::User;
use crate::http::v1::gate::Caller;
use crate::http::v1::page::{Asked, Page};
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::{Named, Search, Sent, edit, if_match};

/// A user to be added, active from the start.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserToAdd {
    login: Login,
    #[schema(schema_with = described::line::<1, 200>)]
    name: String,
    /// The tenant's, if left out.
    zone: Option<Zone>,
    /// The tenant's, if left out.
    language: Option<Language>,
    agent_code: Option<AgentCode>,
    #[serde(default)]
    skills: Skills,
    /// Digits that the agent proves themselves with; never told again.
    #[schema(value_type = Option<String>, pattern = "^[0-9]{4,12}$")]
    pin: Option<SecretString>,
    /// The first number at which the user is reached.
    extension: Option<ExtensionToAdd>,
}

/// A telephone number at which a user is to be reached.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExtensionToAdd {
    /// In E.164 form, or as numbers are written in the tenant's region.
    #[schema(example = "+15062345678")]
    number: String,
    /// Digits to dial once the number has answered.
    #[schema(pattern = "^[0-9]{0,10}$")]
    ext: Option<String>,
    /// The user's name, if left out.
    #[schema(schema_with = described::line_or_null::<0, 200>)]
    description: Option<String>,
}

/// What of a user is to change; what is left out stays, and null is none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChange {
    #[schema(schema_with = described::line_or_null::<1, 200>)]
    name: Option<String>,
    #[serde(default, deserialize_with = "edit")]
    #[schema(value_type = Option<Zone>)]
    zone: Option<Edit<Zone>>,
    #[serde(default, deserialize_with = "edit")]
    #[schema(value_type = Option<Language>)]
    language: Option<Edit<Language>>,
    #[serde(default, deserialize_with = "edit")]
    #[schema(value_type = Option<AgentCode>)]
    agent_code: Option<Edit<AgentCode>>,
    /// All that the user can do from then on.
    #[serde(default, deserialize_with = "edit")]
    #[schema(value_type = Option<Skills>)]
    skills: Option<Edit<Skills>>,
    #[serde(default, deserialize_with = "edit")]
    #[schema(value_type = Option<String>, pattern = "^[0-9]{4,12}$")]
    pin: Option<Edit<SecretString>>,
    /// False takes the user out of service, and off duty in the same moment.
    active: Option<bool>,
}

impl From<ExtensionToAdd> for NewExtension {
    fn from(ExtensionToAdd { number, ext, description }: ExtensionToAdd) -> Self {
        Self { number, ext, description }
    }
}

/// List users, by login
#[utoipa::path(get, path = "/v1/users", tag = "users", params(Asked), security(("token" = ["users.read"])),
    responses((status = 200, body = Page<User>)))]
pub(super) async fn list(caller: Caller, Search(asked): Search<Asked>) -> Result<Page<User>, Problem> {
    let (after, limit) = (asked.after::<Login>()?, asked.limit()?);
    let users =
        caller.app.users_after(caller.tenant(), after.as_ref(), limit + 1).await.map_err(Error::from)?;
    Ok(Page::new(users, limit, |user| user.login.to_string()))
}

/// Add a user
#[utoipa::path(post, path = "/v1/users", tag = "users", request_body = UserToAdd,
    security(("token" = ["users.write"])), responses((status = 201, body = User)))]
pub(super) async fn add(caller: Caller, Sent(new): Sent<UserToAdd>) -> Result<impl IntoResponse, Problem> {
    let UserToAdd { login, name, zone, language, agent_code, skills, pin, extension } = new;
    let extension = extension.map(NewExtension::from);
    let new = NewUser { login, name, zone, language, agent_code, skills, pin, extension };
    let user = caller.app.add_user(caller.tenant(), new).await?;
    let place = format!("/v1/users/{}", user.login);
    Ok((StatusCode::CREATED, [(LOCATION, place)], Json(user)))
}

/// Show a user
#[utoipa::path(get, path = "/v1/users/{login}", tag = "users", params(("login" = Login, Path)),
    security(("token" = ["users.read"])),
    responses((status = 200, body = User, headers(("ETag" = String, description = "For `If-Match`.")))))]
pub(super) async fn show(caller: Caller, Named(login): Named<Login>) -> Result<impl IntoResponse, Problem> {
    Ok(tagged(caller.app.user_at(caller.tenant(), &login).await?))
}

/// Change a user
///
/// With `If-Match` only if nothing of theirs has changed since that was seen; how they are now is in the refusal's
/// `current`.
#[utoipa::path(patch, path = "/v1/users/{login}", tag = "users",
    params(("login" = Login, Path),
        ("If-Match" = Option<String>, Header, pattern = "^\"[0-9]{1,18}\"$", description = "The `ETag` that was seen.")),
    request_body = UserChange, security(("token" = ["users.write"])),
    responses((status = 200, body = User, headers(("ETag" = String, description = "For `If-Match`.")))))]
pub(super) async fn change(
    caller: Caller,
    Named(login): Named<Login>,
    headers: HeaderMap,
    Sent(change): Sent<UserChange>,
) -> Result<impl IntoResponse, Problem> {
    let seen = if_match(&headers)?;
    let UserChange { name, zone, language, agent_code, skills, pin, active } = change;
    let skills = skills.map(|skills| skills.value().unwrap_or_default());
    let patch = UserPatch { name, zone, language, agent_code, skills, pin, active };
    Ok(tagged(caller.app.change_user_at(caller.tenant(), &login, seen, patch).await?))
}

fn tagged((user, revision): (User, u64)) -> impl IntoResponse {
    ([(ETAG, format!("\"{revision}\""))], Json(user))
}

/// Take a user out of service
///
/// They are off duty in the same moment. Users are never forgotten: what they did stays theirs.
#[utoipa::path(delete, path = "/v1/users/{login}", tag = "users", params(("login" = Login, Path)),
    security(("token" = ["users.write"])), responses((status = 200, body = User)))]
pub(super) async fn deactivate(caller: Caller, Named(login): Named<Login>) -> Result<Json<User>, Problem> {
    Ok(Json(caller.app.deactivate_user(caller.tenant(), &login).await?))
}

/// Add a number behind those that a user has
#[utoipa::path(post, path = "/v1/users/{login}/extensions", tag = "users", params(("login" = Login, Path)),
    request_body = ExtensionToAdd, security(("token" = ["users.write"])), responses((status = 200, body = User)))]
pub(super) async fn add_extension(
    caller: Caller,
    Named(login): Named<Login>,
    Sent(new): Sent<ExtensionToAdd>,
) -> Result<Json<User>, Problem> {
    Ok(Json(caller.app.add_extension(caller.tenant(), &login, new.into()).await?))
}

/// Remove a number by its position, counted from 1
#[utoipa::path(delete, path = "/v1/users/{login}/extensions/{position}", tag = "users",
    params(("login" = Login, Path), ("position" = u32, Path, minimum = 1)),
    security(("token" = ["users.write"])), responses((status = 200, body = User)))]
pub(super) async fn remove_extension(
    caller: Caller,
    Named((login, position)): Named<(Login, usize)>,
) -> Result<Json<User>, Problem> {
    Ok(Json(caller.app.remove_extension(caller.tenant(), &login, position).await?))
}

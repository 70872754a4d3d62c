//! How users stand for a call: read, and moved only by what it is made of.

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::app::availability::Status;
use crate::domain::desk::{AllocationMode, Direction, Line, Queue, Report, SettingsPatch, TerminalId};
use crate::domain::edit::Edit;
use crate::domain::ids::{Login, Name};
use crate::domain::presence::Source;
use crate::domain::wrap_up::{Length, Party};
use crate::http::v1::gate::Caller;
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::{Named, Sent, edit, whom};

/// What of a user's settings is to change; what is left out stays, and null is none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsChange {
    /// 1 serves calls of queues, 0 does not.
    #[serde(rename = "Queues_Serving", default, deserialize_with = "switch")]
    #[schema(value_type = Option<u8>, maximum = 1)]
    serving: Option<bool>,
    /// 1 serves lists of callbacks, 0 does not.
    #[serde(rename = "CallbackLists_Serving", default, deserialize_with = "switch")]
    #[schema(value_type = Option<u8>, maximum = 1)]
    serving_callback: Option<bool>,
    #[serde(rename = "Queues_AllocationMode")]
    allocation_mode: Option<AllocationMode>,
    /// Seconds of wrap-up after a call; the tenant's, if null.
    #[serde(default, deserialize_with = "edit")]
    #[schema(value_type = Option<u16>, maximum = 999)]
    wrap_up: Option<Edit<Length>>,
    /// On how many terminals calls can reach the user; null is the telephone of their duty window alone.
    #[serde(default, deserialize_with = "edit")]
    #[schema(value_type = Option<u8>)]
    service_terminals: Option<Edit<u8>>,
    /// The set of quick availabilities that the user chooses from; the tenant's first, if null.
    #[serde(default, deserialize_with = "edit")]
    #[schema(value_type = Option<Name>)]
    quick_set: Option<Edit<Name>>,
    /// The list of labels that the user chooses from; the tenant's first, if null.
    #[serde(default, deserialize_with = "edit")]
    #[schema(value_type = Option<Name>)]
    reason_list: Option<Edit<Name>>,
}

fn switch<'de, D: Deserializer<'de>>(field: D) -> Result<Option<bool>, D::Error> {
    match Option::<u8>::deserialize(field)? {
        None => Ok(None),
        Some(0) => Ok(Some(false)),
        Some(1) => Ok(Some(true)),
        Some(other) => Err(serde::de::Error::custom(format!("`{other}` is neither 0 nor 1"))),
    }
}

impl From<SettingsChange> for SettingsPatch {
    fn from(change: SettingsChange) -> Self {
        let SettingsChange {
            serving,
            serving_callback,
            allocation_mode,
            wrap_up,
            service_terminals,
            quick_set,
            reason_list,
        } = change;
        Self {
            serving,
            serving_callback,
            allocation_mode,
            wrap_up,
            service_terminals,
            quick_set,
            reason_list,
        }
    }
}

/// What a telephony system says of a terminal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TerminalReport {
    /// From `dialing` on the user counts as talking.
    state: Line,
    /// No wrap-up follows a call with a colleague.
    #[serde(default)]
    party: Party,
    /// Where the policy says so, who dials out while not to be disturbed is available from then on.
    #[serde(default)]
    direction: Direction,
    /// The queue that the call comes from.
    queue: Option<Queue>,
}

/// By how much wrap-up is to be prolonged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WrapUpExtension)]
pub(super) struct Extension {
    #[schema(value_type = u16, minimum = 1, maximum = 999)]
    seconds: Length,
}

/// Show how a user stands for a call, and what stands against one
#[utoipa::path(get, path = "/v1/users/{login}/status", tag = "status", params(("login" = Login, Path)),
    security(("token" = ["presence.read"])), responses((status = 200, body = Status)))]
pub(super) async fn show(caller: Caller, Named(login): Named<Login>) -> Result<Json<Status>, Problem> {
    Ok(Json(caller.app.status(caller.tenant(), &login).await?))
}

/// Change what a user serves
#[utoipa::path(patch, path = "/v1/users/{login}/settings", tag = "status",
    params(("login" = Login, Path), ("If-Match" = Option<String>, Header, description = "The `ETag` that was seen.")),
    request_body = SettingsChange, security(("token" = ["presence.write"])),
    responses((status = 200, body = Status)))]
pub(super) async fn adjust(
    caller: Caller,
    Named(login): Named<Login>,
    headers: HeaderMap,
    Sent(change): Sent<SettingsChange>,
) -> Result<Json<Status>, Problem> {
    let whom = whom(login.clone(), &headers)?;
    caller.app.adjust(caller.tenant(), whom, change.into(), Source::Api).await?;
    show(caller, Named(login)).await
}

/// Report a terminal's call, as a telephony system that is trusted
///
/// The terminal is its `PresenceTypeId`, 1 to 999. When its call ends, wrap-up begins if one is due.
#[utoipa::path(post, path = "/v1/users/{login}/terminals/{terminal}", tag = "status",
    params(("login" = Login, Path), ("terminal" = u16, Path, minimum = 1, maximum = 999)),
    request_body = TerminalReport, security(("token" = ["terminals.write"])),
    responses((status = 200, body = Status)))]
pub(super) async fn report(
    caller: Caller,
    Named((login, terminal)): Named<(Login, TerminalId)>,
    Sent(TerminalReport { state, party, direction, queue }): Sent<TerminalReport>,
) -> Result<Json<Status>, Problem> {
    let report = Report { terminal, state, party, queue };
    caller.app.report(caller.tenant(), &login, report, direction).await?;
    show(caller, Named(login)).await
}

/// Prolong a user's wrap-up
#[utoipa::path(post, path = "/v1/users/{login}/wrapup/extend", tag = "status", params(("login" = Login, Path)),
    request_body = Extension, security(("token" = ["presence.write"])),
    responses((status = 200, body = Status)))]
pub(super) async fn extend_wrap_up(
    caller: Caller,
    Named(login): Named<Login>,
    Sent(Extension { seconds }): Sent<Extension>,
) -> Result<Json<Status>, Problem> {
    caller.app.extend_wrap_up(caller.tenant(), &login, seconds, Source::Api).await?;
    show(caller, Named(login)).await
}

/// End a user's wrap-up
#[utoipa::path(post, path = "/v1/users/{login}/wrapup/terminate", tag = "status",
    params(("login" = Login, Path)), security(("token" = ["presence.write"])),
    responses((status = 200, body = Status)))]
pub(super) async fn end_wrap_up(caller: Caller, Named(login): Named<Login>) -> Result<Json<Status>, Problem> {
    caller.app.end_wrap_up(caller.tenant(), &login, Source::Api).await?;
    show(caller, Named(login)).await
}

/// End a user's wrap-up, at the path that clients of `EnreachVoice` know
#[utoipa::path(post, path = "/users/{login}/features/wrapup/terminate/", tag = "status",
    params(("login" = Login, Path)), security(("token" = ["presence.write"])), responses((status = 204)))]
pub(super) async fn end_wrap_up_as_known(
    caller: Caller,
    Named(login): Named<Login>,
) -> Result<StatusCode, Problem> {
    caller.app.end_wrap_up(caller.tenant(), &login, Source::Api).await?;
    Ok(StatusCode::NO_CONTENT)
}

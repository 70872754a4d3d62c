//! What callers reach and hear, to be read. It is changed by files, with `dutyline apply`, or by commands.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Error;
use crate::app::prompts::PromptRecord;
use crate::domain::dispatch::Mapping;
use crate::domain::ids::Name;
use crate::domain::tenant::Tenant;
use crate::http::v1::gate::Caller;
use crate::http::v1::problem::Problem;

/// A version of a flow.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FlowListed {
    flow: Name,
    /// From 1, drafts and published versions alike.
    version: u32,
    /// `draft` or `published`.
    state: String,
    /// The TOML text, as it was published.
    source: String,
}

/// Show the tenant
#[utoipa::path(get, path = "/v1/tenant", tag = "setup", security(("token" = ["setup.read"])),
    responses((status = 200, body = Tenant)))]
pub(super) async fn tenant(caller: Caller) -> Json<Tenant> {
    Json(caller.tenant().clone())
}

/// List the mappings: which flow answers which calls
#[utoipa::path(get, path = "/v1/mappings", tag = "setup", security(("token" = ["setup.read"])),
    responses((status = 200, body = Vec<Mapping>)))]
pub(super) async fn mappings(caller: Caller) -> Result<Json<Vec<Mapping>>, Problem> {
    Ok(Json(caller.app.mappings(caller.tenant()).await.map_err(Error::from)?))
}

/// List the versions of all flows
#[utoipa::path(get, path = "/v1/flows", tag = "setup", security(("token" = ["setup.read"])),
    responses((status = 200, body = Vec<FlowListed>)))]
pub(super) async fn flows(caller: Caller) -> Result<Json<Vec<FlowListed>>, Problem> {
    let flows = caller.app.flows(&caller.tenant().id).await.map_err(Error::from)?;
    let listed = flows.into_iter().map(|version| FlowListed {
        flow: version.flow,
        version: version.version,
        state: version.state.to_string(),
        source: version.source,
    });
    Ok(Json(listed.collect()))
}

/// List the prompts
#[utoipa::path(get, path = "/v1/prompts", tag = "setup", security(("token" = ["setup.read"])),
    responses((status = 200, body = Vec<Object>)))]
pub(super) async fn prompts(caller: Caller) -> Result<Json<Vec<PromptRecord>>, Problem> {
    Ok(Json(caller.app.prompts(&caller.tenant().id).await.map_err(Error::from)?))
}

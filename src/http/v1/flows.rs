//! Flows: what callers meet. A version never changes; a change is a new one.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Error;
use crate::app::flows::{FlowSource, FlowState, FlowVersion, Placed, Publication};
use crate::domain::ids::Name;
use crate::domain::time::Instant;
use crate::http::v1::gate::Caller;
use crate::http::v1::page::{Asked, Page};
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::{Named, Search, Sent};

/// A version of a flow.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FlowListed {
    flow: Name,
    /// From 1, drafts and published versions alike.
    version: u32,
    state: FlowState,
    /// The TOML text, as it was published.
    source: String,
    /// The version of every flow that it runs, directly or through others, fixed when it was published.
    #[schema(value_type = BTreeMap<String, u32>)]
    uses: BTreeMap<Name, u32>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
}

/// A flow file that is to be the next version of its flow.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FlowToPublish {
    /// The TOML text.
    #[schema(
        example = "[flow]\nname = \"short\"\nkind = \"customer\"\nstart = \"bye\"\n\n[node.bye.exit]\n"
    )]
    source: String,
    /// A `draft` is run by no call and need not be whole yet; `published`, if left out.
    state: Option<FlowState>,
}

/// The version that it is now, and what is hardly as its author meant it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Published {
    #[serde(flatten)]
    version: FlowListed,
    warnings: Vec<Placed>,
}

impl From<FlowVersion> for FlowListed {
    fn from(FlowVersion { flow, version, state, source, uses, created_at }: FlowVersion) -> Self {
        Self { flow, version, state, source, uses, created_at }
    }
}

/// List the versions of all flows, by name and number
#[utoipa::path(get, path = "/v1/flows", tag = "setup", params(Asked), security(("token" = ["setup.read"])),
    responses((status = 200, body = Page<FlowListed>)))]
pub(super) async fn list(caller: Caller, Search(asked): Search<Asked>) -> Result<Page<FlowListed>, Problem> {
    let (after, limit) = (asked.after_two::<Name, u32>()?, asked.limit()?);
    let flows = caller.app.flows_after(caller.tenant(), after, limit + 1).await.map_err(Error::from)?;
    let listed = flows.into_iter().map(FlowListed::from).collect();
    Ok(Page::new(listed, limit, |version| format!("{}:{}", version.flow, version.version)))
}

/// Make a flow file the next version of its flow
///
/// What is wrong with it is listed in the refusal's `issues`, each with its place. A file that the latest published
/// version is already makes no new one: that is answered with 200.
#[utoipa::path(post, path = "/v1/flows", tag = "setup", request_body = FlowToPublish,
    security(("token" = ["setup.write"])),
    responses((status = 201, body = Published), (status = 200, body = Published)))]
pub(super) async fn publish(
    caller: Caller,
    Sent(FlowToPublish { source, state }): Sent<FlowToPublish>,
) -> Result<impl IntoResponse, Problem> {
    let source = FlowSource { path: "source".to_owned(), text: source };
    let (_, issues) = source.check()?;
    let warnings = Placed::all(&issues, &source.text);
    let state = state.unwrap_or(FlowState::Published);
    let publication = caller.app.publish_flow(caller.tenant().clone(), source, state).await?;
    let (status, version) = match publication {
        Publication::New(version) => (StatusCode::CREATED, version),
        Publication::Unchanged(version) => (StatusCode::OK, version),
    };
    let place = format!("/v1/flows/{}/versions/{}", version.flow, version.version);
    Ok((status, [(LOCATION, place)], Json(Published { version: version.into(), warnings })))
}

/// Show the latest published version of a flow
#[utoipa::path(get, path = "/v1/flows/{flow}", tag = "setup", params(("flow" = Name, Path)),
    security(("token" = ["setup.read"])), responses((status = 200, body = FlowListed)))]
pub(super) async fn latest(caller: Caller, Named(flow): Named<Name>) -> Result<Json<FlowListed>, Problem> {
    Ok(Json(caller.app.flow(&caller.tenant().id, &flow, None).await?.into()))
}

/// Show a version of a flow
#[utoipa::path(get, path = "/v1/flows/{flow}/versions/{version}", tag = "setup",
    params(("flow" = Name, Path), ("version" = u32, Path)),
    security(("token" = ["setup.read"])), responses((status = 200, body = FlowListed)))]
pub(super) async fn show(
    caller: Caller,
    Named((flow, version)): Named<(Name, u32)>,
) -> Result<Json<FlowListed>, Problem> {
    Ok(Json(caller.app.flow(&caller.tenant().id, &flow, Some(version)).await?.into()))
}

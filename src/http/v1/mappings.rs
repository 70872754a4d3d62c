//! Mappings: which flow answers which calls.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Error;
use crate::app::mappings::{MappingPatch, NewMapping, Numbers, Switch, Version};
use crate::domain::described;
use crate::domain::dispatch::{Channel, Mapping, MappingKind};
use crate::domain::edit::Edit;
use crate::domain::ids::Name;
use crate::http::v1::gate::Caller;
use crate::http::v1::page::{Asked, Page};
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::{Named, Search, Sent, edit};

/// A mapping to be added, active from the start.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MappingToAdd {
    #[schema(schema_with = described::line::<1, 100>)]
    name: String,
    #[serde(default)]
    #[schema(schema_with = described::line::<0, 500>)]
    description: String,
    /// `voice`, if left out.
    channel: Option<Channel>,
    kind: MappingKind,
    /// What calls must have: a number in E.164 form or as they are written in the tenant's region, an account, a
    /// direction.
    value: String,
    /// Take a number as it is typed, like a SIP address.
    #[serde(default)]
    as_typed: bool,
    flow: Name,
    /// A published version; the latest one when a call comes in, if left out.
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 4_294_967_295_u64)]
    version: Option<u32>,
}

/// What of a mapping is to change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MappingChange {
    #[schema(schema_with = described::line_or_null::<1, 100>)]
    name: Option<String>,
    #[schema(schema_with = described::line_or_null::<0, 500>)]
    description: Option<String>,
    channel: Option<Channel>,
    value: Option<String>,
    /// Take a number as it is typed, like a SIP address.
    #[serde(default)]
    as_typed: bool,
    flow: Option<Name>,
    /// Null is the latest one when a call comes in.
    #[serde(default, deserialize_with = "edit")]
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 4_294_967_295_u64)]
    version: Option<Edit<u32>>,
    /// Whether it answers calls.
    active: Option<bool>,
}

/// Mappings that are to answer calls from now on or not to, all of them or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MappingSwitch {
    /// By name or identifier; all there are, if left out.
    #[schema(max_items = 1000)]
    mappings: Option<Vec<String>>,
    active: bool,
    /// Change nothing, and say which would be changed.
    #[serde(default)]
    dry_run: bool,
}

/// Which mappings were changed, or would be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Switched {
    /// Nothing was changed.
    dry_run: bool,
    mappings: Vec<Mapping>,
}

const MOST_AT_ONCE: usize = 1000;

/// List mappings, by name
#[utoipa::path(get, path = "/v1/mappings", tag = "setup", params(Asked), security(("token" = ["setup.read"])),
    responses((status = 200, body = Page<Mapping>)))]
pub(super) async fn list(caller: Caller, Search(asked): Search<Asked>) -> Result<Page<Mapping>, Problem> {
    let (after, limit) = (asked.after_line()?, asked.limit()?);
    let mappings = caller.app.mappings_after(caller.tenant(), after, limit + 1).await.map_err(Error::from)?;
    Ok(Page::new(mappings, limit, |mapping| mapping.name.clone()))
}

/// Add a mapping
#[utoipa::path(post, path = "/v1/mappings", tag = "setup", request_body = MappingToAdd,
    security(("token" = ["setup.write"])), responses((status = 201, body = Mapping)))]
pub(super) async fn add(caller: Caller, Sent(new): Sent<MappingToAdd>) -> Result<impl IntoResponse, Problem> {
    let MappingToAdd { name, description, channel, kind, value, as_typed, flow, version } = new;
    let new = NewMapping {
        name,
        description,
        channel: channel.unwrap_or(Channel::Voice),
        kind,
        value,
        flow,
        version: version.map_or(Version::Latest, Version::Fixed),
        numbers: numbers(as_typed),
    };
    let mapping = caller.app.add_mapping(caller.tenant(), new).await.map_err(in_our_words)?;
    let place = format!("/v1/mappings/{}", mapping.id);
    Ok((StatusCode::CREATED, [(LOCATION, place)], Json(mapping)))
}

/// Let mappings answer calls or keep them from it
#[utoipa::path(patch, path = "/v1/mappings", tag = "setup", request_body = MappingSwitch,
    security(("token" = ["setup.write"])), responses((status = 200, body = Switched)))]
pub(super) async fn switch(
    caller: Caller,
    Sent(MappingSwitch { mappings, active, dry_run }): Sent<MappingSwitch>,
) -> Result<Json<Switched>, Problem> {
    if mappings.as_ref().is_some_and(|mappings| mappings.len() > MOST_AT_ONCE) {
        return Err(Problem::field("invalid", "mappings", format!("give {MOST_AT_ONCE} at most")));
    }
    let switch = Switch { mappings, active, is_dry_run: dry_run };
    let mappings = caller.app.switch_mappings(caller.tenant(), switch).await?;
    Ok(Json(Switched { dry_run, mappings }))
}

/// Show a mapping, by its identifier or its name
#[utoipa::path(get, path = "/v1/mappings/{mapping}", tag = "setup", params(("mapping" = String, Path)),
    security(("token" = ["setup.read"])), responses((status = 200, body = Mapping)))]
pub(super) async fn show(caller: Caller, Named(mapping): Named<String>) -> Result<Json<Mapping>, Problem> {
    Ok(Json(caller.app.mapping(caller.tenant(), &mapping).await?))
}

/// Change a mapping
#[utoipa::path(patch, path = "/v1/mappings/{mapping}", tag = "setup", params(("mapping" = String, Path)),
    request_body = MappingChange, security(("token" = ["setup.write"])),
    responses((status = 200, body = Mapping)))]
pub(super) async fn change(
    caller: Caller,
    Named(mapping): Named<String>,
    Sent(change): Sent<MappingChange>,
) -> Result<Json<Mapping>, Problem> {
    let MappingChange { name, description, channel, value, as_typed, flow, version, active } = change;
    if as_typed && value.is_none() {
        return Err(Problem::field("invalid", "as_typed", "give a `value` as well"));
    }
    let version = version.map(|version| match version {
        Edit::Set(number) => Version::Fixed(number),
        Edit::Clear => Version::Latest,
    });
    let value = value.map(|value| (value, numbers(as_typed)));
    let patch = MappingPatch { name, description, channel, value, flow, version, active };
    let changed = caller.app.change_mapping(caller.tenant(), &mapping, patch).await;
    Ok(Json(changed.map_err(in_our_words)?))
}

/// Remove a mapping
#[utoipa::path(delete, path = "/v1/mappings/{mapping}", tag = "setup", params(("mapping" = String, Path)),
    security(("token" = ["setup.write"])), responses((status = 204)))]
pub(super) async fn remove(caller: Caller, Named(mapping): Named<String>) -> Result<StatusCode, Problem> {
    caller.app.remove_mapping(caller.tenant(), &mapping).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn numbers(as_typed: bool) -> Numbers {
    if as_typed { Numbers::AsTyped } else { Numbers::Checked }
}

/// The command line has an argument for each kind of value, and a flag; here all are in one field, and beside it.
fn in_our_words(error: Error) -> Error {
    if let Error::Invalid { field, value, why } = &error
        && field.parse::<MappingKind>().is_ok()
    {
        return Error::invalid("value", value, why.replace("--force", "as_typed"));
    }
    error
}

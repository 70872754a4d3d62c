//! The tenant whose token is borne, and for whoever runs the deployment all of them.

use axum::Json;
use axum::http::header::ETAG;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::Error;
use crate::app::tenants::{TenantPatch, default_slug, fresh};
use crate::domain::access::{Denied, Right};
use crate::domain::described;
use crate::domain::ids::{Language, Slug};
use crate::domain::phone::Region;
use crate::domain::tenant::Tenant;
use crate::domain::time::Zone;
use crate::http::v1::gate::Caller;
use crate::http::v1::page::{Asked, Page};
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::{Search, Sent, if_match};

/// What of the tenant is to change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantChange {
    #[schema(schema_with = described::line_or_null::<1, 200>)]
    name: Option<String>,
    /// Whose national numbers may be typed.
    region: Option<Region>,
    zone: Option<Zone>,
    language: Option<Language>,
    /// Whether users may share a number and differ by extension.
    shared_lines: Option<bool>,
}

/// A tenant to be added: what is left out is English, UTC and numbers as North America writes them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantToAdd {
    slug: Slug,
    /// The slug, if left out.
    #[schema(schema_with = described::line_or_null::<1, 200>)]
    name: Option<String>,
    region: Option<Region>,
    zone: Option<Zone>,
    language: Option<Language>,
    shared_lines: Option<bool>,
}

impl From<TenantChange> for TenantPatch {
    fn from(TenantChange { name, region, zone, language, shared_lines }: TenantChange) -> Self {
        Self { name, region, zone, language, shared_lines, policy: None }
    }
}

/// Show the tenant
#[utoipa::path(get, path = "/v1/tenant", tag = "setup", security(("token" = ["setup.read"])),
    responses((status = 200, body = Tenant, headers(("ETag" = String, description = "For `If-Match`.")))))]
pub(super) async fn show(caller: Caller) -> impl IntoResponse {
    tagged(caller.tenant().clone())
}

/// Change the tenant
///
/// With `If-Match` only if nothing of the setup has changed since that was seen: the tenant, its prompts, flows or
/// mappings. How the tenant is now is in the refusal's `current`.
#[utoipa::path(patch, path = "/v1/tenant", tag = "setup",
    params(("If-Match" = Option<String>, Header, pattern = "^\"[0-9]{1,18}\"$", description = "The `ETag` that was seen.")),
    request_body = TenantChange, security(("token" = ["setup.write"])),
    responses((status = 200, body = Tenant, headers(("ETag" = String, description = "For `If-Match`.")))))]
pub(super) async fn change(
    caller: Caller,
    headers: HeaderMap,
    Sent(change): Sent<TenantChange>,
) -> Result<impl IntoResponse, Problem> {
    let (seen, slug) = (if_match(&headers)?, caller.tenant().slug.clone());
    Ok(tagged(caller.app.change_seen_tenant(slug, seen, change.into()).await?))
}

/// List all tenants of the deployment, by slug
///
/// For owners of the tenant `default` alone, who run the deployment.
#[utoipa::path(get, path = "/v1/tenants", tag = "setup", params(Asked), security(("token" = ["tenants.write"])),
    responses((status = 200, body = Page<Tenant>)))]
pub(super) async fn list(caller: Caller, Search(asked): Search<Asked>) -> Result<Page<Tenant>, Problem> {
    require_deployment(&caller)?;
    let (after, limit) = (asked.after::<Slug>()?, asked.limit()?);
    let tenants = caller.app.tenants_after(after, limit + 1).await.map_err(Error::from)?;
    Ok(Page::new(tenants, limit, |tenant| tenant.slug.to_string()))
}

/// Add a tenant
///
/// For owners of the tenant `default` alone, who run the deployment. Its first token is issued by
/// `dutyline token issue --tenant`.
#[utoipa::path(post, path = "/v1/tenants", tag = "setup", request_body = TenantToAdd,
    security(("token" = ["tenants.write"])), responses((status = 201, body = Tenant)))]
pub(super) async fn add(caller: Caller, Sent(new): Sent<TenantToAdd>) -> Result<impl IntoResponse, Problem> {
    require_deployment(&caller)?;
    let TenantToAdd { slug, name, region, zone, language, shared_lines } = new;
    let patch = TenantPatch { name, region, zone, language, shared_lines, policy: None };
    let tenant = caller.app.add_tenant(patch.apply(fresh(slug))).await?;
    Ok((StatusCode::CREATED, Json(tenant)))
}

/// Nothing of another tenant is within reach, but for those who run them all.
fn require_deployment(caller: &Caller) -> Result<(), Denied> {
    let runs_it = caller.tenant().slug == default_slug();
    if runs_it { Ok(()) } else { Err(Denied { right: Right::TenantsWrite }) }
}

fn tagged(tenant: Tenant) -> impl IntoResponse {
    ([(ETAG, format!("\"{}\"", tenant.revision))], Json(tenant))
}

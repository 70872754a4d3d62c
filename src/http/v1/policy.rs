//! What the tenant has decided about presence: defaults, wrap-up, labels, quick availabilities.

use axum::Json;

use crate::app::tenants::TenantPatch;
use crate::domain::policy::Policy;
use crate::domain::reason_list::Listed;
use crate::http::v1::gate::Caller;
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::Sent;

/// Show what the tenant has decided about presence
#[utoipa::path(get, path = "/v1/policy", tag = "setup", security(("token" = ["presence.read"])),
    responses((status = 200, body = Policy)))]
pub(super) async fn show(caller: Caller) -> Json<Policy> {
    Json(caller.tenant().policy.clone())
}

/// Decide about presence
///
/// What is left out is as it is by default.
#[utoipa::path(put, path = "/v1/policy", tag = "setup", request_body = Policy,
    security(("token" = ["setup.write"])), responses((status = 200, body = Policy)))]
pub(super) async fn set(caller: Caller, Sent(policy): Sent<Policy>) -> Result<Json<Policy>, Problem> {
    let patch = TenantPatch { policy: Some(policy), ..TenantPatch::default() };
    Ok(Json(caller.app.change_tenant(caller.tenant().slug.clone(), patch).await?.policy))
}

/// List the lists of reasons, the system's last
#[utoipa::path(get, path = "/v1/reasons", tag = "setup", security(("token" = ["presence.read"])),
    responses((status = 200, body = Vec<Listed>)))]
pub(super) async fn reasons(caller: Caller) -> Json<Vec<Listed>> {
    Json(caller.tenant().policy.listed())
}

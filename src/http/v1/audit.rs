//! What admins did, and whether the log of it is as it was written.

use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::Error;
use crate::app::audit::Stretch;
use crate::app::events::AuditEntry;
use crate::domain::chain::End;
use crate::domain::ids::Login;
use crate::http::v1::gate::Caller;
use crate::http::v1::page::{Asked, Page, within};
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::Search;

/// Which entries are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct About {
    /// Those about this user; about anything, if left out.
    #[param(value_type = Option<String>)]
    user: Option<Login>,
    /// The `next` of the page before; the first page if left out.
    after: Option<String>,
    /// Items on the page at most.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u32>,
}

/// List what admins and tokens did, the newest first
#[utoipa::path(get, path = "/v1/audit", tag = "audit", params(About), security(("token" = ["audit.read"])),
    responses((status = 200, body = Page<AuditEntry>)))]
pub(super) async fn list(
    caller: Caller,
    Search(About { user, after, limit }): Search<About>,
) -> Result<Page<AuditEntry>, Problem> {
    let asked = Asked { after, limit };
    let (before, limit) = (asked.after::<u64>()?, asked.limit()?);
    let entries = caller.app.audit(caller.tenant(), user.as_ref(), before, limit + 1).await;
    Ok(Page::new(entries.map_err(Error::from)?, limit, |entry| entry.seq.to_string()))
}

/// How much of the log is to be looked through.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// The `next` of the part before; from the oldest entry on if left out.
    after: Option<String>,
    /// Entries to look at, at most.
    #[param(minimum = 1, maximum = 10_000, default = 1_000)]
    limit: Option<u32>,
}

const USUAL: u32 = 1_000;
/// Reading so many takes a fraction of a second.
const MOST: u32 = 10_000;

/// Look whether the log is as it was written
///
/// Follows the hashes from entry to entry, and names the first that was changed, removed or inserted. A part that is
/// `whole` and has a `next` says nothing of what is behind it.
#[utoipa::path(get, path = "/v1/audit/verification", tag = "audit", params(Part),
    security(("token" = ["audit.read"])), responses((status = 200, body = Stretch)))]
pub(super) async fn verify(
    caller: Caller,
    Search(Part { after, limit }): Search<Part>,
) -> Result<Json<Stretch>, Problem> {
    let after = Asked { after, limit: None }.after::<End>()?;
    let limit = within(limit.unwrap_or(USUAL), MOST)?;
    let looked = caller.app.verify_audit_after(caller.tenant(), after.as_ref(), limit).await;
    Ok(Json(looked.map_err(Error::from)?))
}

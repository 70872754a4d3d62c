//! What admins did.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::Error;
use crate::app::events::AuditEntry;
use crate::domain::ids::Login;
use crate::http::v1::gate::Caller;
use crate::http::v1::page::{Asked, Page};
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

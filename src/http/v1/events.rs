//! The event log, to be followed from a cursor.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::Error;
use crate::domain::event::{Envelope, EventCause};
use crate::domain::ids::{EventId, Slug};
use crate::http::v1::gate::Caller;
use crate::http::v1::page::{Asked, Page};
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::Search;

/// An event of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Told {
    id: EventId,
    /// Rises by one within the tenant, in the order of commits.
    seq: u64,
    #[schema(format = DateTime)]
    at: String,
    tenant: Slug,
    /// `presence.online`; docs/events.md lists all.
    r#type: String,
    /// What the event is about, as `kind:name`: `user:ada`.
    subject: String,
    /// What there is to tell, by type.
    data: Value,
    cause: EventCause,
}

/// List events, the oldest first
///
/// `after` is the `seq` of the last event that was seen, and 0 at first.
#[utoipa::path(get, path = "/v1/events", tag = "events", params(Asked), security(("token" = ["events.read"])),
    responses((status = 200, body = Page<Told>)))]
pub(super) async fn list(caller: Caller, Search(asked): Search<Asked>) -> Result<Page<Envelope>, Problem> {
    let (after, limit) = (asked.after::<u64>()?.unwrap_or_default(), asked.limit()?);
    let events = caller.app.events_after(caller.tenant(), after, limit + 1).await.map_err(Error::from)?;
    Ok(Page::new(events, limit, |event| event.seq.to_string()))
}

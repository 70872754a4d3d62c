//! The event log, to be followed from a cursor.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::app::Error;
use crate::domain::event::{Envelope, EventCause};
use crate::domain::filter::Filter;
use crate::domain::ids::{EventId, Slug, SubjectPattern, TypePattern};
use crate::http::v1::gate::Caller;
use crate::http::v1::page::{Asked, Page};
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::{Listed, Search};

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

/// Which events are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Followed {
    /// Types of events with commas between, or beginnings of some with `*`: `presence.*,call.ended`; all, if left out.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    r#type: Listed<TypePattern>,
    /// What they are about: `user:ada,call:*`; anything, if left out.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    subject: Listed<SubjectPattern>,
    /// The `next` of the page before, or the `seq` of the last event that was seen; 0 if left out.
    after: Option<String>,
    /// Events that are looked through for the page at most.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u32>,
}

/// List events, the oldest first
///
/// A page is of as many events as are asked for, and shows those that are wanted.
#[utoipa::path(get, path = "/v1/events", tag = "events", params(Followed),
    security(("token" = ["events.read"])), responses((status = 200, body = Page<Told>)))]
pub(super) async fn list(
    caller: Caller,
    Search(Followed { r#type, subject, after, limit }): Search<Followed>,
) -> Result<Page<Envelope>, Problem> {
    let asked = Asked { after, limit };
    let (after, limit) = (asked.after::<u64>()?.unwrap_or_default(), asked.limit()?);
    let filter = Filter::new(&r#type.0, &subject.0);
    let events = caller.app.events_after(caller.tenant(), after, limit + 1).await.map_err(Error::from)?;
    let page = Page::new(events, limit, |event| event.seq.to_string());
    Ok(page.flat_map(|event| filter.wants(&event.event.tell().0, &event.subject).then_some(event)))
}

//! The socket: the log of events as it grows, to whoever comes with a ticket (D82 to D85).

mod conversation;
mod feed;
pub(super) mod ticket;

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::FromRequestParts as _;
use axum::extract::Request;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::StatusCode;
use axum::http::header::ORIGIN;
use axum::response::Response;
use metrics::gauge;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use utoipa::IntoParams;

use crate::app::App;
use crate::app::Error;
use crate::app::tokens::Unauthenticated;
use crate::domain::access::{Access, Right};
use crate::domain::filter::Filter;
use crate::domain::ids::{SubjectPattern, TypePattern};
use crate::domain::origin::Origin;
use crate::http::v1::Terms;
use crate::http::v1::allowance::{Limits, Peer};
use crate::http::v1::gate;
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::{Listed, Search};
use crate::telemetry::SOCKETS;
use conversation::Conversation;
use feed::Feeds;

/// How long a socket waits for what.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For its peer to take what is sent.
    pub taking: Duration,
    /// For its peer to take the goodbye, behind all that it has not taken, and to answer it.
    pub goodbye: Duration,
    /// Between two signs of life that a peer is asked for. One that has given none for twice as long is gone.
    pub silence: Duration,
    /// Between two looks at the log and at the tokens while no bell rings.
    pub look: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { taking: seconds(5), goodbye: seconds(5), silence: seconds(20), look: seconds(1) }
    }
}

/// All sockets of this server.
#[derive(Debug, Clone)]
pub(super) struct Sockets {
    app: App,
    limits: Arc<Limits>,
    feeds: Arc<Feeds>,
    room: Arc<Semaphore>,
    origins: Arc<[Origin]>,
    patience: Patience,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Sockets {
    pub(super) fn new(app: App, limits: Arc<Limits>, terms: Terms) -> Self {
        let feeds = Arc::new(Feeds::new(app.clone(), &terms));
        let Terms { sockets, origins, patience, tasks, stop, .. } = terms;
        Self {
            feeds,
            app,
            limits,
            room: Arc::new(Semaphore::new(sockets)),
            origins: origins.into(),
            patience,
            tasks,
            stop,
        }
    }

    /// What the bearer of the ticket may do, who has no other way to say who they are.
    async fn admit(&self, ticket: &str, peer: Peer) -> Result<Access, Problem> {
        let now = Instant::now();
        self.limits.greet_stranger(peer, now)?;
        let access = match self.app.redeem_ticket(ticket).await {
            Ok(access) => access,
            Err(failed @ Unauthenticated::Store(_)) => return Err(failed.into()),
            Err(why) => {
                tracing::info!(?why, "refused a ticket");
                self.limits.disbelieve(peer, now)?;
                let detail = "the ticket is not one to be used; `POST /v1/ws/tickets` gives another";
                return Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail));
            }
        };
        access.require(Right::EventsRead)?;
        Ok(access)
    }

    /// Where the socket begins in the tenant's log: behind `after`, or behind all that there is.
    async fn cursor(&self, access: &Access, after: Option<u64>) -> Result<u64, Problem> {
        let last = self.app.cursor_before_newest(&access.tenant, 0).await.map_err(Error::from)?;
        match after {
            Some(after) if after > last => {
                let detail = format!("{after} is ahead of the log, which ends at {last}");
                Err(Problem::field("invalid", "after", detail))
            }
            after => Ok(after.unwrap_or(last)),
        }
    }
}

/// Which events are to be sent, and to whom.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// From `POST /v1/ws/tickets`; good for 30 s, once.
    ticket: String,
    /// The `seq` of the last event that was seen: what stands behind it is sent first. What is to come alone, if left out.
    after: Option<u64>,
    /// Types of events with commas between, or beginnings of some with `*`: `presence.*,call.ended`; all, if left out.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    r#type: Listed<TypePattern>,
    /// What they are about: `user:ada,call:*`; anything, if left out.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    subject: Listed<SubjectPattern>,
}

/// Follow events over a WebSocket
///
/// Each message is an event as `GET /v1/events` tells it. Closed with 1013 if the peer is too slow, 4401 once the token is
/// not in use any more, 1001 when the server stops; come again with `after`.
#[utoipa::path(get, path = "/v1/ws", tag = "events", params(Wanted), security(("ticket" = [])),
    responses((status = 101, description = "The socket is open.")))]
pub(super) async fn open(
    Extension(sockets): Extension<Sockets>,
    request: Request,
) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await.map_err(|why| {
        Problem::new(StatusCode::BAD_REQUEST, "not_a_websocket", format!("a WebSocket is opened here: {why}"))
    })?;
    // What is no browser names none, and has its ticket.
    let named = parts.headers.get(ORIGIN);
    if named.is_some_and(|named| !sockets.origins.iter().any(|ours| ours.is(named.as_bytes()))) {
        let detail = "pages of this origin may not open sockets; `DUTYLINE_ORIGINS` names those that may";
        return Err(Problem::new(StatusCode::FORBIDDEN, "foreign_origin", detail));
    }
    let Search(Wanted { ticket, after, r#type, subject }) =
        Search::<Wanted>::from_request_parts(&mut parts, &()).await?;
    let place = Place::take(&sockets.room, &sockets.tasks)?;
    let access = sockets.admit(&ticket, gate::peer(&parts.extensions)).await?;
    let cursor = sockets.cursor(&access, after).await?;
    let filter = Filter::new(&r#type.0, &subject.0);
    let conversation = Conversation {
        feed: sockets.feeds.of(&access.tenant),
        app: sockets.app,
        access,
        filter,
        cursor,
        patience: sockets.patience,
        stop: sockets.stop,
    };
    Ok(modest(upgrade).on_upgrade(async move |socket| {
        conversation.run(socket).await;
        drop(place);
    }))
}

/// Peers send next to nothing, and what they are sent is written at once: ten thousand idle ones are to cost little.
fn modest(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade.read_buffer_size(512).write_buffer_size(0).max_message_size(512).max_frame_size(512)
}

/// A place among the sockets, until it is dropped; the server's end waits for that.
#[derive(Debug)]
struct Place(
    #[expect(dead_code, reason = "they are held, and given back")] (OwnedSemaphorePermit, TaskTrackerToken),
);

impl Place {
    fn take(room: &Arc<Semaphore>, tasks: &TaskTracker) -> Result<Self, Problem> {
        let permit = room.clone().try_acquire_owned().map_err(|_| {
            let detail = "this server has as many sockets as it takes; try again, or another server";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_sockets", detail).retried_after(5)
        })?;
        gauge!(SOCKETS).increment(1);
        Ok(Self((permit, tasks.token())))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        gauge!(SOCKETS).decrement(1);
    }
}

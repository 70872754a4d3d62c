//! Tickets, with which a socket is opened: a page in a browser cannot send a token with its request for one.

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Error;
use crate::domain::time::Instant;
use crate::http::v1::gate::Caller;
use crate::http::v1::once::UNKEPT;
use crate::http::v1::problem::Problem;

/// A ticket for one socket.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http::v1) struct Ticket {
    /// To be given as `ticket` to `GET /v1/ws`, once.
    ticket: String,
    /// It is not good from then on.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Instant,
}

/// Get a ticket for a socket
#[utoipa::path(post, path = "/v1/ws/tickets", tag = "events", security(("token" = ["events.read"])),
    responses((status = 201, body = Ticket)))]
pub(in crate::http::v1) async fn issue(caller: Caller) -> Result<impl IntoResponse, Problem> {
    let (ticket, expires_at) = caller.app.issue_ticket(&caller.access).await.map_err(Error::from)?;
    let ticket = Ticket { ticket: ticket.expose_secret().to_owned(), expires_at };
    // A secret is told once, to nobody but whoever asked.
    Ok((StatusCode::CREATED, UNKEPT, Json(ticket)))
}

//! Whoever asks: what their token is good for.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::access::{Right, Role};
use crate::domain::ids::{Login, Slug, TokenId};
use crate::http::v1::gate::Caller;

/// Who a token speaks for, and what it may do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Bearer {
    tenant: Slug,
    token: TokenId,
    role: Role,
    /// An agent's are for their own user alone.
    rights: Vec<Right>,
    /// The agent for whom an agent's token speaks.
    user: Option<Login>,
}

/// What this token may do
#[utoipa::path(get, path = "/v1/me", tag = "tokens", security(("token" = [])),
    responses((status = 200, body = Bearer)))]
pub(super) async fn show(caller: Caller) -> Json<Bearer> {
    let access = &caller.access;
    Json(Bearer {
        tenant: access.tenant.slug.clone(),
        token: access.token.clone(),
        role: access.role(),
        rights: access.rights().collect(),
        user: access.user().cloned(),
    })
}

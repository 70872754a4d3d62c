//! Tokens: who may use the API, and for what.

use std::collections::BTreeSet;

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Error;
use crate::app::tokens::{NewToken, TokenStanding};
use crate::domain::access::{Right, Role};
use crate::domain::ids::{Login, TokenId, TokenName};
use crate::domain::time::Instant;
use crate::domain::token::Token;
use crate::http::v1::gate::Caller;
use crate::http::v1::once::UNKEPT;
use crate::http::v1::page::{Asked, Page};
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::{Named, Search, Sent};

/// A token to be issued.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenToIssue {
    name: TokenName,
    role: Role,
    /// All of the role's, if left out.
    #[schema(value_type = Option<Vec<Right>>, min_items = 1)]
    rights: Option<BTreeSet<Right>>,
    /// For whom an agent's token speaks.
    user: Option<Login>,
    /// It is not believed from then on; always, if left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Instant>,
}

/// A token, and its secret for the only time.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Issued {
    token: Token,
    /// To be sent as `Authorization: Bearer …`.
    secret: String,
}

/// List all tokens, the oldest first
#[utoipa::path(get, path = "/v1/tokens", tag = "tokens", params(Asked), security(("token" = ["tokens.write"])),
    responses((status = 200, body = Page<TokenStanding>)))]
pub(super) async fn list(
    caller: Caller,
    Search(asked): Search<Asked>,
) -> Result<Page<TokenStanding>, Problem> {
    let (after, limit) = (asked.after::<TokenId>()?, asked.limit()?);
    let tokens = caller.app.tokens_after(caller.tenant(), after, limit + 1).await.map_err(Error::from)?;
    Ok(Page::new(tokens, limit, |standing| standing.token.id.to_string()))
}

/// Issue a token
#[utoipa::path(post, path = "/v1/tokens", tag = "tokens", request_body = TokenToIssue,
    security(("token" = ["tokens.write"])), responses((status = 201, body = Issued)))]
pub(super) async fn issue(
    caller: Caller,
    Sent(new): Sent<TokenToIssue>,
) -> Result<impl IntoResponse, Problem> {
    let TokenToIssue { name, role, rights, user, expires_at } = new;
    let new = NewToken { name, role, rights, user, expires_at };
    let (token, text) = caller.app.issue_token(caller.tenant(), new).await?;
    Ok((StatusCode::CREATED, UNKEPT, Json(Issued { token, secret: text.expose().to_owned() })))
}

/// Revoke a token, by its identifier or its name
#[utoipa::path(delete, path = "/v1/tokens/{token}", tag = "tokens", params(("token" = String, Path)),
    security(("token" = ["tokens.write"])), responses((status = 200, body = Token)))]
pub(super) async fn revoke(caller: Caller, Named(token): Named<String>) -> Result<Json<Token>, Problem> {
    Ok(Json(caller.app.revoke_token(caller.tenant(), &token).await?))
}

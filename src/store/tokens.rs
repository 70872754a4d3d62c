//! Tokens of the API.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use sqlx::FromRow;

use super::error::StoreError;
use super::rows::{TenantRow, instant, parse, parse_some};
use super::sql;
use super::tx::Tx;
use crate::domain::access::Right;
use crate::domain::ids::{Sha256Hex, TenantId, TokenId, UserId};
use crate::domain::tenant::Tenant;
use crate::domain::token::Token;

impl Tx<'_> {
    /// All tokens of a tenant, also those that are no longer believed, the oldest first.
    pub async fn tokens(&mut self, tenant: &TenantId) -> Result<Vec<Token>, StoreError> {
        let rows: Vec<TokenRow> = self.all(sql::TOKENS, [tenant.as_str().into()]).await?;
        rows.into_iter().map(Token::try_from).collect()
    }

    /// The tokens behind `after`, the oldest first, at most `limit`; from the first on if there is none.
    pub async fn tokens_after(
        &mut self,
        tenant: &TenantId,
        after: Option<&TokenId>,
        limit: u32,
    ) -> Result<Vec<Token>, StoreError> {
        let values = [tenant.as_str().into(), after.map_or("", TokenId::as_str).into(), limit.into()];
        let rows: Vec<TokenRow> = self.all(sql::TOKENS_AFTER, values).await?;
        rows.into_iter().map(Token::try_from).collect()
    }

    /// The token whose secret has this digest, and whose it is.
    pub async fn token_by_digest(
        &mut self,
        digest: &Sha256Hex,
    ) -> Result<Option<(Tenant, Token)>, StoreError> {
        let row: Option<HeldRow> = self.one(sql::TOKEN_BY_DIGEST, [digest.as_str().into()]).await?;
        row.map(HeldRow::read).transpose()
    }

    /// Keeps a new token, which speaks for `user` if it is an agent's.
    pub fn insert_token(
        &mut self,
        tenant: &TenantId,
        token: &Token,
        digest: &Sha256Hex,
        user: Option<&UserId>,
    ) {
        let list = |rights| serde_json::to_string(rights).expect("a list of words is plain data");
        let values = [
            tenant.as_str().into(),
            token.id.as_str().into(),
            token.name.as_str().into(),
            token.shown.as_str().into(),
            digest.as_str().into(),
            token.role.as_str().into(),
            token.rights.as_ref().map(list).into(),
            user.map(UserId::as_str).into(),
            token.created_at.into(),
            token.expires_at.into(),
        ];
        self.push(sql::INSERT_TOKEN, values);
    }

    /// From now on the token is not believed; one that was revoked before stays as it is.
    pub fn revoke_token(&mut self, tenant: &TenantId, id: &TokenId) {
        let values = [tenant.as_str().into(), id.as_str().into(), self.now().into()];
        self.push(sql::REVOKE_TOKEN, values);
    }

    /// Notes that the token is used, unless that was noted within the last `pause`.
    pub fn touch_token(&mut self, tenant: &TenantId, id: &TokenId, pause: TimeDelta) {
        let now = self.now();
        let values = [tenant.as_str().into(), id.as_str().into(), now.into(), (now - pause).into()];
        self.push_row(id.as_str(), sql::TOUCH_TOKEN, values);
    }
}

#[derive(Debug, FromRow)]
struct TokenRow {
    token_id: String,
    token_name: String,
    shown: String,
    role: String,
    rights: Option<String>,
    token_user: Option<String>,
    user_active: Option<bool>,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

/// A token with its tenant.
#[derive(Debug, FromRow)]
pub(super) struct HeldRow {
    #[sqlx(flatten)]
    tenant: TenantRow,
    #[sqlx(flatten)]
    token: TokenRow,
}

impl HeldRow {
    pub(super) fn read(self) -> Result<(Tenant, Token), StoreError> {
        Ok((self.tenant.try_into()?, self.token.try_into()?))
    }
}

impl TryFrom<TokenRow> for Token {
    type Error = StoreError;
    fn try_from(row: TokenRow) -> Result<Self, StoreError> {
        let at = row.token_id.clone();
        let moment = |millis: Option<i64>| millis.map(|millis| instant("tokens", &at, millis)).transpose();
        Ok(Self {
            name: parse("tokens", &at, row.token_name)?,
            shown: row.shown,
            role: parse("tokens", &at, row.role)?,
            rights: row.rights.map(|list| rights(&at, &list)).transpose()?,
            user: parse_some("tokens", &at, row.token_user)?,
            created_at: instant("tokens", &at, row.created_at)?,
            expires_at: moment(row.expires_at)?,
            last_used_at: moment(row.last_used_at)?,
            revoked_at: moment(row.revoked_at)?,
            // A token that speaks for nobody needs nobody.
            has_standing: row.user_active.unwrap_or(true),
            id: parse("tokens", &at, row.token_id)?,
        })
    }
}

fn rights(row: &str, list: &str) -> Result<BTreeSet<Right>, StoreError> {
    serde_json::from_str(list).map_err(|why| StoreError::corrupt("tokens", row, why))
}

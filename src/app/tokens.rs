//! Tokens of the API: issued and revoked by admins, and believed or not with each request.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde::Serialize;

use super::{App, Error, change, draw, log_deed, users};
use crate::domain::access::{Access, Right, Role};
use crate::domain::event::Event;
use crate::domain::ids::{Login, TenantId, TokenId, TokenName, UserId};
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::domain::token::{Token, TokenState, TokenText};
use crate::store::{Scope, StoreError, Tx};

/// A token to be issued.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// No other token that is not revoked has it (D74).
    pub name: TokenName,
    pub role: Role,
    /// All of the role's, if none.
    pub rights: Option<BTreeSet<Right>>,
    /// For whom an agent's token speaks; other tokens speak for nobody.
    pub user: Option<Login>,
    /// It is not believed from then on; always, if none.
    pub expires_at: Option<Instant>,
}

/// A token as it is shown, and whether it is believed now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TokenStanding {
    #[serde(flatten)]
    pub token: Token,
    pub state: TokenState,
}

/// Why a token opens nothing (D72). Whoever shows it is told the same of each, so that nobody learns which tokens there
/// were; the variants are for the log.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unauthenticated {
    #[error("the token is not valid")]
    Unknown,
    #[error("the token is not valid")]
    Expired,
    #[error("the token is not valid")]
    Revoked,
    /// The user for whom it speaks is out of service.
    #[error("the token is not valid")]
    Suspended,
    /// Whether it is valid is not known.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far apart the uses of a token are that are noted, so that a busy one does not keep the disk busy.
const TOUCH_PAUSE: TimeDelta = TimeDelta::minutes(1);

impl App {
    /// Issues a token. Its text is here for the only time.
    pub async fn issue_token(&self, tenant: &Tenant, new: NewToken) -> Result<(Token, TokenText), Error> {
        let (tenant, text) = (tenant.clone(), draw::token_text());
        check_rights(&new)?;
        let unit = self.store.write(Scope::of(&tenant), move |tx| {
            Box::pin(async move {
                check_expiry(new.expires_at, tx.now())?;
                check_name(tx, &tenant.id, &new.name).await?;
                let user = bearer(tx, &tenant, &new).await?;
                let token = new.token(&text, tx.now());
                tx.insert_token(&tenant.id, &token, &text.digest(), user.as_ref());
                log_change(tx, &tenant.id, &token.id, Event::TokenIssued(change(None, Some(&token))));
                Ok((token, text))
            })
        });
        unit.await
    }

    /// All tokens of a tenant, also those that are no longer believed, the oldest first.
    pub async fn tokens(&self, tenant: &Tenant) -> Result<Vec<TokenStanding>, StoreError> {
        let tenant = tenant.id.clone();
        let read = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move { Ok((tx.tokens(&tenant).await?, tx.now())) })
        });
        let (tokens, now) = read.await?;
        Ok(standing(tokens, now))
    }

    /// The tokens behind `after`, the oldest first, at most `limit`.
    pub async fn tokens_after(
        &self,
        tenant: &Tenant,
        after: Option<TokenId>,
        limit: u32,
    ) -> Result<Vec<TokenStanding>, StoreError> {
        let tenant = tenant.id.clone();
        let read = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move { Ok((tx.tokens_after(&tenant, after.as_ref(), limit).await?, tx.now())) })
        });
        let (tokens, now) = read.await?;
        Ok(standing(tokens, now))
    }

    /// Revokes a token, given by its identifier, or by its name if it is not revoked. Twice is as good as once.
    pub async fn revoke_token(&self, tenant: &Tenant, id_or_name: &str) -> Result<Token, Error> {
        let (tenant, wanted) = (tenant.id.clone(), id_or_name.to_owned());
        let unit = self.store.write(Scope::Tenant(tenant.clone()), move |tx| {
            Box::pin(async move {
                let before = find(tx, &tenant, &wanted).await?;
                if before.revoked_at.is_some() {
                    return Ok(before);
                }
                let after = Token { revoked_at: Some(tx.now()), ..before.clone() };
                tx.revoke_token(&tenant, &after.id);
                let event = Event::TokenRevoked(change(Some(&before), Some(&after)));
                log_change(tx, &tenant, &after.id, event);
                Ok(after)
            })
        });
        unit.await
    }

    /// What the bearer of a token may do. Looked up anew each time, so that what was revoked on one node is
    /// refused on all of them.
    pub async fn authenticate(&self, text: &TokenText) -> Result<Access, Unauthenticated> {
        let digest = text.digest();
        let read = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move { Ok((tx.token_by_digest(&digest).await?, tx.now())) })
        });
        let (found, now) = read.await?;
        let (tenant, token) = found.ok_or(Unauthenticated::Unknown)?;
        let last_used_at = token.last_used_at;
        let access = believe(token, tenant, now)?;
        if last_used_at.is_none_or(|used| used + TOUCH_PAUSE <= now) {
            self.touch(access.tenant.id.clone(), access.token.clone()).await;
        }
        Ok(access)
    }

    /// Notes that a token is used. Whoever uses it is let in even if that cannot be written, on a full disk for one
    /// (I30).
    async fn touch(&self, tenant: TenantId, token: TokenId) {
        let touched = self.store.write_later::<StoreError, _>(Scope::Tenant(tenant.clone()), move |tx| {
            tx.touch_token(&tenant, &token, TOUCH_PAUSE);
            Box::pin(async { Ok(()) })
        });
        if let Err(error) = touched.await {
            tracing::warn!(%error, "the use of a token was not noted");
        }
    }
}

/// What the token's bearer may do at `now`, or why they are not believed.
pub(super) fn believe(token: Token, tenant: Tenant, now: Instant) -> Result<Access, Unauthenticated> {
    match token.state(now) {
        TokenState::Active => Ok(token.access(tenant)),
        TokenState::Expired => Err(Unauthenticated::Expired),
        TokenState::Revoked => Err(Unauthenticated::Revoked),
        TokenState::Suspended => Err(Unauthenticated::Suspended),
    }
}

fn standing(tokens: Vec<Token>, now: Instant) -> Vec<TokenStanding> {
    tokens.into_iter().map(|token| TokenStanding { state: token.state(now), token }).collect()
}

impl NewToken {
    fn token(self, text: &TokenText, now: Instant) -> Token {
        let Self { name, role, rights, user, expires_at } = self;
        Token {
            id: draw::token_id(),
            name,
            shown: text.shown().to_owned(),
            role,
            rights,
            user,
            created_at: now,
            expires_at,
            last_used_at: None,
            revoked_at: None,
            has_standing: true,
        }
    }
}

/// Rights narrow a role: one that it has not would look granted and be refused.
fn check_rights(new: &NewToken) -> Result<(), Error> {
    let Some(rights) = &new.rights else { return Ok(()) };
    if rights.is_empty() {
        return Err(Error::invalid("rights", "", "name one at least, or none at all for the role's"));
    }
    match rights.iter().find(|right| !new.role.has(**right)) {
        Some(right) => {
            let has: Vec<&str> = new.role.rights().iter().map(|right| right.as_str()).collect();
            let why = format!("role `{}` has only {}", new.role, has.join(", "));
            Err(Error::invalid("rights", right.as_str(), why))
        }
        None => Ok(()),
    }
}

fn check_expiry(expires_at: Option<Instant>, now: Instant) -> Result<(), Error> {
    match expires_at {
        Some(end) if end <= now => {
            Err(Error::invalid("expires", end.to_rfc3339(), "that is over; name a time to come"))
        }
        Some(_) | None => Ok(()),
    }
}

async fn check_name(tx: &mut Tx<'_>, tenant: &TenantId, name: &TokenName) -> Result<(), Error> {
    let tokens = tx.tokens(tenant).await?;
    let is_taken = tokens.iter().any(|token| token.revoked_at.is_none() && token.name == *name);
    if is_taken { Err(Error::TokenExists(name.clone())) } else { Ok(()) }
}

/// The user for whom the token is to speak: an agent's for one in service, any other for nobody.
async fn bearer(tx: &mut Tx<'_>, tenant: &Tenant, new: &NewToken) -> Result<Option<UserId>, Error> {
    match (new.role, &new.user) {
        (Role::Agent, Some(login)) => {
            let user = users::find(tx, tenant, login).await?;
            if user.active { Ok(Some(user.id)) } else { Err(Error::Inactive(user.login)) }
        }
        (Role::Agent, None) => {
            Err(Error::invalid("role", "agent", "such a token speaks for one user; name them"))
        }
        (Role::Supervisor | Role::Admin | Role::Owner, Some(login)) => {
            let why = format!("a token of role `{}` speaks for nobody; leave the user out", new.role);
            Err(Error::invalid("user", login.as_str(), why))
        }
        (Role::Supervisor | Role::Admin | Role::Owner, None) => Ok(None),
    }
}

/// The token with the identifier, or the one with the name that is not revoked; an error that names the nearest.
async fn find(tx: &mut Tx<'_>, tenant: &TenantId, wanted: &str) -> Result<Token, Error> {
    let tokens = tx.tokens(tenant).await?;
    let by_id = tokens.iter().find(|token| token.id.as_str() == wanted);
    let mut live = tokens.iter().filter(|token| token.revoked_at.is_none());
    let found = by_id.or_else(|| live.clone().find(|token| token.name.as_str() == wanted));
    found.cloned().ok_or_else(|| {
        let known = live.by_ref().map(|token| token.name.as_str());
        Error::unknown("token", wanted, known, "dutyline token list")
    })
}

fn log_change(tx: &mut Tx<'_>, tenant: &TenantId, token: &TokenId, event: Event) {
    log_deed(tx, tenant, format!("token:{token}"), event);
}

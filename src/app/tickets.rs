//! Tickets for the socket: a browser cannot send a token with its request for one (D82).

use std::collections::BTreeSet;

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};

use super::tokens::{Unauthenticated, believe};
use super::{App, draw};
use crate::domain::access::Access;
use crate::domain::ids::{Sha256Hex, TokenId};
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::domain::token::TokenState;
use crate::store::{Scope, StoreError};

/// How long a ticket is good for.
const GOOD_FOR: TimeDelta = TimeDelta::seconds(30);

impl App {
    /// A ticket for the bearer of a token, and when it is not good any more. It is here for the only time.
    pub async fn issue_ticket(&self, access: &Access) -> Result<(SecretString, Instant), StoreError> {
        let (ticket, tenant, token) = (draw::ticket(), access.tenant.id.clone(), access.token.clone());
        let digest = digest(ticket.expose_secret());
        let unit = self.store.write::<_, StoreError, _>(Scope::of(&access.tenant), move |tx| {
            let expires_at = tx.now() + GOOD_FOR;
            tx.insert_ticket(&tenant, &digest, &token, expires_at);
            Box::pin(async move { Ok(expires_at) })
        });
        Ok((ticket, unit.await?))
    }

    /// What the bearer of the ticket may do. The ticket is used then, on every node.
    pub async fn redeem_ticket(&self, ticket: &str) -> Result<Access, Unauthenticated> {
        let digest = digest(ticket);
        let found = {
            let digest = digest.clone();
            let read = self.store.read(|tx| Box::pin(async move { tx.ticket(&digest).await }));
            read.await?.ok_or(Unauthenticated::Unknown)?
        };
        let unit = self.store.write(Scope::of(&found.tenant), move |tx| {
            Box::pin(async move {
                // Another request may have used it meanwhile.
                let ticket = tx.ticket(&digest).await?.ok_or(Unauthenticated::Unknown)?;
                tx.use_ticket(&ticket.tenant.id, &digest);
                if ticket.expires_at <= tx.now() {
                    return Err(Unauthenticated::Expired);
                }
                believe(ticket.token, ticket.tenant, tx.now())
            })
        });
        unit.await
    }

    /// The tenant's tokens that are not believed now.
    pub async fn refused_tokens(&self, tenant: &Tenant) -> Result<BTreeSet<TokenId>, StoreError> {
        let tokens = self.tokens(tenant).await?.into_iter();
        let refused = tokens.filter(|standing| standing.state != TokenState::Active);
        Ok(refused.map(|standing| standing.token.id).collect())
    }
}

fn digest(ticket: &str) -> Sha256Hex {
    Sha256Hex::of(ticket.as_bytes())
}

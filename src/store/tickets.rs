//! Tickets for the socket.

use sqlx::FromRow;

use super::error::StoreError;
use super::rows::instant;
use super::sql;
use super::tokens::HeldRow;
use super::tx::Tx;
use crate::domain::ids::{Sha256Hex, TenantId, TokenId};
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::domain::token::Token;

/// A ticket that has not been used yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub tenant: Tenant,
    /// For whose bearer it is.
    pub token: Token,
    /// It is not good from then on.
    pub expires_at: Instant,
}

impl Tx<'_> {
    pub fn insert_ticket(
        &mut self,
        tenant: &TenantId,
        digest: &Sha256Hex,
        token: &TokenId,
        expires_at: Instant,
    ) {
        let values =
            [tenant.as_str().into(), digest.as_str().into(), token.as_str().into(), expires_at.into()];
        self.push(sql::INSERT_TICKET, values);
    }

    /// The ticket with this digest, unless it has been used.
    pub async fn ticket(&mut self, digest: &Sha256Hex) -> Result<Option<Ticket>, StoreError> {
        let row: Option<TicketRow> = self.one(sql::TICKET, [digest.as_str().into()]).await?;
        row.map(|row| row.ticket(digest)).transpose()
    }

    /// From now on there is no such ticket.
    pub fn use_ticket(&mut self, tenant: &TenantId, digest: &Sha256Hex) {
        self.push(sql::USE_TICKET, [tenant.as_str().into(), digest.as_str().into()]);
    }
}

#[derive(Debug, FromRow)]
struct TicketRow {
    #[sqlx(flatten)]
    held: HeldRow,
    ticket_end: i64,
}

impl TicketRow {
    fn ticket(self, digest: &Sha256Hex) -> Result<Ticket, StoreError> {
        let expires_at = instant("tickets", digest.as_str(), self.ticket_end)?;
        let (tenant, token) = self.held.read()?;
        Ok(Ticket { tenant, token, expires_at })
    }
}

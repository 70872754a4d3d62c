//! Tokens of the API: what is known of each but its secret.

mod text;

use std::collections::BTreeSet;

use serde::Serialize;

pub use text::{BadToken, TokenText};

use crate::domain::access::{Access, Right, Role};
use crate::domain::ids::{Login, TokenId, TokenName};
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Token {
    pub id: TokenId,
    pub name: TokenName,
    /// How its secret begins, by which people know it again.
    pub shown: String,
    pub role: Role,
    /// All of the role's, if none.
    #[schema(value_type = Option<Vec<Right>>)]
    pub rights: Option<BTreeSet<Right>>,
    /// The agent for whom an agent's token speaks.
    pub user: Option<Login>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Instant,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Instant>,
    /// To the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Instant>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Instant>,
    /// False for a token that speaks for a user who is out of service.
    #[serde(skip)]
    pub has_standing: bool,
}

spelled!(
    /// Whether a token is believed, and why not.
    TokenState, "one of active, expired, revoked, suspended", {
        Active = "active",
        Expired = "expired",
        Revoked = "revoked",
        /// The user for whom it speaks is out of service.
        Suspended = "suspended",
    }
);

impl Token {
    /// What holds at `now` (D72); of several reasons against it, the one that can least be undone.
    pub fn state(&self, now: Instant) -> TokenState {
        if self.revoked_at.is_some() {
            TokenState::Revoked
        } else if self.expires_at.is_some_and(|end| end <= now) {
            TokenState::Expired
        } else if self.has_standing {
            TokenState::Active
        } else {
            TokenState::Suspended
        }
    }

    /// What its bearer may do while it is active.
    pub fn access(self, tenant: Tenant) -> Access {
        Access::new(tenant, self.id, (self.role, self.rights.as_ref()), self.user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Instant {
        Instant::from_timestamp(minute * 60, 0).expect("in range")
    }

    fn token() -> Token {
        Token {
            id: TokenId::from_bits(7),
            name: "ci".parse().expect("a name"),
            shown: "dl_aaaaaaa".to_owned(),
            role: Role::Agent,
            rights: None,
            user: Some("ada".parse().expect("a login")),
            created_at: at(0),
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
            has_standing: true,
        }
    }

    #[test]
    fn a_token_is_active_until_something_speaks_against_it() {
        let ends = |minute| Token { expires_at: Some(at(minute)), ..token() };
        let idle = |token| Token { has_standing: false, ..token };
        let revoked = |token| Token { revoked_at: Some(at(1)), ..token };
        for (token, state) in [
            (token(), TokenState::Active),
            (ends(11), TokenState::Active),
            (ends(10), TokenState::Expired),
            (ends(9), TokenState::Expired),
            (idle(token()), TokenState::Suspended),
            (idle(ends(10)), TokenState::Expired),
            (revoked(token()), TokenState::Revoked),
            (revoked(idle(ends(10))), TokenState::Revoked),
        ] {
            assert_eq!(token.state(at(10)), state, "{token:?}");
        }
    }
}

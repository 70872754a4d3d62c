//! The one place where random numbers are drawn.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::ids::{AvailabilityId, EventId, ExtensionId, MappingId, TenantId, TokenId, UserId};
use crate::domain::token::TokenText;

/// 128 bits that rise with time, as UUID version 7 has them (RFC 9562).
#[expect(clippy::disallowed_methods, reason = "identifiers are drawn here")]
fn rising() -> u128 {
    Uuid::now_v7().as_u128()
}

pub fn tenant_id() -> TenantId {
    TenantId::from_bits(rising())
}

pub fn user_id() -> UserId {
    UserId::from_bits(rising())
}

pub fn extension_id() -> ExtensionId {
    ExtensionId::from_bits(rising())
}

pub fn mapping_id() -> MappingId {
    MappingId::from_bits(rising())
}

pub fn event_id() -> EventId {
    EventId::from_bits(rising())
}

pub fn availability_id() -> AvailabilityId {
    AvailabilityId::from_bits(rising())
}

pub fn token_id() -> TokenId {
    TokenId::from_bits(rising())
}

/// 244 random bits as hexadecimal digits.
#[expect(clippy::disallowed_methods, reason = "secrets are drawn here")]
pub fn secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// A new token. A UUID has 122 random bits, so three of them make 256.
#[expect(clippy::disallowed_methods, reason = "secrets are drawn here")]
pub fn token_text() -> TokenText {
    let drawn = [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()];
    TokenText::from_bits(Sha256::digest(drawn.map(Uuid::into_bytes).concat()).into())
}

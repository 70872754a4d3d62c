//! The one place where random numbers are drawn.

use data_encoding::HEXLOWER;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::ids::{
    AvailabilityId, EventId, ExtensionId, MappingId, TenantId, TokenId, UserId, WebhookId,
};
use crate::domain::token::TokenText;
use crate::domain::webhook::answer::Jitter;
use crate::domain::webhook::secret::Secret;

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

pub fn token_text() -> TokenText {
    TokenText::from_bits(secret_bits())
}

/// A ticket for the socket: 256 random bits as hexadecimal digits.
pub fn ticket() -> SecretString {
    HEXLOWER.encode(&secret_bits()).into()
}

/// 256 random bits. A UUID has 122, so three of them make as many.
#[expect(clippy::disallowed_methods, reason = "secrets are drawn here")]
fn secret_bits() -> [u8; 32] {
    let drawn = [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()];
    Sha256::digest(drawn.map(Uuid::into_bytes).concat()).into()
}

pub fn webhook_id() -> WebhookId {
    WebhookId::from_bits(rising())
}

pub fn webhook_secret() -> Secret {
    Secret::from_bytes(secret_bits())
}

/// What no two turns of endpoints have in common.
#[expect(clippy::disallowed_methods, reason = "leases are drawn here")]
pub fn lease() -> String {
    Uuid::new_v4().simple().to_string()
}

/// How far an attempt is moved.
#[expect(clippy::disallowed_methods, reason = "chance is drawn here")]
pub fn jitter() -> Jitter {
    Jitter::new(Uuid::new_v4().as_fields().0)
}

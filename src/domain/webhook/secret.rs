//! What deliveries are signed with, and how: Standard Webhooks 1.0 (<https://www.standardwebhooks.com>).

use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;

use crate::domain::time::Instant;

const PREFIX: &str = "whsec_";

/// 24 to 64 random bytes that we share with whoever gets the deliveries.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// It does not repeat the text, which may well be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret is `{PREFIX}` and 24 to 64 bytes in Base64")]
pub struct BadSecret;

/// A secret, and when it signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Key {
    #[serde(skip)]
    pub secret: Secret,
    #[schema(value_type = String, format = DateTime)]
    pub since: Instant,
    /// It does not sign from then on; the newest has no end.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Instant>,
}

/// An endpoint's secrets, the newest first. While they are exchanged the older ones sign as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = Vec<Key>)]
pub struct Keyring(Vec<Key>);

impl Secret {
    /// Of bytes that the caller draws so that nobody can guess them.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes.to_vec())
    }

    /// The secret itself, for whoever gets the deliveries, and for the database.
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", BASE64.encode(&self.0))
    }

    fn sign(&self, content: &[&[u8]]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length will do");
        for part in content {
            mac.update(part);
        }
        format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
    }
}

impl Keyring {
    pub fn new(secret: Secret, now: Instant) -> Self {
        Self(vec![Key { secret, since: now, until: None }])
    }

    /// As it was kept, the newest first.
    pub fn kept(keys: impl IntoIterator<Item = Key>) -> Self {
        Self(keys.into_iter().collect())
    }

    pub fn keys(&self) -> &[Key] {
        &self.0
    }

    /// With a new secret, which signs at once. Those that sign now do so for as long as `overlap` says, unless their
    /// end comes sooner.
    #[must_use]
    pub fn rotated(&self, secret: Secret, overlap: TimeDelta, now: Instant) -> Self {
        let end = now + overlap;
        let older = self
            .0
            .iter()
            .map(|key| Key { until: Some(key.until.map_or(end, |until| until.min(end))), ..key.clone() });
        let older = older.filter(|key| key.until.is_some_and(|until| now < until));
        let newest = Key { secret, since: now, until: None };
        Self(std::iter::once(newest).chain(older).collect())
    }

    /// The header `webhook-signature`: a signature by each secret that is valid now.
    pub fn sign(&self, id: &str, payload: &[u8], now: Instant) -> String {
        let at = now.timestamp().to_string();
        let content = [id.as_bytes(), b".", at.as_bytes(), b".", payload];
        let valid = self.0.iter().filter(|key| key.until.is_none_or(|until| now < until));
        valid.map(|key| key.secret.sign(&content)).collect::<Vec<_>>().join(" ")
    }
}

impl FromStr for Secret {
    type Err = BadSecret;
    fn from_str(text: &str) -> Result<Self, BadSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(BadSecret)?;
        let bytes = BASE64.decode(encoded.as_bytes()).map_err(|_| BadSecret)?;
        if (24..=64).contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(BadSecret) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the standard's own libraries.
    const EXAMPLE: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn at(second: i64) -> Instant {
        Instant::from_timestamp(second, 0).expect("in range")
    }

    fn secret(byte: u8) -> Secret {
        Secret::from_bytes([byte; 32])
    }

    #[test]
    fn a_delivery_is_signed_as_the_standards_own_libraries_sign_it() {
        let keys = Keyring::new(EXAMPLE.parse().expect("a secret"), at(0));
        let signed = keys.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", br#"{"test": 2432232314}"#, at(1_614_265_330));
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn while_secrets_are_exchanged_each_that_is_valid_signs() {
        let first = Keyring::new(secret(1), at(0));
        let both = first.rotated(secret(2), TimeDelta::seconds(100), at(50));
        let alone = |byte, now| Keyring::new(secret(byte), at(0)).sign("evt_1", b"{}", at(now));
        for (now, wanted) in [
            (50, format!("{} {}", alone(2, 50), alone(1, 50))),
            (149, format!("{} {}", alone(2, 149), alone(1, 149))),
            (150, alone(2, 150)),
        ] {
            assert_eq!(both.sign("evt_1", b"{}", at(now)), wanted, "at {now}");
        }
    }

    #[test]
    fn an_older_secret_never_lives_longer_for_a_further_exchange() {
        let keys = Keyring::new(secret(1), at(0)).rotated(secret(2), TimeDelta::seconds(100), at(0));
        let keys = keys.rotated(secret(3), TimeDelta::seconds(500), at(60));
        let ends: Vec<_> = keys.keys().iter().map(|key| key.until).collect();
        assert_eq!(ends, [None, Some(at(560)), Some(at(100))]);
        let keys = keys.rotated(secret(4), TimeDelta::zero(), at(100));
        assert_eq!(keys.keys().len(), 1, "at once means at once");
    }

    #[test]
    fn a_secret_is_24_to_64_bytes() {
        let text = |bytes: usize| format!("whsec_{}", BASE64.encode(&vec![7; bytes]));
        for (text, is_one) in [
            (text(23), false),
            (text(24), true),
            (text(64), true),
            (text(65), false),
            (text(32).replace("whsec_", ""), false),
            (format!("{} ", text(32)), false),
            (String::new(), false),
        ] {
            assert_eq!(
                text.parse::<Secret>().map(|secret| secret.expose() == text),
                is_one.then_some(true).ok_or(BadSecret),
                "{text}"
            );
        }
        assert_eq!(format!("{:?}", secret(7)), "Secret(***)");
    }
}

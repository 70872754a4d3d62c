//! PINs: hashed with Argon2id, checked off the async threads.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};

use super::Error;

/// Digits of a PIN.
const DIGITS: std::ops::RangeInclusive<usize> = 4..=12;

/// Whether a text can be a PIN.
pub fn is_pin(text: &str) -> bool {
    DIGITS.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// The hash of a PIN, in PHC form, with Argon2id's recommended parameters (RFC 9106, OWASP).
pub fn hash(pin: &SecretString) -> Result<String, Error> {
    let pin = pin.expose_secret();
    if !is_pin(pin) {
        return Err(Error::invalid("pin", "***", "a PIN is 4 to 12 digits"));
    }
    let hash = Argon2::default().hash_password(pin.as_bytes()).expect("a short text can be hashed");
    Ok(hash.to_string())
}

/// Whether `keys` are the PIN behind `hash`. Takes as long for an agent who has none.
pub(super) async fn matches(hash: Option<String>, keys: String) -> bool {
    let check = move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODYS.to_owned());
        let parsed = PasswordHash::new(&hash);
        known && parsed.is_ok_and(|hash| Argon2::default().verify_password(keys.as_bytes(), &hash).is_ok())
    };
    tokio::task::spawn_blocking(check).await.unwrap_or(false)
}

/// A hash of nothing that anybody knows, so that a code that is nobody's costs the same time.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

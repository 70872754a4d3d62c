//! Tokens in the addresses that we give to carriers. A carrier's signature carries no time, so a recorded
//! request would verify for ever: the token binds a turn to its call and to the time the call began, and
//! the answered turns in the database let it work once.

use std::fmt;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::draw;
use crate::domain::ids::CallId;
use crate::domain::time::Instant;
use crate::store::{Scope, Store, StoreError};

/// The key of a deployment's tokens, shared by its nodes through the database.
#[derive(Clone)]
pub(super) struct TurnKey(Arc<[u8]>);

const NAME: &str = "turn_key";

impl TurnKey {
    /// Reads the key, or draws one for a new database.
    pub(super) async fn load(store: &Store) -> Result<Self, StoreError> {
        if let Some(key) = store.read(|tx| Box::pin(tx.secret(NAME))).await? {
            return Ok(Self(key.into_bytes().into()));
        }
        let drawn = draw::secret();
        let kept = store
            .write::<_, StoreError, _>(Scope::Deployment, move |tx| {
                Box::pin(async move {
                    tx.insert_secret(NAME, &drawn);
                    tx.secret(NAME).await
                })
            })
            .await?;
        let key = kept.ok_or_else(|| StoreError::corrupt("secrets", NAME, "the key was not kept"))?;
        Ok(Self(key.into_bytes().into()))
    }

    /// The token for a turn of a call that began at `started`: the time in seconds, and a tag.
    pub(super) fn token(&self, call: &CallId, turn: u32, started: Instant) -> String {
        let seconds = started.timestamp();
        format!(
            "{seconds:x}-{}",
            HEXLOWER.encode(&self.mac(call, turn, seconds).finalize().into_bytes()[..16])
        )
    }

    /// When the call began for which `token` was made; none if it was not made for this turn.
    pub(super) fn open(&self, token: &str, call: &CallId, turn: u32) -> Option<Instant> {
        let (seconds, tag) = token.split_once('-')?;
        let seconds = i64::from_str_radix(seconds, 16).ok()?;
        let tag = HEXLOWER.decode(tag.as_bytes()).ok().filter(|tag| tag.len() == 16)?;
        self.mac(call, turn, seconds).verify_truncated_left(&tag).ok()?;
        Instant::from_timestamp(seconds, 0)
    }

    fn mac(&self, call: &CallId, turn: u32, seconds: i64) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("an HMAC takes a key of any length");
        mac.update(format!("{call}/{turn}/{seconds}").as_bytes());
        mac
    }
}

impl fmt::Debug for TurnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TurnKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_its_own_turn_only() {
        let key = TurnKey(Arc::from(&b"key"[..]));
        let (call, other) = (CallId::from_bits(1), CallId::from_bits(2));
        let started = Instant::from_timestamp(1_700_000_000, 0).expect("in range");
        let token = key.token(&call, 3, started);
        assert_eq!(key.open(&token, &call, 3), Some(started));
        assert_eq!(key.open(&token, &call, 4), None);
        assert_eq!(key.open(&token, &other, 3), None);
        assert_eq!(TurnKey(Arc::from(&b"yek"[..])).open(&token, &call, 3), None);
        let later = token.replacen("6553f100", "6553f200", 1);
        assert_ne!(later, token);
        assert_eq!(key.open(&later, &call, 3), None, "the time is under the tag too");
        for bad in ["", "-", "6553f100-", "6553f100-é", &token[..token.len() - 1]] {
            assert_eq!(key.open(bad, &call, 3), None, "{bad}");
        }
    }
}

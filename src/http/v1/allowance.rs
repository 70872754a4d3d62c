//! How much a client may ask for: so many requests at once, and then one every so often (D81). Each server counts for
//! itself, in memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::ids::Sha256Hex;

/// A bucket of requests, which fills again one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// As much time fills in one request.
    pub every: Duration,
    /// Requests in a full bucket.
    pub burst: u32,
}

impl Allowance {
    /// So many requests a second, and so many at once.
    pub fn per_second(requests: u32, burst: u32) -> Self {
        Self { every: Duration::from_secs(1) / requests, burst }
    }

    /// Takes a request out of a bucket that is full again at `full`: when it is then, or how long to wait for one.
    fn take(self, full: Option<Instant>, now: Instant) -> Result<Instant, TooMany> {
        let full = full.map_or(now, |full| full.max(now)) + self.every;
        let latest = now + self.every * self.burst;
        if full <= latest { Ok(full) } else { Err(TooMany { wait: full - latest }) }
    }
}

/// There is no request left in the bucket for so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany {
    pub(super) wait: Duration,
}

/// What clients have used of their allowances.
#[derive(Debug)]
pub(super) struct Limits {
    tokens: Buckets<Sha256Hex>,
    /// Those who have shown no token that is in use, by address.
    strangers: Buckets<IpAddr>,
}

impl Limits {
    pub(super) fn new(tokens: Allowance, strangers: Allowance) -> Self {
        Self { tokens: Buckets::new(tokens), strangers: Buckets::new(strangers) }
    }

    /// Takes a request from what the token may still ask for, if it was let in lately, or looks whether strangers at
    /// its peer's address may ask for anything. So no stranger holds up those who are known at the same address.
    pub(super) fn greet(&self, token: &Sha256Hex, peer: Peer, now: Instant) -> Result<(), TooMany> {
        self.tokens.take_known(token, now).unwrap_or_else(|| self.greet_stranger(peer, now))
    }

    /// Looks whether strangers at the peer's address may ask for anything.
    pub(super) fn greet_stranger(&self, peer: Peer, now: Instant) -> Result<(), TooMany> {
        self.strangers.look(&peer.0, now)
    }

    /// The token is in use.
    pub(super) fn know(&self, token: Sha256Hex, now: Instant) {
        self.tokens.meet(token, now);
    }

    /// What the peer has shown is no token that is in use.
    pub(super) fn disbelieve(&self, peer: Peer, now: Instant) -> Result<(), TooMany> {
        self.strangers.take(peer.0, now)
    }
}

/// An address from which one client asks: what of it one network hands out freely, of version 6, is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Peer(IpAddr);

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        match address.ip().to_canonical() {
            IpAddr::V4(address) => Self(address.into()),
            IpAddr::V6(address) => Self(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into()),
        }
    }
}

/// When the bucket of each is full again. One that is missing is full.
#[derive(Debug)]
struct Buckets<K> {
    allowance: Allowance,
    full: Mutex<HashMap<K, Instant>>,
}

/// Buckets from which on full ones are thrown away.
const MANY: usize = 4096;

impl<K: Eq + Hash> Buckets<K> {
    fn new(allowance: Allowance) -> Self {
        Self { allowance, full: Mutex::default() }
    }

    fn take(&self, key: K, now: Instant) -> Result<(), TooMany> {
        let mut buckets = self.buckets();
        let full = self.allowance.take(buckets.get(&key).copied(), now)?;
        put(&mut buckets, key, full, now);
        Ok(())
    }

    /// As [`Buckets::take`] for a key that has a bucket; none if it has none.
    fn take_known(&self, key: &K, now: Instant) -> Option<Result<(), TooMany>> {
        let mut buckets = self.buckets();
        let full = buckets.get_mut(key)?;
        Some(self.allowance.take(Some(*full), now).map(|later| *full = later))
    }

    /// Gives a key a bucket with one request out of it, if it has none.
    fn meet(&self, key: K, now: Instant) {
        let mut buckets = self.buckets();
        if !buckets.contains_key(&key) {
            put(&mut buckets, key, now + self.allowance.every, now);
        }
    }

    fn look(&self, key: &K, now: Instant) -> Result<(), TooMany> {
        self.allowance.take(self.buckets().get(key).copied(), now).map(drop)
    }

    fn buckets(&self) -> MutexGuard<'_, HashMap<K, Instant>> {
        self.full.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn put<K: Eq + Hash>(buckets: &mut HashMap<K, Instant>, key: K, full: Instant, now: Instant) {
    // Seldom enough that the look through all of them costs each little.
    if buckets.len() >= MANY && buckets.len() == buckets.capacity() {
        buckets.retain(|_, full| *full > now);
    }
    buckets.insert(key, full);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_AND_THREE: Allowance = Allowance { every: Duration::from_millis(500), burst: 3 };

    fn peer(address: &str) -> Peer {
        Peer::from(SocketAddr::new(address.parse().expect("an address"), 4711))
    }

    #[test]
    fn a_burst_is_let_through_and_then_so_many_a_second() {
        assert_eq!(Allowance::per_second(2, 3), TWO_AND_THREE);
        let (buckets, begun) = (Buckets::new(TWO_AND_THREE), Instant::now());
        for (millis, wait) in [
            (0, None),
            (0, None),
            (0, None),
            (0, Some(500)),
            (499, Some(1)),
            (500, None),
            (500, Some(500)),
            (1500, None),
            (1500, None),
            (1500, Some(500)),
            // It is never fuller than full.
            (90_000, None),
            (90_000, None),
            (90_000, None),
            (90_000, Some(500)),
        ] {
            let taken = buckets.take("key", begun + Duration::from_millis(millis));
            let wait = wait.map(|millis| TooMany { wait: Duration::from_millis(millis) });
            assert_eq!(taken.err(), wait, "at {millis}");
        }
        assert_eq!(buckets.take("other", begun), Ok(()));
    }

    #[test]
    fn strangers_are_held_up_and_those_who_are_known_at_their_address_are_not() {
        let limits = Limits::new(TWO_AND_THREE, Allowance { every: Duration::from_secs(9), burst: 1 });
        let (digest, now) = (|of: &str| Sha256Hex::of(of.as_bytes()), Instant::now());
        let here = peer("192.0.2.1");
        limits.know(digest("known"), now);
        limits.disbelieve(here, now).expect("the first");
        let wait = Err(TooMany { wait: Duration::from_secs(9) });
        assert_eq!(limits.disbelieve(here, now), wait);
        assert_eq!(limits.greet(&digest("a guess"), here, now), wait);
        assert_eq!(limits.greet(&digest("a guess"), peer("192.0.2.2"), now), Ok(()));
        assert_eq!(limits.greet(&digest("known"), here, now), Ok(()));
        assert_eq!(limits.greet(&digest("known"), here, now), Ok(()));
        let wait = Err(TooMany { wait: TWO_AND_THREE.every });
        assert_eq!(limits.greet(&digest("known"), here, now), wait, "who is known has an allowance too");
    }

    #[test]
    fn an_address_is_one_clients() {
        assert_eq!(peer("::ffff:192.0.2.1"), peer("192.0.2.1"));
        assert_eq!(peer("2001:db8::1"), peer("2001:db8::ffff:2"));
        assert_ne!(peer("2001:db8::1"), peer("2001:db8:0:1::1"));
        assert_ne!(peer("192.0.2.1"), peer("192.0.2.2"));
    }

    #[test]
    fn buckets_that_are_full_again_take_no_room() {
        let (buckets, begun) = (Buckets::new(TWO_AND_THREE), Instant::now());
        for number in 0..10 * MANY {
            let now = begun + TWO_AND_THREE.every * u32::try_from(number).expect("few");
            buckets.take(number, now).expect("a full one");
        }
        assert!(buckets.buckets().len() < 3 * MANY);
    }
}

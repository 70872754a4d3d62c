//! Writes that are asked for under a key, and carried out once however often they are asked for (D80).

use chrono::TimeDelta;

use crate::domain::ids::{RequestKey, Sha256Hex, TenantId, TokenId};
use crate::domain::time::Instant;

/// A request's claim to be the only one under its key. Each token has keys of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub tenant: TenantId,
    pub token: TokenId,
    pub key: RequestKey,
    /// A digest of what is asked for.
    pub request: Sha256Hex,
}

/// A claim that was made: what it was for has been carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    pub request: Sha256Hex,
    pub at: Instant,
    /// What was answered, as far as that is known.
    pub answer: Option<String>,
}

/// What became of the request that had a key first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It was another one.
    Other,
    Answered(String),
    /// It has been carried out and is about to be answered.
    UnderWay,
    /// It was carried out, and the server ended before it had kept the answer.
    Unanswered,
}

/// Between what is carried out and the keeping of its answer lie milliseconds.
const ANSWERED_WITHIN: TimeDelta = TimeDelta::seconds(10);

impl Claimed {
    /// What holds at `now` for a request that makes the claim again.
    pub fn fate(self, again: &Claim, now: Instant) -> Fate {
        match self.answer {
            _ if self.request != again.request => Fate::Other,
            Some(answer) => Fate::Answered(answer),
            None if now < self.at + ANSWERED_WITHIN => Fate::UnderWay,
            None => Fate::Unanswered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_is_told_what_became_of_the_first() {
        let at = |second| Instant::from_timestamp(second, 0).expect("in range");
        let digest = |of: &str| Sha256Hex::of(of.as_bytes());
        let again = |request| Claim {
            tenant: TenantId::from_bits(1),
            token: TokenId::from_bits(1),
            key: "k".parse().expect("a key"),
            request: digest(request),
        };
        let first = |answer: Option<&str>| Claimed {
            request: digest("this"),
            at: at(100),
            answer: answer.map(str::to_owned),
        };
        for (first, request, now, fate) in [
            (first(Some("done")), "this", 100, Fate::Answered("done".to_owned())),
            (first(Some("done")), "this", 9999, Fate::Answered("done".to_owned())),
            (first(Some("done")), "that", 100, Fate::Other),
            (first(None), "that", 100, Fate::Other),
            (first(None), "this", 109, Fate::UnderWay),
            (first(None), "this", 110, Fate::Unanswered),
        ] {
            assert_eq!(first.clone().fate(&again(request), at(now)), fate, "{first:?} {request} {now}");
        }
    }
}

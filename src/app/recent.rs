//! What happened in the last minute, for as much of it as is worth remembering.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;

use crate::domain::time::Instant;

/// Things that happened within a minute, by their hashes: once in a very long time one is taken for another,
/// and so for no news.
#[derive(Debug, Default)]
pub(super) struct Recent {
    hashing: RandomState,
    happened: Mutex<HashMap<u64, Instant>>,
}

const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// Things remembered at most. When there are more, the old ones are forgotten, or all.
const MOST: usize = 50_000;

impl Recent {
    /// Whether `thing` did not happen in the minute before `now`. It has happened from now on.
    pub(super) fn is_news(&self, thing: &impl Hash, now: Instant) -> bool {
        let thing = self.hashing.hash_one(thing);
        let mut happened = self.happened.lock().unwrap_or_else(PoisonError::into_inner);
        if happened.get(&thing).is_some_and(|last| now - *last < MINUTE) {
            return false;
        }
        if happened.len() >= MOST {
            happened.retain(|_, last| now - *last < MINUTE);
        }
        if happened.len() >= MOST {
            happened.clear();
        }
        happened.insert(thing, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_news_again_after_a_minute() {
        let (recent, start) = (Recent::default(), Instant::UNIX_EPOCH);
        let news = |thing, second| recent.is_news(&thing, start + TimeDelta::seconds(second));
        assert!(news("a", 0) && news("b", 30));
        assert!(!news("a", 59));
        assert!(news("a", 60) && !news("b", 60));
    }

    #[test]
    fn it_does_not_grow_without_bound() {
        let recent = Recent::default();
        for thing in 0..3 * MOST {
            recent.is_news(&thing, Instant::UNIX_EPOCH);
        }
        assert!(recent.happened.into_inner().expect("nobody panicked").len() <= MOST);
    }
}

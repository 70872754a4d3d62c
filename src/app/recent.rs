//! What happened in the last minute, for as much of it as is worth remembering.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;

use crate::domain::time::Instant;

/// Things that happened within a minute.
#[derive(Debug)]
pub(super) struct Recent<K>(Mutex<HashMap<K, Instant>>);

const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// Things remembered at most. When there are more, the old ones are forgotten, or all.
const MOST: usize = 50_000;

impl<K> Default for Recent<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> Recent<K> {
    /// Whether `thing` did not happen in the minute before `now`. It has happened from now on.
    pub(super) fn is_news(&self, thing: K, now: Instant) -> bool {
        let mut happened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        let news = |thing, second| recent.is_news(thing, start + TimeDelta::seconds(second));
        assert!(news("a", 0) && news("b", 30));
        assert!(!news("a", 59));
        assert!(news("a", 60) && !news("b", 60));
    }

    #[test]
    fn it_does_not_grow_without_bound() {
        let recent = Recent::default();
        for thing in 0..3 * MOST {
            recent.is_news(thing, Instant::UNIX_EPOCH);
        }
        assert!(recent.0.into_inner().expect("nobody panicked").len() <= MOST);
    }
}

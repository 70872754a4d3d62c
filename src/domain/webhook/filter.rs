//! What of the log an endpoint is sent.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::event::Event;
use crate::domain::ids::{Login, TypePattern};

/// All of the log, unless it says less.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Filter {
    /// Only events of these types; all, if none.
    #[schema(value_type = Option<Vec<TypePattern>>)]
    pub types: Option<BTreeSet<TypePattern>>,
    /// Only events about these users; about anything, if none.
    #[schema(value_type = Option<Vec<Login>>)]
    pub users: Option<BTreeSet<Login>>,
}

impl Filter {
    /// Whether an event of the type about the subject is sent. A ping is not, which goes to its
    /// endpoint by itself, nor what nobody may follow (A2.9).
    pub fn wants(&self, kind: &str, subject: &str) -> bool {
        let is_type = self.types.as_ref().is_none_or(|types| types.iter().any(|pattern| pattern.fits(kind)));
        let is_about = |users: &BTreeSet<Login>| {
            subject.strip_prefix("user:").is_some_and(|login| users.contains(login))
        };
        kind != Event::PING && kind != Event::UNTOLD && is_type && self.users.as_ref().is_none_or(is_about)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::BadName;

    fn set<T: std::str::FromStr<Err = BadName> + Ord>(words: &[&str]) -> Option<BTreeSet<T>> {
        let parse = |word: &&str| word.parse().expect("it is one");
        (!words.is_empty()).then(|| words.iter().map(parse).collect())
    }

    #[test]
    fn an_event_is_wanted_if_its_type_and_its_subject_are() {
        for (types, users, kind, subject, is_wanted) in [
            (&[][..], &[][..], "presence.online", "user:ada", true),
            (&[], &[], "call.started", "call:call_1", true),
            (&["presence.*"], &[], "presence.online", "user:ada", true),
            (&["presence.*"], &[], "call.started", "call:call_1", false),
            (&["presence.online"], &[], "presence.online", "user:ada", true),
            (&["presence.online"], &[], "presence.offline", "user:ada", false),
            (&["presence.online", "user.*"], &[], "user.changed", "user:ada", true),
            (&[], &["ada"], "presence.online", "user:ada", true),
            (&[], &["ada"], "presence.online", "user:adam", false),
            (&[], &["ada"], "call.started", "call:ada", false),
            (&["user.*"], &["ada", "bob"], "presence.online", "user:bob", false),
            (&[], &[], Event::PING, "webhook:whk_1", false),
            (&["webhook.*"], &[], Event::PING, "webhook:whk_1", false),
        ] {
            let filter = Filter { types: set(types), users: set(users) };
            assert_eq!(filter.wants(kind, subject), is_wanted, "{types:?} {users:?} {kind} {subject}");
        }
    }
}

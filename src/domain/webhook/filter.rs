//! What of the log an endpoint is sent.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::event::Event;
use crate::domain::ids::{BadName, Login};

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

/// A type of events, `presence.online`, or a family of them, `presence.*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TypePattern(String);

const EXPECTED: &str = "a type of events like `presence.online`, or a family of them like `presence.*`";

impl TypePattern {
    fn fits(&self, kind: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(family) => kind.starts_with(family),
            None => self.0 == kind,
        }
    }
}

impl Filter {
    /// Whether an event of the type about the subject is sent. A ping is not: it goes to its endpoint by itself.
    pub fn wants(&self, kind: &str, subject: &str) -> bool {
        let is_type = self.types.as_ref().is_none_or(|types| types.iter().any(|pattern| pattern.fits(kind)));
        let is_about = |users: &BTreeSet<Login>| {
            subject.strip_prefix("user:").is_some_and(|login| users.contains(login))
        };
        kind != Event::PING && is_type && self.users.as_ref().is_none_or(is_about)
    }
}

impl TryFrom<String> for TypePattern {
    type Error = BadName;
    fn try_from(value: String) -> Result<Self, BadName> {
        let pattern = Self(value);
        // A family ends with its dot: `presence*` would fit more than one.
        let is_whole = !pattern.0.ends_with('*') || pattern.0.ends_with(".*");
        let fits = |kind: &&str| *kind != Event::PING && pattern.fits(kind);
        if is_whole && Event::TYPES.iter().any(fits) {
            return Ok(pattern);
        }
        Err(BadName { value: pattern.0, expected: EXPECTED })
    }
}

impl std::str::FromStr for TypePattern {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        Self::try_from(text.to_owned())
    }
}

impl From<TypePattern> for String {
    fn from(TypePattern(pattern): TypePattern) -> Self {
        pattern
    }
}

impl std::fmt::Display for TypePattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

described!(TypePattern, crate::domain::described::text(EXPECTED));

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_pattern_fits_some_type_that_there_is() {
        for (text, is_one) in [
            ("presence.online", true),
            ("presence.*", true),
            ("presence.onlin", false),
            ("presence*", false),
            ("presence.", false),
            ("*", false),
            (".*", false),
            ("nothing.*", false),
            ("webhook.*", true),
            (Event::PING, false),
            ("", false),
        ] {
            assert_eq!(text.parse::<TypePattern>().is_ok(), is_one, "{text}");
        }
    }
}

//! Which events somebody wants to hear of.

use std::collections::HashSet;

use crate::domain::event::Event;
use crate::domain::ids::{SubjectPattern, TypePattern};

/// Events of any of the types about any of the subjects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub types: Patterns,
    pub subjects: Patterns,
}

/// Words, and beginnings of words, of which one has to fit; everything does where there are none. Somebody who follows
/// a thousand users asks it for each event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patterns {
    words: HashSet<String>,
    beginnings: Vec<String>,
}

impl Filter {
    pub fn new(types: &[TypePattern], subjects: &[SubjectPattern]) -> Self {
        let types = types.iter().map(TypePattern::as_str).collect();
        Self { types, subjects: subjects.iter().map(SubjectPattern::as_str).collect() }
    }

    pub fn wants(&self, kind: &str, subject: &str) -> bool {
        kind != Event::UNTOLD && self.types.fit(kind) && self.subjects.fit(subject)
    }
}

impl Patterns {
    fn fit(&self, text: &str) -> bool {
        let is_anything = self.words.is_empty() && self.beginnings.is_empty();
        is_anything
            || self.words.contains(text)
            || self.beginnings.iter().any(|beginning| text.starts_with(beginning))
    }
}

impl<'t> FromIterator<&'t str> for Patterns {
    fn from_iter<I: IntoIterator<Item = &'t str>>(patterns: I) -> Self {
        let mut these = Self::default();
        for pattern in patterns {
            match pattern.strip_suffix('*') {
                Some(beginning) => these.beginnings.push(beginning.to_owned()),
                None => drop(these.words.insert(pattern.to_owned())),
            }
        }
        these
    }
}

impl TypePattern {
    pub fn fits(&self, kind: &str) -> bool {
        self.as_str().strip_suffix('*').map_or(self.as_str() == kind, |beginning| kind.starts_with(beginning))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_wanted_and_all_where_nothing_is() {
        for (types, subjects, wanted) in [
            (&[][..], &[][..], true),
            (&["presence.online"], &[], true),
            (&["presence.*"], &["user:*"], true),
            (&["call.*", "presence.online"], &["user:bob", "user:ada"], true),
            (&["*"], &["*"], true),
            (&["presence.offline"], &[], false),
            (&["call.*"], &["user:ada"], false),
            (&["presence.*"], &["user:a"], false),
            (&[], &["call:*"], false),
        ] {
            let types: Vec<TypePattern> = types.iter().map(|text| text.parse().expect("a type")).collect();
            let subjects: Vec<SubjectPattern> =
                subjects.iter().map(|text| text.parse().expect("a subject")).collect();
            let filter = Filter::new(&types, &subjects);
            assert_eq!(filter.wants("presence.online", "user:ada"), wanted, "{filter:?}");
        }
    }

    #[test]
    fn nobody_hears_of_terminals() {
        // A2.9.
        assert!(!Filter::default().wants("desk.changed", "user:ada"));
        assert!("desk.changed".parse::<TypePattern>().is_err());
    }

    #[test]
    fn what_fits_no_event_is_no_pattern() {
        for (text, is_type, is_subject) in [
            ("presence.online", true, false),
            ("presence.*", true, true),
            ("pre*", true, true),
            ("*", true, true),
            ("presence.onlin", false, false),
            ("presence", false, false),
            ("webhooks.*", false, true),
            ("user:ada", false, true),
            ("user:", false, false),
            (":ada", false, false),
            ("", false, false),
        ] {
            assert_eq!(text.parse::<TypePattern>().is_ok(), is_type, "{text}");
            assert_eq!(text.parse::<SubjectPattern>().is_ok(), is_subject, "{text}");
        }
    }
}

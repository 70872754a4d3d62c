//! Which events somebody wants to hear of.

use crate::domain::event::Event;
use crate::domain::ids::{SubjectPattern, TypePattern};

/// Events of any of the types about any of the subjects; of all, or about all, where none is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub types: Vec<TypePattern>,
    pub subjects: Vec<SubjectPattern>,
}

impl Filter {
    pub fn wants(&self, kind: &str, subject: &str) -> bool {
        kind != Event::UNTOLD
            && (self.types.is_empty() || self.types.iter().any(|pattern| pattern.fits(kind)))
            && (self.subjects.is_empty() || self.subjects.iter().any(|pattern| pattern.fits(subject)))
    }
}

impl TypePattern {
    pub fn fits(&self, kind: &str) -> bool {
        fits(self.as_str(), kind)
    }
}

impl SubjectPattern {
    pub fn fits(&self, subject: &str) -> bool {
        fits(self.as_str(), subject)
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == text, |beginning| text.starts_with(beginning))
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
            let filter = Filter {
                types: types.iter().map(|text| text.parse().expect("a type")).collect(),
                subjects: subjects.iter().map(|text| text.parse().expect("a subject")).collect(),
            };
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

//! Text with placeholders, `You are online until {until}.`

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest text of a prompt in characters: what the strictest carrier reads in one piece.
pub const LONGEST: usize = 1500;

/// What a text may have filled in. A value is typed ([`super::catalogue::Args`]) and gets its words in the
/// language of the text around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Placeholder {
    /// The agent's display name.
    Name,
    /// When the window ends, as the line `moment` puts it.
    Until,
    /// The time that is left of the window.
    Left,
    /// The most hours that may be asked for.
    Max,
    /// Every preset with its key, as the line `preset_choice` puts it.
    Choices,
    /// A supervisor's words.
    Reason,
    /// A preset's hours.
    Duration,
    /// A preset's key.
    Key,
    Day,
    Time,
    /// Where the clock hangs: a city as the line `place` puts it, or an offset.
    Place,
    City,
}

impl Placeholder {
    const ALL: [Self; 12] = [
        Self::Name,
        Self::Until,
        Self::Left,
        Self::Max,
        Self::Choices,
        Self::Reason,
        Self::Duration,
        Self::Key,
        Self::Day,
        Self::Time,
        Self::Place,
        Self::City,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Until => "until",
            Self::Left => "left",
            Self::Max => "max",
            Self::Choices => "choices",
            Self::Reason => "reason",
            Self::Duration => "duration",
            Self::Key => "key",
            Self::Day => "day",
            Self::Time => "time",
            Self::Place => "place",
            Self::City => "city",
        }
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}", self.as_str())
    }
}

/// A text whose placeholders are all known, not blank and not longer than [`LONGEST`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Placeholder(Placeholder),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    #[error("the text is empty: give the words to say")]
    Blank,
    #[error("the text has {0} characters: make it {LONGEST} at most, or split it into a list of prompts")]
    TooLong(usize),
    #[error("unknown placeholder `{{{0}}}`")]
    Unknown(String),
    #[error("a brace without its other half: braces enclose placeholders, as in `{{until}}`")]
    Unpaired,
}

impl Template {
    pub fn placeholders(&self) -> BTreeSet<Placeholder> {
        let placeholders = self.0.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Placeholder(placeholder) => Some(*placeholder),
        });
        placeholders.collect()
    }

    /// The text with each placeholder replaced by what `fill` gives for it; the first one that `fill` has
    /// nothing for, if any.
    pub fn render(&self, fill: impl Fn(Placeholder) -> Option<String>) -> Result<String, Placeholder> {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(words) => Ok(Cow::Borrowed(words.as_str())),
            Piece::Placeholder(placeholder) => fill(*placeholder).map(Cow::Owned).ok_or(*placeholder),
        });
        Ok(pieces.collect::<Result<Vec<_>, _>>()?.concat())
    }
}

impl FromStr for Template {
    type Err = BadTemplate;
    fn from_str(text: &str) -> Result<Self, BadTemplate> {
        if text.trim().is_empty() {
            return Err(BadTemplate::Blank);
        }
        let length = text.chars().count();
        if length > LONGEST {
            return Err(BadTemplate::TooLong(length));
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((words, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or(BadTemplate::Unpaired)?;
            pieces.push(Piece::Text(plain(words)?));
            pieces.push(Piece::Placeholder(known(name)?));
            rest = after;
        }
        pieces.push(Piece::Text(plain(rest)?));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Ok(Self(pieces))
    }
}

fn plain(words: &str) -> Result<String, BadTemplate> {
    if words.contains('}') { Err(BadTemplate::Unpaired) } else { Ok(words.to_owned()) }
}

fn known(name: &str) -> Result<Placeholder, BadTemplate> {
    let mut all = Placeholder::ALL.into_iter();
    all.find(|placeholder| placeholder.as_str() == name).ok_or_else(|| BadTemplate::Unknown(name.to_owned()))
}

impl TryFrom<String> for Template {
    type Error = BadTemplate;
    fn try_from(text: String) -> Result<Self, BadTemplate> {
        text.parse()
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.to_string()
    }
}

/// The text as it was written.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(words) => f.write_str(words),
            Piece::Placeholder(placeholder) => placeholder.fmt(f),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn placeholders_are_filled_where_they_stand() {
        let template: Template = "{name}, until {until}.".parse().expect("a template");
        let words = [(Placeholder::Name, "Ada"), (Placeholder::Until, "{left}")];
        let filled = template.render(|wanted| {
            words.iter().find(|(placeholder, _)| *placeholder == wanted).map(|(_, words)| (*words).to_owned())
        });
        assert_eq!(filled.as_deref(), Ok("Ada, until {left}."));
        assert_eq!(template.render(|_| None), Err(Placeholder::Name));
    }

    #[test]
    fn a_faulty_text_is_refused_by_its_fault() {
        for (text, fault) in [
            ("", BadTemplate::Blank),
            (" \n", BadTemplate::Blank),
            ("until {util}", BadTemplate::Unknown("util".to_owned())),
            ("until {}", BadTemplate::Unknown(String::new())),
            ("until {{until}}", BadTemplate::Unknown("{until".to_owned())),
            ("until {until", BadTemplate::Unpaired),
            ("until until}", BadTemplate::Unpaired),
            (&"a".repeat(1501), BadTemplate::TooLong(1501)),
        ] {
            assert_eq!(text.parse::<Template>(), Err(fault), "{text}");
        }
        assert_eq!(BadTemplate::Unknown("util".to_owned()).to_string(), "unknown placeholder `{util}`");
    }

    proptest! {
        #[test]
        fn a_text_is_refused_or_written_back_as_it_was(text in r"([ -~é]|\{(name|until|key|x)\}){0,40}") {
            if let Ok(template) = text.parse::<Template>() {
                prop_assert_eq!(template.to_string(), text);
                prop_assert!(template.render(|_| Some(String::new())).is_ok());
            }
        }
    }
}

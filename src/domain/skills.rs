//! What users can do, by which lists, counts and demands are narrowed down to those who can.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{BadName, Skill};

/// A user's skills, [`MOST`] at most. They count from the moment they are set (A5.14).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "BTreeSet<Skill>")]
#[schema(value_type = Vec<Skill>, max_items = 50)]
pub struct Skills(BTreeSet<Skill>);

/// How many skills a user has at most.
pub const MOST: usize = 50;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSkills {
    #[error(transparent)]
    Name(#[from] BadName),
    #[error("{0} skills are more than the {MOST} that a user may have; leave some out")]
    TooMany(usize),
}

impl Skills {
    /// Whether a user with these skills is among those who are `wanted`: those with one skill, or everybody.
    pub fn fit(&self, wanted: Option<&Skill>) -> bool {
        wanted.is_none_or(|skill| self.0.contains(skill))
    }
}

impl TryFrom<BTreeSet<Skill>> for Skills {
    type Error = BadSkills;
    fn try_from(skills: BTreeSet<Skill>) -> Result<Self, BadSkills> {
        if skills.len() > MOST { Err(BadSkills::TooMany(skills.len())) } else { Ok(Self(skills)) }
    }
}

impl FromStr for Skills {
    type Err = BadSkills;
    /// Reads skills with commas or blanks between them; an empty text is none.
    fn from_str(text: &str) -> Result<Self, BadSkills> {
        let names = text.split([',', ' ']).filter(|name| !name.is_empty());
        names.map(str::parse).collect::<Result<BTreeSet<Skill>, _>>()?.try_into()
    }
}

impl fmt::Display for Skills {
    /// `billing, french`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(Skill::as_str).collect();
        f.write_str(&names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skills(text: &str) -> Skills {
        text.parse().expect("skills")
    }

    #[test]
    fn who_has_the_skill_that_is_wanted_fits_and_everybody_where_none_is() {
        let french = "french".parse().expect("a skill");
        for (has, wanted, fits) in [
            ("billing, french", Some(&french), true),
            ("french", Some(&french), true),
            ("french-ca", Some(&french), false),
            ("", Some(&french), false),
            ("", None, true),
            ("billing", None, true),
        ] {
            assert_eq!(skills(has).fit(wanted), fits, "{has}");
        }
    }

    #[test]
    fn skills_read_as_they_are_written() {
        for (text, written) in
            [("", ""), ("french", "french"), (" b,a  b , c ", "a, b, c"), ("x_1 x-1", "x-1, x_1")]
        {
            assert_eq!(skills(text).to_string(), written);
            assert_eq!(skills(written), skills(text));
        }
        assert_eq!(
            "a;b".parse::<Skills>().map_err(|why| why.to_string()),
            Err("`a;b` is not 1 to 64 of a-z, 0-9, `_` and `-`, beginning with a letter".to_owned())
        );
    }

    #[test]
    fn a_user_has_fifty_skills_at_most() {
        let many = |count: usize| (0..count).map(|number| format!("s{number}")).collect::<Vec<_>>();
        let json = |count| serde_json::to_string(&many(count)).expect("plain data");
        assert!(serde_json::from_str::<Skills>(&json(MOST)).is_ok());
        assert!(serde_json::from_str::<Skills>(&json(MOST + 1)).is_err());
        assert_eq!(many(MOST + 1).join(" ").parse::<Skills>(), Err(BadSkills::TooMany(MOST + 1)));
        assert!([many(MOST), many(MOST)].concat().join(" ").parse::<Skills>().is_ok(), "twice is once");
    }
}

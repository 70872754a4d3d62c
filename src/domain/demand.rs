//! How many should be on duty.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::ids::Skill;

/// How many should be on duty, of all or of those with a skill, and how long beforehand it is told that fewer will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    #[schema(value_type = u16, minimum = 1, maximum = 1000)]
    pub users: HowMany,
    /// Hours from now that are looked at.
    #[schema(value_type = u16, minimum = 1, maximum = 72)]
    pub hours_ahead: HoursAhead,
    /// Everybody counts, if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<Skill>,
}

pub type HowMany = UpTo<1000>;
pub type HoursAhead = UpTo<72>;

/// A number from 1 to `MOST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct UpTo<const MOST: u16>(u16);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not a number from 1 to {most}")]
pub struct BadNumber {
    pub value: String,
    pub most: u16,
}

impl<const MOST: u16> UpTo<MOST> {
    pub const ONE: Self = Self(1);
    pub const MOST: Self = Self(MOST);

    pub fn get(self) -> u16 {
        self.0
    }
}

impl<const MOST: u16> TryFrom<u16> for UpTo<MOST> {
    type Error = BadNumber;
    fn try_from(number: u16) -> Result<Self, BadNumber> {
        if (1..=MOST).contains(&number) {
            return Ok(Self(number));
        }
        Err(BadNumber { value: number.to_string(), most: MOST })
    }
}

impl<const MOST: u16> From<UpTo<MOST>> for u16 {
    fn from(number: UpTo<MOST>) -> Self {
        number.0
    }
}

impl<const MOST: u16> FromStr for UpTo<MOST> {
    type Err = BadNumber;
    fn from_str(text: &str) -> Result<Self, BadNumber> {
        let number = text.parse().map_err(|_| BadNumber { value: text.to_owned(), most: MOST });
        number.and_then(|number: u16| number.try_into())
    }
}

impl<const MOST: u16> fmt::Display for UpTo<MOST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demand_has_its_bounds_however_it_is_written() {
        for (number, is_good) in [(0, false), (1, true), (72, true), (73, false)] {
            assert_eq!(HoursAhead::try_from(number).is_ok(), is_good, "{number}");
            assert_eq!(number.to_string().parse::<HoursAhead>().is_ok(), is_good, "{number}");
            let json = format!(r#"{{"users":1000,"hours_ahead":{number}}}"#);
            assert_eq!(serde_json::from_str::<Demand>(&json).is_ok(), is_good, "{number}");
        }
        for bad in ["", "-1", "many", "65536"] {
            let why = format!("`{bad}` is not a number from 1 to 1000");
            assert_eq!(bad.parse::<HowMany>().map_err(|bad| bad.to_string()), Err(why));
        }
    }
}

//! Keys as a phone has them. A carrier's `Digits` is text that anybody may have written (D10).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Keys pressed, in order: `0`-`9`, `*`, `#`; at least one. Leading zeros count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Keys(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not keys of a phone: 0-9, * and #")]
pub struct BadKeys(pub String);

impl Keys {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many keys.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The number that one or two digits spell: `08` is 8 (D3).
    pub fn as_hours(&self) -> Option<u16> {
        let digits = self.0.len() <= 2 && self.0.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| self.0.parse().ok()).flatten()
    }
}

impl FromStr for Keys {
    type Err = BadKeys;
    fn from_str(text: &str) -> Result<Self, BadKeys> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Keys {
    type Error = BadKeys;
    fn try_from(text: String) -> Result<Self, BadKeys> {
        let fits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'*' || b == b'#');
        if fits { Ok(Self(text)) } else { Err(BadKeys(text)) }
    }
}

impl From<Keys> for String {
    fn from(keys: Keys) -> Self {
        keys.0
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_do_not_change_the_hours() {
        for (text, hours) in
            [("0", Some(0)), ("00", Some(0)), ("08", Some(8)), ("99", Some(99)), ("100", None), ("1*", None)]
        {
            assert_eq!(text.parse::<Keys>().expect("keys").as_hours(), hours, "{text}");
        }
    }

    #[test]
    fn only_keys_of_a_phone_are_keys() {
        for bad in ["", "a", "1a", "A", " 1", "１", "1\n"] {
            assert!(bad.parse::<Keys>().is_err(), "{bad:?}");
        }
    }
}

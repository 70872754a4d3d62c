//! A new value for what need not have one.

use std::str::FromStr;

/// Written as the value, or as `none`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit<T> {
    Clear,
    Set(T),
}

impl<T> Edit<T> {
    pub fn value(self) -> Option<T> {
        match self {
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

impl<T: FromStr> FromStr for Edit<T> {
    type Err = T::Err;
    fn from_str(text: &str) -> Result<Self, T::Err> {
        if text == "none" { Ok(Self::Clear) } else { text.parse().map(Self::Set) }
    }
}

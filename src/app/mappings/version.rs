//! Which version of a flow a mapping names, as people write it.

use std::fmt;
use std::str::FromStr;

/// Which version of its flow a mapping runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// Whichever is the latest published one when a call comes in.
    #[default]
    Latest,
    Fixed(u32),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither `latest` nor the number of a version")]
pub struct BadVersion(String);

impl FromStr for Version {
    type Err = BadVersion;
    fn from_str(text: &str) -> Result<Self, BadVersion> {
        match text {
            "latest" => Ok(Self::Latest),
            number => number.parse().map(Self::Fixed).map_err(|_| BadVersion(text.to_owned())),
        }
    }
}

impl From<Version> for Option<u32> {
    fn from(version: Version) -> Self {
        match version {
            Version::Latest => None,
            Version::Fixed(number) => Some(number),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Fixed(number) => number.fmt(f),
        }
    }
}

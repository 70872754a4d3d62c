//! Where an endpoint is.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::domain::phone::{BadNumber, E164};
use crate::domain::webhook::url::{BadWebhookUrl, WebhookUrl};

/// What an endpoint is sent goes to a URL, which is posted to, or to the telephone system, which commands are dialled to
/// (A3.3). Written as a URL, `tel:+15065550100` in the latter case (RFC 3966).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Url(WebhookUrl),
    Telephone(E164),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    #[error(transparent)]
    Url(#[from] BadWebhookUrl),
    #[error(transparent)]
    Telephone(#[from] BadNumber),
}

const SCHEME: &str = "tel:";

impl FromStr for Target {
    type Err = BadTarget;
    fn from_str(text: &str) -> Result<Self, BadTarget> {
        match text.strip_prefix(SCHEME) {
            Some(number) => Ok(Self::Telephone(number.parse()?)),
            None => Ok(Self::Url(text.parse()?)),
        }
    }
}

impl TryFrom<String> for Target {
    type Error = BadTarget;
    fn try_from(text: String) -> Result<Self, BadTarget> {
        text.parse()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => url.fmt(f),
            Self::Telephone(number) => write!(f, "{SCHEME}{number}"),
        }
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

described!(
    Target,
    crate::domain::described::text(
        "an `https` URL without a user name, or `tel:` and a telephone system's number"
    )
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_reads_as_it_is_written() {
        for text in ["https://example.com/events", "tel:+15065550100"] {
            assert_eq!(text.parse::<Target>().expect("a target").to_string(), text);
        }
        for bad in ["tel:", "tel:60", "tel:+1 506 555 0100", "sip:me@example.com", "+15065550100"] {
            assert!(bad.parse::<Target>().is_err(), "{bad}");
        }
    }
}

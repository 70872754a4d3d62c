//! When a token ends, on the command line.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta};

use crate::domain::time::Instant;

/// The end of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Expiry {
    /// So long after it is issued.
    In(TimeDelta),
    At(Instant),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give days or hours like `90d` or `12h`, or a time like `2027-01-31T12:00:00Z`")]
pub(in crate::cli) struct BadExpiry;

impl Expiry {
    /// When it is for a token that is issued now.
    pub(in crate::cli) fn end(self, now: Instant) -> Instant {
        match self {
            Self::In(length) => now + length,
            Self::At(end) => end,
        }
    }
}

impl FromStr for Expiry {
    type Err = BadExpiry;
    fn from_str(text: &str) -> Result<Self, BadExpiry> {
        if let Some(days) = text.strip_suffix('d') {
            return count(days).map(|days| Self::In(TimeDelta::days(days)));
        }
        if let Some(hours) = text.strip_suffix('h') {
            return count(hours).map(|hours| Self::In(TimeDelta::hours(hours)));
        }
        let end = DateTime::parse_from_rfc3339(text).map_err(|_| BadExpiry)?;
        // As the store keeps it.
        Instant::from_timestamp_millis(end.timestamp_millis()).map(Self::At).ok_or(BadExpiry)
    }
}

/// So many at most that no calendar ends before.
fn count(digits: &str) -> Result<i64, BadExpiry> {
    digits.parse::<u16>().map(i64::from).map_err(|_| BadExpiry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_length_or_a_time() {
        let noon: Instant = "2026-11-20T12:00:00Z".parse().expect("an instant");
        for (text, end) in [
            ("90d", Some(noon + TimeDelta::days(90))),
            ("12h", Some(noon + TimeDelta::hours(12))),
            ("65535d", Some(noon + TimeDelta::days(65_535))),
            ("2026-11-20T14:00:00+02:00", Some(noon)),
            ("2026-11-20t12:00:00.0009z", Some(noon)),
            ("65536d", None),
            ("-1d", None),
            ("1.5d", None),
            ("90", None),
            ("d", None),
            ("2026-11-20", None),
            ("2026-11-20T12:00:00", None),
            ("é", None),
            ("", None),
        ] {
            assert_eq!(text.parse::<Expiry>().map(|expiry| expiry.end(noon)).ok(), end, "{text}");
        }
    }
}

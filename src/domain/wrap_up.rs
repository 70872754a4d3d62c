//! Wrap-up: the time after a call in which an agent finishes its work and gets no other (A3.4).

use std::str::FromStr;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::domain::time::Instant;

/// How long wrap-up lasts, in seconds: 1 to 999, or 0 for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Length(u16);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a number of seconds from 0 to 999")]
pub struct BadLength(pub u16);

impl Length {
    pub fn get(self) -> u16 {
        self.0
    }

    pub fn span(self) -> TimeDelta {
        TimeDelta::seconds(self.0.into())
    }
}

impl FromStr for Length {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let number: u16 = text.parse().map_err(|_| "give a whole number of seconds, 0 to 999".to_owned())?;
        Self::try_from(number).map_err(|why| why.to_string())
    }
}

impl TryFrom<u16> for Length {
    type Error = BadLength;
    fn try_from(seconds: u16) -> Result<Self, BadLength> {
        if seconds <= 999 { Ok(Self(seconds)) } else { Err(BadLength(seconds)) }
    }
}

impl From<Length> for u16 {
    fn from(length: Length) -> Self {
        length.0
    }
}

spelled!(
    /// With whom a call was.
    #[derive(Default)]
    Party, "one of external, internal", {
        #[default]
        External = "external",
        /// Somebody of the same tenant.
        Internal = "internal",
    }
);

/// How much wrap-up follows a call that was talked on for `talked`. None follows one that only rang, or
/// one with a colleague (D52).
pub fn after(talked: TimeDelta, party: Party, length: Length) -> Option<TimeDelta> {
    let is_due = talked.num_seconds() > 0 && length.0 > 0;
    match party {
        Party::External => is_due.then(|| length.span()),
        Party::Internal => None,
    }
}

/// A wrap-up, in force in `[start, end)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WrapUp {
    #[schema(value_type = String, format = DateTime)]
    pub start: Instant,
    #[schema(value_type = String, format = DateTime)]
    pub end: Instant,
    /// How often its agent has prolonged it.
    pub extensions: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    #[error("the wrap-up is over")]
    Over,
    #[error("the wrap-up was extended {0} times already")]
    OftenEnough(u32),
}

impl WrapUp {
    pub fn begin(length: TimeDelta, now: Instant) -> Self {
        Self { start: now, end: now + length, extensions: 0 }
    }

    /// Whether it is still going on, whatever any worker has done by then (I5).
    pub fn is_open(self, now: Instant) -> bool {
        now < self.end
    }

    /// Puts the end off by `length`, at most `most` times in all (A3.5).
    pub fn extend(self, length: Length, most: u32, now: Instant) -> Result<Self, Rejected> {
        if !self.is_open(now) {
            return Err(Rejected::Over);
        }
        if self.extensions >= most {
            return Err(Rejected::OftenEnough(self.extensions));
        }
        Ok(Self { end: self.end + length.span(), extensions: self.extensions + 1, ..self })
    }

    /// Ends it at `now`, for an agent who is ready sooner (A2.13).
    pub fn end_early(self, now: Instant) -> Result<Self, Rejected> {
        if !self.is_open(now) {
            return Err(Rejected::Over);
        }
        Ok(Self { end: now.max(self.start), ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Instant {
        Instant::from_timestamp(second, 0).expect("in range")
    }

    fn length(seconds: u16) -> Length {
        Length::try_from(seconds).expect("0 to 999")
    }

    #[test]
    fn a_length_is_at_most_999_seconds() {
        for (seconds, fits) in [(0, true), (999, true), (1000, false)] {
            assert_eq!(Length::try_from(seconds).is_ok(), fits, "{seconds}");
        }
        assert_eq!(BadLength(1000).to_string(), "`1000` is not a number of seconds from 0 to 999");
        assert!(serde_json::from_str::<Length>("1000").is_err());
    }

    #[test]
    fn wrap_up_follows_a_customers_call_that_was_answered() {
        use Party::{External, Internal};
        for (talked_ms, party, seconds, wanted) in [
            (1_000, External, 30, Some(30)),
            (3_600_000, External, 999, Some(999)),
            (0, External, 30, None),
            // Calls are counted in whole seconds.
            (999, External, 30, None),
            (-1_000, External, 30, None),
            (60_000, Internal, 30, None),
            (60_000, External, 0, None),
        ] {
            let found = after(TimeDelta::milliseconds(talked_ms), party, length(seconds));
            let row = format!("{talked_ms} ms, {party:?}, {seconds} s");
            assert_eq!(found, wanted.map(TimeDelta::seconds), "{row}");
        }
    }

    #[test]
    fn a_wrap_up_is_extended_until_it_is_over_or_often_enough() {
        let begun = WrapUp::begin(TimeDelta::seconds(30), at(0));
        assert!(begun.is_open(at(29)) && !begun.is_open(at(30)));
        let once = begun.extend(length(20), 2, at(29)).expect("it goes on");
        assert_eq!(once, WrapUp { start: at(0), end: at(50), extensions: 1 });
        let twice = once.extend(length(20), 2, at(0)).expect("it goes on");
        assert_eq!(twice.end, at(70));
        assert_eq!(twice.extend(length(20), 2, at(0)), Err(Rejected::OftenEnough(2)));
        assert_eq!(begun.extend(length(20), 0, at(0)), Err(Rejected::OftenEnough(0)));
        assert_eq!(begun.extend(length(20), 2, at(30)), Err(Rejected::Over));
    }

    #[test]
    fn a_wrap_up_ends_early_once() {
        let begun = WrapUp::begin(TimeDelta::seconds(30), at(0));
        let ended = begun.end_early(at(10)).expect("it goes on");
        assert_eq!(ended, WrapUp { end: at(10), ..begun });
        assert_eq!(ended.end_early(at(10)), Err(Rejected::Over));
        assert_eq!(begun.end_early(at(30)), Err(Rejected::Over));
        // The clock was set back.
        assert_eq!(begun.end_early(at(-5)).map(|ended| ended.end), Ok(at(0)));
    }
}

//! What an endpoint's answer means, and when the next attempt is.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::time::Instant;
use crate::domain::webhook::Stopped;

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Status {
        status: u16,
        /// The header `Retry-After`.
        retry_after: Option<String>,
    },
    /// None came.
    Nothing(Silence),
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silence {
    TimedOut,
    /// Its address is not one that is connected to.
    Forbidden(String),
    Unreachable(String),
    /// It was not asked for one: what was to be said came too late.
    Lapsed,
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Delivered,
    /// Nothing is to be sent there any more.
    Stop(Stopped),
    /// Another attempt, not before a time if the endpoint has named one.
    Again {
        not_before: Option<Instant>,
    },
}

/// Chance, drawn by the shell: 0 to [`Jitter::MOST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jitter(u32);

impl Jitter {
    pub const MOST: u32 = 1000;

    pub fn new(drawn: u32) -> Self {
        Self(drawn % (Self::MOST + 1))
    }
}

/// Between one attempt and the next. They add up to three days.
const PAUSES: [TimeDelta; 10] = [
    TimeDelta::seconds(5),
    TimeDelta::seconds(30),
    TimeDelta::minutes(2),
    TimeDelta::minutes(10),
    TimeDelta::hours(1),
    TimeDelta::hours(3),
    TimeDelta::hours(8),
    TimeDelta::hours(16),
    TimeDelta::hours(20),
    TimeDelta::hours(24),
];

/// An endpoint that asks for more patience is asked again then all the same.
const MOST_PATIENCE: TimeDelta = TimeDelta::hours(24);

impl Answer {
    /// An endpoint's.
    pub fn verdict(&self, now: Instant) -> Verdict {
        match self {
            Self::Status { status: 200..=299, .. } => Verdict::Delivered,
            Self::Status { status: 410, .. } => Verdict::Stop(Stopped::Gone),
            Self::Status { .. } | Self::Nothing(_) => self.again(now),
        }
    }

    /// A carrier's, which was asked for a call.
    pub fn carriers_verdict(&self, now: Instant) -> Verdict {
        match self {
            Self::Status { status: 200..=299, .. } => Verdict::Delivered,
            Self::Status { status: 401 | 403, .. } => Verdict::Stop(Stopped::Refused),
            Self::Status { .. } | Self::Nothing(_) => self.again(now),
        }
    }

    fn again(&self, now: Instant) -> Verdict {
        let not_before = match self {
            Self::Status { retry_after, .. } => {
                retry_after.as_deref().and_then(|header| patience(header, now))
            }
            Self::Nothing(_) => None,
        };
        Verdict::Again { not_before }
    }

    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            Self::Nothing(_) => None,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status, .. } => write!(f, "answered {status}"),
            Self::Nothing(Silence::TimedOut) => f.write_str("no answer in time"),
            Self::Nothing(Silence::Lapsed) => f.write_str("too late to be dialled"),
            Self::Nothing(Silence::Forbidden(why) | Silence::Unreachable(why)) => f.write_str(why),
        }
    }
}

/// Until when the header asks to wait: seconds, or a date (RFC 9110).
fn patience(header: &str, now: Instant) -> Option<Instant> {
    let header = header.trim();
    let until = match header.parse::<u32>() {
        Ok(seconds) => now + TimeDelta::seconds(seconds.into()),
        Err(_) => DateTime::parse_from_rfc2822(header).ok()?.with_timezone(&Utc),
    };
    Some(until.min(now + MOST_PATIENCE))
}

/// When the next attempt is after so many; never after the last. Chance makes it up to a fifth sooner or later, so
/// that what failed together does not come back together.
pub fn next_attempt(
    attempts: u32,
    not_before: Option<Instant>,
    Jitter(jitter): Jitter,
    now: Instant,
) -> Option<Instant> {
    let pause = *PAUSES.get(usize::try_from(attempts.checked_sub(1)?).ok()?)?;
    let fifth = pause / 5;
    let moved = pause - fifth + fifth * 2 / i32::try_from(Jitter::MOST).expect("a thousand") * drawn(jitter);
    let at = now + moved;
    Some(not_before.map_or(at, |earliest| at.max(earliest)))
}

/// For how long an endpoint is left alone at which every attempt fails.
pub fn rest(failing_since: Instant, now: Instant) -> TimeDelta {
    ((now - failing_since) / 4).clamp(TimeDelta::seconds(5), TimeDelta::minutes(5))
}

fn drawn(jitter: u32) -> i32 {
    i32::try_from(jitter).expect("at most a thousand")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Instant {
        "2026-11-20T12:00:00Z".parse().expect("an instant")
    }

    fn status(status: u16, retry_after: Option<&str>) -> Answer {
        Answer::Status { status, retry_after: retry_after.map(str::to_owned) }
    }

    #[test]
    fn an_answer_has_one_meaning() {
        let again = Verdict::Again { not_before: None };
        for (answer, verdict) in [
            (status(200, None), Verdict::Delivered),
            (status(204, Some("60")), Verdict::Delivered),
            (status(299, None), Verdict::Delivered),
            (status(199, None), again),
            (status(301, None), again),
            (status(308, None), again),
            (status(400, None), again),
            (status(410, None), Verdict::Stop(Stopped::Gone)),
            (status(500, None), again),
            (Answer::Nothing(Silence::TimedOut), again),
        ] {
            assert_eq!(answer.verdict(noon()), verdict, "{answer}");
        }
    }

    #[test]
    fn a_carrier_that_does_not_let_us_in_is_asked_no_more() {
        let again = Verdict::Again { not_before: None };
        for (answer, verdict) in [
            (status(201, None), Verdict::Delivered),
            (status(302, None), again),
            (status(400, None), again),
            (status(401, None), Verdict::Stop(Stopped::Refused)),
            (status(403, Some("60")), Verdict::Stop(Stopped::Refused)),
            (status(410, None), again),
            (status(429, Some("60")), Verdict::Again { not_before: Some(noon() + TimeDelta::seconds(60)) }),
            (status(500, None), again),
            (Answer::Nothing(Silence::TimedOut), again),
        ] {
            assert_eq!(answer.carriers_verdict(noon()), verdict, "{answer}");
        }
    }

    #[test]
    fn an_endpoint_may_ask_for_patience() {
        for (header, seconds) in [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 120 ", Some(120)),
            ("Fri, 20 Nov 2026 12:01:00 GMT", Some(60)),
            ("Fri, 20 Nov 2026 11:00:00 GMT", Some(-3600)),
            ("86401", Some(86_400)),
            ("4294967295", Some(86_400)),
            ("Fri, 20 Nov 2099 12:01:00 GMT", Some(86_400)),
            ("99999999999", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            let not_before = seconds.map(|seconds| noon() + TimeDelta::seconds(seconds));
            for code in [429, 503, 500] {
                let verdict = status(code, Some(header)).verdict(noon());
                assert_eq!(verdict, Verdict::Again { not_before }, "{header}");
            }
        }
    }

    #[test]
    fn attempts_go_on_for_three_days() {
        let (mut now, mut attempts) = (noon(), 1);
        while let Some(next) = next_attempt(attempts, None, Jitter::new(500), now) {
            assert!(now < next);
            (now, attempts) = (next, attempts + 1);
        }
        assert_eq!((attempts, (now - noon()).num_hours()), (11, 72));
        assert_eq!(next_attempt(0, None, Jitter::new(0), now), None, "there was none yet");
    }

    #[test]
    fn chance_moves_an_attempt_by_a_fifth() {
        let next =
            |drawn| next_attempt(4, None, Jitter::new(drawn), noon()).map(|at| (at - noon()).num_seconds());
        assert_eq!(
            [next(0), next(500), next(1000), next(1001)],
            [Some(480), Some(600), Some(720), Some(480)]
        );
        let first = |drawn| {
            next_attempt(1, None, Jitter::new(drawn), noon()).map(|at| (at - noon()).num_milliseconds())
        };
        assert_eq!([first(0), first(1000)], [Some(4000), Some(6000)]);
    }

    #[test]
    fn an_endpoint_that_keeps_failing_is_left_alone_for_longer() {
        for (failing, alone) in [(-9, 5), (0, 5), (20, 5), (60, 15), (1200, 300), (9999, 300)] {
            let rest = rest(noon(), noon() + TimeDelta::seconds(failing));
            assert_eq!(rest, TimeDelta::seconds(alone), "after {failing} s");
        }
    }

    #[test]
    fn patience_that_is_asked_for_is_had_and_no_pause_is_shortened() {
        let at = |seconds| noon() + TimeDelta::seconds(seconds);
        let next = |wait: i64| next_attempt(2, Some(at(wait)), Jitter::new(500), noon());
        assert_eq!([next(-5), next(7), next(90)], [Some(at(30)), Some(at(30)), Some(at(90))]);
    }
}

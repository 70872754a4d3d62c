//! Whether calls can be answered here, as far as the database and this machine's clock go.

use std::fmt;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::timeout;

use super::App;

/// How far this machine's clock may be off before somebody is told. Nothing rests on it but log lines, and other
/// things on this machine do.
pub const SUSPICIOUS_SKEW: TimeDelta = TimeDelta::seconds(2);

/// How far it may be off before no calls should come here.
pub const WRONG_SKEW: TimeDelta = TimeDelta::seconds(30);

/// How long a sound database takes to answer at most.
const PATIENCE: Duration = Duration::from_secs(2);

/// How things stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    Sound,
    /// This machine's clock is suspiciously far ahead of the store's, or behind.
    Skewed {
        ahead: TimeDelta,
    },
    /// It is so far off that no calls should come here.
    WrongClock {
        ahead: TimeDelta,
    },
    /// The database does not answer, or is not one to work with.
    Unusable {
        why: String,
    },
}

impl Health {
    fn of_clock(ahead: TimeDelta) -> Self {
        match ahead.abs() {
            skew if skew > WRONG_SKEW => Self::WrongClock { ahead },
            skew if skew > SUSPICIOUS_SKEW => Self::Skewed { ahead },
            _ => Self::Sound,
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sound => f.write_str("the database answers, and the clock is right"),
            Self::Skewed { ahead } | Self::WrongClock { ahead } => {
                let (seconds, is_fast) = (ahead.abs().num_seconds(), *ahead > TimeDelta::zero());
                let side = if is_fast { "ahead of" } else { "behind" };
                write!(f, "this machine's clock is {seconds} s {side} the database's")
            }
            Self::Unusable { why } => write!(f, "the database cannot be used: {why}"),
        }
    }
}

impl App {
    /// Looks at the database and the clock.
    pub async fn health(&self) -> Health {
        match timeout(PATIENCE, self.store.look()).await {
            Ok(Ok(ahead)) => Health::of_clock(ahead),
            Ok(Err(error)) => Health::Unusable { why: error.to_string() },
            Err(_) => Health::Unusable { why: format!("nothing came within {} s", PATIENCE.as_secs()) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_may_be_off_a_little() {
        let wrong = |ahead| Health::WrongClock { ahead };
        for (seconds, kind) in [(0, "sound"), (-2, "sound"), (3, "skewed"), (-30, "skewed"), (31, "wrong")] {
            let ahead = TimeDelta::seconds(seconds);
            let expected = match kind {
                "sound" => Health::Sound,
                "skewed" => Health::Skewed { ahead },
                _ => wrong(ahead),
            };
            assert_eq!(Health::of_clock(ahead), expected);
        }
        let said = wrong(TimeDelta::seconds(-3600)).to_string();
        assert_eq!(said, "this machine's clock is 3600 s behind the database's");
    }
}

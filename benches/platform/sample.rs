//! How long many took, in the order of how long.

use std::fmt;
use std::time::Duration;

#[derive(Debug, Default)]
pub(crate) struct Sample(Vec<Duration>);

impl FromIterator<Duration> for Sample {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }
}

impl Sample {
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// So many of a hundred took at most so long.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        self.0.get(self.count().saturating_sub(1) * percent / 100).copied().unwrap_or_default()
    }

    /// How many times as long they took as others, at a percentile.
    pub(crate) fn ratio(&self, others: &Self, percent: usize) -> f64 {
        self.percentile(percent).as_secs_f64() / others.percentile(percent).as_secs_f64()
    }
}

/// Half of them, 99 of 100, the longest, in milliseconds.
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = |percent| self.percentile(percent).as_secs_f64() * 1000.0;
        write!(f, "{:.1}, {:.1}, {:.1}", millis(50), millis(99), millis(100))
    }
}

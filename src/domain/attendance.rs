//! How many of some stretches of time hold, at any moment.

use crate::domain::time::Instant;

/// From when to when somebody is on duty, or works: at its end itself no longer (D18).
pub type Span = (Instant, Instant);

/// Beginnings and ends of spans, each in order, so that counting those that hold is looking up two places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendance {
    began: Vec<Instant>,
    ended: Vec<Instant>,
}

impl Attendance {
    /// Of spans that begin before they end.
    pub fn of(spans: &[Span]) -> Self {
        let sorted = |edge: fn(&Span) -> Instant| {
            let mut edges: Vec<Instant> = spans.iter().map(edge).collect();
            edges.sort_unstable();
            edges
        };
        Self { began: sorted(|span| span.0), ended: sorted(|span| span.1) }
    }

    /// How many hold: those that have begun by then, without those that are over.
    pub fn at(&self, at: Instant) -> usize {
        let by = |edges: &[Instant]| edges.partition_point(|edge| *edge <= at);
        by(&self.began) - by(&self.ended)
    }

    /// `from`, `to`, and the moments between them at which another number may hold, in order.
    pub fn turns(&self, (from, to): Span) -> Vec<Instant> {
        let edges = self.began.iter().chain(&self.ended).copied();
        let mut turns: Vec<Instant> = edges.filter(|edge| from < *edge && *edge < to).collect();
        turns.extend([from, to]);
        turns.sort_unstable();
        turns.dedup();
        turns
    }
}

/// One user's spans as one line of time: those that touch or overlap are one.
pub fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut line: Vec<Span> = Vec::with_capacity(spans.len());
    for (from, to) in spans {
        match line.last_mut() {
            Some((_, end)) if from <= *end => *end = to.max(*end),
            Some(_) | None => line.push((from, to)),
        }
    }
    line
}

#[cfg(test)]
pub(in crate::domain) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(in crate::domain) fn at(hour: i64) -> Instant {
        Instant::from_timestamp(hour * 3600, 0).expect("in range")
    }

    pub(in crate::domain) fn spans(hours: &[(i64, i64)]) -> Vec<Span> {
        hours.iter().map(|(from, to)| (at(*from), at(*to))).collect()
    }

    #[test]
    fn one_users_spans_are_one_line() {
        let line = joined(spans(&[(8, 16), (4, 8), (10, 12), (20, 22)]));
        assert_eq!(line, spans(&[(4, 16), (20, 22)]));
    }

    proptest! {
        #[test]
        fn as_many_are_counted_as_hold(
            hours in proptest::collection::vec((0_i64..20, 1_i64..20), 0..12),
            hour in -1_i64..41,
        ) {
            let spans = spans(&hours.iter().map(|(from, long)| (*from, from + long)).collect::<Vec<_>>());
            let holding = spans.iter().filter(|(from, to)| *from <= at(hour) && at(hour) < *to).count();
            let attendance = Attendance::of(&spans);
            prop_assert_eq!(attendance.at(at(hour)), holding);
            let turns = attendance.turns((at(0), at(40)));
            let same_until_next = |stretch: &[Instant]| {
                let last = stretch[1] - chrono::TimeDelta::milliseconds(1);
                attendance.at(stretch[0]) == attendance.at(last)
            };
            prop_assert!(turns.windows(2).all(same_until_next));
        }
    }
}

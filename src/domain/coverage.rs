//! When too few will be on duty, by what is known of it now.

use serde::{Deserialize, Serialize};

use crate::domain::time::Instant;

/// From when to when somebody is on duty, or works.
pub type Span = (Instant, Instant);

/// A stretch in which fewer are on duty than there should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Gap {
    #[schema(value_type = String, format = DateTime)]
    pub from: Instant,
    #[schema(value_type = String, format = DateTime)]
    pub to: Instant,
    /// So many are.
    pub users: usize,
}

/// How many should be on duty, and how long beforehand it is told that fewer will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    #[schema(minimum = 1, maximum = 1000)]
    pub users: u16,
    /// Hours from now that are looked at: 1 to 72.
    #[schema(minimum = 1, maximum = 72)]
    pub hours_ahead: u16,
}

impl Demand {
    pub fn is_sound(self) -> bool {
        (1..=1000).contains(&self.users) && (1..=72).contains(&self.hours_ahead)
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

/// The stretches of `[from, to)` in which fewer than `wanted` of the spans hold; each user's are `joined`.
pub fn gaps(spans: &[Span], (from, to): Span, wanted: usize) -> Vec<Gap> {
    let mut turns: Vec<Instant> = spans
        .iter()
        .flat_map(|(began, ended)| [*began, *ended])
        .filter(|at| from < *at && *at < to)
        .collect();
    turns.extend([from, to]);
    turns.sort_unstable();
    turns.dedup();
    let holding = |at: Instant| spans.iter().filter(|(began, ended)| *began <= at && at < *ended).count();
    let mut gaps: Vec<Gap> = Vec::new();
    for stretch in turns.windows(2) {
        let (from, to, users) = (stretch[0], stretch[1], holding(stretch[0]));
        match gaps.last_mut() {
            _ if users >= wanted => {}
            Some(last) if last.to == from && last.users == users => last.to = to,
            Some(_) | None => gaps.push(Gap { from, to, users }),
        }
    }
    gaps
}

/// The first gap, if it is not the one that was told last: one that has begun meanwhile is the same.
pub fn untold(gaps: &[Gap], told: Option<Gap>) -> Option<Gap> {
    let first = gaps.first().copied()?;
    let is_told = told.is_some_and(|told| told.from <= first.from && first.from < told.to);
    (!is_told).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Instant {
        Instant::from_timestamp(hour * 3600, 0).expect("in range")
    }

    fn spans(hours: &[(i64, i64)]) -> Vec<Span> {
        hours.iter().map(|(from, to)| (at(*from), at(*to))).collect()
    }

    #[test]
    fn a_gap_is_where_fewer_hold_than_are_wanted() {
        for (held, wanted, found) in [
            (&[][..], 1, &[(0, 24, 0)][..]),
            (&[(0, 24)], 1, &[]),
            (&[(-5, 30)], 1, &[]),
            (&[(8, 16)], 1, &[(0, 8, 0), (16, 24, 0)]),
            (&[(0, 8), (8, 24)], 1, &[]),
            (&[(0, 8), (8, 24)], 2, &[(0, 24, 1)]),
            (&[(0, 12), (6, 24)], 2, &[(0, 6, 1), (12, 24, 1)]),
            (&[(0, 12), (6, 12)], 2, &[(0, 6, 1), (12, 24, 0)]),
            (&[(30, 40)], 1, &[(0, 24, 0)]),
        ] {
            let gaps = gaps(&spans(held), (at(0), at(24)), wanted);
            let told: Vec<_> = gaps.iter().map(|gap| (gap.from, gap.to, gap.users)).collect();
            let wished: Vec<_> = found.iter().map(|(from, to, users)| (at(*from), at(*to), *users)).collect();
            assert_eq!(told, wished, "{held:?}");
        }
    }

    #[test]
    fn one_users_spans_are_one_line() {
        let line = joined(spans(&[(8, 16), (4, 8), (10, 12), (20, 22)]));
        assert_eq!(line, spans(&[(4, 16), (20, 22)]));
    }

    #[test]
    fn a_gap_is_told_once() {
        let gap = |from, to| Gap { from: at(from), to: at(to), users: 0 };
        for (first, told, is_told_now) in [
            (Some(gap(8, 16)), None, true),
            (Some(gap(8, 16)), Some(gap(8, 16)), false),
            // It has begun, and goes on.
            (Some(gap(10, 16)), Some(gap(8, 16)), false),
            (Some(gap(16, 20)), Some(gap(8, 16)), true),
            (Some(gap(2, 4)), Some(gap(8, 16)), true),
            (None, Some(gap(8, 16)), false),
        ] {
            let gaps: Vec<Gap> = first.into_iter().collect();
            assert_eq!(untold(&gaps, told).is_some(), is_told_now, "{first:?} after {told:?}");
        }
    }
}

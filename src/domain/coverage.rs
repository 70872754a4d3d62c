//! When too few will be on duty, by what is known of it now.

use serde::{Deserialize, Serialize};

use crate::domain::attendance::{Attendance, Span};
use crate::domain::time::Instant;

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

/// The stretches of `[from, to)` in which fewer than `wanted` of the spans hold; each user's are joined.
pub fn gaps(spans: &[Span], within: Span, wanted: usize) -> Vec<Gap> {
    let attendance = Attendance::of(spans);
    let mut gaps: Vec<Gap> = Vec::new();
    for stretch in attendance.turns(within).windows(2) {
        let (from, to, users) = (stretch[0], stretch[1], attendance.at(stretch[0]));
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
    use crate::domain::attendance::tests::{at, spans};

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

//! Times as people read them.

use chrono::TimeDelta;

use crate::domain::time::{Instant, Zone};

/// What the wall shows in `zone`: `2026-11-20 12:00`; a dash where there is no time.
pub(super) fn wall(at: Option<Instant>, zone: &Zone) -> String {
    let Some(at) = at else { return "-".to_owned() };
    let local = zone.local(at);
    format!("{}-{:02}-{:02} {}", local.year, local.month, local.day, local.time_of_day())
}

/// A length of time to the nearest minute: `3 h 20 min`.
pub(super) fn span(length: TimeDelta) -> String {
    let length = length + TimeDelta::seconds(30);
    match (length.num_hours(), length.num_minutes() % 60) {
        (0, 0) => "less than half a minute".to_owned(),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_the_zone_asked_for() {
        let at = Instant::from_timestamp(1_795_194_000, 0);
        let zone = "America/Toronto".parse().expect("a zone");
        assert_eq!(wall(at, &zone), "2026-11-20 12:00");
        assert_eq!(wall(at, &Zone::utc()), "2026-11-20 17:00");
        assert_eq!(wall(None, &zone), "-");
    }

    #[test]
    fn a_length_leaves_out_what_is_nought() {
        for (seconds, told) in [
            (29, "less than half a minute"),
            (30, "1 min"),
            (24 * 3600 - 1, "24 h"),
            (8 * 3600 + 149, "8 h 2 min"),
        ] {
            assert_eq!(span(TimeDelta::seconds(seconds)), told);
        }
    }
}

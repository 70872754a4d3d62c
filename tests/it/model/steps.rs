//! What may happen in an evening, and how often.

use chrono::TimeDelta;
use dutyline::domain::presence::WhenOnline;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::duty::{MAX_HOURS, Wish};

/// One thing that happens. Agents and telephones go by their places.
#[derive(Debug, Clone)]
pub enum Step {
    Dial {
        phone: usize,
        who: usize,
    },
    /// Keys, any text as a carrier's `Digits`, or silence.
    Answer {
        phone: usize,
        keys: Option<&'static str>,
    },
    /// A request of the call is made again, perhaps with other keys.
    Repeat {
        phone: usize,
        which: Index,
        keys: Option<&'static str>,
    },
    HangUp {
        phone: usize,
    },
    /// The clock moves, also backwards.
    Pass(TimeDelta),
    /// The clock moves to the end of an agent's window and this much further.
    PassTheEnd {
        who: usize,
        by: TimeDelta,
    },
    /// An agent calls just before the end of their window, and is on the line still this much after it.
    CallAtTheEnd {
        phone: usize,
        who: usize,
        by: TimeDelta,
    },
    Fire,
    Restart,
    Order {
        who: usize,
        wish: Wish,
    },
}

/// Keys that decide, keys that ask, and what nobody's telephone has.
fn keys() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        6 => select(&["1", "2", "3", "4"][..]),
        5 => select(&["0", "9", "#", "*"][..]),
        3 => select(&["00", "08", "12", "80", "81"][..]),
        1 => select(&["5", "100", "+5", "<&\u{7}"][..]),
    ]
}

pub fn step() -> impl Strategy<Value = Step> {
    let place = 0..2_usize;
    let wish = prop_oneof![
        3 => select(&[8, MAX_HOURS, MAX_HOURS + 1][..]).prop_map(Wish::Online),
        1 => Just(Wish::Offline),
        1 => Just(Wish::Hold),
        2 => Just(Wish::Release),
    ];
    // An open menu holds a window for a minute (D25).
    let after = prop_oneof![select(&[-1, 0, 59, 60][..]), 1..90_i64].prop_map(TimeDelta::seconds);
    let time = prop_oneof![
        5 => (1..300_i64).prop_map(TimeDelta::seconds),
        2 => (1..100_i64).prop_map(TimeDelta::hours),
        1 => (-20..0_i64).prop_map(TimeDelta::hours),
    ];
    prop_oneof![
        5 => (place.clone(), place.clone()).prop_map(|(phone, who)| Step::Dial { phone, who }),
        10 => (place.clone(), weighted(0.9, keys())).prop_map(|(phone, keys)| Step::Answer { phone, keys }),
        4 => (place.clone(), any::<Index>(), weighted(0.5, select(&["1", "0", "5"][..])))
            .prop_map(|(phone, which, keys)| Step::Repeat { phone, which, keys }),
        2 => place.clone().prop_map(|phone| Step::HangUp { phone }),
        3 => time.prop_map(Step::Pass),
        2 => (place.clone(), after.clone()).prop_map(|(who, by)| Step::PassTheEnd { who, by }),
        2 => (place.clone(), place.clone(), after)
            .prop_map(|(phone, who, by)| Step::CallAtTheEnd { phone, who, by }),
        4 => Just(Step::Fire),
        1 => Just(Step::Restart),
        2 => (place, wish).prop_map(|(who, wish)| Step::Order { who, wish }),
    ]
}

pub fn rule() -> impl Strategy<Value = WhenOnline> {
    select(&[WhenOnline::Replace, WhenOnline::Extend, WhenOnline::Max][..])
}

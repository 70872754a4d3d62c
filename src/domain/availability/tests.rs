//! How availabilities lie over one another: in tables, and minute by minute against a model.

use proptest::prelude::*;

use super::*;

/// Minutes after the beginning of these tests' time.
fn at(minute: i64) -> Instant {
    Instant::from_timestamp(minute * 60, 0).expect("in range")
}

fn minute(at: Instant) -> i64 {
    at.timestamp().div_euclid(60)
}

fn terms(state: State, start: i64, end: Option<i64>) -> Terms {
    Terms { state, starts_at: at(start), ends_at: end.map(at), transfer: None, note: None, label: None }
}

fn availability(id: u128, state: State, start: i64, end: Option<i64>) -> Availability {
    let terms = terms(state, start, end);
    Availability { id: AvailabilityId::from_bits(id), terms, source: Source::Api }
}

/// At work from minute 0 on, away from 100 to 200, busy amid that, off from 300 on.
fn day() -> [Availability; 4] {
    [
        availability(1, State::Available, 0, None),
        availability(2, State::Away, 100, Some(200)),
        availability(3, State::Busy, 120, Some(150)),
        availability(4, State::OffWork, 300, None),
    ]
}

#[test]
fn a_state_lets_calls_through_by_its_class() {
    for (state, class) in [
        (State::Available, Class::Allow),
        (State::Busy, Class::Allow),
        (State::Away, Class::Allow),
        (State::Brb, Class::Allow),
        (State::Dnd, Class::NoServiceCalls),
        (State::OffWork, Class::OffWork),
    ] {
        assert_eq!(state.class(), class, "{state}");
        assert_eq!(state.as_str().parse(), Ok(state));
    }
    assert!("offline".parse::<State>().is_err());
}

#[test]
fn a_note_is_one_line_of_280_characters() {
    let long = "ä".repeat(280);
    for good in ["lunch", "back at 2 👩‍💻", long.as_str()] {
        assert_eq!(good.parse::<Note>().expect("a note").as_str(), good);
    }
    for bad in ["", " ", "two\nlines", "two\u{2028}lines", "a\tb", "\u{7}", &format!("{long}!")] {
        let error = bad.parse::<Note>().expect_err("refused").to_string();
        assert!(error.ends_with("is not a note: one line of at most 280 characters"), "{error}");
    }
    assert!(serde_json::from_str::<Note>(r#""two\nlines""#).is_err());
}

#[test]
fn terms_are_refused_by_the_field_that_is_wrong() {
    let reach = REACH.num_minutes();
    for (start, end, found) in [
        (0, None, Ok(())),
        (0, Some(1), Ok(())),
        (-10, Some(1), Ok(())),
        (reach, None, Ok(())),
        (-reach, Some(reach), Ok(())),
        (reach + 1, None, Err(BadTerms::StartsTooFar)),
        (-reach - 1, None, Err(BadTerms::StartsTooFar)),
        (5, Some(5), Err(BadTerms::EndsBeforeStart)),
        (5, Some(4), Err(BadTerms::EndsBeforeStart)),
        (-10, Some(0), Err(BadTerms::EndsInPast)),
        (0, Some(reach + 1), Err(BadTerms::EndsTooFar)),
    ] {
        assert_eq!(terms(State::Busy, start, end).check(at(0)), found, "{start} to {end:?}");
    }
    assert_eq!(BadTerms::EndsTooFar.to_string(), "`ends_at` is more than 400 days from now");
}

#[test]
fn the_latest_to_start_counts_and_its_end_reveals_the_earlier() {
    let day = day();
    for (now, id, next) in [
        (-1, None, Some(0)),
        (0, Some(1), Some(100)),
        (99, Some(1), Some(100)),
        (100, Some(2), Some(120)),
        (149, Some(3), Some(150)),
        (150, Some(2), Some(200)),
        (200, Some(1), Some(300)),
        (300, Some(4), None),
    ] {
        let found = active(&day, at(now)).map(|one| one.id.clone());
        assert_eq!(found, id.map(AvailabilityId::from_bits), "at {now}");
        assert_eq!(next_change(&day, at(now)).map(minute), next, "after {now}");
    }
    assert_eq!(state(&day, at(-1)), State::Available, "who says nothing is available");
    assert_eq!(state(&day, at(300)), State::OffWork);
}

#[test]
fn of_two_that_start_at_once_the_later_id_counts() {
    let pair = [availability(2, State::Dnd, 0, Some(10)), availability(1, State::Busy, 0, None)];
    assert_eq!(state(&pair, at(0)), State::Dnd);
    assert_eq!(state(&pair, at(10)), State::Busy);
}

#[test]
fn what_starts_and_ends_under_another_changes_nothing() {
    let covered = [
        availability(1, State::Dnd, 50, None),
        availability(2, State::Busy, 0, Some(100)),
        // Cut short before it began.
        availability(3, State::Away, 200, Some(200)),
    ];
    assert_eq!(next_change(&covered, at(50)), None);
}

#[test]
fn an_availability_reads_as_it_is_written() {
    let mut lunch = availability(7, State::Brb, 60, Some(90));
    lunch.terms.transfer = Some("+15065550100".parse().expect("a number"));
    lunch.terms.note = Some("lunch".parse().expect("a note"));
    let text = serde_json::to_string(&lunch).expect("plain data");
    insta::assert_snapshot!(text, @r#"{"id":"avl_00000000000000000000000000000007","state":"brb","starts_at":"1970-01-01T01:00:00Z","ends_at":"1970-01-01T01:30:00Z","transfer":"+15065550100","note":"lunch","source":"api"}"#);
    assert_eq!(serde_json::from_str::<Availability>(&text).expect("what was written"), lunch);
}

/// The minutes in which the model runs.
const MINUTES: i64 = 60;

/// The rules told again: painted minute by minute, the earlier first, so that the later covers it.
fn painted(all: &[Availability]) -> Vec<Option<AvailabilityId>> {
    let mut order: Vec<_> = all.iter().collect();
    order.sort_by(|a, b| a.terms.starts_at.cmp(&b.terms.starts_at).then(a.id.cmp(&b.id)));
    let mut minutes = vec![None; usize::try_from(MINUTES).expect("some")];
    for one in order {
        for (now, painted) in (0..).zip(&mut minutes) {
            let ends = one.terms.ends_at.map_or(i64::MAX, minute);
            if (minute(one.terms.starts_at)..ends).contains(&now) {
                *painted = Some(one.id.clone());
            }
        }
    }
    minutes
}

fn availabilities() -> impl Strategy<Value = Vec<Availability>> {
    let one = (0..6_u128, -5..MINUTES, proptest::option::of(0..40_i64));
    prop::collection::vec(one, 0..9).prop_map(|drawn| {
        let made = drawn.into_iter().zip(0..).map(|((draw, start, length), place)| {
            // No two have the same id; their order is not that of the list.
            availability(draw * 100 + place, State::Busy, start, length.map(|length| start + length))
        });
        made.collect()
    })
}

proptest! {
    #[test]
    fn any_list_goes_as_the_model_paints_it(all in availabilities()) {
        let model = painted(&all);
        let id = |active: Option<&Availability>| active.map(|one| one.id.clone());
        for (now, wanted) in (0..).zip(&model) {
            prop_assert_eq!(&id(active(&all, at(now))), wanted);
            let just_before = at(now + 1) - TimeDelta::milliseconds(1);
            prop_assert_eq!(&id(active(&all, just_before)), wanted);
            // The next change within the model's minutes is the first other colour.
            let next = (now..).zip(model.iter().skip(usize::try_from(now).expect("some")));
            let next = next.into_iter().find(|(_, later)| *later != wanted).map(|(at, _)| at);
            let found = next_change(&all, at(now)).map(minute);
            prop_assert_eq!(found.filter(|at| *at < MINUTES), next);
        }
    }
}

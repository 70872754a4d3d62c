//! Any sequence of commands against the rules told again.

use proptest::prelude::*;

use super::*;

/// What the presence is after `transition`, as its event tells.
pub(super) fn told_after(before: Presence, transition: &Transition) -> Presence {
    match transition.clone() {
        Transition::WentOnline(window) | Transition::Extended(window) => Presence {
            state: State::Online { since: window.since, until: window.until },
            generation: window.generation,
            at: Some(window.at),
            cause: Some(window.cause),
            plan: planned(before.plan, window.at, |plan| plan.take_up(window.duty)),
            ..before
        },
        Transition::WentOffline(ending) => Presence {
            state: State::Offline { since: Some(ending.ended) },
            generation: ending.generation,
            at: Some(ending.at),
            cause: Some(ending.cause),
            plan: planned(before.plan, ending.at, |plan| plan.take_up(None)),
            ..before
        },
        Transition::Held { generation, at, reason } => {
            let plan = planned(before.plan, at, |_| {});
            Presence { generation, at: Some(at), hold: Some(reason), plan, ..before }
        }
        Transition::Released { generation, at } => {
            let plan = planned(before.plan, at, |_| {});
            Presence { generation, at: Some(at), hold: None, plan, ..before }
        }
        Transition::Said { generation, at, availability } => {
            let plan = planned(before.plan, at, |plan| {
                plan.withdraw(&availability.id);
                assert!(plan.say(availability), "there was room");
            });
            Presence { generation, at: Some(at), plan, ..before }
        }
        Transition::Withdrawn { generation, at, id } => {
            let plan = planned(before.plan, at, |plan| {
                plan.withdraw(&id);
            });
            Presence { generation, at: Some(at), plan, ..before }
        }
        Transition::Turned { generation, at } => {
            let plan = planned(before.plan, at, |_| {});
            Presence { generation, at: Some(at), plan, ..before }
        }
        Transition::DeskChanged { generation, at, desk } => {
            let plan = planned(before.plan, at, |_| {});
            Presence { generation, at: Some(at), desk, plan, ..before }
        }
    }
}

fn planned(mut plan: Plan, at: Instant, change: impl FnOnce(&mut Plan)) -> Plan {
    change(&mut plan);
    plan.forget(at);
    plan
}

/// The rules again, in whole seconds and as plainly as they can be put.
#[derive(Debug, Clone, PartialEq, Default)]
struct Model {
    generation: u64,
    /// From, to.
    window: Option<(i64, i64)>,
    hold: Option<String>,
    at: Option<i64>,
}

impl Model {
    fn of(presence: &Presence) -> Self {
        let window = match presence.state {
            State::Offline { .. } => None,
            State::Online { since, until } => Some((since.timestamp(), until.timestamp())),
        };
        let at = presence.at.map(|at| at.timestamp());
        Self { generation: presence.generation, window, hold: presence.hold.clone(), at }
    }

    /// None if it is refused.
    fn after(&self, asked: &Asked, menu: Option<i64>, now: i64) -> Option<Self> {
        let mut next = self.clone();
        let at = self.at.map_or(now, |last| last.max(now));
        let lapsed = self.window.is_some_and(|(_, until)| {
            now >= until + if menu.is_some_and(|opened| opened < until) { 60 } else { 0 }
        });
        let mut steps = u64::from(lapsed);
        if lapsed {
            next.window = None;
        }
        match asked {
            Asked::Command(Command::GoOnline { hours, when_online, cap }) => {
                let (span, cap) = (i64::from(hours.get()) * 3600, i64::from(cap.get()) * 3600);
                let (since, until) = match (next.window, when_online) {
                    (None, _) => (at, at + span),
                    (Some((since, _)), WhenOnline::Replace) => (since, at + span),
                    (Some((since, until)), WhenOnline::Extend) => (since, until + span),
                    (Some((since, until)), WhenOnline::Max) => (since, until.max(at + span)),
                };
                if next.hold.is_some() || until > at + cap {
                    return None;
                }
                next.window = Some((since, until));
                steps += 1;
            }
            Asked::Command(Command::GoOffline) => steps += u64::from(next.window.take().is_some()),
            Asked::Command(Command::Hold(reason)) => {
                steps += u64::from(next.window.take().is_some());
                steps += u64::from(next.hold.replace(reason.clone()).as_ref() != Some(reason));
            }
            Asked::Command(Command::Release) => steps += u64::from(next.hold.take().is_some()),
            Asked::Command(
                Command::Say(_)
                | Command::Withdraw(_)
                | Command::Adjust(_)
                | Command::Report(..)
                | Command::DialOut(..)
                | Command::ExtendWrapUp { .. }
                | Command::EndWrapUp,
            ) => unreachable!("the model knows windows and holds alone"),
            Asked::Timer(generation) if *generation != self.generation || !lapsed => return None,
            Asked::Timer(_) => {}
        }
        next.generation += steps;
        next.at = if steps == 0 { self.at } else { Some(at) };
        Some(next)
    }
}

/// One thing that happens.
#[derive(Debug, Clone)]
struct Happening {
    /// Seconds by which the clock moves first, also backwards.
    step: i64,
    /// How many seconds ago the agent's menu was opened.
    menu: Option<i64>,
    /// None is a timer.
    command: Option<Command>,
    /// How many generations the timer's sight is old.
    behind: u64,
}

fn happening() -> impl Strategy<Value = Happening> {
    let choice = (1..=100_u16, 1..=99_u16).prop_flat_map(|(number, cap)| {
        proptest::sample::select(vec![WhenOnline::Replace, WhenOnline::Extend, WhenOnline::Max]).prop_map(
            move |when_online| Command::GoOnline { hours: hours(number), when_online, cap: hours(cap) },
        )
    });
    let command = prop_oneof![
        4 => choice.prop_map(Some),
        2 => Just(Some(Command::GoOffline)),
        1 => "[ab]".prop_map(|reason| Some(Command::Hold(reason))),
        2 => Just(Some(Command::Release)),
        4 => Just(None),
    ];
    let step = prop_oneof![-7200..7200_i64, 0..400_000_i64, Just(3600)];
    (step, proptest::option::of(0..600_i64), command, 0..3_u64)
        .prop_map(|(step, menu, command, behind)| Happening { step, menu, command, behind })
}

/// What holds of every accepted step of an agent's log (I1, I4, I7, I9).
fn keeps_the_log_in_order(before: &Presence, transition: &Transition, now: Instant) {
    let next = told_after(before.clone(), transition);
    assert_eq!(next.generation, before.generation + 1);
    assert!(next.at >= before.at && next.at >= Some(now));
    match (before.state, transition) {
        (State::Offline { .. }, Transition::WentOnline(window))
        | (State::Online { .. }, Transition::Extended(window)) => {
            assert!(window.since <= window.at && window.at < window.until);
        }
        (State::Online { since, until }, Transition::WentOffline(ending)) => {
            assert!(since <= ending.ended && ending.ended <= until && ending.ended <= ending.at);
            assert!(ending.cause.reason != Reason::Expired || now >= until, "never early");
        }
        (State::Offline { .. }, Transition::Held { .. } | Transition::Released { .. }) => {}
        (state, transition) => panic!("{transition:?} while {state:?}"),
    }
}

proptest! {
    #[test]
    fn any_sequence_goes_as_the_model_says(happenings in prop::collection::vec(happening(), 1..40)) {
        let (mut presence, mut now) = (Presence::default(), 0);
        for Happening { step, menu, command, behind } in happenings {
            now += step;
            let menu = menu.map(|ago| now - ago);
            let asked = command
                .map_or_else(|| timer(presence.generation.saturating_sub(behind)), Asked::Command);
            let moment = |seconds| Instant::from_timestamp(seconds, 0).expect("in range");
            let found = ask(&presence, &asked, menu.map(moment), moment(now));
            let wanted = Model::of(&presence).after(&asked, menu, now);
            prop_assert_eq!(found.as_ref().ok().map(|(next, _)| Model::of(next)), wanted);
            let Ok((next, transitions)) = found else { continue };
            for transition in transitions {
                keeps_the_log_in_order(&presence, &transition, moment(now));
                presence = told_after(presence, &transition);
            }
            // The state is what the events say it is (I2).
            prop_assert_eq!(&presence, &next);
        }
    }
}

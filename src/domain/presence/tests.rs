//! Every command against every state, in tables.

mod model;
mod said;

use super::*;

/// Minutes after the beginning of these tests' time.
fn at(minute: i64) -> Instant {
    Instant::from_timestamp(minute * 60, 0).expect("in range")
}

fn minute(at: Instant) -> i64 {
    at.timestamp().div_euclid(60)
}

fn hours(hours: u16) -> Hours {
    Hours::try_from(hours).expect("1 to 168")
}

/// What happens to a presence.
#[derive(Debug, Clone)]
enum Asked {
    Command(Command),
    /// A timer that saw this generation.
    Timer(u64),
}

const GO_OFFLINE: Asked = Asked::Command(Command::GoOffline);
const RELEASE: Asked = Asked::Command(Command::Release);

fn go(number: u16) -> Asked {
    go_when(number, WhenOnline::Replace)
}

fn go_when(number: u16, when_online: WhenOnline) -> Asked {
    Asked::Command(Command::GoOnline { hours: hours(number), when_online, cap: hours(99) })
}

fn hold(reason: &str) -> Asked {
    Asked::Command(Command::Hold(reason.to_owned()))
}

fn timer(generation: u64) -> Asked {
    Asked::Timer(generation)
}

fn by(source: Source) -> Cause {
    Cause { source, reason: Reason::Other("test".to_owned()), call: None }
}

/// What it comes to, or why to nothing.
fn ask(
    before: &Presence,
    asked: &Asked,
    menu: Option<Instant>,
    now: Instant,
) -> Result<(Presence, Vec<Transition>), String> {
    match asked {
        Asked::Command(command) => {
            decide(before, command, &by(Source::Phone), menu, now).map_err(|why| why.to_string())
        }
        Asked::Timer(generation) => {
            settle(before, *generation, menu, now).ok_or_else(|| "the timer is stale".to_owned())
        }
    }
}

fn after(happened: &[(Asked, i64)]) -> Presence {
    happened.iter().fold(Presence::default(), |before, (asked, minute)| {
        ask(&before, asked, None, at(*minute)).expect("accepted").0
    })
}

/// Never on duty.
fn new() -> Presence {
    Presence::default()
}

/// On duty from minute 0 to minute 480, generation 1.
fn on() -> Presence {
    after(&[(go(8), 0)])
}

/// Off duty since minute 60, generation 2.
fn off() -> Presence {
    after(&[(go(8), 0), (GO_OFFLINE, 60)])
}

/// Held for training since minute 60, generation 3.
fn held() -> Presence {
    after(&[(go(8), 0), (hold("training"), 60)])
}

/// A transition in minutes: `2 extended 0-540 at 60`.
fn told(transition: &Transition) -> String {
    let window = |window: &Window| {
        let (since, until) = (minute(window.since), minute(window.until));
        format!("{since}-{until} at {}", minute(window.at))
    };
    match transition {
        Transition::WentOnline(opened) => format!("{} online {}", opened.generation, window(opened)),
        Transition::Extended(changed) => format!("{} extended {}", changed.generation, window(changed)),
        Transition::WentOffline(Ending { generation, at, ended, cause }) => {
            let (at, ended, reason) = (minute(*at), minute(*ended), cause.reason.as_str());
            format!("{generation} offline {reason}, ended {ended} at {at}")
        }
        Transition::Held { generation, at, reason } => {
            format!("{generation} held {reason} at {}", minute(*at))
        }
        Transition::Released { generation, at } => format!("{generation} released at {}", minute(*at)),
        Transition::Said { generation, at, availability } => {
            format!("{generation} said {} at {}", availability.terms.state, minute(*at))
        }
        Transition::Withdrawn { generation, at, .. } => {
            format!("{generation} withdrawn at {}", minute(*at))
        }
        Transition::Turned { generation, at } => format!("{generation} turned at {}", minute(*at)),
        Transition::DeskChanged { generation, at, .. } => format!("{generation} desk at {}", minute(*at)),
    }
}

/// What `asked` at `now` makes of `before`; `menu` is when the agent's menu was opened.
#[track_caller]
fn check(before: &Presence, asked: &Asked, menu: Option<i64>, now: i64, wanted: &str) {
    let found = match ask(before, asked, menu.map(at), at(now)) {
        Ok((_, transitions)) => transitions.iter().map(told).collect::<Vec<_>>().join("; "),
        Err(why) => why,
    };
    assert_eq!(found, wanted, "{asked:?} at {now}");
}

#[test]
fn every_command_in_every_state() {
    let stale = "the timer is stale";
    let no = "held off duty by a supervisor: training";
    for (before, command, now, wanted) in [
        (new(), go(8), 0, "1 online 0-480 at 0"),
        (new(), GO_OFFLINE, 0, ""),
        (new(), hold("training"), 0, "1 held training at 0"),
        (new(), RELEASE, 0, ""),
        (new(), timer(0), 0, stale),
        (off(), go(1), 90, "3 online 90-150 at 90"),
        // D16.
        (off(), GO_OFFLINE, 90, ""),
        (off(), hold("training"), 90, "3 held training at 90"),
        (off(), RELEASE, 90, ""),
        (off(), timer(2), 900, stale),
        // D15, I7: the session's beginning stays.
        (on(), go(1), 60, "2 extended 0-120 at 60"),
        (on(), go(99), 60, "2 extended 0-6000 at 60"),
        (on(), GO_OFFLINE, 60, "2 offline test, ended 60 at 60"),
        (on(), hold("training"), 60, "2 offline test, ended 60 at 60; 3 held training at 60"),
        (on(), RELEASE, 60, ""),
        // D40.
        (held(), go(1), 90, no),
        (held(), GO_OFFLINE, 90, ""),
        (held(), hold("training"), 90, ""),
        (held(), hold("lunch"), 90, "4 held lunch at 90"),
        (held(), RELEASE, 90, "4 released at 90"),
        (held(), timer(3), 900, stale),
    ] {
        check(&before, &command, None, now, wanted);
    }
}

#[test]
fn a_timer_ends_the_generation_it_saw_once_its_time_is_up() {
    let stale = "the timer is stale";
    for (command, now, wanted) in [
        (timer(1), 479, stale),
        (timer(1), 480, "2 offline expired, ended 480 at 480"),
        // A late timer ends the window at its due time.
        (timer(1), 1000, "2 offline expired, ended 480 at 1000"),
        (timer(0), 1000, stale),
        (timer(2), 1000, stale),
    ] {
        check(&on(), &command, None, now, wanted);
    }
    let ended = ask(&on(), &timer(1), None, at(480)).expect("it is time").0;
    check(&ended, &timer(1), None, 480, stale);
    check(&ended, &timer(2), None, 1000, stale);
    let extended = ask(&on(), &go(8), None, at(479)).expect("accepted").0;
    check(&extended, &timer(1), None, 480, stale);
}

#[test]
fn a_choice_after_the_end_begins_a_new_session() {
    let ended = "2 offline expired, ended 480 at 481";
    for (command, wanted) in [
        (go(1), format!("{ended}; 3 online 481-541 at 481")),
        (go_when(1, WhenOnline::Extend), format!("{ended}; 3 online 481-541 at 481")),
        (go_when(1, WhenOnline::Max), format!("{ended}; 3 online 481-541 at 481")),
        (GO_OFFLINE, ended.to_owned()),
        (hold("lunch"), format!("{ended}; 3 held lunch at 481")),
        (RELEASE, ended.to_owned()),
    ] {
        check(&on(), &command, None, 481, &wanted);
    }
}

#[test]
fn going_online_while_online_replaces_extends_or_keeps_the_later_end() {
    use WhenOnline::{Extend, Max, Replace};
    for (when_online, number, wanted) in [
        (Replace, 1, "2 extended 0-120 at 60"),
        (Replace, 8, "2 extended 0-540 at 60"),
        (Extend, 1, "2 extended 0-540 at 60"),
        (Extend, 92, "2 extended 0-6000 at 60"),
        (Extend, 93, "the window would end more than 99 hours from now"),
        (Max, 1, "2 extended 0-480 at 60"),
        (Max, 8, "2 extended 0-540 at 60"),
    ] {
        check(&on(), &go_when(number, when_online), None, 60, wanted);
    }
}

#[test]
fn no_end_lies_beyond_the_cap() {
    let go = |number, cap| {
        let when_online = WhenOnline::Replace;
        Asked::Command(Command::GoOnline { hours: hours(number), when_online, cap: hours(cap) })
    };
    check(&new(), &go(8, 8), None, 0, "1 online 0-480 at 0");
    check(&new(), &go(9, 8), None, 0, "the window would end more than 8 hours from now");
}

#[test]
fn the_window_is_half_open() {
    let on = on();
    for (now, open) in [(-1, true), (0, true), (479, true), (480, false), (481, false)] {
        assert_eq!(on.is_online(at(now)), open, "at {now}");
        assert_eq!(on.window(at(now)).is_some(), open, "at {now}");
    }
    assert_eq!(on.deadline(), Some(at(480)));
    assert_eq!((off().window(at(61)), off().deadline()), (None, None));
}

#[test]
fn an_open_menu_holds_the_end_for_a_minute_and_a_choice_wins() {
    let stale = "the timer is stale";
    for (menu, command, now, wanted) in [
        (Some(479), timer(1), 480, stale),
        (Some(479), timer(1), 481, "2 offline expired, ended 480 at 481"),
        (Some(100), timer(1), 481, "2 offline expired, ended 480 at 481"),
        // Opened when the window was over already: it holds nothing.
        (Some(480), timer(1), 480, "2 offline expired, ended 480 at 480"),
        (Some(479), go(1), 480, "2 extended 0-540 at 480"),
        (Some(479), go_when(1, WhenOnline::Extend), 480, "2 extended 0-540 at 480"),
        (Some(479), go(1), 481, "2 offline expired, ended 480 at 481; 3 online 481-541 at 481"),
    ] {
        check(&on(), &command, menu, now, wanted);
    }
    assert!(!on().is_online(at(480)), "held or not, there are no offers from the end on");
}

#[test]
fn who_goes_off_duty_while_a_menu_holds_the_end_was_on_duty_until_the_end() {
    let on = ask(&new(), &go(8), None, at(0)).expect("accepted").0;
    let now = at(480) + TimeDelta::seconds(30);
    for asked in [GO_OFFLINE, hold("lunch")] {
        let (_, transitions) = ask(&on, &asked, Some(at(479)), now).expect("accepted");
        let Some(Transition::WentOffline(ending)) = transitions.first() else { panic!("{transitions:?}") };
        assert_eq!((ending.at, ending.ended), (now, at(480)));
    }
}

#[test]
fn time_does_not_run_backwards_in_the_log() {
    // The clock steps from minute 60 back to minute 10.
    let changed = after(&[(go(8), 0), (go(8), 60)]);
    check(&changed, &go(1), None, 10, "3 extended 0-120 at 60");
    check(&changed, &GO_OFFLINE, None, 10, "3 offline test, ended 60 at 60");
    check(&changed, &timer(2), None, 10, "the timer is stale");
    check(&off(), &go(1), None, 10, "3 online 60-120 at 60");
    assert!(!off().is_online(at(10)), "who went off duty does not come back");
    // Forward past the end: fires once.
    check(&changed, &timer(2), None, 90_000, "3 offline expired, ended 540 at 90000");
}

#[test]
fn a_race_of_extending_and_expiring_has_two_outcomes() {
    let extended = ask(&on(), &go(8), Some(at(479)), at(480)).expect("accepted").0;
    check(&extended, &timer(1), None, 481, "the timer is stale");
    let ended = ask(&on(), &timer(1), None, at(480)).expect("it is time").0;
    check(&ended, &go(8), Some(479), 480, "3 online 480-960 at 480");
}

#[test]
fn a_reason_reads_as_it_is_written() {
    // A1.21.
    for reason in
        [Reason::LoggedIn, Reason::LoggedOut, Reason::Expired, Reason::NoExtension, Reason::Deactivated]
    {
        assert_eq!(Reason::from(String::from(reason.clone())), reason);
    }
    assert_eq!(Reason::from("lunch".to_owned()), Reason::Other("lunch".to_owned()));
}

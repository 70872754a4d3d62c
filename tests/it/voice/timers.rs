//! Windows end (D18, D21 to D23, D25, I3 to I6, I8, I9, I11).

use chrono::TimeDelta;
use dutyline::domain::call::CallStatus;
use dutyline::domain::event::Event;
use dutyline::domain::presence::State;

use crate::harness::line::{ADA, Line, hours, noon};

#[tokio::test]
async fn a_window_ends_at_its_time_and_not_before() {
    // D18, I4.
    let line = Line::open().await;
    line.call_from(ADA).await.presses("1").await;
    line.pass(hours(8) - TimeDelta::milliseconds(1)).await;
    assert!(line.online_until("ada").await.is_some());
    assert_eq!(line.told().await, ["presence.online"]);
    line.pass(TimeDelta::milliseconds(1)).await;
    assert_eq!(line.told().await, ["presence.online", "presence.offline"]);
    assert_eq!(line.app.fire_due().await.expect("the timers run").count, 0, "once");
}

#[tokio::test]
async fn an_agent_is_off_duty_at_the_end_whether_or_not_a_timer_runs() {
    // I5.
    let line = Line::open().await;
    line.call_from(ADA).await.presses("1").await;
    line.clock.advance(hours(8));
    assert_eq!(line.online_until("ada").await, None);
    line.call_from(ADA).await.hears_not("you are online");
}

#[tokio::test]
async fn a_late_timer_still_ends_the_window_at_its_due_time() {
    // A1.15, D21, I6, I11.
    let line = Line::open().await;
    line.call_from(ADA).await.presses("1").await;
    line.clock.advance(hours(20));
    let line = line.restart().await;
    assert_eq!(line.app.fire_due().await.expect("the timers run").count, 1);
    let State::Offline { since } = line.presence("ada").await.state else { panic!("online") };
    assert_eq!(since, Some(noon() + hours(8)));
    let ended = |event| if let Event::PresenceOffline(ending) = event { Some(ending) } else { None };
    let ending = line.events().await.into_iter().rev().find_map(|one| ended(one.event)).expect("an end");
    assert_eq!((ending.ended, ending.at), (noon() + hours(8), noon() + hours(20)));
}

#[tokio::test]
async fn what_is_overdue_ends_in_the_order_of_its_time() {
    // I11.
    let line = Line::open().await;
    for (login, number, key) in
        [("bob", "+15060000001", "3"), ("cyd", "+15060000002", "1"), ("dan", "+15060000003", "2")]
    {
        line.agent(login, login, number).await;
        line.call_from(number).await.presses(key).await;
    }
    line.pass(hours(72)).await;
    let ended: Vec<String> = line
        .events()
        .await
        .into_iter()
        .filter(|event| matches!(event.event, Event::PresenceOffline(_)))
        .map(|event| event.subject)
        .collect();
    assert_eq!(ended, ["user:cyd", "user:dan", "user:bob"]);
}

#[tokio::test]
async fn a_timer_of_an_old_window_does_not_end_the_new_one() {
    // D22, I3.
    let line = Line::open().await;
    line.call_from(ADA).await.presses("1").await;
    line.clock.advance(hours(7));
    line.call_from(ADA).await.presses("1").await;
    line.pass(hours(1)).await;
    assert_eq!(line.online_until("ada").await, Some(noon() + hours(15)));
}

#[tokio::test]
async fn an_open_menu_holds_the_window_for_a_minute() {
    // D25, I8.
    let line = Line::open().await;
    line.call_from(ADA).await.presses("1").await;
    line.clock.advance(hours(8) - TimeDelta::seconds(10));
    let caller = line.call_from(ADA).await.hears("you are online");
    line.pass(TimeDelta::seconds(40)).await;
    assert_eq!(line.told().await, ["presence.online"], "held");
    caller.presses("1").await.hears("online").was_hung_up_on();
    assert_eq!(line.told().await, ["presence.online", "presence.extended"]);
}

#[tokio::test]
async fn a_menu_that_stays_open_holds_the_window_no_longer() {
    // D25.
    let line = Line::open().await;
    line.call_from(ADA).await.presses("1").await;
    line.clock.advance(hours(8) - TimeDelta::seconds(10));
    let caller = line.call_from(ADA).await;
    line.pass(TimeDelta::seconds(10 + 60)).await;
    assert_eq!(line.told().await, ["presence.online", "presence.offline"]);
    caller.presses("1").await.hears("changed").hears("You are now offline").presses("1").await;
    assert_eq!(line.told().await, ["presence.online", "presence.offline", "presence.online"]);
}

#[tokio::test]
async fn a_caller_who_hangs_up_holds_nothing() {
    // D25.
    let line = Line::open().await;
    line.call_from(ADA).await.presses("1").await;
    line.clock.advance(hours(8) - TimeDelta::seconds(10));
    line.call_from(ADA).await.hangs_up().await;
    line.pass(TimeDelta::seconds(10)).await;
    assert_eq!(line.told().await, ["presence.online", "presence.offline"]);
}

#[tokio::test]
async fn a_clock_that_is_set_back_brings_nothing_back() {
    // D23, I9.
    let line = Line::open().await;
    line.call_from(ADA).await.presses("1").await;
    line.pass(hours(8)).await;
    line.clock.advance(-hours(3));
    assert_eq!(line.online_until("ada").await, None);
    line.call_from(ADA).await.presses("1").await;
    let events = line.events().await;
    let times: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.event {
            Event::PresenceOnline(window) => Some(window.at),
            Event::PresenceOffline(ending) => Some(ending.at),
            _ => None,
        })
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(
        line.online_until("ada").await,
        Some(noon() + hours(16)),
        "eight hours from the last event on"
    );
}

#[tokio::test]
async fn calls_whose_end_was_never_told_are_ended() {
    let line = Line::open().await;
    let caller = line.call_from(ADA).await;
    line.clock.advance(hours(4) + TimeDelta::seconds(1));
    assert_eq!(line.app.end_lost_calls().await.expect("it runs"), 1);
    assert_eq!(line.app.end_lost_calls().await.expect("it runs"), 0);
    caller.reports(CallStatus::Completed, 1).await;
    let ended =
        line.events().await.into_iter().filter(|event| matches!(event.event, Event::CallEnded { .. }));
    assert_eq!(ended.count(), 1);
}

//! Timers are the ends of windows, seen from the other side.

use chrono::TimeDelta;
use dutyline::app::timers::TimerState;

use super::{add, login};
use crate::harness::line::{ADA, Line, hours, noon};

#[tokio::test]
async fn a_timer_is_listed_while_its_window_has_not_been_ended() {
    let line = Line::open().await;
    add(&line, "bob", "+15062345601").await.expect("free");
    line.call_from(ADA).await.presses("2").await;
    line.call_from("+15062345601").await.presses("1").await;
    let listed = async || {
        let timers = line.app.timers(&line.tenant).await.expect("readable");
        timers.into_iter().map(|timer| (timer.user.to_string(), timer.state)).collect::<Vec<_>>()
    };
    let (ada, bob) = (|state| ("ada".to_owned(), state), |state| ("bob".to_owned(), state));
    assert_eq!(listed().await, [bob(TimerState::Armed), ada(TimerState::Armed)]);
    line.clock.advance(hours(8));
    assert_eq!(listed().await, [bob(TimerState::Overdue), ada(TimerState::Armed)]);
    line.pass(TimeDelta::zero()).await;
    assert_eq!(listed().await, [ada(TimerState::Armed)]);
}

#[tokio::test]
async fn a_timers_story_names_the_call_and_the_key() {
    let line = Line::open().await;
    let story = async || line.app.timer_story(&line.tenant, &login("ada")).await.expect("there");
    assert_eq!((story().await.timer, story().await.event), (None, None));
    line.call_from(ADA).await.presses("1").await;
    let told = story().await;
    let timer = told.timer.expect("armed");
    assert_eq!((timer.due_at, timer.generation), (noon() + hours(8), 1));
    assert_eq!(timer.id, format!("tmr_{}_1", line.find("ada").await.id.as_str().trim_start_matches("usr_")));
    assert_eq!((told.keys.as_deref(), told.caller.as_deref()), (Some("1"), Some(ADA)));
    line.pass(hours(9)).await;
    let told = story().await;
    assert_eq!((told.timer, told.keys), (None, None));
    assert_eq!(told.event.expect("the end").cause.actor, "timer");
}

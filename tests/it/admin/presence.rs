//! Presence as admins see and set it (A1.16, A1.23, D16, D40, I5, I7).

use dutyline::app::availability::Saying;
use dutyline::app::presence::{Order, Standing, Whom};
use dutyline::app::{Error, users::UserPatch};
use dutyline::domain::availability::State as Said;
use dutyline::domain::presence::{Command, Duty, Reason, Source, WhenOnline};

use super::{add, login, named, online, refused};
use crate::harness::line::{ADA, Line, at, hours, noon};

fn named_only(names: &[&str]) -> Whom {
    Whom::Named(names.iter().map(|name| login(name)).collect())
}

async fn set(line: &Line, whom: Whom, (command, reason): (Command, Reason)) -> Result<Vec<Standing>, Error> {
    let order = Order { whom, command, source: Source::Admin, reason };
    let outcomes = line.app.set_presence(&line.tenant, order).await?;
    Ok(outcomes.into_iter().map(|outcome| outcome.standing).collect())
}

fn offline() -> (Command, Reason) {
    (Command::GoOffline, Reason::LoggedOut)
}

#[tokio::test]
async fn the_json_is_what_scripts_rely_on() {
    let line = Line::open().await;
    let shown = async || {
        let standing = line.app.presence(&line.tenant, &login("ada")).await.expect("there");
        serde_json::to_string(&standing).expect("plain data")
    };
    assert_eq!(
        shown().await,
        r#"{"user":"ada","name":"Ada Agent","skills":[],"state":"offline","since":null,"until":null,"generation":0,"source":null,"reason":null,"call":null}"#
    );
    set(&line, named_only(&["ada"]), online(8, WhenOnline::Replace)).await.expect("allowed");
    assert_eq!(
        shown().await,
        r#"{"user":"ada","name":"Ada Agent","skills":[],"state":"online","since":"2026-11-20T17:00:00Z","until":"2026-11-21T01:00:00Z","generation":1,"source":"admin","reason":"logged_in","call":null}"#
    );
    // I5: the time is up, and no worker has run.
    line.clock.advance(hours(8));
    assert_eq!(
        shown().await,
        r#"{"user":"ada","name":"Ada Agent","skills":[],"state":"offline","since":"2026-11-21T01:00:00Z","until":null,"generation":1,"source":"timer","reason":"expired","call":null}"#
    );
}

#[tokio::test]
async fn an_admin_moves_the_end_as_the_phone_does() {
    let line = Line::open().await;
    for (count, when_online, until) in [
        (8, WhenOnline::Replace, "2026-11-21T01:00:00Z"),
        (2, WhenOnline::Extend, "2026-11-21T03:00:00Z"),
        (4, WhenOnline::Max, "2026-11-21T03:00:00Z"),
        (1, WhenOnline::Replace, "2026-11-20T18:00:00Z"),
    ] {
        let after = set(&line, named_only(&["ada"]), online(count, when_online)).await.expect("allowed");
        assert_eq!(after[0].until, Some(at(until)));
    }
    set(&line, named_only(&["ada"]), online(168, WhenOnline::Replace)).await.expect("a week");
    let further = set(&line, named_only(&["ada"]), online(1, WhenOnline::Extend)).await;
    assert_eq!(refused(further), "user `ada`: the window would end more than 168 hours from now");
}

#[tokio::test]
async fn a_hold_refuses_the_phone_until_it_is_released() {
    // D40.
    let line = Line::open().await;
    line.call_from(ADA).await.presses("1").await;
    let hold = (Command::Hold("on leave".to_owned()), Reason::Other("on leave".to_owned()));
    let after = set(&line, named_only(&["ada"]), hold).await.expect("allowed");
    assert_eq!((after[0].state, after[0].hold.as_deref()), (Duty::Offline, Some("on leave")));
    line.call_from(ADA).await.presses("1").await;
    assert_eq!(line.online_until("ada").await, None);
    let refusal = set(&line, named_only(&["ada"]), online(1, WhenOnline::Replace)).await;
    assert_eq!(refused(refusal), "user `ada`: held off duty by a supervisor: on leave");
    set(&line, named_only(&["ada"]), (Command::Release, Reason::LoggedIn)).await.expect("allowed");
    line.call_from(ADA).await.presses("1").await;
    assert_eq!(line.online_until("ada").await, Some(noon() + hours(8)));
}

#[tokio::test]
async fn an_order_for_many_is_carried_out_for_all_or_for_none() {
    // A1.23.
    let line = Line::open().await;
    add(&line, "bob", "+15062345601").await.expect("free");
    line.app.add_user(&line.tenant, named("cyd", None)).await.expect("new");
    let all = named_only(&["ada", "cyd", "bob"]);
    let nobody = set(&line, all, online(1, WhenOnline::Replace)).await;
    assert_eq!(
        refused(nobody),
        "user `cyd` has no number to be reached at; `dutyline user ext add cyd` gives one"
    );
    assert_eq!(line.online_until("ada").await, None);

    set(&line, named_only(&["ada", "bob", "ada"]), online(1, WhenOnline::Replace)).await.expect("allowed");
    set(&line, named_only(&["bob"]), offline()).await.expect("allowed");
    let order = Order {
        whom: Whom::AllOnline,
        command: Command::GoOffline,
        source: Source::Admin,
        reason: Reason::LoggedOut,
    };
    let would = line.app.would_change(&line.tenant, &order).await.expect("readable");
    assert_eq!(would, [login("ada")], "those who are offline are left out");
    assert!(line.online_until("ada").await.is_some(), "nothing is done yet");
    line.app.set_presence(&line.tenant, order).await.expect("allowed");
    assert_eq!(line.online_until("ada").await, None);
}

#[tokio::test]
async fn an_inactive_user_does_not_go_on_duty() {
    let line = Line::open().await;
    line.app.deactivate_user(&line.tenant, &login("ada")).await.expect("there");
    let on = set(&line, named_only(&["ada"]), online(1, WhenOnline::Replace)).await;
    assert!(refused(on).starts_with("user `ada` is inactive"));
    let back = UserPatch { active: Some(true), ..UserPatch::default() };
    line.app.change_user(&line.tenant, &login("ada"), back).await.expect("there");
    set(&line, named_only(&["ada"]), online(1, WhenOnline::Replace)).await.expect("allowed");
}

#[tokio::test]
async fn a_history_is_the_changes_of_presence_newest_first() {
    let line = Line::open().await;
    line.call_from(ADA).await.presses("1").await;
    line.app.add_extension(&line.tenant, &login("ada"), super::at("+15062345601")).await.expect("free");
    set(&line, named_only(&["ada"]), offline()).await.expect("allowed");
    set(&line, named_only(&["ada"]), offline()).await.expect("nothing to do is no error");
    let history = line.app.presence_history(&line.tenant, &login("ada"), 10).await.expect("there");
    let kinds: Vec<serde_json::Value> = history
        .iter()
        .map(|event| serde_json::to_value(&event.event).expect("plain data")["type"].clone())
        .collect();
    assert_eq!(kinds, ["presence.unchanged", "presence.offline", "presence.online"]);
    let newest = line.app.presence_history(&line.tenant, &login("ada"), 1).await.expect("there");
    assert_eq!(newest, history[..1]);
    assert_eq!(history[2].cause.actor, "user:ada");
    assert_eq!(history[1].cause.actor, "admin:cli");
}

#[tokio::test]
async fn a_reason_is_some_words_on_a_line() {
    let line = Line::open().await;
    for (words, good) in [("gone home", true), (" ", false), ("a\nb", false)] {
        let order = (Command::GoOffline, Reason::Other(words.to_owned()));
        assert_eq!(set(&line, named_only(&["ada"]), order).await.is_ok(), good, "{words:?}");
    }
    let long = (Command::Hold("x".repeat(281)), Reason::Other("x".repeat(281)));
    assert!(set(&line, named_only(&["ada"]), long).await.is_err());
    let standing = line.app.presence(&line.tenant, &login("ada")).await.expect("there");
    assert_eq!(standing.source, None::<Source>, "an agent who never was on duty has no cause");
}

#[tokio::test]
async fn the_board_tells_since_when_an_agent_is_in_their_state() {
    // A1.24.
    let line = Line::open().await;
    let board = async || {
        let (board, _) = line.app.board(&line.tenant).await.expect("readable");
        board.into_iter().map(|one| (one.shown(), one.since, one.until)).collect::<Vec<_>>()
    };
    assert_eq!(board().await, [("Offline".to_owned(), None, None)]);
    line.call_from(ADA).await.presses("1").await;
    let until = Some(noon() + hours(8));
    assert_eq!(board().await, [("Online".to_owned(), Some(noon()), until)]);
    line.clock.advance(hours(1));
    let away = Saying { state: Some(Said::Away), ..Saying::default() };
    let whom = Whom::Named(vec![login("ada")]);
    line.app.say(&line.tenant, whom, away, (None, Source::Admin)).await.expect("said");
    assert_eq!(board().await, [("Away".to_owned(), Some(noon() + hours(1)), until)]);
}

//! Who gets a socket, and for how long.

use axum::http::Method;
use chrono::TimeDelta;
use dutyline::app::tokens::NewToken;
use dutyline::domain::access::{Right, Role};
use dutyline::domain::event::Event;
use dutyline::http::v1::Terms;
use dutyline::http::v1::ws::Patience;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::served::{BRIEFLY, PAGE, Served, Socket, is_refused, next};
use crate::v1::{Answer, Api};

#[tokio::test]
async fn a_ticket_opens_one_socket_and_within_thirty_seconds() {
    // D82.
    let served = Served::start().await;
    let ticket = served.ticket(&served.owner).await;
    let query = format!("ticket={ticket}");
    served.ask(&query, None).await.expect("a socket");
    is_refused(served.ask(&query, None).await, 401, "unauthenticated");
    is_refused(served.ask("ticket=none", None).await, 401, "unauthenticated");
    is_refused(served.ask("after=0", None).await, 422, "invalid");
    for (seconds, is_good) in [(29, true), (30, false)] {
        let query = format!("ticket={}", served.ticket(&served.owner).await);
        served.api.line.clock.advance(TimeDelta::seconds(seconds));
        let asked = served.ask(&query, None).await;
        if is_good { drop(asked.expect("a socket")) } else { is_refused(asked, 401, "unauthenticated") }
    }
    // Of two at once, one.
    let query = format!("ticket={}", served.ticket(&served.owner).await);
    let (one, other) = tokio::join!(served.ask(&query, None), served.ask(&query, None));
    assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|is_open| **is_open).count(), 1);
    served.stop().await;
}

#[tokio::test]
async fn a_ticket_is_good_on_every_node() {
    let served = Served::start().await;
    let patience = Patience { goodbye: BRIEFLY, ..Patience::default() };
    let terms = Terms { patience, ..Terms::on(Handle::current()) };
    let other = Api::beside(&served.api, terms.clone()).await;
    let query = format!("ticket={}", served.ticket(&served.owner).await);
    let other = Served::with_owner(other, terms, served.owner.clone()).await;
    let mut socket = other.ask(&query, None).await.expect("a socket");
    is_refused(served.ask(&query, None).await, 401, "unauthenticated");
    // What one node commits, the other's sockets are told.
    served.log("ada", 7).await;
    assert_eq!(next(&mut socket).await.expect("an event")["data"]["generation"], json!(7));
    other.stop().await;
    served.stop().await;
}

#[tokio::test]
async fn only_pages_of_ours_open_sockets() {
    let served = Served::start().await;
    for (origin, may) in
        [(None, true), (Some(PAGE), true), (Some("https://evil.example.com"), false), (Some("null"), false)]
    {
        let query = format!("ticket={}", served.ticket(&served.owner).await);
        let asked = served.ask(&query, origin).await;
        if may { drop(asked.expect("a socket")) } else { is_refused(asked, 403, "foreign_origin") }
    }
    let plain: Answer = served.api.get("", "/v1/ws?ticket=none").await;
    assert_eq!(plain.code(), (400, "not_a_websocket"));
    served.stop().await;
}

#[tokio::test]
async fn who_may_not_read_events_gets_no_ticket() {
    let served = Served::start().await;
    let board = served.api.token("board", Role::Supervisor, Some(&[Right::PresenceRead]), None).await;
    let refused = served.api.ask(&board, Method::POST, "/v1/ws/tickets", Value::Null).await;
    assert_eq!(refused.code(), (403, "forbidden"));
    served.stop().await;
}

#[tokio::test]
async fn a_socket_ends_with_its_token() {
    // D85.
    let served = Served::start().await;
    let (app, tenant) = (&served.api.line.app, &served.api.line.tenant);
    let board = served.api.token("board", Role::Supervisor, None, None).await;
    let expires_at = Some(served.api.line.clock.now() + TimeDelta::minutes(5));
    let new = NewToken {
        name: "guest".parse().expect("a name"),
        role: Role::Admin,
        rights: None,
        user: None,
        expires_at,
    };
    let (_, guest) = app.issue_token(tenant, new).await.expect("issued");
    let mut owners = served.open("").await;
    let (mut boards, mut guests) =
        (served.open_for(&board, "").await, served.open_for(guest.expose(), "").await);
    let ticket = served.ticket(&board).await;
    app.revoke_token(tenant, "board").await.expect("revoked");
    let told = async |socket: &mut Socket| loop {
        if let Err(code) = next(socket).await {
            break code;
        }
    };
    assert_eq!(told(&mut boards).await, 4401);
    is_refused(served.ask(&format!("ticket={ticket}"), None).await, 401, "unauthenticated");
    assert_eq!(next(&mut guests).await.expect("an event")["type"], json!("token.revoked"));
    served.api.line.clock.advance(TimeDelta::minutes(5));
    assert_eq!(told(&mut guests).await, 4401);
    assert_eq!(next(&mut owners).await.expect("an event")["type"], json!("token.revoked"));
    served.log("ada", 7).await;
    assert_eq!(next(&mut owners).await.expect("an event")["data"]["generation"], json!(7));
    served.stop().await;
}

#[tokio::test]
async fn numbers_are_masked_on_a_socket_as_elsewhere() {
    let served = Served::start().await;
    let clerk = served.api.token("clerk", Role::Supervisor, Some(&[Right::EventsRead]), None).await;
    let (mut clerks, mut owners) = (served.open_for(&clerk, "").await, served.open("").await);
    let event = Event::LookupFailed { caller: "+15065550100".to_owned(), reason: "unknown".to_owned() };
    served.log_many("ada", [event]).await;
    let caller = async |socket: &mut Socket| next(socket).await.expect("an event")["data"]["caller"].clone();
    assert_eq!(caller(&mut clerks).await, json!("+1506***0100"));
    assert_eq!(caller(&mut owners).await, json!("+15065550100"));
    served.stop().await;
}

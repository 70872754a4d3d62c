//! What sockets are told.

use std::time::Duration;

use axum::http::Method;
use dutyline::domain::event::Event;
use dutyline::http::v1::ws::Patience;
use futures_util::StreamExt as _;
use serde_json::json;
use tokio::time::timeout;

use super::served::{AGES, Served, Socket, is_refused, next, seqs};

/// Together more events than a feed keeps, so that the log itself is read as well.
const BURSTS: u64 = 60;
const BURST: u64 = 50;

#[tokio::test]
async fn a_socket_tells_what_the_list_tells_and_what_comes_after_it() {
    let served = Served::start().await;
    served.log("ada", 1).await;
    let listed = served.api.get(&served.owner, "/v1/events").await.body["items"].clone();
    let mut socket = served.open("&after=0").await;
    for event in listed.as_array().expect("items") {
        assert_eq!(&next(&mut socket).await.expect("an event"), event);
    }
    let wish = json!({ "state": "held", "reason": "training" });
    served.api.ask(&served.owner, Method::PUT, "/v1/presence/ada", wish).await;
    let event = next(&mut socket).await.expect("an event");
    assert_eq!((&event["type"], &event["subject"]), (&json!("presence.held"), &json!("user:ada")));
    // Without a cursor there is only what comes.
    let mut socket = served.open("").await;
    served.log("ada", 2).await;
    assert_eq!(next(&mut socket).await.expect("an event")["data"]["generation"], json!(2));
    served.stop().await;
}

#[tokio::test]
async fn a_socket_goes_on_where_the_last_one_ended_while_events_are_written() {
    // D83.
    let served = Served::start().await;
    let first = served.api.get(&served.owner, "/v1/events?limit=500").await.body;
    let begun = first["items"].as_array().expect("items").len() as u64;
    let writing = async {
        for burst in 0..BURSTS {
            let event = move |number| Event::PresenceUnchanged { generation: burst * BURST + number };
            served.log_many("ada", (0..BURST).map(event)).await;
        }
    };
    let all: Vec<u64> = (begun + 1..=begun + BURSTS * BURST).collect();
    let reading = async {
        let mut found = Vec::new();
        while found.len() < all.len() {
            let after = found.last().copied().unwrap_or(begun);
            let mut socket = served.open(&format!("&after={after}")).await;
            let wanted = (all.len() - found.len()).min(700);
            found.extend(seqs(&mut socket, wanted).await);
        }
        found
    };
    let ((), found) = tokio::join!(writing, reading);
    assert_eq!(found, all);
    // One that is far behind, while others are not.
    let mut late = served.open(&format!("&after={begun}")).await;
    assert_eq!(seqs(&mut late, all.len()).await, all);
    served.stop().await;
}

#[tokio::test]
async fn each_socket_gets_what_it_asked_for() {
    let served = Served::start().await;
    let mut ada = served.open("&subject=user:ada").await;
    let mut released = served.open("&type=presence.released,call.*").await;
    for (user, number) in [("ada", 1), ("bob", 2), ("ada", 3)] {
        served.log(user, number).await;
    }
    let at = served.api.line.clock.now();
    served.log_many("bob", [Event::PresenceReleased { generation: 4, at }]).await;
    let generation =
        async |socket: &mut Socket| next(socket).await.expect("an event")["data"]["generation"].clone();
    assert_eq!([generation(&mut ada).await, generation(&mut ada).await], [json!(1), json!(3)]);
    assert_eq!(generation(&mut released).await, json!(4));
    let ticket = served.ticket(&served.owner).await;
    for query in ["type=no.such", "subject=ada", "after=-1", "x=1"] {
        is_refused(served.ask(&format!("ticket={ticket}&{query}"), None).await, 422, "invalid");
    }
    is_refused(served.ask(&format!("ticket={ticket}&after=999999"), None).await, 422, "invalid");
    served.stop().await;
}

#[tokio::test]
async fn a_slow_reader_is_ended_and_costs_the_others_nothing() {
    // D84.
    let taking = Duration::from_millis(400);
    let served = Served::with(Patience { taking, goodbye: AGES, ..Patience::default() }).await;
    let (mut slow, mut quick) = (served.open("").await, served.open("").await);
    // Together more than the buffers of two sockets hold.
    let events = 400;
    let words = "x".repeat(64 * 1024);
    let event = move |_| Event::LookupFailed { caller: "+15065550100".to_owned(), reason: words.clone() };
    served.log_many("ada", (0..events).map(event)).await;
    assert_eq!(seqs(&mut quick, events).await.len(), events);
    // Until nothing more comes to the quick one, the slow one has been given up.
    assert!(timeout(taking + taking / 2, quick.next()).await.is_err());
    let mut taken = 0;
    let code = loop {
        match next(&mut slow).await {
            Ok(_) => taken += 1,
            Err(code) => break code,
        }
    };
    assert_eq!(code, 1013);
    assert!(taken < events, "it had not all of them");
    served.log("ada", 7).await;
    assert_eq!(next(&mut quick).await.expect("an event")["data"]["generation"], json!(7));
    drop((slow, quick));
    served.stop().await;
}

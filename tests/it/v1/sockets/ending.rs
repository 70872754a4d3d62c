//! How sockets end.

use std::time::Duration;

use dutyline::http::v1::Terms;
use dutyline::http::v1::ws::Patience;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::Message;

use super::served::{AGES, BRIEFLY, Served, is_refused, next};
use crate::v1::Api;

#[tokio::test]
async fn a_stop_says_goodbye_to_all_sockets() {
    let served = Served::with(Patience { goodbye: AGES, ..Patience::default() }).await;
    let (mut one, mut other) = (served.open("").await, served.open("").await);
    served.terms.stop.cancel();
    for socket in [&mut one, &mut other] {
        assert_eq!(next(socket).await, Err(1001));
        // The goodbye is answered, and the server hangs up.
        assert!(timeout(AGES, socket.next()).await.expect("an end").is_none());
    }
    served.stop().await;
}

#[tokio::test]
async fn a_peer_that_gives_no_sign_of_life_is_given_up() {
    let silence = Duration::from_millis(50);
    let served = Served::with(Patience { silence, goodbye: BRIEFLY, ..Patience::default() }).await;
    // Pings are answered only by whoever reads.
    let (silent, mut lively) = (served.open("").await, served.open("").await);
    let mut stream = silent.into_inner();
    let all = async { tokio::io::copy(&mut stream, &mut tokio::io::sink()).await };
    tokio::select! {
        ended = timeout(AGES, all) => drop(ended.expect("the server hangs up")),
        other = lively.next() => {
            // It is asked for signs of life, and gives them by being read.
            assert!(matches!(other, Some(Ok(Message::Ping(_)))), "{other:?}");
        }
    }
    served.log("ada", 7).await;
    assert_eq!(next(&mut lively).await.expect("an event")["data"]["generation"], json!(7));
    served.stop().await;
}

#[tokio::test]
async fn who_sends_anything_is_ended() {
    let served = Served::start().await;
    for text in ["hello".to_owned(), "x".repeat(100_000)] {
        let mut socket = served.open("").await;
        socket.send(Message::text(text)).await.expect("sent");
        assert_eq!(next(&mut socket).await, Err(1008));
    }
    served.stop().await;
}

#[tokio::test]
async fn a_server_takes_so_many_sockets_and_no_more() {
    let patience = Patience { goodbye: BRIEFLY, ..Patience::default() };
    let terms = Terms { sockets: 1, patience, ..Terms::on(Handle::current()) };
    let served = Served::on(Api::on(terms.clone()).await, terms).await;
    let mut first = served.open("").await;
    let query = format!("ticket={}", served.ticket(&served.owner).await);
    is_refused(served.ask(&query, None).await, 503, "too_many_sockets");
    first.close(None).await.expect("said");
    while first.next().await.is_some() {}
    // Its place is free a moment after it has ended; the ticket is still good.
    while served.ask(&query, None).await.is_err() {
        tokio::task::yield_now().await;
    }
    served.stop().await;
}

//! The log over a WebSocket, to a real client on a real server (A2.15, D82 to D85).

use std::net::SocketAddr;
use std::time::Duration;

use axum::http::Method;
use chrono::TimeDelta;
use dutyline::app::draw;
use dutyline::app::tokens::NewToken;
use dutyline::domain::access::{Right, Role};
use dutyline::domain::event::{Entry, Event, EventCause};
use dutyline::http::server::{self, Limits};
use dutyline::http::v1::Terms;
use dutyline::http::v1::ws::Patience;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_tungstenite::tungstenite::{Error, http};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::{Answer, Api};

/// No test waits as long, unless what it waits for never comes.
const AGES: Duration = Duration::from_secs(20);

/// For a goodbye that nobody reads.
const BRIEFLY: Duration = Duration::from_millis(50);

const PAGE: &str = "https://desk.example.com";

/// An API on a port.
struct Served {
    api: Api,
    owner: String,
    address: SocketAddr,
    terms: Terms,
    serving: JoinHandle<()>,
}

/// Together more events than a feed keeps, so that the log itself is read as well.
const BURSTS: u64 = 60;
const BURST: u64 = 50;

type Socket = WebSocketStream<TcpStream>;

impl Served {
    async fn start() -> Self {
        Self::with(Patience { taking: AGES, goodbye: BRIEFLY, ..Patience::default() }).await
    }

    async fn with(patience: Patience) -> Self {
        let terms = Terms { patience, origins: vec![PAGE.parse().expect("an origin")], ..Terms::default() };
        Self::on(Api::on(terms.clone()).await, terms).await
    }

    async fn on(api: Api, terms: Terms) -> Self {
        let owner = api.owner().await;
        Self::with_owner(api, terms, owner).await
    }

    async fn with_owner(api: Api, terms: Terms, owner: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (router, stop) = (api.router.clone(), terms.stop.clone());
        let serving = tokio::spawn(server::serve(listener, router, Limits::default(), stop));
        Self { api, owner, address, terms, serving }
    }

    async fn ticket(&self, token: &str) -> String {
        let answer = self.api.ask(token, Method::POST, "/v1/ws/tickets", Value::Null).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body["ticket"].as_str().expect("a ticket").to_owned()
    }

    /// Asks for a socket; it, or the status and code of the refusal.
    async fn ask(&self, query: &str, origin: Option<&str>) -> Result<Socket, (u16, String)> {
        let stream = TcpStream::connect(self.address).await.expect("a connection");
        let url = format!("ws://{}/v1/ws?{query}", self.address);
        let mut request = url.into_client_request().expect("a request");
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().expect("a header"));
        }
        match timeout(AGES, client_async(request, stream)).await.expect("an answer") {
            Ok((socket, _)) => Ok(socket),
            Err(Error::Http(answer)) => Err(refusal(&answer)),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens a socket for whoever has the token.
    async fn open_for(&self, token: &str, query: &str) -> Socket {
        let ticket = self.ticket(token).await;
        self.ask(&format!("ticket={ticket}{query}"), None).await.expect("a socket")
    }

    async fn open(&self, query: &str) -> Socket {
        self.open_for(&self.owner, query).await
    }

    /// An event about a user that says a number.
    async fn log(&self, user: &str, number: u64) {
        self.log_many(user, [Event::PresenceUnchanged { generation: number }]).await;
    }

    async fn log_many(
        &self,
        user: &str,
        events: impl IntoIterator<Item = Event, IntoIter: Send> + Send + 'static,
    ) {
        let (tenant, subject) = (self.api.line.tenant.id.clone(), format!("user:{user}"));
        let line = &self.api.line;
        line.write(move |tx| {
            Box::pin(async move {
                let cause = EventCause::actor("test");
                for event in events {
                    let id = draw::event_id();
                    tx.append(
                        &tenant,
                        [(id, Entry { subject: subject.clone(), event, cause: cause.clone() })],
                    );
                }
                Ok(())
            })
        })
        .await;
    }

    async fn stop(self) {
        self.terms.stop.cancel();
        self.serving.await.expect("served");
        self.terms.tasks.close();
        timeout(AGES, self.terms.tasks.wait()).await.expect("all sockets end");
    }
}

fn refusal(answer: &http::Response<Option<Vec<u8>>>) -> (u16, String) {
    let body = answer.body().as_deref().unwrap_or_default();
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    (answer.status().as_u16(), problem["code"].as_str().unwrap_or("-").to_owned())
}

fn is_refused(asked: Result<Socket, (u16, String)>, status: u16, code: &str) {
    let refused = asked.expect_err("refused");
    assert_eq!(refused, (status, code.to_owned()));
}

/// What comes next but for signs of life: an event, or the code with which the socket is closed.
async fn next(socket: &mut Socket) -> Result<Value, u16> {
    loop {
        match timeout(AGES, socket.next()).await.expect("something comes") {
            Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).expect("JSON")),
            Some(Ok(Message::Close(Some(frame)))) => return Err(frame.code.into()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// The numbers of so many events.
async fn seqs(socket: &mut Socket, count: usize) -> Vec<u64> {
    let mut seqs = Vec::new();
    while seqs.len() < count {
        seqs.push(next(socket).await.expect("an event")["seq"].as_u64().expect("a number"));
    }
    seqs
}

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
    let terms = Terms { patience, ..Terms::default() };
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
    let terms = Terms { sockets: 1, patience, ..Terms::default() };
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

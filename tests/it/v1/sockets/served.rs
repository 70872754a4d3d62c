//! An API on a port, and sockets to it.

use std::net::SocketAddr;
use std::time::Duration;

use axum::http::Method;
use dutyline::app::draw;
use dutyline::domain::event::{Entry, Event, EventCause};
use dutyline::http::server::{self, Limits};
use dutyline::http::v1::Terms;
use dutyline::http::v1::ws::Patience;
use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_tungstenite::tungstenite::{Error, http};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::v1::Api;

/// No test waits as long, unless what it waits for never comes.
pub(super) const AGES: Duration = Duration::from_secs(20);

/// For a goodbye that nobody reads.
pub(super) const BRIEFLY: Duration = Duration::from_millis(50);

pub(super) const PAGE: &str = "https://desk.example.com";

/// An API on a port.
pub(super) struct Served {
    pub(super) api: Api,
    pub(super) owner: String,
    pub(super) address: SocketAddr,
    pub(super) terms: Terms,
    pub(super) serving: JoinHandle<()>,
}

pub(super) type Socket = WebSocketStream<TcpStream>;

impl Served {
    pub(super) async fn start() -> Self {
        Self::with(Patience { taking: AGES, goodbye: BRIEFLY, ..Patience::default() }).await
    }

    pub(super) async fn with(patience: Patience) -> Self {
        let terms = Terms {
            patience,
            origins: vec![PAGE.parse().expect("an origin")],
            ..Terms::on(Handle::current())
        };
        Self::on(Api::on(terms.clone()).await, terms).await
    }

    pub(super) async fn on(api: Api, terms: Terms) -> Self {
        let owner = api.owner().await;
        Self::with_owner(api, terms, owner).await
    }

    pub(super) async fn with_owner(api: Api, terms: Terms, owner: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (router, stop) = (api.router.clone(), terms.stop.clone());
        let serving = tokio::spawn(server::serve(listener, router, Limits::default(), stop));
        Self { api, owner, address, terms, serving }
    }

    pub(super) async fn ticket(&self, token: &str) -> String {
        let answer = self.api.ask(token, Method::POST, "/v1/ws/tickets", Value::Null).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body["ticket"].as_str().expect("a ticket").to_owned()
    }

    /// Asks for a socket; it, or the status and code of the refusal.
    pub(super) async fn ask(&self, query: &str, origin: Option<&str>) -> Result<Socket, (u16, String)> {
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
    pub(super) async fn open_for(&self, token: &str, query: &str) -> Socket {
        let ticket = self.ticket(token).await;
        self.ask(&format!("ticket={ticket}{query}"), None).await.expect("a socket")
    }

    pub(super) async fn open(&self, query: &str) -> Socket {
        self.open_for(&self.owner, query).await
    }

    /// An event about a user that says a number.
    pub(super) async fn log(&self, user: &str, number: u64) {
        self.log_many(user, [Event::PresenceUnchanged { generation: number }]).await;
    }

    pub(super) async fn log_many(
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

    pub(super) async fn stop(self) {
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

pub(super) fn is_refused(asked: Result<Socket, (u16, String)>, status: u16, code: &str) {
    let refused = asked.expect_err("refused");
    assert_eq!(refused, (status, code.to_owned()));
}

/// What comes next but for signs of life: an event, or the code with which the socket is closed.
pub(super) async fn next(socket: &mut Socket) -> Result<Value, u16> {
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
pub(super) async fn seqs(socket: &mut Socket, count: usize) -> Vec<u64> {
    let mut seqs = Vec::new();
    while seqs.len() < count {
        seqs.push(next(socket).await.expect("an event")["seq"].as_u64().expect("a number"));
    }
    seqs
}

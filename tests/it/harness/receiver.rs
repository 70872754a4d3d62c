//! Somebody who is sent webhooks: a real HTTP server that keeps what it gets, and answers as it is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// What was received.
#[derive(Debug, Clone)]
pub struct Got {
    pub id: String,
    pub timestamp: i64,
    pub signature: String,
    pub body: String,
    pub event: Value,
}

/// How a request is answered.
#[derive(Debug, Clone)]
pub enum Reply {
    Status(u16),
    With(u16, &'static str, String),
    /// Once the door is opened for it.
    Behind(Arc<Semaphore>, u16),
}

impl Reply {
    pub async fn response(self) -> Response<Body> {
        let status = |status: u16| Response::builder().status(status);
        let response = match self {
            Self::Status(code) => status(code),
            Self::With(code, name, value) => status(code).header(name, value),
            Self::Behind(door, code) => {
                door.acquire().await.expect("nobody closes it").forget();
                status(code)
            }
        };
        response.body(Body::from("thank you")).expect("a response")
    }
}

type Script = Box<dyn Fn(&Got) -> Reply + Send>;

#[derive(Clone)]
struct Desk {
    got: Arc<watch::Sender<Vec<Got>>>,
    script: Arc<Mutex<Script>>,
}

pub struct Receiver {
    pub url: String,
    desk: Desk,
    server: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Receiver {
    /// One that takes everything.
    pub async fn start() -> Self {
        // As `main` does; another test may have done it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/events", listener.local_addr().expect("bound"));
        let script: Script = Box::new(|_| Reply::Status(200));
        let desk = Desk { got: Arc::default(), script: Arc::new(Mutex::new(script)) };
        let router = Router::new().fallback(receive).with_state(desk.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { url, desk, server }
    }

    /// From now on it answers so.
    pub fn answers(&self, script: impl Fn(&Got) -> Reply + Send + 'static) {
        *self.desk.script.lock().expect("unpoisoned") = Box::new(script);
    }

    pub fn got(&self) -> Vec<Got> {
        self.desk.got.borrow().clone()
    }

    /// The types of what was received, in its order.
    pub fn types(&self) -> Vec<String> {
        self.got().iter().map(|got| got.event["type"].as_str().expect("a type").to_owned()).collect()
    }

    /// The places in the log of what was received, in its order.
    pub fn seqs(&self) -> Vec<u64> {
        self.got().iter().map(|got| got.event["seq"].as_u64().expect("a number")).collect()
    }

    /// Waits until so many requests have come.
    pub async fn has_got(&self, count: usize) {
        let mut got = self.desk.got.subscribe();
        let waited = timeout(Duration::from_secs(20), got.wait_for(|got| got.len() >= count)).await;
        waited.unwrap_or_else(|_| panic!("{:#?}", self.got())).expect("the receiver lives");
    }
}

async fn receive(State(desk): State<Desk>, headers: HeaderMap, body: String) -> Response<Body> {
    let header =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let got = Got {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().expect("seconds"),
        signature: header("webhook-signature"),
        event: serde_json::from_str(&body).expect("JSON"),
        body,
    };
    assert_eq!(header("content-type"), "application/json");
    let reply = (*desk.script.lock().expect("unpoisoned"))(&got);
    desk.got.send_modify(|all| all.push(got));
    reply.response().await
}

//! Somebody who is sent webhooks.

use std::ops::Deref;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use serde_json::Value;

use super::peer::{Desk, Peer};

/// What was received.
#[derive(Debug, Clone)]
pub struct Got {
    pub id: String,
    pub timestamp: i64,
    pub signature: String,
    pub body: String,
    pub event: Value,
}

pub struct Receiver {
    pub url: String,
    peer: Peer<Got>,
}

impl Deref for Receiver {
    type Target = Peer<Got>;
    fn deref(&self) -> &Peer<Got> {
        &self.peer
    }
}

impl Receiver {
    /// One that takes everything.
    pub async fn start() -> Self {
        let peer = Peer::start(200, |desk| Router::new().fallback(receive).with_state(desk)).await;
        Self { url: format!("http://{}/events", peer.address), peer }
    }

    /// The types of what was received, in its order.
    pub fn types(&self) -> Vec<String> {
        self.got().iter().map(|got| got.event["type"].as_str().expect("a type").to_owned()).collect()
    }

    /// The places in the log of what was received, in its order.
    pub fn seqs(&self) -> Vec<u64> {
        self.got().iter().map(|got| got.event["seq"].as_u64().expect("a number")).collect()
    }
}

async fn receive(State(desk): State<Desk<Got>>, headers: HeaderMap, body: String) -> Response<Body> {
    let header =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    assert_eq!(header("content-type"), "application/json");
    let got = Got {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().expect("seconds"),
        signature: header("webhook-signature"),
        event: serde_json::from_str(&body).expect("JSON"),
        body,
    };
    desk.take(got).await
}

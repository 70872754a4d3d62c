//! A carrier that is asked for calls: it looks at who asks for what, and keeps the keys that are to be dialled.

use std::collections::BTreeMap;
use std::ops::Deref;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use dutyline::app::webhooks::Carrier;
use dutyline::carrier::twilio::calls;
use secrecy::SecretString;

use super::peer::{Desk, Peer};

/// The telephone system, and the number that it is called from.
pub const PBX: &str = "+15065550160";
pub const OURS: &str = "+15065550100";

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

pub struct Exchange {
    /// How it is asked.
    pub carrier: Carrier,
    peer: Peer<String>,
}

impl Deref for Exchange {
    type Target = Peer<String>;
    fn deref(&self) -> &Peer<String> {
        &self.peer
    }
}

impl Exchange {
    /// One that makes every call.
    pub async fn start() -> Self {
        let peer = Peer::start(201, |desk| Router::new().fallback(ask).with_state(desk)).await;
        let carrier = Carrier {
            url: calls::url(&format!("http://{}", peer.address), &ACCOUNT.parse().expect("an account")),
            user: ACCOUNT.to_owned(),
            password: SecretString::from("s3cret"),
            form: calls::form,
        };
        Self { carrier, peer }
    }
}

async fn ask(
    State(desk): State<Desk<String>>,
    (method, uri): (Method, Uri),
    headers: HeaderMap,
    body: String,
) -> Response<Body> {
    let wanted = format!("/2010-04-01/Accounts/{ACCOUNT}/Calls.json");
    assert_eq!((method, uri.path()), (Method::POST, wanted.as_str()));
    // `AC0123456789abcdef0123456789abcdef:s3cret`.
    let known = "Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjpzM2NyZXQ=";
    assert_eq!(headers["authorization"], known);
    let mut form: BTreeMap<String, String> =
        url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let keys = form.remove("SendDigits").expect("keys to be dialled");
    let rest: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(rest, [("From", OURS), ("To", PBX), ("Twiml", "<Response><Hangup/></Response>")]);
    desk.take(keys).await
}

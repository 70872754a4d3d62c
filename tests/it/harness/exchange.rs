//! A carrier that is asked for calls: a real HTTP server that looks at who asks for what, and answers as it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use dutyline::app::webhooks::Carrier;
use dutyline::carrier::twilio::calls;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::receiver::Reply;

/// The telephone system, and the number that it is called from.
pub const PBX: &str = "+15065550160";
pub const OURS: &str = "+15065550100";

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

type Script = Box<dyn Fn(&str) -> Reply + Send>;

#[derive(Clone)]
struct Desk {
    dialled: Arc<watch::Sender<Vec<String>>>,
    script: Arc<Mutex<Script>>,
}

pub struct Exchange {
    /// How it is asked.
    pub carrier: Carrier,
    desk: Desk,
    server: JoinHandle<()>,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Exchange {
    /// One that makes every call.
    pub async fn start() -> Self {
        // As `main` does; another test may have done it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let api = format!("http://{}", listener.local_addr().expect("bound"));
        let script: Script = Box::new(|_| Reply::Status(201));
        let desk = Desk { dialled: Arc::default(), script: Arc::new(Mutex::new(script)) };
        let router = Router::new().fallback(ask).with_state(desk.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        let carrier = Carrier {
            url: calls::url(&api, &ACCOUNT.parse().expect("an account")),
            user: ACCOUNT.to_owned(),
            password: SecretString::from("s3cret"),
            form: calls::form,
        };
        Self { carrier, desk, server }
    }

    /// From now on it answers so, by the keys that are to be dialled.
    pub fn answers(&self, script: impl Fn(&str) -> Reply + Send + 'static) {
        *self.desk.script.lock().expect("unpoisoned") = Box::new(script);
    }

    /// The keys that it was asked to dial, in its order.
    pub fn dialled(&self) -> Vec<String> {
        self.desk.dialled.borrow().clone()
    }

    /// Waits until it was asked for so many calls.
    pub async fn has_dialled(&self, count: usize) {
        let mut dialled = self.desk.dialled.subscribe();
        let waited = timeout(Duration::from_secs(20), dialled.wait_for(|all| all.len() >= count)).await;
        waited.unwrap_or_else(|_| panic!("{:?}", self.dialled())).expect("the carrier lives");
    }
}

async fn ask(
    State(desk): State<Desk>,
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
    let reply = (*desk.script.lock().expect("unpoisoned"))(&keys);
    desk.dialled.send_modify(|all| all.push(keys));
    reply.response().await
}

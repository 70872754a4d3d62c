//! Somebody who is sent requests: a real HTTP server that keeps what it gets, and answers as it is told.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Response;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How a request is answered.
#[derive(Debug, Clone)]
pub enum Reply {
    Status(u16),
    With(u16, &'static str, String),
    /// Once the door is opened for it.
    Behind(Arc<Semaphore>, u16),
}

impl Reply {
    async fn response(self) -> Response<Body> {
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

type Script<T> = Box<dyn Fn(&T) -> Reply + Send>;

/// Where requests are kept and answered.
#[derive(Clone)]
pub struct Desk<T> {
    got: Arc<watch::Sender<Vec<T>>>,
    script: Arc<Mutex<Script<T>>>,
}

impl<T> Desk<T> {
    pub async fn take(&self, got: T) -> Response<Body> {
        let reply = (*self.script.lock().expect("unpoisoned"))(&got);
        self.got.send_modify(|all| all.push(got));
        reply.response().await
    }
}

pub struct Peer<T> {
    pub address: SocketAddr,
    desk: Desk<T>,
    server: JoinHandle<()>,
}

impl<T> Drop for Peer<T> {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl<T: Clone + Debug + Send + Sync + 'static> Peer<T> {
    /// One that answers all with a status; its router brings requests to the desk.
    pub async fn start(status: u16, router: impl FnOnce(Desk<T>) -> Router) -> Self {
        // As `main` does; another test may have done it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let script: Script<T> = Box::new(move |_| Reply::Status(status));
        let desk =
            Desk { got: Arc::new(watch::Sender::new(Vec::new())), script: Arc::new(Mutex::new(script)) };
        let router = router(desk.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { address, desk, server }
    }

    /// From now on it answers so.
    pub fn answers(&self, script: impl Fn(&T) -> Reply + Send + 'static) {
        *self.desk.script.lock().expect("unpoisoned") = Box::new(script);
    }

    /// What it got, in its order.
    pub fn got(&self) -> Vec<T> {
        self.desk.got.borrow().clone()
    }

    /// Waits until so many requests have come.
    pub async fn has_got(&self, count: usize) {
        let mut got = self.desk.got.subscribe();
        let waited = timeout(Duration::from_secs(20), got.wait_for(|got| got.len() >= count)).await;
        waited.unwrap_or_else(|_| panic!("{:#?}", self.got())).expect("the peer lives");
    }
}

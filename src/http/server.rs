//! The accept loop. A stock `axum::serve` never closes a connection whose headers are half sent, has no cap
//! on connections, and waits for its slowest peer when it shuts down; a phone line has to outlive all three.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::ConnectInfo;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::http::pace::{Pace, Paced, Patience};
use crate::telemetry::HTTP_CONNECTIONS;

/// What a peer may take of the server.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once; further ones wait in the listener's backlog.
    pub connections: usize,
    /// From a connection's beginning, or a later request's first byte, to the end of its headers.
    pub head_time: Duration,
    /// Bytes of a request's headers.
    pub head_bytes: usize,
    /// From the end of the headers to the end of the body.
    pub body_time: Duration,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Between requests. Longer than a proxy keeps its end open (nginx: 60 s), so that the proxy is the one
    /// to close, and never sends a request into a closing connection.
    pub idle_time: Duration,
    /// For the requests under way when the server is told to stop.
    pub drain_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            head_time: Duration::from_secs(10),
            head_bytes: 16 * 1024,
            body_time: Duration::from_secs(10),
            body_bytes: 64 * 1024,
            idle_time: Duration::from_secs(75),
            drain_time: Duration::from_secs(10),
        }
    }
}

/// The API's handlers take in bodies by themselves, once it is known who sends them: recordings are larger than anything
/// else, and what is refused is told as a problem.
const API: &str = "/v1/";

/// Addresses of calendars, which have a token in them.
pub(super) const CALENDARS: &str = "/calendar/";

/// What of a path may be logged.
fn loggable(path: &str) -> &str {
    if path.starts_with(CALENDARS) { CALENDARS } else { path }
}

/// After an accept that failed for want of a resource, such as file descriptors: long enough for a connection
/// to end, and no busy loop meanwhile.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves `app` until `stop` is cancelled, then lets the requests under way finish within the drain time.
pub async fn serve(listener: TcpListener, app: Router, limits: Limits, stop: CancellationToken) {
    let permits = Arc::new(Semaphore::new(limits.connections));
    let server = Server { app, limits: Arc::new(limits), stop, cut: CancellationToken::new() };
    let connections = TaskTracker::new();
    while let Some((stream, peer, permit)) = next_connection(&listener, &permits, &server.stop).await {
        connections.spawn(server.clone().converse(stream, peer, permit));
    }
    drop(listener);
    connections.close();
    if timeout(server.limits.drain_time, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "cutting connections that did not end in time");
        server.cut.cancel();
        connections.wait().await;
    }
}

/// The next connection with its place under the cap; `None` once the server stops.
async fn next_connection(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let accepted = async {
        let permit = permits.clone().acquire_owned().await.expect("the semaphore is never closed");
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => return (stream, peer, permit),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot accept connections; raise the limit of open files");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    stop.run_until_cancelled(accepted).await
}

/// Whether an accept failed because of the peer, which says nothing about the next one.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset
    )
}

#[derive(Debug, Clone)]
struct Server {
    app: Router,
    limits: Arc<Limits>,
    /// Take no new requests.
    stop: CancellationToken,
    /// Drop what is still open.
    cut: CancellationToken,
}

impl Server {
    /// One connection, from its first byte to its last or to the end of the server's patience.
    async fn converse(self, stream: TcpStream, peer: SocketAddr, _permit: OwnedSemaphorePermit) {
        let _counted = OpenConnection::count();
        let pace = Pace::new(Patience { head: self.limits.head_time, idle: self.limits.idle_time });
        let ended = tokio::select! {
            ended = self.speak_http(stream, peer, &pace) => ended,
            () = pace.run_out() => return tracing::debug!("closing a connection whose peer keeps it waiting"),
            () = self.cut.cancelled() => return,
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection broke off");
        }
    }

    async fn speak_http(&self, stream: TcpStream, peer: SocketAddr, pace: &Pace) -> hyper::Result<()> {
        // Answers are small and whole: waiting to fill a packet would only add to each turn.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot send without delay");
        }
        let stream = TokioIo::new(Paced { stream, pace: pace.clone() });
        let service = service_fn(|request| self.serve_request(request, peer, pace));
        let mut protocol = http1::Builder::new();
        protocol.timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(self.limits.head_bytes);
        let mut connection = std::pin::pin!(protocol.serve_connection(stream, service).with_upgrades());
        if let Some(ended) = self.stop.run_until_cancelled(connection.as_mut()).await {
            return ended;
        }
        connection.as_mut().graceful_shutdown();
        connection.await
    }

    async fn serve_request(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        pace: &Pace,
    ) -> Result<Response, Infallible> {
        let _serving = pace.serve();
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(ConnectInfo(peer));
        let path = parts.uri.path().to_owned();
        let body = if path.starts_with(API) {
            Body::new(body)
        } else {
            match whole_body(body, &self.limits).await {
                Ok(body) => Body::from(body),
                Err(refused) => return Ok(refused.into_response()),
            }
        };
        let answer = self.app.clone().oneshot(Request::from_parts(parts, body));
        // A panic ends its own request and nobody else's; the panic hook has told its place and words.
        let Ok(answer) = AssertUnwindSafe(answer).catch_unwind().await else {
            tracing::error!(path = loggable(&path), "a handler panicked");
            return Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        };
        answer
    }
}

/// Counts a connection until it is dropped.
#[derive(Debug)]
struct OpenConnection(());

impl OpenConnection {
    fn count() -> Self {
        metrics::gauge!(HTTP_CONNECTIONS).increment(1);
        Self(())
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        metrics::gauge!(HTTP_CONNECTIONS).decrement(1);
    }
}

#[derive(Debug, Clone, Copy)]
enum Refused {
    TooLarge,
    TooSlow,
    Broken,
}

/// The body in memory. Handlers never wait for a peer, and so never hold anything while they do.
async fn whole_body(body: Incoming, limits: &Limits) -> Result<Bytes, Refused> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limits.body_bytes {
        return Err(Refused::TooLarge);
    }
    match timeout(limits.body_time, Limited::new(body, limits.body_bytes).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refused::TooLarge),
        Ok(Err(_)) => Err(Refused::Broken),
        Err(_) => Err(Refused::TooSlow),
    }
}

impl Refused {
    /// The rest of the body is not worth reading, so the connection ends with the answer.
    fn into_response(self) -> Response {
        let status = match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        };
        ([(CONNECTION, HeaderValue::from_static("close"))], status).into_response()
    }
}

#[cfg(test)]
mod tests;

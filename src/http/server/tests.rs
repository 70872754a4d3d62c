//! Real sockets under small limits. Every wait here is a peer's wait for the server; none is for its own sake.

use std::net::SocketAddr;

use axum::body::Bytes;
use axum::routing::{get, post, put};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;

/// No test waits as long, unless what it waits for never comes.
const AGES: Duration = Duration::from_secs(20);

fn small() -> Limits {
    Limits {
        connections: 16,
        head_time: Duration::from_millis(60),
        head_bytes: 8192,
        body_time: Duration::from_millis(60),
        body_bytes: 1000,
        idle_time: Duration::from_millis(60),
        drain_time: 2 * AGES,
    }
}

/// Limits of which none comes into play.
fn patient() -> Limits {
    Limits { head_time: AGES, body_time: AGES, idle_time: AGES, ..small() }
}

/// A server, and what happens in its slow handler.
struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    /// The slow handler began.
    begun: Arc<Notify>,
    /// Lets the slow handler end.
    end: Arc<Notify>,
    served: JoinHandle<()>,
}

impl Running {
    async fn start(limits: Limits) -> Self {
        let (begun, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = {
            let (begun, end) = (begun.clone(), end.clone());
            move || async move {
                begun.notify_one();
                end.notified().await;
                "slow"
            }
        };
        let app = Router::new()
            .route("/", get(|| async { "hello" }))
            .route("/length", post(|body: Bytes| async move { body.len().to_string() }))
            .route("/v1/prompts/hello/en", put(|body: Bytes| async move { body.len().to_string() }))
            .route("/large", get(|| async { "x".repeat(32 << 20) }))
            .route("/slow", get(slow))
            .route("/panic", get(panics));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let stop = CancellationToken::new();
        let served = tokio::spawn(serve(listener, app, limits, stop.clone()));
        Self { address, stop, begun, end, served }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    async fn ended(self) {
        timeout(AGES, self.served).await.expect("the server ends").expect("without a panic");
    }
}

async fn panics() -> &'static str {
    panic!("on purpose")
}

async fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.expect("sent");
}

/// All that comes until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A reset is a way to close, too.
    let _ = timeout(AGES, stream.read_to_end(&mut text)).await.expect("the server closes the connection");
    String::from_utf8(text).expect("text")
}

/// One answer, up to and with `end`.
async fn answer(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        let byte = timeout(AGES, stream.read_u8()).await.expect("an answer in time");
        text.push(byte.unwrap_or_else(|_| panic!("closed after {:?}", String::from_utf8_lossy(&text))));
    }
    String::from_utf8(text).expect("text")
}

async fn ask(server: &Running, request: &str) -> String {
    let mut stream = server.connect().await;
    send(&mut stream, request).await;
    rest(&mut stream).await
}

#[tokio::test]
async fn headers_that_never_end_are_not_waited_for() {
    let server = Running::start(Limits { head_time: small().head_time, ..patient() }).await;
    for half in ["", "GET", "GET / HTTP/1.1\r\nHost: a\r\n"] {
        assert_eq!(ask(&server, half).await, "", "{half:?}");
    }
}

#[tokio::test]
async fn a_later_request_has_no_longer_for_its_headers() {
    let server = Running::start(Limits { head_time: small().head_time, ..patient() }).await;
    let mut stream = server.connect().await;
    send(&mut stream, "GET / HTTP/1.1\r\n\r\n").await;
    answer(&mut stream, "hello").await;
    send(&mut stream, "GET / HTTP/1.1\r\n").await;
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn headers_that_trickle_are_not_waited_for() {
    let server = Running::start(Limits { head_time: small().head_time, ..patient() }).await;
    let mut stream = server.connect().await;
    let mut ticks = tokio::time::interval(small().head_time / 10);
    let begun = Instant::now();
    while stream.write_all(b"G").await.is_ok() {
        assert!(begun.elapsed() < AGES, "the server still listens");
        ticks.tick().await;
    }
}

#[tokio::test]
async fn a_body_that_never_ends_is_not_waited_for() {
    let server = Running::start(Limits { body_time: small().body_time, ..patient() }).await;
    let answer = ask(&server, "POST /length HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let server = Running::start(Limits { idle_time: small().idle_time, ..patient() }).await;
    let answer = ask(&server, "GET / HTTP/1.1\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("hello"), "{answer}");
}

#[tokio::test]
async fn an_idle_connection_outlives_the_time_for_headers() {
    let server = Running::start(Limits { head_time: small().head_time, ..patient() }).await;
    let (mut idle, mut half) = (server.connect().await, server.connect().await);
    send(&mut idle, "GET / HTTP/1.1\r\n\r\n").await;
    answer(&mut idle, "hello").await;
    send(&mut half, "GET").await;
    assert_eq!(rest(&mut half).await, "", "the time for headers is over");
    send(&mut idle, "GET / HTTP/1.1\r\n\r\n").await;
    answer(&mut idle, "hello").await;
}

#[tokio::test]
async fn a_slow_handler_is_the_peer_s_to_wait_for() {
    let server = Running::start(small()).await;
    let mut slow = server.connect().await;
    send(&mut slow, "GET /slow HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    server.begun.notified().await;
    assert_eq!(ask(&server, "GET").await, "", "the time for headers is over");
    server.end.notify_one();
    let answer = rest(&mut slow).await;
    assert!(answer.ends_with("slow"), "{answer}");
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_given_up() {
    let server = Running::start(Limits { idle_time: small().idle_time, ..patient() }).await;
    let mut stream = server.connect().await;
    send(&mut stream, "GET /large HTTP/1.1\r\n\r\n").await;
    assert_eq!(stream.read_u8().await.expect("an answer begins"), b'H');
    server.stop.cancel();
    server.ended().await;
    assert!(rest(&mut stream).await.len() < 32 << 20, "only what the sockets held arrives");
}

#[tokio::test]
async fn connections_over_the_cap_wait_their_turn() {
    let server = Running::start(Limits { connections: 1, ..patient() }).await;
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    send(&mut first, "GET /slow HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    server.begun.notified().await;
    send(&mut second, "GET /slow HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    assert!(
        timeout(small().head_time, server.begun.notified()).await.is_err(),
        "the second is not served beside the first"
    );
    server.end.notify_one();
    assert!(rest(&mut first).await.ends_with("slow"));
    server.begun.notified().await;
    server.end.notify_one();
    assert!(rest(&mut second).await.ends_with("slow"));
}

#[tokio::test]
async fn a_body_over_the_cap_is_refused() {
    let server = Running::start(patient()).await;
    let chunk = format!("400\r\n{}\r\n0\r\n\r\n", "x".repeat(1024));
    for (status, request) in [
        ("200", format!("POST /length HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{}", "x".repeat(1000))),
        ("413", format!("POST /length HTTP/1.1\r\nContent-Length: 1001\r\n\r\n{}", "x".repeat(1001))),
        ("413", "POST /length HTTP/1.1\r\nContent-Length: 18446744073709551610\r\n\r\n".to_owned()),
        ("413", format!("POST /length HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}")),
        ("400", "POST /length HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_owned()),
    ] {
        let mut stream = server.connect().await;
        send(&mut stream, &request).await;
        let answer = answer(&mut stream, "\r\n\r\n").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_answered_once_and_closed() {
    let server = Running::start(patient()).await;
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(9000));
    for (status, request) in
        [("400", "\x16\x03\x01 TLS\r\n\r\n"), ("400", "GET  HTTP/1.1\r\n\r\n"), ("431", &long)]
    {
        let answer = ask(&server, request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

#[tokio::test]
async fn requests_sent_together_are_answered_in_turn() {
    let server = Running::start(patient()).await;
    let together = "POST /length HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc\
                    GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
    let answers = ask(&server, together).await;
    let (first, second) = answers.split_once("\r\n\r\n3HTTP/1.1 200 ").expect("two answers");
    assert!(first.starts_with("HTTP/1.1 200 ") && second.ends_with("hello"), "{answers}");
}

#[tokio::test]
async fn a_panic_ends_its_own_request_alone() {
    let server = Running::start(patient()).await;
    let mut stream = server.connect().await;
    send(&mut stream, "GET /panic HTTP/1.1\r\n\r\n").await;
    let failed = answer(&mut stream, "\r\n\r\n").await;
    assert!(failed.starts_with("HTTP/1.1 500 "), "{failed}");
    send(&mut stream, "GET / HTTP/1.1\r\n\r\n").await;
    answer(&mut stream, "hello").await;
}

#[tokio::test]
async fn a_stop_answers_what_is_under_way_and_takes_nothing_new() {
    let server = Running::start(patient()).await;
    let (mut slow, mut idle) = (server.connect().await, server.connect().await);
    send(&mut idle, "GET / HTTP/1.1\r\n\r\n").await;
    answer(&mut idle, "hello").await;
    send(&mut slow, "GET /slow HTTP/1.1\r\n\r\n").await;
    server.begun.notified().await;
    server.stop.cancel();
    assert_eq!(rest(&mut idle).await, "", "an idle connection ends at once");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
    server.end.notify_one();
    let answered = rest(&mut slow).await;
    assert!(answered.ends_with("slow"), "{answered}");
    server.ended().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let server = Running::start(Limits { drain_time: Duration::from_millis(60), ..patient() }).await;
    let mut slow = server.connect().await;
    send(&mut slow, "GET /slow HTTP/1.1\r\n\r\n").await;
    server.begun.notified().await;
    server.stop.cancel();
    server.ended().await;
    assert_eq!(rest(&mut slow).await, "");
}

#[tokio::test]
async fn a_body_for_the_api_is_as_large_as_its_handler_takes_it() {
    let server = Running::start(patient()).await;
    let request = format!(
        "PUT /v1/prompts/hello/en HTTP/1.1\r\nhost: line\r\nconnection: close\r\ncontent-length: 70000\r\n\r\n{}",
        "x".repeat(70_000)
    );
    let answer = ask(&server, &request).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("70000"), "{answer}");
}

#[test]
fn an_address_with_a_token_in_it_is_not_logged() {
    for (path, logged) in [
        ("/calendar/dl_secret/users/ada.ics", "/calendar/"),
        ("/calendar/dl_secret", "/calendar/"),
        ("/v1/users/ada/calendar.ics", "/v1/users/ada/calendar.ics"),
    ] {
        assert_eq!(loggable(path), logged);
    }
}

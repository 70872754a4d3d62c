//! What clients may take of the API (D81).

use std::net::SocketAddr;
use std::time::Duration;

use axum::http::Method;
use dutyline::domain::access::Role;
use dutyline::http::server::{self, Limits};
use dutyline::http::v1::Terms;
use dutyline::http::v1::allowance::Allowance;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::Api;

/// So many at once, and no more while the test runs.
fn only(burst: u32) -> Allowance {
    Allowance { every: Duration::from_hours(1), burst }
}

#[tokio::test]
async fn a_token_that_asks_too_much_is_told_when_to_go_on() {
    let api = Api::on(Terms { tokens: only(2), ..Terms::on(Handle::current()) }).await;
    let (board, other) = (api.owner().await, api.token("other", Role::Admin, None, None).await);
    for _ in 0..2 {
        assert_eq!(api.get(&board, "/v1/me").await.status, 200);
    }
    let answer = api.get(&board, "/v1/me").await;
    assert_eq!(answer.code(), (429, "rate_limited"));
    let wait: u64 = answer.header("retry-after").expect("a time").parse().expect("seconds");
    assert!((3500..=3600).contains(&wait), "{wait}");
    assert_eq!(api.get(&other, "/v1/me").await.status, 200, "another token is another client");
    let held = json!({ "state": "held", "reason": "training" });
    assert_eq!(api.ask(&board, Method::PUT, "/v1/presence/ada", held).await.code(), (429, "rate_limited"));
    assert_eq!(api.get("", "/v1/openapi.json").await.status, 200);
}

#[tokio::test]
async fn who_guesses_tokens_is_held_up_and_holds_up_nobody_who_is_known() {
    let api = Api::on(Terms { strangers: only(3), ..Terms::on(Handle::current()) }).await;
    let owner = api.owner().await;
    assert_eq!(api.get(&owner, "/v1/me").await.status, 200);
    let new = json!({ "name": "ci", "role": "admin" });
    let ci = api.ask(&owner, Method::POST, "/v1/tokens", new).await.body["secret"].clone();
    let ci = ci.as_str().expect("a secret");
    api.ask(&owner, Method::DELETE, "/v1/tokens/ci", Value::Null).await;
    // None, one that is mistyped, and one that is in use no more.
    for guess in ["", "dl_a", ci] {
        assert_eq!(api.get(guess, "/v1/me").await.code(), (401, "unauthenticated"), "{guess}");
    }
    for guess in ["", "dl_a", ci] {
        assert_eq!(api.get(guess, "/v1/me").await.code(), (429, "rate_limited"), "{guess}");
    }
    assert_eq!(api.get(&owner, "/v1/me").await.status, 200);
}

/// The answer to a request over a socket.
async fn exchange(address: SocketAddr, request: &str) -> (String, Value) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer with a head");
    (head.to_ascii_lowercase(), serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test]
async fn a_body_that_is_not_taken_is_refused_with_a_problem() {
    let api = Api::open().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let stop = CancellationToken::new();
    let limits = Limits::default();
    let serving = tokio::spawn(server::serve(listener, api.router.clone(), limits, stop.clone()));
    let owner = api.owner().await;
    let head = "POST /v1/users HTTP/1.1\r\nHost: here\r\nConnection: close\r\n";
    let head = format!("{head}Authorization: Bearer {owner}\r\n");
    for (rest, status, code) in [
        ("Content-Length: 65537\r\n\r\n", "413", "too_large"),
        ("Transfer-Encoding: chunked\r\n\r\nzz\r\n", "400", "broken_body"),
    ] {
        let (answer, problem) = exchange(address, &format!("{head}{rest}")).await;
        assert!(answer.starts_with(&format!("http/1.1 {status} ")), "{answer}");
        assert!(answer.contains("content-type: application/problem+json"), "{answer}");
        assert_eq!(problem["code"], json!(code));
    }
    let elsewhere = "POST /voice HTTP/1.1\r\nHost: here\r\nContent-Length: 65537\r\n\r\n";
    assert_eq!(exchange(address, elsewhere).await.1, Value::Null);
    stop.cancel();
    serving.await.expect("served");
}

#[tokio::test]
async fn a_body_that_goes_too_deep_is_refused() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep = format!(r#"{{ "login": "bob", "name": {deep} }}"#);
    let answer = api.send(&owner, Method::POST, "/v1/users", deep, &[]).await;
    assert_eq!((answer.code(), answer.field()), ((422, "invalid"), "name"));
}

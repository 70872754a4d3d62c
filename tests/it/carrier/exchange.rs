//! The terminal phone's side of the wire, against a server on a socket.

use axum::Router;
use axum::body::Bytes;
use axum::extract::OriginalUri;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::post;
use dutyline::carrier::twilio::form::Form;
use dutyline::carrier::twilio::signature::{Body, verify};
use dutyline::carrier::twiml::{CONTENT_TYPE, MAX_BYTES};
use dutyline::cli::phone::answer::Answer;
use dutyline::cli::phone::conversation::Request;
use dutyline::cli::phone::exchange::Exchange;
use reqwest::Url;
use secrecy::SecretString;
use tokio::net::TcpListener;

const PUBLIC: &str = "https://ivr.example.com/lines";

/// The exchange of a carrier that knows the server by its public address only.
async fn exchange() -> Exchange {
    // Another test of this binary may have done so before.
    drop(rustls::crypto::ring::default_provider().install_default());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let router = Router::new()
        .route("/signed", post(signed))
        .route("/moved", post(|| async { Redirect::temporary("/signed") }))
        .route("/long", post(|| async { "a".repeat(4 * MAX_BYTES) }));
    tokio::spawn(async { axum::serve(listener, router).await });
    let url: Url = format!("http://{address}/").parse().expect("an address");
    let public = PUBLIC.parse().expect("an address");
    Exchange::new(&url, Some(&public), SecretString::from("secret")).expect("an HTTP client")
}

/// As the server does: checks the signature over its public address.
async fn signed(OriginalUri(uri): OriginalUri, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let form = Form::decode(&body);
    let signature = headers["x-twilio-signature"].to_str().expect("base64");
    let signed = verify(
        &[SecretString::from("secret")],
        &format!("{PUBLIC}{uri}"),
        Body::Form(form.pairs()),
        signature,
    );
    let status = if signed.is_ok() { StatusCode::OK } else { StatusCode::FORBIDDEN };
    (status, [(header::CONTENT_TYPE, CONTENT_TYPE)], "<Response/>")
}

async fn posted(path: &str) -> Answer {
    let form = vec![("Name".into(), "José & Söhne".into()), ("From".into(), "+15062345678".into())];
    let exchange = exchange().await;
    let request = Request { url: exchange.address(path), form };
    exchange.post(&request).await.expect("an answer")
}

#[tokio::test]
async fn a_webhook_is_signed_over_the_public_address_and_sent_to_the_near_one() {
    for path in ["/signed", "/signed?a=%2B1&b=it's"] {
        assert_eq!(posted(path).await.document(), Ok(vec![]), "{path}");
    }
}

#[tokio::test]
async fn a_redirect_of_http_is_not_followed() {
    assert_eq!(posted("/moved").await.status, 307);
}

#[tokio::test]
async fn an_endless_answer_is_read_no_further_than_a_carrier_would() {
    let length = posted("/long").await.body.len();
    assert!((MAX_BYTES..4 * MAX_BYTES).contains(&length), "{length}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let url = "http://127.0.0.1:1".parse().expect("an address");
    let exchange = Exchange::new(&url, None, SecretString::from("secret")).expect("an HTTP client");
    let request = Request { url: exchange.address("/voice"), form: vec![] };
    let error = exchange.post(&request).await.expect_err("nobody listens there");
    assert_eq!(error.to_string(), "no answer from `http://127.0.0.1:1/voice`; is the server running?");
}

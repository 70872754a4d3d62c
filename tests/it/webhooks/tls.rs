//! Whom an endpoint's certificate has to convince.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use dutyline::app::webhooks::WebhookPatch;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::Node;

/// Somebody who vouches for themselves: a server that answers every request with 200. Its URL.
fn self_signed() -> String {
    drop(rustls::crypto::ring::default_provider().install_default());
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![made.cert.der().clone()], key).expect("they fit"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
            let mut stream = StreamOwned::new(connection, stream.expect("a peer"));
            // Whoever is not convinced goes away here.
            if stream.read(&mut [0; 8192]).is_ok() {
                drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"));
                stream.conn.send_close_notify();
                drop(stream.flush());
            }
        }
    });
    format!("https://localhost:{port}/")
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_believed_only_by_who_says_so() {
    // A2.14.
    let node = Node::new().await;
    node.hook("mine", &self_signed()).await;
    let pinged = node.app.ping_webhook(&node.tenant, "mine").await.expect("tried");
    let why = pinged.why.expect("it is not believed");
    assert!(!pinged.delivered && why.contains("certificate"), "{why}");
    let believing = WebhookPatch { insecure_tls: Some(true), ..WebhookPatch::default() };
    node.app.change_webhook(&node.tenant, "mine", believing).await.expect("changed");
    let pinged = node.app.ping_webhook(&node.tenant, "mine").await.expect("tried");
    assert_eq!((pinged.delivered, pinged.status, pinged.why), (true, Some(200), None));
}

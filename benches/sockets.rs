//! Ten thousand sockets that follow one tenant's log on a running server: what an idle one costs, and how soon each is told
//! of an event. Prints rows for `docs/performance.md`.
//!
//! `cargo bench --bench sockets -- [SOCKETS]`; `ulimit -n` must allow this process as many files.

#![expect(clippy::disallowed_methods, reason = "it is time that is measured")]
#![expect(clippy::print_stdout, reason = "the figures are what this is for")]

#[expect(dead_code, reason = "another benchmark asks the server for more")]
mod harness;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use dutyline::app::App;
use dutyline::domain::token::TokenText;
use dutyline::store::Clock;
use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use harness::follower::{open, owner};
use harness::server::Server;

const SOCKETS: u32 = 10_000;
/// Handshakes at once.
const ABREAST: usize = 64;
/// Events whose way to all sockets is measured, one after the other.
const EVENTS: usize = 20;
/// So long nothing happens before the memory is measured.
const REST: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() {
    // `cargo bench` asks for it; whoever merely runs all targets does not mean to wait.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let count = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(SOCKETS);
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("line.db").display());
    let app = App::open(&url, Clock::System).await.expect("a database");
    let tenant = app.ensure_default_tenant().await.expect("a tenant");
    let token = owner(&app, &tenant).await;
    let access = app.authenticate(&token).await.expect("believed");
    let server = Server::start(&url);
    let bare = server.pss_mib();
    let (told, mut tellings) = mpsc::unbounded_channel();
    let begun = Instant::now();
    let opened = stream::iter(0..count).map(|_| open(&app, &access, server.address, ""));
    let mut opened = opened.buffer_unordered(ABREAST);
    while let Some(mut socket) = opened.next().await {
        let told = told.clone();
        tokio::spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                if let Message::Text(_) = message {
                    told.send(Instant::now()).expect("somebody counts");
                }
            }
        });
    }
    let opening = begun.elapsed();
    tokio::time::sleep(REST).await;
    let each = (server.pss_mib() - bare) * 1024.0 / f64::from(count);
    println!("{count} sockets: opened in {opening:.1?}, {each:.1} KiB each");
    let (mut firsts, mut lasts) = (Vec::new(), Vec::new());
    for number in 0..EVENTS {
        let asked = Instant::now();
        add_user(server.address, &token, number).await;
        let mut times = Vec::with_capacity(count as usize);
        while times.len() < count as usize {
            times.push(tellings.recv().await.expect("all are told").saturating_duration_since(asked));
        }
        firsts.push(times.iter().min().copied().unwrap_or_default());
        lasts.push(times.iter().max().copied().unwrap_or_default());
    }
    firsts.sort_unstable();
    lasts.sort_unstable();
    let middle = EVENTS / 2;
    println!(
        "from the request to the first {:.1?}, to all {:.1?}; at worst {:.1?}",
        firsts[middle],
        lasts[middle],
        lasts[EVENTS - 1]
    );
}

/// Asks for something of which an event tells.
async fn add_user(address: SocketAddr, token: &TokenText, number: usize) {
    let body = format!(r#"{{"login":"user{number}","name":"User"}}"#);
    let request = format!(
        "POST /v1/users HTTP/1.1\r\nHost: line\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        token.expose(),
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
}

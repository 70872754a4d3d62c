//! A carrier's kept connection, and the webhooks that it sends about a call.

use std::net::SocketAddr;

use dutyline::carrier::twilio::signature::sign;
use dutyline::cli::phone::leg::Leg;
use dutyline::domain::call::CallStatus;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::fleet::{LINE, number};
use super::server::TOKEN;

/// A call that is under way: its number among all, and where its next webhook goes.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) number: usize,
    pub(crate) path: String,
}

/// What is asked of the server, of one call after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// The same fixed answer each time.
    Flat,
    First,
    Key(&'static str),
    /// The key again, where it was pressed before.
    Replay(&'static str),
    Completed,
}

/// Whose call it is of so many agents: nobody calls again before all others have.
pub(crate) fn caller(call: usize, agents: usize) -> usize {
    call.wrapping_mul(7919) % agents
}

/// The request that takes the step in a call.
pub(crate) fn request(server: SocketAddr, agents: usize, step: Step, call: &Call) -> String {
    let (path, status, keys) = match step {
        Step::Flat => return format!("GET /livez HTTP/1.1\r\nhost: {server}\r\n\r\n"),
        Step::First => (call.path.as_str(), CallStatus::Ringing, None),
        Step::Key(keys) | Step::Replay(keys) => (call.path.as_str(), CallStatus::InProgress, Some(keys)),
        Step::Completed => ("/voice/twilio/status", CallStatus::Completed, None),
    };
    let leg = Leg {
        account_sid: "AC00000000000000000000000000000001".parse().expect("an account"),
        // Scattered, as a carrier's names of calls are.
        call_sid: format!(
            "CA{:032x}",
            (call.number as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
        )
        .parse()
        .expect("a call"),
        from: number(caller(call.number, agents)),
        to: LINE.to_owned(),
        stir: None,
    };
    let digits = keys.map(|keys| ("Digits", keys));
    let form = leg.form(status, digits.as_slice());
    let signature = sign(&SecretString::from(TOKEN), &format!("http://{server}{path}"), &form);
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    format!(
        "POST {path} HTTP/1.1\r\nhost: {server}\r\nx-twilio-signature: {signature}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Where the caller's next keys go.
pub(crate) fn gather(document: &str) -> Option<String> {
    let (_, action) = document.split_once("<Gather")?.1.split_once("action=\"")?;
    let (url, _) = action.split_once('"')?;
    let (_, path) = url.split_once("://")?.1.split_once('/')?;
    Some(format!("/{}", path.replace("&amp;", "&")))
}

/// A kept connection.
#[derive(Debug)]
pub(crate) struct Line {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Line {
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        Self { stream, heard: Vec::new() }
    }

    /// The body of the answer, which must be a good one.
    pub(crate) async fn ask(&mut self, request: &str) -> String {
        self.stream.write_all(request.as_bytes()).await.expect("it is sent");
        self.heard.clear();
        loop {
            let read = self.stream.read_buf(&mut self.heard).await.expect("it is answered");
            assert!(read > 0, "the server hung up");
            if let Some(body) = whole_body(&self.heard) {
                return body;
            }
        }
    }
}

fn whole_body(heard: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(heard).expect("our answers are text");
    let (top, body) = text.split_once("\r\n\r\n")?;
    assert!(top.starts_with("HTTP/1.1 2"), "{text}");
    let mut lines = top.lines().filter_map(|line| line.split_once(": "));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = length.map_or(0, |(_, length)| length.parse().expect("a number"));
    (body.len() >= length).then(|| body.to_owned())
}

//! The carrier's side of the wire: signs each webhook as Twilio does and posts it.

use std::time::Duration;

use anyhow::Context;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Response, Url, redirect};
use secrecy::SecretString;

use crate::carrier::twilio::signature;
use crate::carrier::twiml::MAX_BYTES;
use crate::cli::phone::answer::Answer;
use crate::cli::phone::conversation::Request;

/// Patience of the carrier (<https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides>).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(15);

/// Posts webhooks to one server.
#[derive(Debug)]
pub struct Exchange {
    http: Client,
    token: SecretString,
    /// Where the server is reached, without a slash at its end.
    reached_at: String,
    /// What the server believes to be its address, and therefore checks signatures over.
    known_as: String,
}

impl Exchange {
    pub fn new(url: &Url, public_url: Option<&Url>, token: SecretString) -> anyhow::Result<Self> {
        let http = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            // A carrier would follow, but as a GET without the keys: that is a mistake to be shown.
            .redirect(redirect::Policy::none())
            .user_agent("TwilioProxy/1.1")
            .build()
            .context("cannot set up an HTTP client")?;
        let base = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        let known_as = base(public_url.unwrap_or(url));
        Ok(Self { http, token, reached_at: base(url), known_as })
    }

    /// The server's public address of `path`, as it stands in the carrier's settings.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.known_as)
    }

    pub async fn post(&self, request: &Request) -> anyhow::Result<Answer> {
        let url = self.reachable(&request.url);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&request.form).finish();
        let sent = self
            .http
            .post(&url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=UTF-8")
            .header("X-Twilio-Signature", signature::sign(&self.token, &request.url, &request.form))
            .body(body)
            .send();
        let response =
            sent.await.with_context(|| format!("no answer from `{url}`; is the server running?"))?;
        read(response).await.with_context(|| format!("the answer of `{url}` broke off"))
    }

    /// Where a document of the server's public address is found from here.
    fn reachable(&self, url: &str) -> String {
        match url.strip_prefix(&self.known_as) {
            Some(path) if path.is_empty() || path.starts_with(['/', '?']) => {
                format!("{}{path}", self.reached_at)
            }
            Some(_) | None => url.to_owned(),
        }
    }
}

/// Reads no more than tells that a carrier would stop reading.
async fn read(mut response: Response) -> reqwest::Result<Answer> {
    let status = response.status().as_u16();
    let content_type = content_type(response.headers());
    let mut body = Vec::new();
    while body.len() < MAX_BYTES {
        let Some(chunk) = response.chunk().await? else { break };
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, content_type, body })
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

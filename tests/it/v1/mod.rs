//! The REST API, asked as its clients do: the real database, the real routes, a clock that stands.

mod access;
mod availability;
mod calendars;
mod coverage;
mod document;
mod fuzz;
mod labels;
mod limits;
mod once;
mod people;
mod presence;
mod reading;
mod reports;
mod setup;
mod sockets;
mod walk;
mod webhooks;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::response::Parts;
use axum::http::{Method, Request};
use dutyline::app::tokens::NewToken;
use dutyline::domain::access::{Right, Role};
use dutyline::http::v1;
use dutyline::http::v1::Terms;
use dutyline::http::v1::allowance::Allowance;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::harness::line::Line;

/// A line, and the API on it.
struct Api {
    line: Line,
    router: Router,
    /// What goes on though nobody waits for its answer.
    tasks: TaskTracker,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The status and the problem's code, if there is a problem.
    fn code(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or("-"))
    }

    /// The field that the problem names.
    fn field(&self) -> &str {
        self.body["errors"][0]["field"].as_str().unwrap_or("-")
    }
}

/// Terms that hold nobody up.
fn plenty() -> Terms {
    let plenty = Allowance::per_second(1, 10_000);
    Terms { tokens: plenty, strangers: plenty, ..Terms::on(Handle::current()) }
}

impl Api {
    async fn open() -> Self {
        Self::on(plenty()).await
    }

    async fn on(terms: Terms) -> Self {
        Self::of(Line::open().await, terms)
    }

    /// Another node's, on the same database.
    async fn beside(other: &Self, terms: Terms) -> Self {
        Self::of(other.line.another_node().await, terms)
    }

    fn of(line: Line, terms: Terms) -> Self {
        let tasks = terms.tasks.clone();
        let router = v1::routes(line.app.clone(), terms);
        Self { line, router, tasks }
    }

    /// The secret of a new token.
    async fn token(&self, name: &str, role: Role, rights: Option<&[Right]>, user: Option<&str>) -> String {
        let new = NewToken {
            name: name.parse().expect("a name"),
            role,
            rights: rights.map(|rights| rights.iter().copied().collect()),
            user: user.map(|login| login.parse().expect("a login")),
            expires_at: None,
        };
        let (_, secret) = self.line.app.issue_token(&self.line.tenant, new).await.expect("issued");
        secret.expose().to_owned()
    }

    async fn owner(&self) -> String {
        self.token("owner", Role::Owner, None, None).await
    }

    async fn ask(&self, token: &str, method: Method, path: &str, body: Value) -> Answer {
        self.ask_with(token, method, path, body, &[]).await
    }

    async fn get(&self, token: &str, path: &str) -> Answer {
        self.ask(token, Method::GET, path, Value::Null).await
    }

    async fn ask_with(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let text = match body {
            Value::Null => String::new(),
            // What is no JSON.
            Value::String(text) => text,
            json => json.to_string(),
        };
        self.send(token, method, path, text, headers).await
    }

    async fn send(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: impl Into<Body>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("a request");
        let (parts, bytes) = self.exchange(request).await;
        let told = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
            (name.to_string(), value.to_str().expect("text").to_owned())
        };
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers.iter().map(told).collect(),
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
        }
    }

    /// What is no JSON.
    async fn text(&self, token: &str, path: &str, headers: &[(&str, &str)]) -> String {
        let mut request = Request::builder().uri(path).header("authorization", format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (_, bytes) = self.exchange(request.body(Body::empty()).expect("a request")).await;
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    async fn exchange(&self, request: Request<Body>) -> (Parts, Bytes) {
        let (parts, body) = self.router.clone().oneshot(request).await.expect("an answer").into_parts();
        (parts, body.collect().await.expect("a body").to_bytes())
    }
}

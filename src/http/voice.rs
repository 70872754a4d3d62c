//! Voice webhooks. Whatever happens inside, a carrier that signed its request gets a document that it can
//! play, within its patience (D48).

use std::fmt::Display;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use metrics::{counter, histogram};
use serde::Deserialize;
use tokio::time::{Instant, timeout};

use crate::app::App;
use crate::app::voice::{Answer, Next, Request, TurnAddress, words};
use crate::carrier::twilio::form::{BadField, Form};
use crate::carrier::twilio::status::StatusForm;
use crate::carrier::twilio::voice::{Direction, VoiceForm};
use crate::carrier::twiml::{self, Urls};
use crate::domain::dispatch::{self, Contact};
use crate::domain::ids::{CallId, Language};
use crate::domain::phone::Caller;
use crate::flow::engine::Input;
use crate::flow::reply::Reply;
use crate::http::signed::{Signed, Trust};
use crate::telemetry;

/// Carriers hang up on us after 5 to 15 seconds.
pub const PATIENCE: Duration = Duration::from_secs(4);

/// Requests for one turn that are put off with "one moment" before the call is given up.
const MOST_ATTEMPTS: u8 = 3;

#[derive(Debug, Clone)]
struct Line {
    app: App,
    trust: Arc<Trust>,
    patience: Duration,
}

impl AsRef<Trust> for Line {
    fn as_ref(&self) -> &Trust {
        &self.trust
    }
}

/// `/voice/twilio/inbound`, `/voice/twilio/turn/{call}/{turn}` and `/voice/twilio/status`, each answered
/// within `patience`.
pub fn routes(app: App, trust: Trust, patience: Duration) -> Router {
    Router::new()
        .route("/voice/twilio/inbound", post(arrive))
        .route("/voice/twilio/turn/{call}/{turn}", post(turn))
        .route("/voice/twilio/status", post(status))
        .with_state(Line { app, trust: Arc::new(trust), patience })
}

/// What we put into our own addresses.
#[derive(Debug, Clone, Default, Deserialize)]
struct Marks {
    /// The turn's token.
    #[serde(default)]
    t: String,
    /// The call's language.
    l: Option<String>,
    /// How often the request was put off.
    #[serde(default)]
    attempt: u8,
    /// The keys that came with the request that was put off.
    digits: Option<String>,
}

impl Marks {
    fn language(&self) -> Language {
        let english = || "en".parse().expect("a tag");
        self.l.as_deref().and_then(|tag| tag.parse().ok()).unwrap_or_else(english)
    }
}

async fn arrive(State(line): State<Line>, Query(marks): Query<Marks>, Signed(form): Signed) -> Response {
    let keys = form.get("Digits").map(str::to_owned).or_else(|| marks.digits.clone());
    let address = line.arrival();
    match request(&form, keys.as_deref(), Input::Started) {
        Ok(request) => line.attend(marks, keys, address, Box::pin(line.app.arrive(request))).await,
        Err(bad) => line.give_up(&marks.language(), &bad),
    }
}

async fn turn(
    State(line): State<Line>,
    Path((call, turn)): Path<(String, u32)>,
    Query(marks): Query<Marks>,
    Signed(form): Signed,
) -> Response {
    let keys = form.get("Digits").map(str::to_owned).or_else(|| marks.digits.clone());
    let Ok(call) = call.parse::<CallId>() else { return line.document(&Reply::hang_up(), &Next::Arrival) };
    let address = TurnAddress { call, turn, token: marks.t.clone(), language: marks.language() };
    let again = line.turn_url(&address);
    match request(&form, keys.as_deref(), Input::Silence) {
        Ok(request) => line.attend(marks, keys, again, Box::pin(line.app.turn(address, request))).await,
        Err(bad) => line.give_up(&marks.language(), &bad),
    }
}

async fn status(State(line): State<Line>, Signed(form): Signed) -> Response {
    let report = match StatusForm::read(&form) {
        Ok(report) => report,
        Err(bad) => {
            tracing::warn!(%bad, "passed over a status callback");
            return StatusCode::NO_CONTENT.into_response();
        }
    };
    let StatusForm { account_sid, call_sid, progress, .. } = report;
    match timeout(line.patience, line.app.progress(account_sid, call_sid, progress)).await {
        Ok(Ok(())) => StatusCode::NO_CONTENT.into_response(),
        Ok(Err(error)) => unsaved(&error.to_string()),
        Err(_) => unsaved("the database takes too long"),
    }
}

/// A carrier may try a status callback again; nobody hears this.
fn unsaved(why: &str) -> Response {
    tracing::warn!(why, "could not save a call's progress");
    (StatusCode::SERVICE_UNAVAILABLE, "not saved, try again\n").into_response()
}

impl Line {
    /// Waits for the answer as long as a carrier does. When none comes in time, or none at all, the caller
    /// hears that it takes a moment and the request is made again at `address`, with its keys.
    async fn attend<E: Display>(
        &self,
        marks: Marks,
        keys: Option<String>,
        address: String,
        answer: BoxFuture<'_, Result<Answer, E>>,
    ) -> Response {
        let started = Instant::now();
        // A panic ends this turn's attempt and not the call.
        let outcome = timeout(self.patience, AssertUnwindSafe(answer).catch_unwind()).await;
        histogram!(telemetry::TURN_SECONDS).record(started.elapsed());
        let why = match outcome {
            Ok(Ok(Ok(answer))) => return self.document(&answer.reply, &answer.next),
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(_)) => "a panic".to_owned(),
            Err(elapsed) => elapsed.to_string(),
        };
        tracing::error!(why, attempt = marks.attempt, "could not answer a webhook");
        let language = marks.language();
        if marks.attempt >= MOST_ATTEMPTS {
            return self.render(&words::apology(&language), &address);
        }
        self.render(&words::one_moment(&language), &put_off(&address, marks.attempt + 1, keys))
    }

    fn document(&self, reply: &Reply, next: &Next) -> Response {
        match next {
            Next::Turn(address) => self.render(reply, &self.turn_url(address)),
            Next::Arrival => self.render(reply, &self.arrival()),
        }
    }

    fn render(&self, reply: &Reply, next: &str) -> Response {
        let media = format!("{}/media", self.trust.public_url);
        match twiml::render(reply, Urls { next, media: &media }) {
            Ok(document) => ([(CONTENT_TYPE, twiml::CONTENT_TYPE)], document).into_response(),
            Err(too_long) => {
                tracing::error!(%too_long, "a call was ended");
                self.render(&Reply::hang_up(), next)
            }
        }
    }

    /// Ends a call whose request lacks what every carrier sends.
    fn give_up(&self, language: &Language, bad: &BadField) -> Response {
        counter!(telemetry::CALLS, "outcome" => "unreadable").increment(1);
        tracing::warn!(%bad, "could not read a webhook");
        self.render(&words::apology(language), &self.arrival())
    }

    fn arrival(&self) -> String {
        format!("{}/voice/twilio/inbound", self.trust.public_url)
    }

    fn turn_url(&self, address: &TurnAddress) -> String {
        let TurnAddress { call, turn, token, language } = address;
        format!("{}/voice/twilio/turn/{call}/{turn}?t={token}&l={language}", self.trust.public_url)
    }
}

/// The address of a request that is to be made again.
fn put_off(address: &str, attempt: u8, keys: Option<String>) -> String {
    let mut marks = form_urlencoded::Serializer::new(String::new());
    marks.append_pair("attempt", &attempt.to_string());
    if let Some(keys) = keys {
        marks.append_pair("digits", &keys);
    }
    let joint = if address.contains('?') { '&' } else { '?' };
    format!("{address}{joint}{}", marks.finish())
}

/// The request as the application knows one; `without` keys it is this.
fn request(form: &Form, keys: Option<&str>, without: Input) -> Result<Request, BadField> {
    let form = VoiceForm::read(form)?;
    let dialled = Caller::read(form.line_address(), None);
    let Caller::Number(dialled) = dialled else {
        let cause = format!("`{}` is not a number in E.164 format", form.line_address());
        return Err(BadField::Unreadable { name: "To", cause });
    };
    let caller = form.agent_address().to_owned();
    let direction = match form.direction {
        Direction::Inbound => dispatch::Direction::Inbound,
        Direction::Outbound => dispatch::Direction::Outbound,
    };
    let contact = Contact {
        caller: Caller::read(&caller, Some(&dialled)),
        dialled,
        account: form.account_sid,
        direction,
    };
    let input = keys.map_or(without, |keys| keys.parse().map_or(Input::Garbled, Input::Keys));
    Ok(Request { sid: form.call_sid, contact, caller, attestation: form.attestation, input })
}

//! Writes that come with an `Idempotency-Key` are carried out once, and their repeats get the answer again (D80).

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, response};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;
use serde::{Deserialize, Serialize};
use tokio_util::task::TaskTracker;

use crate::app::Error;
use crate::domain::claim::{Claim, Fate};
use crate::domain::ids::{RequestKey, Sha256Hex};
use crate::flow::recording::LARGEST;
use crate::http::v1::gate::Caller;
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::arrived;

pub(super) const KEY: &str = "Idempotency-Key";

/// Says that nobody is to keep an answer: a secret is told once, to nobody but whoever asked.
pub(super) const UNKEPT: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

/// Stands in an answer that was given before.
pub(super) const REPLAYED: &str = "idempotency-replayed";

/// What of an answer's headers is given again.
const HEADERS: [HeaderName; 3] = [CONTENT_TYPE, ETAG, LOCATION];

/// What is kept of an answer.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    Answer {
        status: u16,
        headers: BTreeMap<String, String>,
        body: String,
    },
    /// It holds a secret, and said with `Cache-Control: no-store` that nobody is to keep it.
    Withheld,
}

/// Lets a request through that is the first under its key, or has none; answers others for it.
pub(super) async fn once(State(tasks): State<TaskTracker>, request: Request, next: Next) -> Response {
    if request.method().is_safe() || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    carry_out(&tasks, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

async fn carry_out(tasks: &TaskTracker, request: Request, next: Next) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let body = arrived(body, LARGEST).await?;
    let missing = || Problem::failed(&"a request came past the gate");
    let caller: Caller = parts.extensions.get().cloned().ok_or_else(missing)?;
    let claim = claim(&caller, &parts, &body)?;
    if let Some(fate) = caller.app.fate(&claim).await.map_err(Error::from)? {
        return retell(fate);
    }
    parts.extensions.insert(Caller { app: caller.app.claiming(claim.clone()), ..caller.clone() });
    let run = async move {
        let response = next.run(Request::from_parts(parts, Body::from(body))).await;
        keep(&caller, &claim, response).await
    };
    // Whoever asked may be gone before it is done, and asks again: the answer is kept all the same.
    tasks.spawn(run).await.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))
}

/// What the request claims. The token's secret is part of the digest: a PIN in a body could be guessed from it otherwise.
fn claim(caller: &Caller, parts: &Parts, body: &[u8]) -> Result<Claim, Problem> {
    let value = parts.headers.get(KEY).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let key: RequestKey =
        value.parse().map_err(|_| Problem::header(KEY, "give 1 to 255 visible ASCII characters"))?;
    let secret = parts.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    let place = parts.uri.path_and_query().map_or("/", |place| place.as_str());
    let asked = [secret, parts.method.as_str().as_bytes(), place.as_bytes(), body].join(&b"\n"[..]);
    let tenant = caller.tenant().id.clone();
    Ok(Claim { tenant, token: caller.access.token.clone(), key, request: Sha256Hex::of(&asked) })
}

fn retell(fate: Fate) -> Result<Response, Problem> {
    let conflict = |code, detail| Problem::new(StatusCode::CONFLICT, code, detail);
    match fate {
        Fate::Other => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "another request had this `Idempotency-Key`; give each request a key of its own",
        )),
        Fate::UnderWay => Err(Problem::under_way()),
        Fate::Unanswered => Err(conflict(
            "idempotency_answer_lost",
            "the request was carried out and its answer was lost; read how things stand now",
        )),
        Fate::Answered(kept) => match serde_json::from_str(&kept).map_err(|why| Problem::failed(&why))? {
            Kept::Withheld => Err(conflict(
                "idempotency_answer_withheld",
                "the request was carried out, and its answer held a secret, which is told once; \
                 read what there is now, and make another under another key if the secret was lost",
            )),
            Kept::Answer { status, headers, body } => answer(status, &headers, body),
        },
    }
}

fn answer(status: u16, headers: &BTreeMap<String, String>, body: String) -> Result<Response, Problem> {
    let mut response = Response::builder().status(status).header(REPLAYED, "true");
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).map_err(|why| Problem::failed(&why))
}

/// Keeps the answer to what was carried out. What was refused has changed nothing, and may be asked for again.
async fn keep(caller: &Caller, claim: &Claim, response: Response) -> Result<Response, Problem> {
    if !response.status().is_success() {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|why| Problem::failed(&why))?.to_bytes();
    let kept = serde_json::to_string(&kept(&parts, &body)).expect("an answer is plain data");
    if let Err(error) = caller.app.keep_answer(claim, kept).await {
        tracing::warn!(%error, "an answer was not kept for repeats of its request");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn kept(parts: &response::Parts, body: &Bytes) -> Kept {
    if parts.headers.get(CACHE_CONTROL).is_some_and(|value| value == "no-store") {
        return Kept::Withheld;
    }
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = HEADERS.iter().filter_map(|name| Some((name.to_string(), text(parts.headers.get(name)?))));
    let body = String::from_utf8_lossy(body).into_owned();
    Kept::Answer { status: parts.status.as_u16(), headers: headers.collect(), body }
}

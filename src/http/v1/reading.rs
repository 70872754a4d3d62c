//! What a request brings, read so that whoever sent it learns which field is at fault.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use tokio::time::timeout;

use crate::app::presence::Whom;
use crate::domain::calendar;
use crate::domain::edit::Edit;
use crate::domain::ids::Login;
use crate::flow::recording::LARGEST;
use crate::http::v1::problem::Problem;

/// The body, which is JSON whatever its header says.
#[derive(Debug)]
pub(super) struct Sent<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        read(&arrived(request.into_body(), MOST_JSON).await?).map(Self)
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|why| at_fault(&why))?;
    json.end().map_err(|why| Problem::new(StatusCode::BAD_REQUEST, "not_json", why.to_string()))?;
    Ok(read)
}

/// The body, which is a calendar whatever its header says.
#[derive(Debug)]
pub(super) struct SentCalendar(pub(super) Bytes);

impl<S: Sync> FromRequest<S> for SentCalendar {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        arrived(request.into_body(), calendar::MOST_BYTES).await.map(Self)
    }
}

/// A body that is JSON, or a recording if its `Content-Type` says so.
#[derive(Debug)]
pub(super) enum Uploaded<T> {
    Json(T),
    Audio(Vec<u8>),
}

/// By which names recordings are sent; which of them it is, the recording itself tells.
const AUDIO: [&str; 6] =
    ["audio/mpeg", "audio/mp3", "audio/wav", "audio/wave", "audio/x-wav", "audio/vnd.wave"];

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Uploaded<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let named = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = named.and_then(|kind| kind.split(';').next()).unwrap_or_default();
        let kind = kind.trim().to_ascii_lowercase();
        if AUDIO.contains(&kind.as_str()) {
            return Ok(Self::Audio(arrived(request.into_body(), LARGEST).await?.into()));
        }
        if kind.starts_with("audio/") {
            let detail = format!("`{kind}` is not taken; send `audio/wav` or `audio/mpeg`");
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
        }
        read(&arrived(request.into_body(), MOST_JSON).await?).map(Self::Json)
    }
}

/// Bytes of a body that is JSON.
const MOST_JSON: usize = 64 * 1024;

/// For a body to arrive in.
const PATIENCE: Duration = Duration::from_mins(1);

/// The body, which the server has not waited for.
pub(super) async fn arrived(body: Body, most: usize) -> Result<Bytes, Problem> {
    let refuse = |status, code, detail: String| Err(Problem::new(status, code, detail));
    let too_large =
        || refuse(StatusCode::PAYLOAD_TOO_LARGE, "too_large", format!("the body has more than {most} bytes"));
    // What is announced need not be waited for.
    if body.size_hint().lower() > most as u64 {
        return too_large();
    }
    match timeout(PATIENCE, Limited::new(body, most).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(why)) if why.is::<LengthLimitError>() => too_large(),
        Ok(Err(_)) => refuse(StatusCode::BAD_REQUEST, "broken_body", "the body broke off".to_owned()),
        Err(_) => {
            refuse(StatusCode::REQUEST_TIMEOUT, "too_slow", "the body did not arrive in time".to_owned())
        }
    }
}

/// The query behind `?`.
#[derive(Debug)]
pub(super) struct Search<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Search<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let query = serde_urlencoded::Deserializer::new(pairs);
        let field = |why: serde_path_to_error::Error<serde_urlencoded::de::Error>| {
            Problem::field("invalid", why.path().to_string(), why.inner().to_string())
        };
        serde_path_to_error::deserialize(query).map(Self).map_err(field)
    }
}

/// Several in one value of a query, with commas between.
#[derive(Debug)]
pub(super) struct Listed<T>(pub(super) Vec<T>);

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Listed<T> {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        let text = String::deserialize(value)?;
        text.split(',').map(|one| one.parse().map_err(D::Error::custom)).collect::<Result<_, _>>().map(Self)
    }
}

/// What stands in the path.
#[derive(Debug)]
pub(super) struct Named<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let unnamed = |why: axum::extract::rejection::PathRejection| {
            Problem::new(StatusCode::NOT_FOUND, "not_found", why.body_text())
        };
        Path::from_request_parts(parts, state).await.map(|Path(named)| Self(named)).map_err(unnamed)
    }
}

/// The header that names a generation, for `If-Match`.
pub(super) fn tag(generation: u64) -> [(HeaderName, String); 1] {
    [(ETAG, format!("\"{generation}\""))]
}

/// The generation that whoever changes something has seen last, if they say.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(tag) = headers.get("if-match") else { return Ok(None) };
    let unreadable =
        || Problem::field("invalid", "If-Match", "give the `ETag` of what you saw, like `\"7\"`");
    let number = tag.to_str().ok().and_then(|tag| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok());
    number.map(Some).ok_or_else(unreadable)
}

/// The user, if nothing has changed since whoever asks has looked.
pub(super) fn whom(login: Login, headers: &HeaderMap) -> Result<Whom, Problem> {
    Ok(match if_match(headers)? {
        Some(generation) => Whom::Seen(login, generation),
        None => Whom::Named(vec![login]),
    })
}

/// A field that is there: null clears it.
pub(super) fn edit<'de, D, T>(field: D) -> Result<Option<Edit<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Some(Option::deserialize(field)?.map_or(Edit::Clear, Edit::Set)))
}

fn at_fault(why: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = why.inner();
    if inner.is_data() {
        let (path, told) = (why.path().to_string(), inner.to_string());
        // Where in the text it stands says less than the path.
        let told = told.rsplit_once(" at line ").map_or(told.as_str(), |(told, _)| told);
        return Problem::field("invalid", if path == "." { String::new() } else { path }, told);
    }
    Problem::new(StatusCode::BAD_REQUEST, "not_json", format!("the body is not JSON: {inner}"))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::response::IntoResponse as _;
    use futures_util::stream;
    use serde_json::Value;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_arrive_is_not_waited_for() {
        let silence = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        let refused = Sent::<Value>::from_request(Request::new(silence), &()).await.expect_err("refused");
        assert_eq!(refused.into_response().status(), StatusCode::REQUEST_TIMEOUT);
    }
}

//! What a request brings, read so that whoever sent it learns which field is at fault.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::ETAG;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use http_body_util::BodyExt as _;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use crate::domain::edit::Edit;
use crate::http::v1::problem::Problem;

/// The body, which is JSON whatever its header says.
#[derive(Debug)]
pub(super) struct Sent<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let broken = |_| Problem::new(StatusCode::BAD_REQUEST, "broken_body", "the body broke off");
        let body = request.into_body().collect().await.map_err(broken)?.to_bytes();
        let mut json = serde_json::Deserializer::from_slice(&body);
        let read = serde_path_to_error::deserialize(&mut json).map_err(|why| at_fault(&why))?;
        json.end().map_err(|why| Problem::new(StatusCode::BAD_REQUEST, "not_json", why.to_string()))?;
        Ok(Self(read))
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

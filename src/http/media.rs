//! Recordings over HTTP. A recording's URL names its content, so the answer never changes and may be kept
//! for ever: carriers fetch a prompt once and play it from their own cache.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE,
    RANGE,
};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::response::Response;
use axum::routing::get;
use http_range_header::{EndPosition, StartPosition, SyntacticallyCorrectRange, parse_range_header};

use crate::app::App;
use crate::flow::reply::MediaRef;

/// `/media/{sha256}.{wav,mp3}`.
pub fn routes(app: App) -> Router {
    Router::new().route("/media/{file}", get(serve)).with_state(app)
}

async fn serve(
    State(app): State<App>,
    method: Method,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, StatusCode> {
    let media: MediaRef = file.parse().map_err(|_| StatusCode::NOT_FOUND)?;
    match app.recording(&media).await {
        Ok(Some(bytes)) => Ok(respond(&method, &headers, &media, bytes.into())),
        Ok(None) => Err(StatusCode::NOT_FOUND),
        Err(error) => {
            tracing::error!(%error, %file, "could not read a recording");
            Err(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

/// A year, the longest that caches honour, and no revalidation meanwhile (RFC 8246).
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Answers a GET or HEAD of a recording whose content is `bytes`, honouring `Range`, `If-Range` and
/// `If-None-Match` (RFC 9110, sections 13 and 14).
pub fn respond(method: &Method, headers: &HeaderMap, media: &MediaRef, bytes: Bytes) -> Response {
    let etag = format!("\"{}\"", media.sha256.as_str());
    let total = bytes.len();
    let response = Response::builder()
        .header(ETAG, &etag)
        .header(CACHE_CONTROL, FOR_EVER)
        .header(ACCEPT_RANGES, "bytes")
        .header(CONTENT_TYPE, media.format.content_type());
    let (response, part) = match wanted(method, headers, &etag, total) {
        Wanted::Nothing => (response.status(StatusCode::NOT_MODIFIED), None),
        Wanted::Whole => (response.status(StatusCode::OK), Some(bytes)),
        Wanted::Part { first, last } => (
            response
                .status(StatusCode::PARTIAL_CONTENT)
                .header(CONTENT_RANGE, format!("bytes {first}-{last}/{total}")),
            Some(bytes.slice(first..=last)),
        ),
        Wanted::Impossible => (
            response
                .status(StatusCode::RANGE_NOT_SATISFIABLE)
                .header(CONTENT_RANGE, format!("bytes */{total}")),
            Some(Bytes::new()),
        ),
    };
    let response = match &part {
        Some(part) => response.header(CONTENT_LENGTH, part.len()),
        None => response,
    };
    let body = part.filter(|_| method != Method::HEAD).map_or_else(Body::empty, Body::from);
    response.body(body).expect("every header is made of digits, hexadecimal digits and constants")
}

/// What a request asks for of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// The client has it already.
    Nothing,
    Whole,
    /// Bytes `first` to `last`, both included and both within the recording.
    Part {
        first: usize,
        last: usize,
    },
    /// A range that begins behind the recording's end.
    Impossible,
}

fn wanted(method: &Method, headers: &HeaderMap, etag: &str, total: usize) -> Wanted {
    if text(headers, &IF_NONE_MATCH).is_some_and(|tags| names(tags, etag)) {
        return Wanted::Nothing;
    }
    // A range counts for GET alone, and not for a client whose part is of something else.
    if method != Method::GET || text(headers, &IF_RANGE).is_some_and(|tag| tag != etag) {
        return Wanted::Whole;
    }
    let Some(Ok(parsed)) = text(headers, &RANGE).map(parse_range_header) else {
        return Wanted::Whole;
    };
    match parsed.ranges.as_slice() {
        [range] => part(range, total),
        // A server may ignore several ranges; no player asks for them.
        _ => Wanted::Whole,
    }
}

/// One range against the recording's length (RFC 9110, section 14.1.2).
fn part(range: &SyntacticallyCorrectRange, total: usize) -> Wanted {
    let index = |position: u64| usize::try_from(position).unwrap_or(usize::MAX);
    let (first, last) = match (range.start, range.end) {
        (StartPosition::FromLast(length), _) => (total.saturating_sub(index(length)), usize::MAX),
        (StartPosition::Index(first), EndPosition::LastByte) => (index(first), usize::MAX),
        (StartPosition::Index(first), EndPosition::Index(last)) => (index(first), index(last)),
    };
    if first >= total {
        Wanted::Impossible
    } else if last < first {
        Wanted::Whole
    } else {
        Wanted::Part { first, last: last.min(total - 1) }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether a list of entity tags has `etag`; tags are compared weakly, as `If-None-Match` asks.
pub(super) fn names(tags: &str, etag: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::domain::ids::Sha256Hex;
    use crate::flow::reply::MediaFormat;

    const TAG: &str = "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"";

    fn media() -> MediaRef {
        let sha256: Sha256Hex = TAG.trim_matches('"').parse().expect("a digest");
        MediaRef { sha256, format: MediaFormat::Wav }
    }

    /// Asks for the recording `0123456789`, and tells status, `Content-Range`, `Content-Length` and body.
    async fn ask(method: Method, headers: &[(HeaderName, &str)]) -> (u16, String, String, String) {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).expect("a value")))
            .collect();
        let response = respond(&method, &headers, &media(), Bytes::from_static(b"0123456789"));
        let header = |name: &HeaderName| text(response.headers(), name).unwrap_or("-").to_owned();
        let (status, range, length) =
            (response.status().as_u16(), header(&CONTENT_RANGE), header(&CONTENT_LENGTH));
        let body = axum::body::to_bytes(response.into_body(), 64).await.expect("a body");
        (status, range, length, String::from_utf8(body.to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn a_recording_is_kept_for_ever() {
        let response = respond(&Method::GET, &HeaderMap::new(), &media(), Bytes::from_static(b"RIFF"));
        let header = |name: &HeaderName| text(response.headers(), name);
        assert_eq!(header(&CACHE_CONTROL), Some("public, max-age=31536000, immutable"));
        assert_eq!(header(&ETAG), Some(TAG));
        assert_eq!(header(&CONTENT_TYPE), Some("audio/wav"));
        assert_eq!(header(&ACCEPT_RANGES), Some("bytes"));
    }

    #[tokio::test]
    async fn a_single_range_is_honoured() {
        for (range, status, content_range, body) in [
            ("bytes=0-3", 206, "bytes 0-3/10", "0123"),
            ("bytes=9-9", 206, "bytes 9-9/10", "9"),
            ("bytes=7-", 206, "bytes 7-9/10", "789"),
            ("bytes=7-99", 206, "bytes 7-9/10", "789"),
            ("bytes=7-18446744073709551615", 206, "bytes 7-9/10", "789"),
            ("bytes=-2", 206, "bytes 8-9/10", "89"),
            ("bytes=-11", 206, "bytes 0-9/10", "0123456789"),
            ("bytes=10-", 416, "bytes */10", ""),
            ("bytes=10-12", 416, "bytes */10", ""),
            // Malformed, reversed, several, or of another unit: as if it were not there.
            ("bytes=a-b", 200, "-", "0123456789"),
            ("bytes=5-2", 200, "-", "0123456789"),
            ("bytes=0-1,4-5", 200, "-", "0123456789"),
            ("seconds=0-1", 200, "-", "0123456789"),
            ("bytes=99999999999999999999-", 200, "-", "0123456789"),
        ] {
            let answer = ask(Method::GET, &[(RANGE, range)]).await;
            let expected = (status, content_range.to_owned(), body.len().to_string(), body.to_owned());
            assert_eq!(answer, expected, "{range}");
        }
    }

    #[tokio::test]
    async fn an_empty_recording_has_no_part() {
        let headers = HeaderMap::from_iter([(RANGE, HeaderValue::from_static("bytes=-1"))]);
        let response = respond(&Method::GET, &headers, &media(), Bytes::new());
        assert_eq!(response.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    }

    #[tokio::test]
    async fn a_range_counts_only_for_the_same_recording() {
        for (tag, status) in [
            (TAG, 206),
            ("\"bbbb\"", 200),
            (&format!("W/{TAG}"), 200),
            ("Sat, 29 Oct 1994 19:43:31 GMT", 200),
        ] {
            let (got, ..) = ask(Method::GET, &[(RANGE, "bytes=0-3"), (IF_RANGE, tag)]).await;
            assert_eq!(got, status, "{tag}");
        }
    }

    #[tokio::test]
    async fn what_the_client_has_is_not_sent_again() {
        let weak = format!("\"bbbb\", W/{TAG}");
        for (tags, status) in [(TAG, 304), (weak.as_str(), 304), ("*", 304), ("\"bbbb\"", 200)] {
            let (got, _, _, body) = ask(Method::GET, &[(IF_NONE_MATCH, tags), (RANGE, "bytes=x")]).await;
            assert_eq!((got, body.is_empty()), (status, status == 304), "{tags}");
        }
    }

    #[tokio::test]
    async fn a_head_tells_the_length_and_sends_nothing() {
        let answer = ask(Method::HEAD, &[(RANGE, "bytes=0-3")]).await;
        assert_eq!(answer, (200, "-".to_owned(), "10".to_owned(), String::new()));
    }
}

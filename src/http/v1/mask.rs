//! Answers with the telephone numbers in them hidden.

use axum::body::{Body, to_bytes};
use axum::http::header::CONTENT_LENGTH;
use axum::response::{IntoResponse, Response};

use crate::domain::phone::mask;
use crate::http::v1::problem::Problem;

/// The answer with every number masked.
pub(super) async fn numbers(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return Problem::failed(&"an answer broke off").into_response();
    };
    let Some(masked) = mask::document(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(masked))
}

//! The name of a request, by which a client finds its answer again.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

const HEADER: &str = "x-request-id";
const LONGEST: usize = 128;

/// Gives the answer the name that the client gave the request, unless that is too long for one.
pub(super) async fn keep(request: Request, next: Next) -> Response {
    let name = request.headers().get(HEADER).filter(|name| name.len() <= LONGEST).cloned();
    let mut response = next.run(request).await;
    if let Some(name) = name {
        response.headers_mut().insert(HEADER, name);
    }
    response
}

//! What of the document belongs to no single operation.

use axum::http::StatusCode;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, Info, License, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder,
    Server,
};

use crate::http::v1::problem;

/// The name of the only way to say who one is.
pub(super) const TOKEN: &str = "token";

const ABOUT: &str = "Who is on duty, until when, and why: to see, to steer and to follow.\n\n\
    Every request bears a token: `Authorization: Bearer dl_…`. What is refused is told as a problem (RFC 9457) with a \
    `code` that stays, and the field at fault. Times are RFC 3339 in UTC.";

/// The document before its operations.
pub(super) fn frame() -> OpenApi {
    let mut info = Info::new("Dutyline", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.to_owned());
    let mut license = License::new(env!("CARGO_PKG_LICENSE"));
    license.identifier = Some(env!("CARGO_PKG_LICENSE").to_owned());
    info.license = Some(license);
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("issued by `dutyline token issue`; each operation names the right that it needs"))
        .build();
    let components = ComponentsBuilder::new()
        .security_scheme(TOKEN, SecurityScheme::Http(bearer))
        .schema_from::<problem::Told>()
        .schema_from::<problem::Fault>()
        .build();
    // Wherever the document came from.
    let servers = Some([Server::new("/")]);
    OpenApiBuilder::new().info(info).servers(servers).components(Some(components)).build()
}

/// Says of each operation what it is called, and that it may be refused.
pub(super) fn finish(document: &mut OpenApi) {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let refused = ResponseBuilder::new()
        .description("Refused, or failed: why, and what would mend it.")
        .content(problem::CONTENT_TYPE, problem)
        .build();
    for (path, item) in &mut document.paths.paths {
        let operations = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            let Some(operation) = operation else { continue };
            operation.operation_id = Some(called(method, path));
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response
                    && response.description.is_empty()
                {
                    in_words(status).clone_into(&mut response.description);
                }
            }
            for statuses in ["4XX", "5XX"] {
                operation.responses.responses.insert(statuses.to_owned(), refused.clone().into());
            }
        }
    }
}

/// `get` of `/v1/users/{login}` is `get_users_by_login`: programs that are made of the document call it so.
fn called(method: &str, path: &str) -> String {
    let words = path.split('/').skip(2).map(|word| match word.strip_prefix('{') {
        Some(name) => format!("_by_{}", name.trim_end_matches('}')),
        None => format!("_{word}"),
    });
    method.to_owned() + &words.collect::<String>()
}

/// What a status says that nothing else is said of.
fn in_words(status: &str) -> &'static str {
    let status = StatusCode::from_bytes(status.as_bytes()).ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or("An answer")
}

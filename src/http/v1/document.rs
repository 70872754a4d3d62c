//! What of the document belongs to no single operation.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, Info, License, OpenApi, OpenApiBuilder, Ref, ResponseBuilder,
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
    info.license = Some(License::new(env!("CARGO_PKG_LICENSE")));
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("issued by `dutyline token issue`; each operation names the right that it needs"))
        .build();
    let components = ComponentsBuilder::new()
        .security_scheme(TOKEN, SecurityScheme::Http(bearer))
        .schema_from::<problem::Told>()
        .schema_from::<problem::Fault>()
        .build();
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

/// Says of each operation that it may be refused.
pub(super) fn finish(document: &mut OpenApi) {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let refused = ResponseBuilder::new()
        .description("Refused, or failed: why, and what would mend it.")
        .content(problem::CONTENT_TYPE, problem)
        .build();
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            operation.responses.responses.insert("default".to_owned(), refused.clone().into());
        }
    }
}

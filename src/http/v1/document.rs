//! What of the document belongs to no single operation.

use utoipa::PartialSchema as _;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Content, ContentBuilder, Info, License, OpenApi, OpenApiBuilder, Ref, Required,
    Response, ResponseBuilder,
};

use crate::domain::ids::RequestKey;
use crate::http::v1::{once, problem};

/// The name of the usual way to say who one is.
pub(super) const TOKEN: &str = "token";

/// The name of the way to say so where a token cannot be sent.
pub(super) const TICKET: &str = "ticket";

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
    let ticket = ApiKeyValue::with_description(TICKET, "from `POST /v1/ws/tickets`; good for 30 s, once");
    let components = ComponentsBuilder::new()
        .security_scheme(TOKEN, SecurityScheme::Http(bearer))
        .security_scheme(TICKET, SecurityScheme::ApiKey(ApiKey::Query(ticket)))
        .schema_from::<problem::Told>()
        .schema_from::<problem::Fault>()
        .build();
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

/// Says of each operation that it may be refused, and of each that writes that it may have a key.
pub(super) fn finish(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let writes = [&mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        writes.into_iter().flatten().for_each(write_once);
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            add_response(operation, "default", "Refused, or failed: why, and what would mend it.");
        }
    }
}

fn write_once(operation: &mut Operation) {
    operation.parameters.get_or_insert_default().push(key().into());
    let conflict = "Against what is there; or a request with this `Idempotency-Key` is under way, or was carried out \
                    and its answer is not to be had any more.";
    add_response(operation, "409", conflict);
    let unfit = "A value that cannot be; or another request had this `Idempotency-Key`.";
    add_response(operation, "422", unfit);
}

fn key() -> Parameter {
    ParameterBuilder::new()
        .name(once::KEY)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Carries the request out once: the same request with the same key gets the same answer again, for a day.",
        ))
        .schema(Some(RequestKey::schema()))
        .build()
}

fn add_response(operation: &mut Operation, status: &str, description: &str) {
    operation.responses.responses.insert(status.to_owned(), refusal(description).into());
}

fn refusal(description: &str) -> Response {
    ResponseBuilder::new().description(description).content(problem::CONTENT_TYPE, told()).build()
}

fn told() -> Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build()
}

//! What of the document belongs to no single operation.

use axum::http::StatusCode;
use utoipa::PartialSchema as _;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Content, ContentBuilder, Info, License, OpenApi, OpenApiBuilder, Ref, RefOr, Required,
    Response, ResponseBuilder, Server,
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
    let mut license = License::new(env!("CARGO_PKG_LICENSE"));
    license.identifier = Some(env!("CARGO_PKG_LICENSE").to_owned());
    info.license = Some(license);
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
    // Wherever the document came from.
    let servers = Some([Server::new("/")]);
    OpenApiBuilder::new().info(info).servers(servers).components(Some(components)).build()
}

/// Says of each operation what it is called and that it may be refused, and of each that writes that it may have a key.
pub(super) fn finish(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let writes = [&mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        writes.into_iter().flatten().for_each(write_once);
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
                add_response(operation, statuses, "Refused, or failed: why, and what would mend it.");
            }
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

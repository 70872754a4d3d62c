//! The REST API, version 1: a file for each kind of thing, and the manners that all share. Knows `app`; must not know
//! the store, nor decide what an agent may or may not do on duty.
//!
//! What an operation is, what it takes and gives, and which right it needs stand in one place, its
//! `#[utoipa::path]`. The document is made of them, and the [`gate`] reads the rights out of the document: what is not
//! written there is not let through.

pub mod allowance;
mod audit;
mod availability;
mod calendars;
mod calls;
mod coverage;
mod document;
mod events;
mod flows;
mod gate;
mod mappings;
mod mask;
mod me;
mod oncall;
mod once;
mod page;
mod policy;
mod presence;
mod problem;
mod prompts;
mod reading;
mod reports;
mod request_id;
mod schedules;
mod status;
mod tenants;
mod timers;
mod tokens;
mod users;
mod webhooks;
pub mod ws;

use std::sync::Arc;

use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, Router};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::app::App;
use crate::domain::origin::Origin;
use allowance::{Allowance, Limits};
use gate::Gate;
use problem::Problem;
use ws::{Patience, Sockets};

/// On which terms the API is served.
#[derive(Debug, Clone)]
pub struct Terms {
    /// What each token may ask for.
    pub tokens: Allowance,
    /// What those may ask for together who show no token that is in use, from one address.
    pub strangers: Allowance,
    /// Sockets at once.
    pub sockets: usize,
    /// Of which pages may open sockets in a browser.
    pub origins: Vec<Origin>,
    /// How long sockets wait for what.
    pub patience: Patience,
    /// Ends all sockets.
    pub stop: CancellationToken,
    /// What goes on though nobody waits for its answer any more.
    pub tasks: TaskTracker,
    /// Where the log is read for sockets.
    pub threads: Handle,
}

impl Terms {
    /// The usual ones.
    pub fn on(threads: Handle) -> Self {
        Self {
            tokens: Allowance::per_second(50, 200),
            strangers: Allowance::per_second(1, 20),
            sockets: 10_000,
            origins: Vec::new(),
            patience: Patience::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            threads,
        }
    }
}

/// `/v1/…`, its document at `/v1/openapi.json`, and a page to try it on at `/v1/docs`.
pub fn routes(app: App, terms: Terms) -> Router {
    let (operations, document) = operations();
    let limits = Arc::new(Limits::new(terms.tokens, terms.strangers));
    let gate = Gate::new(app.clone(), &document, limits.clone());
    let tasks = terms.tasks.clone();
    let addressed = calendars::addressed(gate.clone());
    let sockets = Sockets::new(app, limits, terms);
    let page = SwaggerUi::new("/v1/docs").url("/v1/openapi.json", document).config(Config::default());
    operations
        .route_layer(Extension(sockets))
        .route_layer(from_fn_with_state(tasks, once::once))
        .route_layer(from_fn_with_state(gate, gate::pass))
        .merge(page)
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .merge(addressed)
        .layer(from_fn(request_id::keep))
        .route("/v1/{*path}", axum::routing::any(|uri: Uri| async move { Problem::no_such_path(uri.path()) }))
}

/// The document that describes the API, `OpenAPI` 3.1.
pub fn document() -> OpenApi {
    operations().1
}

fn operations() -> (Router, OpenApi) {
    let (router, mut document) = OpenApiRouter::with_openapi(document::frame())
        .routes(routes!(me::show))
        .routes(routes!(users::list, users::add))
        .routes(routes!(users::show, users::change, users::deactivate))
        .routes(routes!(users::add_extension))
        .routes(routes!(users::remove_extension))
        .routes(routes!(presence::list, presence::set_many))
        .routes(routes!(presence::show, presence::set))
        .routes(routes!(presence::history))
        .routes(routes!(availability::list, availability::say))
        .routes(routes!(availability::say_anew, availability::withdraw))
        .routes(routes!(availability::quick))
        .routes(routes!(availability::choose_quick))
        .routes(routes!(availability::reasons))
        .routes(routes!(status::show))
        .routes(routes!(status::adjust))
        .routes(routes!(status::report))
        .routes(routes!(status::extend_wrap_up))
        .routes(routes!(status::end_wrap_up))
        .routes(routes!(status::end_wrap_up_as_known))
        .routes(routes!(schedules::list))
        .routes(routes!(schedules::show, schedules::set, schedules::clear))
        .routes(routes!(schedules::import))
        .routes(routes!(schedules::export))
        .routes(routes!(calendars::of_user))
        .routes(routes!(calendars::of_skill))
        .routes(routes!(oncall::list))
        .routes(routes!(coverage::list))
        .routes(routes!(timers::list))
        .routes(routes!(reports::time))
        .routes(routes!(reports::calls))
        .routes(routes!(reports::on_duty))
        .routes(routes!(calls::list))
        .routes(routes!(calls::show))
        .routes(routes!(events::list))
        .routes(routes!(ws::open))
        .routes(routes!(ws::ticket::issue))
        .routes(routes!(audit::list))
        .routes(routes!(audit::verify))
        .routes(routes!(tenants::show, tenants::change))
        .routes(routes!(tenants::list, tenants::add))
        .routes(routes!(mappings::list, mappings::add, mappings::switch))
        .routes(routes!(mappings::show, mappings::change, mappings::remove))
        .routes(routes!(flows::list, flows::publish))
        .routes(routes!(flows::latest))
        .routes(routes!(flows::show))
        .routes(routes!(prompts::list))
        .routes(routes!(prompts::show, prompts::remove_all))
        .routes(routes!(prompts::set, prompts::remove))
        .routes(routes!(policy::show, policy::set))
        .routes(routes!(policy::reasons))
        .routes(routes!(tokens::list, tokens::issue))
        .routes(routes!(tokens::revoke))
        .routes(routes!(webhooks::list, webhooks::add))
        .routes(routes!(webhooks::show, webhooks::change, webhooks::remove))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::replay))
        .split_for_parts();
    document::finish(&mut document);
    (router, document)
}

//! Who is let through to an operation: whoever bears a token with the right that the document names for it. An
//! operation that the document names none for lets nobody through.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};

use crate::app::App;
use crate::app::tokens::Unauthenticated;
use crate::domain::access::{Access, Right};
use crate::domain::ids::Login;
use crate::domain::tenant::Tenant;
use crate::domain::token::TokenText;
use crate::http::v1::allowance::{Limits, Peer};
use crate::http::v1::document::{TICKET, TOKEN};
use crate::http::v1::mask;
use crate::http::v1::problem::Problem;

#[derive(Debug, Clone)]
pub(super) struct Gate {
    app: App,
    demands: Arc<HashMap<(Method, String), Demand>>,
    limits: Arc<Limits>,
}

/// What an operation asks for.
#[derive(Debug, Clone, Copy)]
enum Demand {
    AnyToken,
    Right(Right),
    /// A ticket, which the operation itself looks at.
    Ticket,
}

/// Whoever makes a request, and what they may ask.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// What is done through it stands in the log as the caller's.
    pub(super) app: App,
    pub(super) access: Arc<Access>,
}

impl Caller {
    pub(super) fn tenant(&self) -> &Tenant {
        &self.access.tenant
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| Problem::failed(&"a request came past the gate"))
    }
}

impl Gate {
    pub(super) fn new(app: App, document: &OpenApi, limits: Arc<Limits>) -> Self {
        let demands = document.paths.paths.iter().flat_map(|(path, item)| {
            operations(item)
                .into_iter()
                .filter_map(|(method, operation)| Some(((method, path.clone()), demand(operation)?)))
        });
        Self { app, demands: Arc::new(demands.collect()), limits }
    }

    /// What an operation asks for; none if there is none, or it does not say.
    fn demand(&self, method: &Method, path: &str) -> Option<Demand> {
        // A HEAD is a GET without its body.
        let method = if method == Method::HEAD { Method::GET } else { method.clone() };
        self.demands.get(&(method, path.to_owned())).copied()
    }

    /// What the bearer of the token that the headers show may do.
    async fn believe(&self, headers: &HeaderMap, peer: Peer) -> Result<Access, Problem> {
        match shown(headers) {
            Ok(token) => self.recognise(&token, peer).await,
            Err(none) => {
                Err(self.limits.disbelieve(peer, Instant::now()).map_or_else(Problem::from, |()| none))
            }
        }
    }

    /// Lets somebody through whose address has a token in it, to what it lets them see of everybody, or of the user whom
    /// the address names. Such a token may do nothing else: addresses lie about.
    pub(super) async fn follow(
        &self,
        token: &str,
        (right, about): (Right, Option<&Login>),
        peer: Peer,
    ) -> Result<Caller, Problem> {
        let Ok(token) = token.parse() else {
            self.limits.disbelieve(peer, Instant::now())?;
            return Err(Problem::hidden());
        };
        let known = self.recognise(&token, peer).await;
        let access = known.map_err(|why| if why.is_disbelief() { Problem::hidden() } else { why })?;
        let is_let_in = about.map_or(access.may(right), |user| access.may_touch(user, right));
        if access.has_only(right) && is_let_in { Ok(self.caller(access)) } else { Err(Problem::hidden()) }
    }

    fn caller(&self, access: Access) -> Caller {
        Caller { app: self.app.on_behalf_of(&access.actor()), access: Arc::new(access) }
    }

    async fn recognise(&self, token: &TokenText, peer: Peer) -> Result<Access, Problem> {
        let (now, digest) = (Instant::now(), token.digest());
        self.limits.greet(&digest, peer, now)?;
        match self.app.authenticate(token).await {
            Ok(access) => {
                self.limits.know(digest, now);
                Ok(access)
            }
            Err(unknown @ Unauthenticated::Store(_)) => Err(unknown.into()),
            Err(why) => {
                self.limits.disbelieve(peer, now)?;
                Err(why.into())
            }
        }
    }
}

/// The operations of a path.
fn operations(item: &PathItem) -> Vec<(Method, &Operation)> {
    let methods = [
        (Method::GET, &item.get),
        (Method::PUT, &item.put),
        (Method::POST, &item.post),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ];
    methods.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?))).collect()
}

/// What an operation asks for; none if it does not say.
fn demand(operation: &Operation) -> Option<Demand> {
    let security = serde_json::to_value(operation.security.as_ref()?).expect("a document is plain data");
    let security = security.get(0)?;
    if security.get(TICKET).is_some() {
        return Some(Demand::Ticket);
    }
    let rights = security.get(TOKEN)?.as_array()?;
    match rights.first() {
        None => Some(Demand::AnyToken),
        Some(right) => right.as_str()?.parse().ok().map(Demand::Right),
    }
}

/// Lets a request through, or not; hides telephone numbers from those who may not see them.
pub(super) async fn pass(
    State(gate): State<Gate>,
    path: MatchedPath,
    params: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    if matches!(gate.demand(request.method(), path.as_str()), Some(Demand::Ticket)) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let caller = match admit(&gate, &parts, path.as_str(), &params).await {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    let sees_numbers = caller.access.may(Right::NumbersRead);
    parts.extensions.insert(caller);
    let response = next.run(Request::from_parts(parts, body)).await;
    if sees_numbers { response } else { mask::numbers(response).await }
}

async fn admit(gate: &Gate, asked: &Parts, path: &str, params: &RawPathParams) -> Result<Caller, Problem> {
    let access = gate.believe(&asked.headers, peer(&asked.extensions)).await?;
    let forbidden = || Problem::new(StatusCode::FORBIDDEN, "forbidden", "nobody may do this");
    let demand = gate.demand(&asked.method, path).ok_or_else(forbidden)?;
    let about =
        params.iter().find(|(name, _)| *name == "login").and_then(|(_, login)| login.parse::<Login>().ok());
    match (demand, about) {
        (Demand::AnyToken, _) => {}
        (Demand::Ticket, _) => return Err(forbidden()),
        (Demand::Right(right), Some(login)) => access.require_of(&login, right)?,
        (Demand::Right(right), None) => access.require(right)?,
    }
    Ok(gate.caller(access))
}

/// Where a request comes from. Only tests send some past the server, from nowhere.
pub(super) fn peer(extensions: &Extensions) -> Peer {
    let told = extensions.get::<ConnectInfo<SocketAddr>>();
    told.map_or(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0), |ConnectInfo(peer)| *peer).into()
}

/// The token that a request shows.
fn shown(headers: &HeaderMap) -> Result<TokenText, Problem> {
    let token = bearer(headers).ok_or_else(|| {
        let detail = "send `Authorization: Bearer` and a token; `dutyline token issue` makes one";
        Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    })?;
    token.parse().map_err(|why| {
        Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", format!("the token is mistyped: {why}"))
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

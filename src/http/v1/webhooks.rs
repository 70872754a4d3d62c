//! Webhooks: endpoints of others that events are sent to.

use std::collections::BTreeSet;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::Error;
use crate::app::webhooks::{NewWebhook, OVERLAP, Pinged, WebhookPatch, WebhookStanding};
use crate::domain::edit::Edit;
use crate::domain::ids::{EventId, Login, TypePattern, WebhookName};
use crate::domain::webhook::filter::Filter;
use crate::domain::webhook::url::WebhookUrl;
use crate::domain::webhook::{Delivery, DeliveryState, Webhook};
use crate::http::v1::gate::Caller;
use crate::http::v1::once::UNKEPT;
use crate::http::v1::page::{Asked, Page};
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::{Named, Search, Sent, edit};

/// An endpoint to be added, active from the start.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookToAdd {
    name: WebhookName,
    url: WebhookUrl,
    /// Only events of these types, or families of them like `presence.*`; all, if left out.
    #[schema(value_type = Option<Vec<TypePattern>>)]
    types: Option<BTreeSet<TypePattern>>,
    /// Only events about these users; about anything, if left out.
    #[schema(value_type = Option<Vec<Login>>)]
    users: Option<BTreeSet<Login>>,
    /// Believe whoever answers, whatever certificate they show.
    #[serde(default)]
    insecure_tls: bool,
}

/// What of an endpoint is to change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookChange {
    name: Option<WebhookName>,
    url: Option<WebhookUrl>,
    /// Null is all.
    #[serde(default, deserialize_with = "edit")]
    #[schema(value_type = Option<Vec<TypePattern>>)]
    types: Option<Edit<BTreeSet<TypePattern>>>,
    /// Null is all.
    #[serde(default, deserialize_with = "edit")]
    #[schema(value_type = Option<Vec<Login>>)]
    users: Option<Edit<BTreeSet<Login>>>,
    /// One that is active again is sent what has happened meanwhile.
    active: Option<bool>,
    insecure_tls: Option<bool>,
}

/// An exchange of secrets.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    /// For so long the older secrets sign as well.
    #[schema(minimum = 0, maximum = 720, default = 24)]
    overlap_hours: Option<u16>,
}

/// An endpoint, and its newest secret for the only time.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WithSecret {
    webhook: Webhook,
    /// By which deliveries are verified: `whsec_…`.
    secret: String,
}

/// What of the dead letters is to be sent again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Again {
    /// One event; all of the endpoint's, if left out.
    event: Option<EventId>,
}

/// How many dead letters are sent again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Replayed {
    deliveries: u64,
}

/// Which deliveries are to be shown.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Those that wait, if left out.
    #[param(inline)]
    state: Option<DeliveryState>,
    /// The `next` of the page before; the first page if left out.
    after: Option<String>,
    /// Items on the page at most.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u32>,
}

/// List webhooks, the oldest first
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks", security(("token" = ["webhooks.read"])),
    responses((status = 200, body = Vec<WebhookStanding>)))]
pub(super) async fn list(caller: Caller) -> Result<Json<Vec<WebhookStanding>>, Problem> {
    Ok(Json(caller.app.webhooks(caller.tenant()).await.map_err(Error::from)?))
}

/// Add a webhook
///
/// It is sent what happens from then on.
#[utoipa::path(post, path = "/v1/webhooks", tag = "webhooks", request_body = WebhookToAdd,
    security(("token" = ["webhooks.write"])), responses((status = 201, body = WithSecret)))]
pub(super) async fn add(caller: Caller, Sent(new): Sent<WebhookToAdd>) -> Result<impl IntoResponse, Problem> {
    let WebhookToAdd { name, url, types, users, insecure_tls } = new;
    let new = NewWebhook { name, url, filter: Filter { types, users }, insecure_tls };
    let (webhook, secret) = caller.app.add_webhook(caller.tenant(), new).await?;
    let place = format!("/v1/webhooks/{}", webhook.id);
    Ok((
        StatusCode::CREATED,
        [(LOCATION, place)],
        UNKEPT,
        Json(WithSecret { webhook, secret: secret.expose() }),
    ))
}

/// Show a webhook, by its identifier or its name
#[utoipa::path(get, path = "/v1/webhooks/{webhook}", tag = "webhooks", params(("webhook" = String, Path)),
    security(("token" = ["webhooks.read"])), responses((status = 200, body = WebhookStanding)))]
pub(super) async fn show(
    caller: Caller,
    Named(webhook): Named<String>,
) -> Result<Json<WebhookStanding>, Problem> {
    Ok(Json(caller.app.webhook(caller.tenant(), &webhook).await?))
}

/// Change a webhook
#[utoipa::path(patch, path = "/v1/webhooks/{webhook}", tag = "webhooks", params(("webhook" = String, Path)),
    request_body = WebhookChange, security(("token" = ["webhooks.write"])),
    responses((status = 200, body = Webhook)))]
pub(super) async fn change(
    caller: Caller,
    Named(webhook): Named<String>,
    Sent(change): Sent<WebhookChange>,
) -> Result<Json<Webhook>, Problem> {
    let WebhookChange { name, url, types, users, active, insecure_tls } = change;
    let patch = WebhookPatch { name, url, types, users, active, insecure_tls };
    Ok(Json(caller.app.change_webhook(caller.tenant(), &webhook, patch).await?))
}

/// Remove a webhook, and what was not delivered to it
#[utoipa::path(delete, path = "/v1/webhooks/{webhook}", tag = "webhooks", params(("webhook" = String, Path)),
    security(("token" = ["webhooks.write"])), responses((status = 200, body = Webhook)))]
pub(super) async fn remove(caller: Caller, Named(webhook): Named<String>) -> Result<Json<Webhook>, Problem> {
    Ok(Json(caller.app.remove_webhook(caller.tenant(), &webhook).await?))
}

/// Give a webhook a new secret
///
/// It signs at once; the older ones sign as well for a while.
#[utoipa::path(post, path = "/v1/webhooks/{webhook}/secrets", tag = "webhooks", params(("webhook" = String, Path)),
    request_body = Exchange, security(("token" = ["webhooks.write"])),
    responses((status = 201, body = WithSecret)))]
pub(super) async fn rotate(
    caller: Caller,
    Named(webhook): Named<String>,
    Sent(Exchange { overlap_hours }): Sent<Exchange>,
) -> Result<impl IntoResponse, Problem> {
    let overlap = overlap_hours.map_or(OVERLAP, |hours| TimeDelta::hours(hours.into()));
    let (webhook, secret) = caller.app.rotate_webhook(caller.tenant(), &webhook, overlap).await?;
    Ok((StatusCode::CREATED, UNKEPT, Json(WithSecret { webhook, secret: secret.expose() })))
}

/// Send a webhook a trial, and say what it answered
#[utoipa::path(post, path = "/v1/webhooks/{webhook}/test", tag = "webhooks", params(("webhook" = String, Path)),
    security(("token" = ["webhooks.write"])), responses((status = 200, body = Pinged)))]
pub(super) async fn test(caller: Caller, Named(webhook): Named<String>) -> Result<Json<Pinged>, Problem> {
    Ok(Json(caller.app.ping_webhook(caller.tenant(), &webhook).await?))
}

/// List deliveries that wait for another attempt, or dead letters, in the order of the log
#[utoipa::path(get, path = "/v1/webhooks/{webhook}/deliveries", tag = "webhooks",
    params(("webhook" = String, Path), Which), security(("token" = ["webhooks.read"])),
    responses((status = 200, body = Page<Delivery>)))]
pub(super) async fn deliveries(
    caller: Caller,
    Named(webhook): Named<String>,
    Search(Which { state, after, limit }): Search<Which>,
) -> Result<Page<Delivery>, Problem> {
    let asked = Asked { after, limit };
    let (state, after) = (state.unwrap_or(DeliveryState::Waiting), asked.after()?.unwrap_or_default());
    let limit = asked.limit()?;
    let found = caller.app.deliveries(caller.tenant(), &webhook, state, after, limit + 1).await?;
    Ok(Page::new(found, limit, |delivery| delivery.seq.to_string()))
}

/// Send dead letters again
#[utoipa::path(post, path = "/v1/webhooks/{webhook}/replay", tag = "webhooks", params(("webhook" = String, Path)),
    request_body = Again, security(("token" = ["webhooks.write"])),
    responses((status = 200, body = Replayed)))]
pub(super) async fn replay(
    caller: Caller,
    Named(webhook): Named<String>,
    Sent(Again { event }): Sent<Again>,
) -> Result<Json<Replayed>, Problem> {
    let deliveries = caller.app.replay(caller.tenant(), &webhook, event).await?;
    Ok(Json(Replayed { deliveries }))
}

//! Webhooks over REST.

use axum::http::Method;
use dutyline::app::webhooks::Egress;
use dutyline::domain::access::Role;
use dutyline::domain::webhook::address::Allowed;
use serde_json::{Value, json};

use super::{Api, plenty};
use crate::harness::line::Line;
use crate::harness::peer::Reply;
use crate::harness::receiver::Receiver;

impl Api {
    /// An API that may send to this machine.
    async fn sending() -> Self {
        let mut line = Line::open().await;
        let allowed = Allowed::new(["127.0.0.1/32".parse().expect("a network")]);
        line.app = line.app.sending_by(Egress { allowed, ..Egress::default() });
        Self::of(line, plenty())
    }

    async fn post(&self, token: &str, path: &str, body: Value) -> super::Answer {
        self.ask(token, Method::POST, path, body).await
    }

    async fn delivers(&self) {
        crate::webhooks::send_all(&self.line.app).await;
    }
}

#[tokio::test]
async fn a_webhook_is_added_shown_changed_and_removed() {
    let (api, receiver) = (Api::sending().await, Receiver::start().await);
    let admin = api.token("admin", Role::Admin, None, None).await;
    let new = json!({ "name": "crm", "url": receiver.url, "types": ["presence.*"], "users": ["ada"] });
    let added = api.post(&admin, "/v1/webhooks", new.clone()).await;
    assert_eq!(added.status, 201, "{added:?}");
    let secret = added.body["secret"].as_str().expect("a secret").to_owned();
    assert!(secret.starts_with("whsec_"));
    let place = added.header("location").expect("a place").to_owned();
    let shown = api.get(&admin, &place).await;
    assert_eq!((&shown.body, shown.status), (&api.get(&admin, "/v1/webhooks/crm").await.body, 200));
    assert_eq!(shown.body["users"], json!(["ada"]));
    assert_eq!((&shown.body["waiting"], &shown.body["insecure_tls"]), (&json!(0), &json!(false)));
    assert!(!api.get(&admin, "/v1/webhooks").await.body.to_string().contains("whsec_"), "it tells no secret");
    assert_eq!(api.post(&admin, "/v1/webhooks", new).await.code(), (409, "exists"));
    let change = json!({ "users": null, "types": ["user.*"], "active": false });
    let changed = api.ask(&admin, Method::PATCH, &place, change).await.body;
    assert_eq!((&changed["users"], &changed["types"]), (&Value::Null, &json!(["user.*"])));
    assert_eq!(changed["active"], json!(false));
    let rotated = api.post(&admin, "/v1/webhooks/crm/secrets", json!({ "overlap_hours": 1 })).await;
    assert_eq!((rotated.status, rotated.body["webhook"]["secrets"].as_array().map(Vec::len)), (201, Some(2)));
    assert_ne!(rotated.body["secret"], json!(secret));
    assert_eq!(api.ask(&admin, Method::DELETE, &place, Value::Null).await.status, 200);
    assert_eq!(api.get(&admin, &place).await.code(), (404, "not_found"));
}

#[tokio::test]
async fn what_cannot_be_a_webhook_is_refused_with_the_field_at_fault() {
    let api = Api::sending().await;
    let admin = api.token("admin", Role::Admin, None, None).await;
    let good = json!({ "name": "crm", "url": "https://example.com/" });
    let with = |field: &str, value: Value| {
        let mut new = good.clone();
        new[field] = value;
        new
    };
    for (new, field) in [
        (with("url", json!("https://10.0.0.1/")), "url"),
        (with("url", json!("https://me@example.com/")), "url"),
        (with("url", json!("example.com")), "url"),
        (with("types", json!(["presence.onlin"])), "types[0]"),
        (with("users", json!(["Ada"])), "users[0]"),
        (with("types", json!([])), "types"),
        (with("users", json!([])), "users"),
        (with("name", json!("")), "name"),
        (with("secret", json!("whsec_")), "secret"),
    ] {
        let answer = api.post(&admin, "/v1/webhooks", new.clone()).await;
        assert_eq!((answer.status, answer.field()), (422, field), "{new}: {answer:?}");
    }
    let nobody = api.post(&admin, "/v1/webhooks", with("users", json!(["eve"]))).await;
    assert_eq!(nobody.code(), (404, "not_found"));
    let long = api.post(&admin, "/v1/webhooks/crm/secrets", json!({ "overlap_hours": 721 })).await;
    assert_eq!((long.status, long.field()), (422, "overlap_hours"));
    let which = api.get(&admin, "/v1/webhooks/crm/deliveries?state=lost").await;
    assert_eq!((which.status, which.field()), (422, "state"));
}

#[tokio::test]
async fn what_was_not_delivered_is_listed_and_sent_again() {
    let (api, receiver) = (Api::sending().await, Receiver::start().await);
    let admin = api.token("admin", Role::Admin, None, None).await;
    let new = json!({ "name": "crm", "url": receiver.url, "types": ["presence.*"] });
    assert_eq!(api.post(&admin, "/v1/webhooks", new).await.status, 201);
    let test = "/v1/webhooks/crm/test";
    assert_eq!(api.post(&admin, test, Value::Null).await.body["delivered"], json!(true));
    receiver.answers(|_| Reply::Status(500));
    let failed = api.post(&admin, test, Value::Null).await;
    assert_eq!((failed.status, &failed.body["why"]), (200, &json!("answered 500")));
    for hours in [1, 2] {
        let online = json!({ "state": "online", "hours": hours });
        api.ask(&admin, Method::PUT, "/v1/presence/ada", online).await;
    }
    api.delivers().await;
    let waiting = api.get(&admin, "/v1/webhooks/crm/deliveries?limit=1").await.body;
    let item = &waiting["items"][0];
    assert_eq!((&item["type"], &item["attempts"]), (&json!("presence.online"), &json!(1)));
    assert_eq!((&item["status"], &item["subject"]), (&json!(500), &json!("user:ada")));
    let next = format!("/v1/webhooks/crm/deliveries?after={}", waiting["next"].as_str().expect("more"));
    assert_eq!(api.get(&admin, &next).await.body["items"][0]["type"], json!("presence.extended"));
    let again = api.post(&admin, "/v1/webhooks/crm/replay", json!({ "event": item["event"] })).await;
    assert_eq!(again.code(), (404, "not_found"), "it is not dead");
    assert_eq!(api.post(&admin, "/v1/webhooks/crm/replay", json!({})).await.body, json!({ "deliveries": 0 }));
    let events = api.get(&admin, "/v1/events").await.body;
    assert!(events.to_string().contains("webhook.pinged"));
}

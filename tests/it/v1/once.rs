//! A write with an `Idempotency-Key` is carried out once (D80).

use axum::http::Method;
use chrono::TimeDelta;
use dutyline::domain::access::Role;
use dutyline::http::v1;
use serde_json::{Value, json};

use super::{Answer, Api};
use crate::harness::database;

impl Api {
    async fn ask_once(&self, token: &str, key: &str, method: Method, path: &str, body: Value) -> Answer {
        self.ask_with(token, method, path, body, &[("idempotency-key", key)]).await
    }
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

/// An operation's method and path, and the path and body of a request.
type Write = (&'static str, &'static str, &'static str, Value);

/// For every operation that writes, a request that changes something, given that those before it were carried out.
fn writes() -> Vec<Write> {
    [about_users(), about_the_setup()].concat()
}

fn about_users() -> Vec<Write> {
    let number = json!({ "number": "+15062345671" });
    let terminal = "/v1/users/{login}/terminals/{terminal}";
    let schedule =
        json!({ "zone": "UTC", "rules": [{ "weekday": "Mon", "start": "08:00", "end": "16:00" }] });
    vec![
        ("POST", "/v1/users", "/v1/users", json!({ "login": "bob", "name": "Bob", "pin": "2846" })),
        ("PATCH", "/v1/users/{login}", "/v1/users/bob", json!({ "name": "Bob B." })),
        ("POST", "/v1/users/{login}/extensions", "/v1/users/bob/extensions", number),
        (
            "POST",
            "/v1/presence",
            "/v1/presence",
            json!({ "presence": { "state": "online", "hours": 1 }, "users": ["bob"] }),
        ),
        ("PUT", "/v1/presence/{login}", "/v1/presence/bob", json!({ "state": "offline" })),
        (
            "POST",
            "/v1/users/{login}/availabilities",
            "/v1/users/bob/availabilities",
            json!({ "state": "dnd" }),
        ),
        (
            "PUT",
            "/v1/users/{login}/availabilities/{availability}",
            "/v1/users/bob/availabilities/avl_00000000000000000000000000000001",
            json!({ "state": "away" }),
        ),
        (
            "DELETE",
            "/v1/users/{login}/availabilities/{availability}",
            "/v1/users/bob/availabilities/avl_00000000000000000000000000000001",
            Value::Null,
        ),
        (
            "PUT",
            "/v1/policy",
            "/v1/policy",
            json!({ "wrap_up": 60, "quick_sets": [{ "name": "day", "entries": [{ "state": "brb" }] }] }),
        ),
        (
            "POST",
            "/v1/users/{login}/quick-availabilities/{number}",
            "/v1/users/bob/quick-availabilities/1",
            Value::Null,
        ),
        ("PATCH", "/v1/users/{login}/settings", "/v1/users/bob/settings", json!({ "Queues_Serving": 0 })),
        ("POST", terminal, "/v1/users/bob/terminals/1", json!({ "state": "talking" })),
        ("POST", terminal, "/v1/users/bob/terminals/1", json!({ "state": "idle" })),
        ("POST", "/v1/users/{login}/wrapup/extend", "/v1/users/bob/wrapup/extend", json!({ "seconds": 5 })),
        ("POST", "/v1/users/{login}/wrapup/terminate", "/v1/users/bob/wrapup/terminate", Value::Null),
        ("POST", terminal, "/v1/users/bob/terminals/1", json!({ "state": "talking" })),
        ("POST", terminal, "/v1/users/bob/terminals/1", json!({ "state": "idle" })),
        (
            "POST",
            "/users/{login}/features/wrapup/terminate/",
            "/users/bob/features/wrapup/terminate/",
            Value::Null,
        ),
        ("PUT", "/v1/users/{login}/schedule", "/v1/users/bob/schedule", schedule),
        (
            "POST",
            "/v1/users/{login}/schedule/import",
            "/v1/users/bob/schedule/import?as=holidays",
            json!(include_str!("../calendars/holidays.ics")),
        ),
        ("DELETE", "/v1/users/{login}/schedule", "/v1/users/bob/schedule", Value::Null),
        ("DELETE", "/v1/users/{login}/extensions/{position}", "/v1/users/bob/extensions/1", Value::Null),
        ("DELETE", "/v1/users/{login}", "/v1/users/bob", Value::Null),
    ]
}

fn about_the_setup() -> Vec<Write> {
    let flow =
        include_str!("../../../flows/timed-presence.toml").replace("next =", "presets = [1, 2]\nnext =");
    let prompt = "/v1/prompts/{name}/{language}";
    vec![
        ("POST", "/v1/tokens", "/v1/tokens", json!({ "name": "ci", "role": "admin" })),
        ("DELETE", "/v1/tokens/{token}", "/v1/tokens/ci", Value::Null),
        ("POST", "/v1/ws/tickets", "/v1/ws/tickets", Value::Null),
        ("PATCH", "/v1/tenant", "/v1/tenant", json!({ "name": "Acme" })),
        ("POST", "/v1/tenants", "/v1/tenants", json!({ "slug": "other" })),
        ("POST", "/v1/flows", "/v1/flows", json!({ "source": flow })),
        (
            "POST",
            "/v1/mappings",
            "/v1/mappings",
            json!({ "name": "night", "kind": "contact-point", "value": "+15065550109", "flow": "timed-presence" }),
        ),
        ("PATCH", "/v1/mappings/{mapping}", "/v1/mappings/night", json!({ "description": "at night" })),
        ("PATCH", "/v1/mappings", "/v1/mappings", json!({ "mappings": ["night"], "active": false })),
        ("DELETE", "/v1/mappings/{mapping}", "/v1/mappings/night", Value::Null),
        ("PUT", prompt, "/v1/prompts/hello/en", json!({ "say": "Hello." })),
        ("PUT", prompt, "/v1/prompts/hello/fr", json!({ "say": "Bonjour." })),
        ("DELETE", prompt, "/v1/prompts/hello/fr", Value::Null),
        ("DELETE", "/v1/prompts/{name}", "/v1/prompts/hello", Value::Null),
        (
            "POST",
            "/v1/webhooks",
            "/v1/webhooks",
            json!({ "name": "crm", "url": "https://nowhere.invalid/events" }),
        ),
        ("PATCH", "/v1/webhooks/{webhook}", "/v1/webhooks/crm", json!({ "types": ["presence.*"] })),
        ("POST", "/v1/webhooks/{webhook}/secrets", "/v1/webhooks/crm/secrets", json!({ "overlap_hours": 1 })),
        ("POST", "/v1/webhooks/{webhook}/test", "/v1/webhooks/crm/test", Value::Null),
        ("POST", "/v1/webhooks/{webhook}/replay", "/v1/webhooks/crm/replay", json!({})),
        ("DELETE", "/v1/webhooks/{webhook}", "/v1/webhooks/crm", Value::Null),
    ]
}

#[test]
fn every_operation_that_writes_says_that_it_may_have_a_key() {
    let document = serde_json::to_value(v1::document()).expect("plain data");
    let tried: Vec<(&str, &str)> = writes().iter().map(|(method, path, ..)| (*method, *path)).collect();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let none = Vec::new();
            let parameters = operation["parameters"].as_array().unwrap_or(&none);
            let has_key =
                parameters.iter().any(|one| one["name"] == "Idempotency-Key" && one["in"] == "header");
            assert_eq!(has_key, method != "get", "{method} {path}");
            if has_key {
                assert!(operation["responses"]["409"].is_object(), "{method} {path}");
                assert!(operation["responses"]["422"].is_object(), "{method} {path}");
                let is_tried = tried.contains(&(method.to_uppercase().as_str(), path));
                assert!(is_tried, "`writes` has no request for {method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn every_write_is_carried_out_once_and_answered_alike() {
    // As `main` does; another test may have done it.
    drop(rustls::crypto::ring::default_provider().install_default());
    let api = Api::open().await;
    let owner = api.owner().await;
    for (number, (method, _, path, body)) in writes().into_iter().enumerate() {
        let ask = async || {
            let (key, method) = (format!("key-{number}"), method.parse().expect("a method"));
            api.ask_once(&owner, &key, method, path, body.clone()).await
        };
        // Calls last some time.
        api.line.clock.advance(TimeDelta::seconds(1));
        let first = ask().await;
        assert!((200..300).contains(&first.status), "{method} {path}: {first:?}");
        assert!(!is_replayed(&first), "{method} {path}");
        let seen = api.line.events().await;
        let again = ask().await;
        assert_eq!(api.line.events().await, seen, "{method} {path}: nothing is done again");
        if first.header("cache-control") == Some("no-store") {
            assert_eq!(again.code(), (409, "idempotency_answer_withheld"), "{method} {path}");
            continue;
        }
        assert!(
            first.body.get("secret").is_none(),
            "{method} {path}: an answer with a secret says `no-store`"
        );
        assert!(is_replayed(&again), "{method} {path}: {again:?}");
        assert_eq!((again.status, &again.body), (first.status, &first.body), "{method} {path}");
        for name in ["content-type", "etag", "location"] {
            assert_eq!(again.header(name), first.header(name), "{method} {path}");
        }
    }
    let kept = "select string_agg(answer, ' ') from request_claims";
    let kept = database::ask(api.line.url(), kept).await;
    let tells_none = !kept.contains(r#"secret\""#) && !kept.contains("whsec_");
    assert!(kept.contains("Bob B.") && tells_none, "{kept}");
}

#[tokio::test]
async fn a_key_is_for_one_request_of_one_token() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let other = api.token("other", Role::Admin, None, None).await;
    let hold = |reason: &str| json!({ "state": "held", "reason": reason });
    let put = async |token: &str, path: &str, wish| api.ask_once(token, "k", Method::PUT, path, wish).await;
    assert_eq!(put(&owner, "/v1/presence/ada", hold("one")).await.status, 200);
    let reused = (422, "idempotency_key_reused");
    assert_eq!(put(&owner, "/v1/presence/ada", hold("two")).await.code(), reused);
    assert_eq!(put(&owner, "/v1/presence/ada?x=1", hold("one")).await.code(), reused);
    let user = json!({ "login": "bob", "name": "Bob" });
    assert_eq!(api.ask_once(&owner, "k", Method::POST, "/v1/users", user).await.code(), reused);
    let others = put(&other, "/v1/presence/ada", hold("two")).await;
    assert_eq!((others.status, is_replayed(&others)), (200, false));
    // Who only reads needs no key, and none is minded.
    let read = api.ask_once(&owner, "k", Method::GET, "/v1/presence/ada", Value::Null).await;
    assert_eq!((read.status, &read.body["hold"]), (200, &json!("two")));
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_by_name() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let (longest, longer) = ("x".repeat(255), "x".repeat(256));
    let wish = || json!({ "state": "held", "reason": "training" });
    for (key, code) in [
        ("", (400, "invalid")),
        ("a b", (400, "invalid")),
        ("é", (400, "invalid")),
        (longer.as_str(), (400, "invalid")),
        (longest.as_str(), (200, "-")),
    ] {
        let answer = api.ask_once(&owner, key, Method::PUT, "/v1/presence/ada", wish()).await;
        assert_eq!(answer.code(), code, "{key}");
        if code.0 == 400 {
            assert_eq!(answer.field(), "Idempotency-Key");
        }
    }
}

#[tokio::test]
async fn what_was_refused_leaves_its_key_to_the_next() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let put = async |wish| api.ask_once(&owner, "k", Method::PUT, "/v1/presence/ada", wish).await;
    assert_eq!(put(json!({ "state": "online", "hours": 0 })).await.code(), (422, "invalid"));
    api.ask(&owner, Method::PUT, "/v1/presence/ada", json!({ "state": "held", "reason": "training" })).await;
    let online = || json!({ "state": "online", "hours": 1 });
    assert_eq!(put(online()).await.code(), (409, "held"));
    api.ask(&owner, Method::PUT, "/v1/presence/ada", json!({ "state": "released" })).await;
    assert_eq!(put(online()).await.status, 200);
    api.ask(&owner, Method::PUT, "/v1/presence/ada", json!({ "state": "offline" })).await;
    let again = put(online()).await;
    assert_eq!((&again.body["state"], is_replayed(&again)), (&json!("online"), true), "as it was then");
    assert_eq!(api.get(&owner, "/v1/presence/ada").await.body["state"], json!("offline"));
}

#[tokio::test]
async fn of_requests_that_race_one_is_carried_out() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let add = async || {
        let user = json!({ "login": "bob", "name": "Bob" });
        api.ask_once(&owner, "k", Method::POST, "/v1/users", user).await
    };
    let answers: [Answer; 3] = tokio::join!(add(), add(), add()).into();
    let anew = answers.iter().filter(|answer| answer.status == 201 && !is_replayed(answer));
    assert_eq!(anew.count(), 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.code(), (409, "idempotency_under_way"));
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    assert!(is_replayed(&add().await));
}

#[tokio::test]
async fn what_a_crash_left_without_its_answer_is_not_done_again() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let put = async || {
        let wish = json!({ "state": "online", "hours": 2, "when_online": "extend" });
        api.ask_once(&owner, "k", Method::PUT, "/v1/presence/ada", wish).await
    };
    assert_eq!(put().await.status, 200);
    // The server ended between the two units of work.
    database::run(api.line.url(), "update request_claims set answer = null").await;
    assert_eq!(put().await.code(), (409, "idempotency_under_way"));
    api.line.clock.advance(TimeDelta::seconds(10));
    assert_eq!(put().await.code(), (409, "idempotency_answer_lost"));
    assert_eq!(api.get(&owner, "/v1/presence/ada").await.body["generation"], json!(1));
    api.ask(&owner, Method::PUT, "/v1/presence/ada", json!({ "state": "offline" })).await;
}

#[tokio::test]
async fn whoever_hangs_up_finds_the_answer_when_they_ask_again() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let add =
        || api.ask_once(&owner, "k", Method::POST, "/v1/users", json!({ "login": "bob", "name": "Bob" }));
    let hold = api.line.held().await;
    {
        let mut gone = std::pin::pin!(add());
        // It gets as far as it can while somebody else writes.
        while api.tasks.is_empty() {
            assert!(futures_util::poll!(gone.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
    }
    hold.let_go().await;
    api.tasks.close();
    api.tasks.wait().await;
    assert!(is_replayed(&add().await));
}

#[tokio::test]
async fn a_key_is_kept_for_a_day() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let put = async || {
        let wish = json!({ "state": "held", "reason": "training" });
        api.ask_once(&owner, "k", Method::PUT, "/v1/presence/ada", wish).await
    };
    put().await;
    api.line.clock.advance(TimeDelta::days(1));
    api.line.app.purge().await.expect("purged");
    assert!(is_replayed(&put().await));
    api.line.clock.advance(TimeDelta::milliseconds(1));
    api.line.app.purge().await.expect("purged");
    assert!(!is_replayed(&put().await));
}

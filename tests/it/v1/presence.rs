//! Who is on duty, seen and set over the API: the same presence as on the phone (A1.16, A1.23, D39, D40).

use axum::http::Method;
use serde_json::{Value, json};

use super::Api;
use crate::harness::line::hours;

fn online(count: u16) -> Value {
    json!({ "state": "online", "hours": count })
}

#[tokio::test]
async fn what_the_phone_sets_the_api_shows_and_the_other_way_round() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let set = api.ask(&owner, Method::PUT, "/v1/presence/ada", online(8)).await;
    assert_eq!((set.status, set.header("etag")), (200, Some("\"1\"")));
    assert_eq!(set.body["until"], json!("2026-11-21T01:00:00Z"));
    assert_eq!(set.body["source"], json!("api"));
    assert_eq!(json!(api.line.online_until("ada").await), set.body["until"]);
    // I5: the time is up, and no worker has run.
    api.line.clock.advance(hours(8));
    assert_eq!(api.get(&owner, "/v1/presence/ada").await.body["state"], json!("offline"));
    api.line.app.fire_due().await.expect("fired");
}

#[tokio::test]
async fn who_saw_an_older_presence_changes_nothing_and_is_shown_the_newer_one() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let seen = api.get(&owner, "/v1/presence/ada").await;
    let tag = seen.header("etag").expect("a tag").to_owned();
    let change = async |body, tag: &str| {
        api.ask_with(&owner, Method::PUT, "/v1/presence/ada", body, &[("if-match", tag)]).await
    };
    assert_eq!(change(online(8), &tag).await.status, 200);
    let late = change(json!({ "state": "offline" }), &tag).await;
    assert_eq!(late.code(), (412, "changed_meanwhile"));
    assert_eq!(
        (&late.body["current"]["state"], &late.body["current"]["generation"]),
        (&json!("online"), &json!(1))
    );
    let unreadable = change(online(8), "seven").await;
    assert_eq!((unreadable.code(), unreadable.field()), ((422, "invalid"), "If-Match"));
    api.ask(&owner, Method::PUT, "/v1/presence/ada", json!({ "state": "offline" })).await;
}

#[tokio::test]
async fn a_held_agent_is_refused_until_released() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let put = async |body| api.ask(&owner, Method::PUT, "/v1/presence/ada", body).await;
    let held = put(json!({ "state": "held", "reason": "training" })).await;
    assert_eq!((&held.body["state"], &held.body["hold"]), (&json!("offline"), &json!("training")));
    assert_eq!(put(online(1)).await.code(), (409, "held"));
    assert_eq!(put(json!({ "state": "released" })).await.status, 200);
    assert_eq!(put(online(1)).await.status, 200);
    assert_eq!(put(json!({ "state": "offline" })).await.body["state"], json!("offline"));
}

#[tokio::test]
async fn a_wish_that_cannot_be_is_refused_with_its_field() {
    let api = Api::open().await;
    let owner = api.owner().await;
    for (wish, code, field) in [
        (online(0), (422, "invalid"), "hours"),
        (online(169), (422, "invalid"), "hours"),
        (json!({ "state": "online" }), (422, "invalid"), "hours"),
        (json!({ "state": "held" }), (422, "invalid"), "reason"),
        (json!({ "state": "offline", "when_online": "max" }), (422, "invalid"), "when_online"),
        (json!({ "state": "up" }), (422, "invalid"), "state"),
        (json!({ "state": "online", "hours": 2, "when_online": "later" }), (422, "invalid"), "when_online"),
        (json!({ "state": "offline", "hours": 2 }), (422, "invalid"), "hours"),
        (json!({ "state": "held", "reason": "" }), (422, "invalid"), "reason"),
    ] {
        let answer = api.ask(&owner, Method::PUT, "/v1/presence/ada", wish.clone()).await;
        assert_eq!((answer.code(), answer.field()), (code, field), "{wish}: {answer:?}");
    }
    assert_eq!(api.ask(&owner, Method::PUT, "/v1/presence/eve", online(1)).await.code(), (404, "not_found"));
}

#[tokio::test]
async fn several_are_changed_together_or_not_at_all() {
    let api = Api::open().await;
    let owner = api.owner().await;
    api.line.agent("bob", "Bob Agent", "+15062345679").await;
    let bulk = async |body| api.ask(&owner, Method::POST, "/v1/presence", body).await;
    let both = json!({ "users": ["ada", "bob"], "presence": online(2), "dry_run": true });
    let tried = bulk(both.clone()).await;
    assert_eq!(tried.body, json!({ "dry_run": true, "users": ["ada", "bob"] }));
    assert_eq!(api.get(&owner, "/v1/oncall").await.body, json!([]), "nothing was changed");
    let unknown = json!({ "users": ["ada", "eve"], "presence": online(2) });
    assert_eq!(bulk(unknown).await.code(), (404, "not_found"));
    assert_eq!(api.get(&owner, "/v1/oncall").await.body, json!([]), "nothing is half done");
    let done = bulk(json!({ "users": ["ada", "bob"], "presence": online(2) })).await;
    assert_eq!(done.body["users"], json!(["ada", "bob"]));
    let off = bulk(json!({ "presence": { "state": "offline" } })).await;
    assert_eq!(off.body["users"], json!(["ada", "bob"]));
    let named = json!({ "users": ["ada", "bob"], "presence": { "state": "offline" } });
    assert_eq!(bulk(named).await.body["users"], json!([]), "they were off duty before");
    let many: Vec<String> = (0..1001).map(|number| format!("u{number}")).collect();
    let many = bulk(json!({ "users": many, "presence": online(2) })).await;
    assert_eq!((many.code(), many.field()), ((422, "invalid"), "users"));
}

#[tokio::test]
async fn who_can_be_reached_is_told_in_order_with_number_and_end() {
    let api = Api::open().await;
    let owner = api.owner().await;
    api.line.agent("bob", "Bob Agent", "+15062345679").await;
    api.ask(&owner, Method::PUT, "/v1/presence/bob", online(2)).await;
    api.line.clock.advance(hours(1));
    api.ask(&owner, Method::PUT, "/v1/presence/ada", online(8)).await;
    let users = async |path: &str| -> Vec<String> {
        let told = api.get(&owner, path).await.body;
        told.as_array()
            .expect("a list")
            .iter()
            .map(|one| one["user"].as_str().expect("a login").to_owned())
            .collect()
    };
    let first = &api.get(&owner, "/v1/oncall").await.body[0];
    assert_eq!((&first["number"], &first["until"]), (&json!("+15062345679"), &json!("2026-11-20T19:00:00Z")));
    assert_eq!(users("/v1/oncall").await, ["bob", "ada"]);
    // D18: the end itself is not on duty any more.
    assert_eq!(users("/v1/oncall?at=2026-11-20T19:00:00Z").await, ["ada"]);
    assert_eq!(users("/v1/oncall?at=2026-11-21T02:00:00Z").await, [""; 0]);
    // A1.14, A5.14.
    for (skills, french) in [(json!(["french"]), &["bob"][..]), (json!(["billing", "fren"]), &[])] {
        api.ask(&owner, Method::PATCH, "/v1/users/bob", json!({ "skills": skills })).await;
        assert_eq!(users("/v1/oncall?skill=french").await, french);
        for path in ["/v1/presence?skill=french", "/v1/users?skill=french"] {
            let page = api.get(&owner, path).await.body;
            let found: Vec<&Value> =
                page["items"].as_array().expect("items").iter().map(|one| &one["skills"]).collect();
            assert_eq!(found, vec![&skills; french.len()], "{path}");
        }
    }
    api.ask(&owner, Method::POST, "/v1/presence", json!({ "presence": { "state": "offline" } })).await;
}

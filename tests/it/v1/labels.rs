//! Labels that users choose, and what others do about them (A1.21, A3.7, A3.9).

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::Api;

#[tokio::test]
async fn a_user_chooses_from_their_own_list_of_reasons() {
    // A1.21.
    let api = Api::open().await;
    let owner = api.owner().await;
    let policy = json!({
        "labels": [{ "text": "Lunch", "code": "away" }, { "text": "Quiet", "code": "dnd" }],
        "reason_lists": [{ "name": "office", "labels": ["Lunch"] }, { "name": "all", "labels": ["Quiet", "Lunch"] }],
    });
    assert_eq!(api.ask(&owner, Method::PUT, "/v1/policy", policy.clone()).await.status, 200);
    let lists = api.get(&owner, "/v1/reasons").await.body;
    assert_eq!(
        (&lists[1]["name"], &lists[2]["name"], &lists[2]["system"]),
        (&json!("all"), &json!("system"), &json!(true))
    );
    let refused = api.say(&owner, json!({ "label": "Quiet" })).await;
    assert_eq!((refused.code(), refused.field()), ((422, "invalid"), "label"));
    let detail = refused.body["detail"].as_str().expect("a text");
    assert!(detail.ends_with("user `ada` chooses from `Lunch`"), "{detail}");
    let settings = "/v1/users/ada/settings";
    let none = api.ask(&owner, Method::PATCH, settings, json!({ "reason_list": "none" })).await;
    assert_eq!((none.code(), none.field()), ((422, "invalid"), "reason_list"));
    let given = api.ask(&owner, Method::PATCH, settings, json!({ "reason_list": "all" })).await;
    assert_eq!(given.body["settings"]["reason_list"], json!("all"));
    let choices = api.get(&owner, "/v1/users/ada/reasons").await.body;
    assert_eq!((&choices["list"], &choices["labels"][0]["text"]), (&json!("all"), &json!("Quiet")));
    assert_eq!(choices["system"][0], json!("logged_in"));
    assert_eq!(api.say(&owner, json!({ "label": "Quiet" })).await.status, 201);
    // What has gone meanwhile shows on; nobody chooses it.
    let fewer = json!({ "labels": [{ "text": "Lunch", "code": "away" }] });
    assert_eq!(api.ask(&owner, Method::PUT, "/v1/policy", fewer).await.status, 200);
    assert_eq!(api.get(&owner, "/v1/users/ada/status").await.body["label"], json!("Quiet"));
    let gone = api.say(&owner, json!({ "label": "Quiet" })).await;
    assert_eq!((gone.code(), gone.field()), ((422, "invalid"), "label"));
}

#[tokio::test]
async fn a_label_that_is_to_be_dialled_has_a_code_that_can_be() {
    // A3.9.
    let api = Api::open().await;
    let owner = api.owner().await;
    for (label, field) in [
        (json!({ "text": "Quiet", "code": "dnd", "sink": "dial_command" }), "labels.reason_code"),
        (
            json!({ "text": "Quiet", "code": "dnd", "sink": "dial_command", "reason_code": "Q" }),
            "labels.reason_code",
        ),
        (json!({ "text": "Quiet", "code": "dnd", "sink": "dial_command", "reason_code": "*61" }), "-"),
    ] {
        let answer = api.ask(&owner, Method::PUT, "/v1/policy", json!({ "labels": [label] })).await;
        assert_eq!(answer.field(), field, "{answer:?}");
    }
    let unlisted = json!({ "dial_command": { "to": "60", "from": "+15065550100" } });
    let unlisted = api.ask(&owner, Method::PUT, "/v1/policy", unlisted).await;
    assert_eq!((unlisted.code(), unlisted.field()), ((422, "invalid"), "dial_command.to"));
    let system = json!({ "dial_command": { "to": "+15065550160", "from": "+15065550100" } });
    assert_eq!(api.ask(&owner, Method::PUT, "/v1/policy", system).await.status, 200);
    let webhooks = api.get(&owner, "/v1/webhooks").await.body;
    assert_eq!((&webhooks[0]["url"], &webhooks[0]["secrets"]), (&json!("tel:+15065550160"), &json!([])));
    let removed = api.ask(&owner, Method::DELETE, "/v1/webhooks/dial%20commands", Value::Null).await;
    assert_eq!((removed.code(), removed.field()), ((422, "invalid"), "webhook"));
}

#[tokio::test]
async fn who_dials_out_is_available_where_the_policy_says_so() {
    // A3.7.
    let api = Api::open().await;
    let owner = api.owner().await;
    let report = async |state: &str, direction: &str| {
        let body = json!({ "state": state, "direction": direction });
        api.ask(&owner, Method::POST, "/v1/users/ada/terminals/7", body).await
    };
    for (policy, direction, state) in [
        (json!({}), "outgoing", "dnd"),
        (json!({ "dialling_out_ends_dnd": true }), "incoming", "dnd"),
        (json!({ "dialling_out_ends_dnd": true }), "outgoing", "available"),
    ] {
        api.ask(&owner, Method::PUT, "/v1/policy", policy).await;
        api.say(&owner, json!({ "state": "dnd" })).await;
        api.pass(TimeDelta::seconds(1)).await;
        assert_eq!(report("dialing", direction).await.status, 200);
        assert_eq!(api.stands(&owner).await.0, state, "{direction}");
        report("idle", direction).await;
        api.pass(TimeDelta::seconds(1)).await;
    }
    let said = api.newest(5).await;
    assert_eq!(said, ["desk.changed", "UserAvailability", "UserStatus", "desk.changed", "UserStatus"]);
    let wrong = report("dialing", "up").await;
    assert_eq!((wrong.code(), wrong.field()), ((422, "invalid"), "direction"));
}

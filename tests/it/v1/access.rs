//! Who is let through to what: deny by default.

use axum::http::Method;
use dutyline::domain::access::{Right, Role};
use dutyline::http::v1;
use serde_json::{Value, json};

use super::Api;

/// Every operation of the document: how it is asked, and the right that it names, if it names one.
fn operations() -> Vec<(Method, String, Option<Right>)> {
    let document = serde_json::to_value(v1::document()).expect("plain data");
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let security = &operation["security"][0];
            if security["ticket"].is_array() {
                assert_eq!(path, "/v1/ws", "all others take tokens");
                continue;
            }
            let rights = security["token"].as_array().unwrap_or_else(|| panic!("{path}"));
            let right = rights.first().map(|right| right.as_str().expect("a name").parse().expect("a right"));
            let method = method.to_uppercase().parse().expect("a method");
            operations.push((method, path.clone(), right));
        }
    }
    operations
}

/// The path with something in it that is there.
fn filled(path: &str) -> String {
    let (login, call) = ("ada", "call_00000000000000000000000000000001");
    path.replace("{login}", login)
        .replace("{call}", call)
        .replace("{skill}", "french")
        .replace("{token}", "none")
        .replace("{webhook}", "none")
        .replace("{mapping}", "none")
        .replace("{flow}", "none")
        .replace("{version}", "1")
        .replace("{name}", "none")
        .replace("{language}", "en")
        .replace("{position}", "9")
}

#[tokio::test]
async fn every_operation_lets_in_those_who_have_its_right_and_nobody_else() {
    let api = Api::open().await;
    let operations = operations();
    assert!(operations.len() > 20, "{}", operations.len());
    for role in Role::ALL {
        let user = (*role == Role::Agent).then_some("ada");
        let token = api.token(role.as_str(), *role, None, user).await;
        for (method, path, right) in &operations {
            let answer = api.ask(&token, method.clone(), &filled(path), Value::Null).await;
            // An agent's rights are for themselves: `ada` in the path.
            let reaches = *role != Role::Agent || path.contains("{login}");
            let is_let_in = right.is_none_or(|right| role.has(right) && reaches);
            assert_eq!(answer.status != 403, is_let_in, "{role} {method} {path}: {answer:?}");
            assert!(answer.status < 500, "{role} {method} {path}: {answer:?}");
        }
    }
    for (method, path, _) in &operations {
        let answer = api.ask("", method.clone(), &filled(path), Value::Null).await;
        assert_eq!(answer.code(), (401, "unauthenticated"), "{method} {path}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
}

#[tokio::test]
async fn a_token_with_fewer_rights_than_its_role_has_those_alone() {
    let api = Api::open().await;
    let board = api.token("board", Role::Supervisor, Some(&[Right::PresenceRead]), None).await;
    assert_eq!(api.get(&board, "/v1/presence").await.status, 200);
    assert_eq!(api.get(&board, "/v1/users").await.code(), (403, "forbidden"));
    let me = api.get(&board, "/v1/me").await.body;
    assert_eq!((&me["role"], &me["rights"]), (&json!("supervisor"), &json!(["presence.read"])));
}

#[tokio::test]
async fn an_agents_token_is_for_the_agent_alone() {
    let api = Api::open().await;
    api.line.agent("bob", "Bob Agent", "+15062345679").await;
    let ada = api.token("adas phone", Role::Agent, None, Some("ada")).await;
    let online = json!({ "state": "online", "hours": 2 });
    assert_eq!(api.ask(&ada, Method::PUT, "/v1/presence/ada", online.clone()).await.status, 200);
    assert_eq!(api.ask(&ada, Method::PUT, "/v1/presence/bob", online).await.code(), (403, "forbidden"));
    assert_eq!(api.get(&ada, "/v1/presence").await.code(), (403, "forbidden"));
    let everybody = json!({ "presence": { "state": "offline" } });
    assert_eq!(api.ask(&ada, Method::POST, "/v1/presence", everybody).await.code(), (403, "forbidden"));
}

#[tokio::test]
async fn an_agent_does_not_lift_what_a_supervisor_keeps_them_off_duty_with() {
    let api = Api::open().await;
    let chief = api.token("chief", Role::Supervisor, None, None).await;
    let ada = api.token("adas phone", Role::Agent, None, Some("ada")).await;
    let put = async |token: &str, wish| api.ask(token, Method::PUT, "/v1/presence/ada", wish).await;
    assert_eq!(put(&chief, json!({ "state": "held", "reason": "training" })).await.status, 200);
    assert_eq!(put(&ada, json!({ "state": "released" })).await.code(), (403, "forbidden"));
    assert_eq!(put(&ada, json!({ "state": "held", "reason": "mine" })).await.code(), (403, "forbidden"));
    assert_eq!(put(&ada, json!({ "state": "online", "hours": 1 })).await.code(), (409, "held"));
    assert_eq!(put(&chief, json!({ "state": "released" })).await.status, 200);
}

#[tokio::test]
async fn a_revoked_token_opens_nothing_any_more() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let new = json!({ "name": "ci", "role": "admin" });
    let issued = api.ask(&owner, Method::POST, "/v1/tokens", new).await;
    assert_eq!(issued.status, 201);
    let ci = issued.body["secret"].as_str().expect("a secret").to_owned();
    assert_eq!(api.get(&ci, "/v1/users").await.status, 200);
    assert_eq!(api.ask(&owner, Method::DELETE, "/v1/tokens/ci", Value::Null).await.status, 200);
    assert_eq!(api.get(&ci, "/v1/users").await.code(), (401, "unauthenticated"));
    let told = api.get(&owner, "/v1/tokens").await.body.to_string();
    assert!(!told.contains(&ci[10..]), "a list tells no secret");
}

#[tokio::test]
async fn a_token_that_is_mistyped_is_told_from_one_that_is_wrong() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let mistyped = api.get(&owner[..owner.len() - 1], "/v1/me").await;
    assert_eq!(mistyped.code(), (401, "unauthenticated"));
    assert!(mistyped.body["detail"].as_str().expect("words").contains("mistyped"), "{mistyped:?}");
}

#[tokio::test]
async fn another_tenants_token_reaches_nothing_of_this_one() {
    let api = Api::open().await;
    let other = dutyline::app::tenants::fresh("other".parse().expect("a slug"));
    let other = api.line.app.add_tenant(other).await.expect("added");
    let new = dutyline::app::tokens::NewToken {
        name: "theirs".parse().expect("a name"),
        role: Role::Owner,
        rights: None,
        user: None,
        expires_at: None,
    };
    let (_, theirs) = api.line.app.issue_token(&other, new).await.expect("issued");
    assert_eq!(api.get(theirs.expose(), "/v1/users").await.body["items"], json!([]));
    assert_eq!(api.get(theirs.expose(), "/v1/users/ada").await.code(), (404, "not_found"));
    let told = api.get(theirs.expose(), "/v1/events").await.body.to_string();
    assert!(!told.contains("user:ada"), "{told}");
}

#[tokio::test]
async fn what_a_token_did_stands_in_the_audit() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let me = api.get(&owner, "/v1/me").await.body["token"].as_str().expect("an id").to_owned();
    api.ask(&owner, Method::PUT, "/v1/presence/ada", json!({ "state": "online", "hours": 1 })).await;
    let audit = api.get(&owner, "/v1/audit?limit=1").await.body;
    assert_eq!(audit["items"][0]["actor"], json!(format!("token:{me}")));
    assert_eq!(audit["items"][0]["type"], json!("presence.online"));
}

#[tokio::test]
async fn numbers_are_masked_unless_the_token_may_see_them() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let clerk =
        api.token("clerk", Role::Supervisor, Some(&[Right::UsersRead, Right::EventsRead]), None).await;
    let number = |answer: &super::Answer| answer.body["extensions"][0]["number"].clone();
    assert_eq!(number(&api.get(&owner, "/v1/users/ada").await), json!("+15062345678"));
    assert_eq!(number(&api.get(&clerk, "/v1/users/ada").await), json!("+1506***5678"));
    let events = api.get(&clerk, "/v1/events").await.body.to_string();
    assert!(!events.contains("+15062345678"), "{events}");
}

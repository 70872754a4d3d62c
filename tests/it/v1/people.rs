//! Users and their numbers over the API (A1.1 to A1.6).

use axum::http::Method;
use serde_json::{Value, json};

use super::Api;

#[tokio::test]
async fn a_user_is_added_changed_and_taken_out_of_service() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let bob = json!({
        "login": "bob", "name": "Bob Agent", "zone": "America/Toronto", "extension": { "number": "+1 506-234-5679" },
    });
    let added = api.ask(&owner, Method::POST, "/v1/users", bob).await;
    assert_eq!((added.status, added.header("location")), (201, Some("/v1/users/bob")));
    assert_eq!(added.body["extensions"][0]["number"], json!("+15062345679"));
    let change = json!({ "name": "Bob B. Agent", "zone": null });
    let changed = api.ask(&owner, Method::PATCH, "/v1/users/bob", change).await;
    assert_eq!((&changed.body["name"], &changed.body["zone"]), (&json!("Bob B. Agent"), &Value::Null));
    let second = json!({ "number": "+15062345670", "ext": "12" });
    let extended = api.ask(&owner, Method::POST, "/v1/users/bob/extensions", second).await;
    assert_eq!(extended.body["extensions"][1]["ext"], json!("12"));
    let cut = api.ask(&owner, Method::DELETE, "/v1/users/bob/extensions/1", Value::Null).await;
    assert_eq!(cut.body["extensions"][0]["number"], json!("+15062345670"));
    let gone = api.ask(&owner, Method::DELETE, "/v1/users/bob", Value::Null).await;
    assert_eq!((gone.status, &gone.body["active"]), (200, &json!(false)));
}

#[tokio::test]
async fn a_refusal_names_its_kind_and_the_field() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let add = |extra: Value| {
        let mut user = json!({ "login": "bob", "name": "Bob" });
        user.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        user
    };
    for (body, code, field) in [
        (add(json!({ "login": "Bob" })), (422, "invalid"), "login"),
        (add(json!({ "login": 7 })), (422, "invalid"), "login"),
        (add(json!({ "zone": "Mars/Base" })), (422, "invalid"), "zone"),
        (add(json!({ "name": " " })), (422, "invalid"), "name"),
        (add(json!({ "nam": "Bob" })), (422, "invalid"), "nam"),
        (add(json!({ "extension": { "number": "12" } })), (422, "invalid"), "number"),
        (add(json!({ "extension": { "number": "+15062345679", "ext": "a" } })), (422, "invalid"), "ext"),
        (add(json!({ "extension": { "ext": "1" } })), (422, "invalid"), "extension"),
        (add(json!({ "extension": { "number": "+15062345678" } })), (409, "number_in_use"), "-"),
        (add(json!({ "extension": { "number": "+15065550100" } })), (409, "number_is_ours"), "-"),
        (add(json!({ "login": "ada" })), (409, "exists"), "-"),
        (json!([]), (422, "invalid"), ""),
        (json!({ "name": "Bob" }), (422, "invalid"), ""),
    ] {
        let answer = api.ask(&owner, Method::POST, "/v1/users", body.clone()).await;
        assert_eq!((answer.code(), answer.field()), (code, field), "{body}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert_eq!(answer.body["status"], json!(answer.status));
    }
    for body in ["{", "", "{\"login\":\"bob\",\"name\":\"Bob\"} {}", "\u{0}"] {
        let answer = api.send(&owner, Method::POST, "/v1/users", body.to_owned(), &[]).await;
        assert_eq!(answer.code(), (400, "not_json"), "{body}");
    }
    assert_eq!(api.get(&owner, "/v1/users/bob").await.code(), (404, "not_found"), "nothing is half done");
}

#[tokio::test]
async fn a_user_is_changed_by_whoever_has_seen_them_last() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let tag = |answer: &super::Answer| answer.header("etag").expect("a tag").to_owned();
    let patch = async |change: Value, tag: &str| {
        api.ask_with(&owner, Method::PATCH, "/v1/users/ada", change, &[("if-match", tag)]).await
    };
    let seen = tag(&api.get(&owner, "/v1/users/ada").await);
    let changed = patch(json!({ "name": "Ada A. Agent", "pin": "2468" }), &seen).await;
    assert_eq!((changed.status, &changed.body["has_pin"]), (200, &json!(true)));
    let late = patch(json!({ "name": "Adele" }), &seen).await;
    assert_eq!(
        (late.code(), &late.body["current"]["name"]),
        ((412, "changed_meanwhile"), &json!("Ada A. Agent"))
    );
    assert_eq!(patch(json!({ "agent_code": "4711" }), &tag(&changed)).await.status, 200);
    let seen = tag(&api.get(&owner, "/v1/users/ada").await);
    let number = json!({ "number": "+15062345670" });
    api.ask(&owner, Method::POST, "/v1/users/ada/extensions", number).await;
    assert_eq!(patch(json!({ "agent_code": null }), &seen).await.status, 412, "a number is theirs as well");
    assert_eq!(patch(json!({}), "W/\"1\"").await.field(), "If-Match");
}

#[tokio::test]
async fn users_come_in_pages_that_lead_on() {
    let api = Api::open().await;
    let owner = api.owner().await;
    for number in 1..=4 {
        api.line.agent(&format!("bob{number}"), "Bob", &format!("+1506234560{number}")).await;
    }
    let (mut path, mut logins) = ("/v1/users?limit=2".to_owned(), Vec::new());
    loop {
        let page = api.get(&owner, &path).await;
        let items = page.body["items"].as_array().expect("items");
        assert!(items.iter().all(|user| user["extensions"].as_array().is_some_and(|all| all.len() == 1)));
        logins.extend(items.iter().map(|user| user["login"].as_str().expect("a login").to_owned()));
        let Some(next) = page.body["next"].as_str() else {
            assert_eq!(page.header("link"), None);
            break;
        };
        assert_eq!(page.header("link"), Some(format!("<?after={next}>; rel=\"next\"").as_str()));
        path = format!("/v1/users?limit=2&after={next}");
    }
    assert_eq!(logins, ["ada", "bob1", "bob2", "bob3", "bob4"]);
}

/// A5.14.
#[tokio::test]
async fn a_user_has_skills() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let bob = json!({ "login": "bob", "name": "Bob", "skills": ["french", "billing", "french"] });
    let added = api.ask(&owner, Method::POST, "/v1/users", bob).await;
    assert_eq!((added.status, &added.body["skills"]), (201, &json!(["billing", "french"])));
    let patch = async |change: Value| api.ask(&owner, Method::PATCH, "/v1/users/bob", change).await;
    let many: Vec<String> = (10..=60).map(|number| format!("s{number}")).collect();
    for (change, skills) in [
        (json!({ "skills": ["spanish"] }), json!(["spanish"])),
        (json!({ "name": "Bob B." }), json!(["spanish"])),
        (json!({ "skills": null }), json!([])),
        (json!({ "skills": many[1..] }), json!(many[1..])),
    ] {
        let changed = patch(change).await;
        assert_eq!((changed.status, &changed.body["skills"]), (200, &skills));
    }
    for (skills, field) in [
        (json!(["french", "French"]), "skills[1]"),
        (json!([7]), "skills[0]"),
        (json!("french"), "skills"),
        (json!(many), "skills"),
    ] {
        let refused = patch(json!({ "skills": skills })).await;
        assert_eq!((refused.code(), refused.field()), ((422, "invalid"), field), "{skills}");
    }
}

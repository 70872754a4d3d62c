//! What is read over the API: calls, events, timers, setup; and what is refused of a question.

use axum::http::Method;
use serde_json::{Value, json};

use super::Api;
use crate::harness::database::run;
use crate::harness::line::{ADA, hours};

#[tokio::test]
async fn events_are_followed_from_a_cursor_without_a_gap() {
    let api = Api::open().await;
    let owner = api.owner().await;
    for state in ["held", "released"] {
        let wish = json!({ "state": state, "reason": "training" });
        api.ask(&owner, Method::PUT, "/v1/presence/ada", wish).await;
    }
    let (mut after, mut seqs, mut types) = (0, Vec::new(), Vec::new());
    loop {
        let page = api.get(&owner, &format!("/v1/events?limit=1&after={after}")).await.body;
        let Some(event) = page["items"].get(0) else { break };
        seqs.push(event["seq"].as_u64().expect("a number"));
        types.push(event["type"].as_str().expect("a name").to_owned());
        after = *seqs.last().expect("one");
    }
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    assert_eq!(types[types.len() - 2..], ["presence.held", "presence.released"]);
}

#[tokio::test]
async fn events_are_followed_by_type_and_by_what_they_are_about() {
    let api = Api::open().await;
    let owner = api.owner().await;
    api.line.agent("bob", "Bob Agent", "+15062345679").await;
    for user in ["ada", "bob"] {
        let wish = json!({ "state": "held", "reason": "training" });
        api.ask(&owner, Method::PUT, &format!("/v1/presence/{user}"), wish).await;
    }
    let found = async |query: &str| -> Vec<String> {
        let page = api.get(&owner, &format!("/v1/events?{query}")).await.body;
        let told = |event: &Value| format!("{} {}", event["type"], event["subject"]).replace('"', "");
        page["items"].as_array().expect("items").iter().map(told).collect()
    };
    let (ada, bob) = ("presence.held user:ada", "presence.held user:bob");
    assert_eq!(found("type=presence.*").await, [ada, bob]);
    assert_eq!(found("type=call.*,presence.held&subject=user:bob").await, [bob]);
    assert_eq!(found("subject=user:ada,user:b*").await, [ada, bob]);
    assert_eq!(found("type=call.*").await, [""; 0]);
    let first = api.get(&owner, "/v1/events?limit=1&type=presence.*").await.body;
    assert_eq!((&first["items"], &first["next"]), (&json!([]), &json!("1")), "what was looked through");
}

#[tokio::test]
async fn a_log_is_verified_part_by_part() {
    let api = Api::open().await;
    let owner = api.owner().await;
    for state in ["held", "released", "held", "released"] {
        let wish = json!({ "state": state, "reason": "training" });
        api.ask(&owner, Method::PUT, "/v1/presence/ada", wish).await;
    }
    let look = async || {
        let (mut path, mut seen) = ("/v1/audit/verification?limit=2".to_owned(), 0);
        loop {
            let part = api.get(&owner, &path).await.body;
            seen += part["entries"].as_u64().unwrap_or_default();
            let Some(next) = part["next"].as_str() else { return (seen, part) };
            path = format!("/v1/audit/verification?limit=2&after={next}");
        }
    };
    let last = api.get(&owner, "/v1/events?limit=500").await.body["items"].as_array().expect("items").len();
    let (seen, part) = look().await;
    assert_eq!((seen, &part["verdict"], &part["to"]), (last as u64, &json!("whole"), &json!(last)));
    run(api.line.url(), "update events set data = '{}' where seq = 4").await;
    let (seen, part) = look().await;
    assert_eq!(seen, 2, "a part that does not hold tells no more than that");
    assert_eq!(
        (&part["verdict"], &part["fault"], &part["seq"]),
        (&json!("broken"), &json!("changed"), &json!(4))
    );
    assert_eq!(part["entry"]["seq"], json!(4));
}

#[tokio::test]
async fn a_call_is_listed_and_told_turn_by_turn() {
    let api = Api::open().await;
    let owner = api.owner().await;
    for _ in 0..3 {
        api.line.call_from(ADA).await.hangs_up().await;
    }
    let first = api.get(&owner, "/v1/calls?limit=2").await.body;
    let next = first["next"].as_str().expect("more").to_owned();
    let second = api.get(&owner, &format!("/v1/calls?limit=2&after={next}")).await.body;
    let ids = |page: &Value| -> Vec<Value> {
        page["items"].as_array().expect("items").iter().map(|call| call["id"].clone()).collect()
    };
    assert_eq!((ids(&first).len(), ids(&second).len(), &second["next"]), (2, 1, &Value::Null));
    assert!(ids(&first).iter().all(|id| !ids(&second).contains(id)));
    let id = ids(&first)[0].as_str().expect("a name").to_owned();
    let story = api.get(&owner, &format!("/v1/calls/{id}")).await.body;
    assert_eq!((&story["id"], &story["steps"][0]["pressed"]), (&json!(id), &json!("started")));
    assert_eq!(api.get(&owner, "/v1/calls/CA404").await.code(), (404, "not_found"));
}

#[tokio::test]
async fn timers_and_setup_are_told() {
    let api = Api::open().await;
    let owner = api.owner().await;
    api.ask(&owner, Method::PUT, "/v1/presence/ada", json!({ "state": "online", "hours": 1 })).await;
    let timers = api.get(&owner, "/v1/timers").await.body;
    assert_eq!(timers["items"][0]["user"], json!("ada"));
    assert_eq!(timers["items"][0]["state"], json!("armed"));
    assert_eq!(api.get(&owner, "/v1/tenant").await.body["slug"], json!("default"));
    assert_eq!(api.get(&owner, "/v1/mappings").await.body["items"][0]["flow"], json!("timed-presence"));
    assert_eq!(api.get(&owner, "/v1/flows").await.body["items"][0]["state"], json!("published"));
    assert_eq!(api.get(&owner, "/v1/prompts").await.body["items"], json!([]));
    api.line.clock.advance(hours(1));
    api.line.app.fire_due().await.expect("fired");
    assert_eq!(api.get(&owner, "/v1/timers").await.body["items"], json!([]));
}

#[tokio::test]
async fn a_question_that_does_not_read_is_refused_with_its_field() {
    let api = Api::open().await;
    let owner = api.owner().await;
    for (path, code, field) in [
        ("/v1/users?limit=0", (422, "invalid"), "limit"),
        ("/v1/users?limit=501", (422, "invalid"), "limit"),
        ("/v1/users?limit=-1", (422, "invalid"), "limit"),
        ("/v1/users?after=A%20B", (422, "invalid"), "after"),
        ("/v1/users?page=2", (422, "invalid"), "page"),
        ("/v1/events?after=x", (422, "invalid"), "after"),
        ("/v1/events?type=presence.onlin", (422, "invalid"), "type"),
        ("/v1/events?type=presence.online,", (422, "invalid"), "type"),
        ("/v1/events?subject=ada", (422, "invalid"), "subject"),
        ("/v1/calls?after=1.call", (422, "invalid"), "after"),
        ("/v1/audit?user=A", (422, "invalid"), "user"),
        ("/v1/audit/verification?limit=10001", (422, "invalid"), "limit"),
        ("/v1/audit/verification?after=7", (422, "invalid"), "after"),
        ("/v1/audit/verification?after=7.ab", (422, "invalid"), "after"),
        ("/v1/mappings?after=%00", (422, "invalid"), "after"),
        ("/v1/flows?after=timed-presence", (422, "invalid"), "after"),
        ("/v1/prompts?after=en:Welcome", (422, "invalid"), "after"),
        ("/v1/tokens?after=ci", (422, "invalid"), "after"),
        ("/v1/tenants?after=A", (422, "invalid"), "after"),
        ("/v1/flows/A%20B", (404, "not_found"), "-"),
        ("/v1/flows/timed-presence/versions/9", (404, "not_found"), "-"),
        ("/v1/flows/timed-presence/versions/x", (404, "not_found"), "-"),
        ("/v1/mappings/%00", (404, "not_found"), "-"),
        ("/v1/prompts/nothing", (404, "not_found"), "-"),
        ("/v1/oncall?at=noon", (422, "invalid"), "at"),
        ("/v1/oncall?skill=French", (422, "invalid"), "skill"),
        ("/v1/users?skill=", (422, "invalid"), "skill"),
        ("/v1/presence?skill=a,b", (422, "invalid"), "skill"),
        ("/v1/reports/on-duty?from=2026-11-20&to=2026-11-20&skill=9a", (422, "invalid"), "skill"),
        ("/v1/presence/ada/history?limit=0", (422, "invalid"), "limit"),
        ("/v1/users/A%20B", (404, "not_found"), "-"),
        ("/v1/nothing", (404, "no_such_path"), "-"),
    ] {
        let answer = api.get(&owner, path).await;
        assert_eq!((answer.code(), answer.field()), (code, field), "{path}: {answer:?}");
    }
    let answer = api.ask(&owner, Method::PUT, "/v1/users", json!({})).await;
    assert_eq!(answer.code(), (405, "method_not_allowed"));
}

#[tokio::test]
async fn what_may_be_read_may_be_asked_for_without_its_body() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let head = api.ask(&owner, Method::HEAD, "/v1/presence/ada", Value::Null).await;
    assert_eq!((head.status, head.header("etag"), &head.body), (200, Some("\"0\""), &Value::Null));
    assert_eq!(api.ask("", Method::HEAD, "/v1/presence/ada", Value::Null).await.status, 401);
}

#[tokio::test]
async fn a_request_keeps_its_name() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let named = api.ask_with(&owner, Method::GET, "/v1/me", Value::Null, &[("x-request-id", "r-7")]).await;
    assert_eq!(named.header("x-request-id"), Some("r-7"));
}

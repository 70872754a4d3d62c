//! When too few will be on duty.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::Api;
use crate::harness::line::ADA;

fn gaps(answer: &Value) -> Vec<(String, String)> {
    let word = |gap: &Value, name: &str| gap[name].as_str().expect("a time").to_owned();
    answer.as_array().expect("gaps").iter().map(|gap| (word(gap, "from"), word(gap, "to"))).collect()
}

#[tokio::test]
async fn a_gap_is_told_by_windows_plans_and_hours_of_work() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let look = async |query: &str| gaps(&api.get(&owner, &format!("/v1/coverage?{query}")).await.body);
    let gap = |from: &str, to: &str| (format!("2026-11-{from}:00:00Z"), format!("2026-11-{to}:00:00Z"));
    assert_eq!(look("hours=24").await, [gap("20T17", "21T17")]);
    // On duty until one in the morning, and again from four to six.
    api.line.call_from(ADA).await.presses("1").await;
    let early = json!({
        "state": "available", "starts_at": "2026-11-21T04:00:00Z", "ends_at": "2026-11-21T06:00:00Z",
    });
    api.ask(&owner, Method::POST, "/v1/users/ada/availabilities", early).await;
    assert_eq!(look("hours=24").await, [gap("21T01", "21T04"), gap("21T06", "21T17")]);
    let week = json!({ "zone": "UTC", "rules": [{ "weekday": "Sat", "start": "05:00", "end": "20:00" }] });
    api.ask(&owner, Method::PUT, "/v1/users/ada/schedule", week).await;
    assert_eq!(look("hours=24").await, [gap("21T01", "21T04")]);
    assert_eq!(
        look("hours=24&users=2").await,
        [gap("20T17", "21T01"), gap("21T01", "21T04"), gap("21T04", "21T17")]
    );
    for (query, field) in
        [("hours=73", "hours"), ("hours=0", "hours"), ("users=0", "users"), ("skill=X", "skill")]
    {
        let refused = api.get(&owner, &format!("/v1/coverage?{query}")).await;
        assert_eq!((refused.code(), refused.field()), ((422, "invalid"), field), "{query}");
    }
}

#[tokio::test]
async fn a_gap_is_logged_some_hours_ahead_and_once() {
    let api = Api::open().await;
    let owner = api.owner().await;
    api.line.call_from(ADA).await.presses("1").await;
    assert_eq!(api.line.app.tell_gaps().await.expect("looked"), 0, "nobody wants to know");
    let set =
        async |demand| api.ask(&owner, Method::PUT, "/v1/policy", json!({ "coverage": [demand] })).await;
    for (demand, field) in [
        (json!({ "users": 0, "hours_ahead": 6 }), "coverage[0].users"),
        (json!({ "users": 1, "hours_ahead": 73 }), "coverage[0].hours_ahead"),
    ] {
        let refused = set(demand).await;
        assert_eq!((refused.code(), refused.field()), ((422, "invalid"), field));
    }
    assert_eq!(set(json!({ "users": 1, "hours_ahead": 6 })).await.status, 200);
    let told = async |hours| {
        api.line.clock.advance(TimeDelta::hours(hours));
        api.line.app.tell_gaps().await.expect("looked")
    };
    assert_eq!([told(1).await, told(2).await, told(1).await, told(5).await], [0, 1, 0, 0]);
    let events = api.get(&owner, "/v1/events?type=coverage.gap").await.body;
    assert_eq!(events["items"][0]["data"]["from"], json!("2026-11-21T01:00:00Z"));
}

#[tokio::test]
async fn what_keeps_calls_away_is_a_gap() {
    let api = Api::open().await;
    let owner = api.owner().await;
    api.line.call_from(ADA).await.presses("1").await;
    let lunch = |state| json!({ "state": state, "starts_at": "2026-11-20T18:00:00Z", "ends_at": "2026-11-20T19:00:00Z" });
    for (state, gap) in [("busy", None), ("dnd", Some("2026-11-20T18:00:00Z"))] {
        api.ask(&owner, Method::POST, "/v1/users/ada/availabilities", lunch(state)).await;
        let gaps = api.get(&owner, "/v1/coverage?hours=4").await.body;
        assert_eq!(gaps[0]["from"].as_str(), gap, "{state}");
    }
}

/// A5.14.
#[tokio::test]
async fn a_gap_says_which_skill_is_short() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let french = json!({ "skills": ["french"] });
    api.ask(&owner, Method::PATCH, "/v1/users/ada", french).await;
    api.line.call_from(ADA).await.presses("1").await;
    let first = async |query: &str| {
        let gaps = api.get(&owner, &format!("/v1/coverage?hours=4{query}")).await.body;
        gaps[0]["users"].as_u64()
    };
    assert_eq!((first("").await, first("&skill=french").await), (None, None));
    assert_eq!((first("&users=2").await, first("&skill=billing").await), (Some(1), Some(0)));
    let demand = |skill: Value| json!({ "users": 1, "hours_ahead": 6, "skill": skill });
    let set =
        async |demands| api.ask(&owner, Method::PUT, "/v1/policy", json!({ "coverage": demands })).await;
    for twice in [
        json!([demand(json!("french")), demand(json!("french"))]),
        json!([demand(json!(null)), demand(json!(null))]),
    ] {
        assert_eq!(set(twice).await.field(), "coverage");
    }
    assert_eq!(set(json!([demand(json!("French"))])).await.field(), "coverage[0].skill");
    let all = json!([demand(json!(null)), demand(json!("french")), demand(json!("billing"))]);
    assert_eq!(set(all).await.status, 200);
    let told = async || api.line.app.tell_gaps().await.expect("looked");
    assert_eq!([told().await, told().await], [1, 0], "the one of who there is none");
    api.ask(&owner, Method::PUT, "/v1/presence/ada", json!({ "state": "offline" })).await;
    assert_eq!([told().await, told().await], [2, 0], "nobody is there");
    let events = api.get(&owner, "/v1/events?type=coverage.gap").await.body;
    let told: Vec<_> = events["items"].as_array().expect("events").iter().collect();
    let told: Vec<_> = told.iter().map(|event| (&event["subject"], &event["data"]["skill"])).collect();
    let named = |subject: &str| json!(format!("coverage:default{subject}"));
    assert_eq!(
        told,
        [
            (&named("/billing"), &json!("billing")),
            (&named(""), &Value::Null),
            (&named("/french"), &json!("french")),
        ]
    );
}

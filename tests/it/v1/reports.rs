//! Reports of users' time, calls and coverage, and that the log alone tells them (A3.8).

use std::time::Duration;

use chrono::TimeDelta;
use dutyline::domain::event::Envelope;
use dutyline::domain::ids::Login;
use dutyline::domain::ledger::{self, Open, Segment, Turn};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Api;
use crate::harness::line::{ADA, hours};

const PERIOD: &str = "from=2026-11-19&to=2026-11-22";

/// Ada is on duty for eight hours, half an hour of it at lunch.
async fn a_day(api: &Api, owner: &str) {
    api.line.call_from(ADA).await.presses("1").await.hangs_up().await;
    api.line.clock.advance(hours(1));
    let lunch = json!({ "state": "away", "minutes": 30, "note": "lunch" });
    api.ask(owner, axum::http::Method::POST, "/v1/users/ada/availabilities", lunch).await;
    for _ in 0..10 {
        api.line.clock.advance(hours(1));
        api.line.app.fire_due().await.expect("the timers run");
    }
}

fn rows(report: &Value) -> Vec<String> {
    let text = |row: &Value| {
        let word = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {} {}", word("day"), word("duty"), word("state"), word("reason"), row["seconds"])
    };
    report.as_array().expect("rows").iter().map(text).collect()
}

#[tokio::test]
async fn time_is_told_by_day_in_the_users_zone_up_to_now() {
    let api = Api::open().await;
    let owner = api.owner().await;
    a_day(&api, &owner).await;
    // It is eleven in the evening in Toronto; in UTC it is tomorrow.
    let report = api.get(&owner, &format!("/v1/reports/time?{PERIOD}&user=ada")).await;
    assert_eq!(
        rows(&report.body),
        [
            "2026-11-20 offline available expired 10800",
            "2026-11-20 online available logged_in 27000",
            "2026-11-20 online away logged_in 1800",
        ]
    );
    let all = api.get(&owner, &format!("/v1/reports/time?{PERIOD}")).await;
    assert_eq!(all.body, report.body, "she is the only one");
    let calls = api.get(&owner, &format!("/v1/reports/calls?{PERIOD}")).await.body;
    assert_eq!((&calls[0]["outcome"], &calls[0]["calls"]), (&json!("online"), &json!(1)));
    // Counted in the tenant's zone, which is UTC.
    let counts = async |skill: &str| -> Vec<u64> {
        let path = format!("/v1/reports/on-duty?from=2026-11-20&to=2026-11-20&step=240{skill}");
        let series = api.get(&owner, &path).await.body;
        series
            .as_array()
            .expect("a series")
            .iter()
            .map(|one| one["users"].as_u64().expect("a count"))
            .collect()
    };
    assert_eq!(counts("").await, [0, 0, 0, 0, 0, 1]);
    assert_eq!(counts("&skill=french").await, [0; 6]);
    let of_skill = async || api.get(&owner, &format!("/v1/reports/time?{PERIOD}&skill=french")).await.body;
    assert_eq!(of_skill().await, json!([]));
    let skills = json!({ "skills": ["french"] });
    api.ask(&owner, axum::http::Method::PATCH, "/v1/users/ada", skills).await;
    assert_eq!(counts("&skill=french").await, [0, 0, 0, 0, 0, 1]);
    assert_eq!(of_skill().await, report.body);
    let both = api.get(&owner, &format!("/v1/reports/time?{PERIOD}&skill=french&user=ada")).await;
    assert_eq!((both.code(), both.field()), ((422, "invalid"), "skill"));
}

#[tokio::test]
async fn time_that_two_nodes_read_at_once_counts_once() {
    let api = Api::open().await;
    let owner = api.owner().await;
    a_day(&api, &owner).await;
    let other = api.line.another_node().await;
    let (here, there) = tokio::join!(api.line.app.keep_time(), other.app.keep_time());
    here.and(there).expect("the log is read");
    let report = api.get(&owner, &format!("/v1/reports/time?{PERIOD}")).await.body;
    let seconds: i64 =
        report.as_array().expect("rows").iter().filter_map(|row| row["seconds"].as_i64()).sum();
    assert_eq!(TimeDelta::seconds(seconds), hours(11));
}

#[tokio::test]
async fn what_was_forgotten_unread_holds_nobody_up() {
    // D58.
    let api = Api::open().await;
    api.line.call_from(ADA).await.presses("1").await.hangs_up().await;
    api.line.clock.advance(hours(24 * 401));
    while api.line.app.purge().await.expect("purged") {}
    let read = timeout(Duration::from_secs(30), api.line.app.keep_time()).await;
    read.expect("the log has an end").expect("it is read");
    let owner = api.owner().await;
    let series = api.get(&owner, "/v1/reports/on-duty?from=2027-12-20&to=2027-12-20&step=1440").await;
    assert_eq!(series.status, 200, "{series:?}");
}

#[tokio::test]
async fn the_log_alone_comes_to_the_same_time() {
    let api = Api::open().await;
    let owner = api.owner().await;
    a_day(&api, &owner).await;
    let ada: Login = "ada".parse().expect("a login");
    let report = api.get(&owner, &format!("/v1/reports/time?{PERIOD}")).await.body;
    let now = api.line.clock.now();
    let segments = fold(&api.line.events().await, &ada, now);
    let told: i64 = report.as_array().expect("rows").iter().filter_map(|row| row["seconds"].as_i64()).sum();
    let counted: TimeDelta = segments.iter().map(|segment| segment.to - segment.from).sum();
    assert_eq!(told, counted.num_seconds());
    let zone = "America/Toronto".parse().expect("a zone");
    let mut tally = ledger::Tally::within(&zone, (segments[0].from, now));
    for segment in &segments {
        tally.add(segment);
    }
    let mine: Vec<_> = tally
        .rows()
        .map(|(day, on, millis)| (day.to_string(), on.state.to_string(), millis / 1000))
        .collect();
    let theirs: Vec<_> = report
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            let word = |name: &str| row[name].as_str().expect("a word").to_owned();
            (word("day"), word("state"), row["seconds"].as_i64().expect("seconds"))
        })
        .collect();
    assert_eq!(mine, theirs);
}

/// A user's stretches, from the first event to the last and on to now.
fn fold(log: &[Envelope], login: &Login, now: dutyline::domain::time::Instant) -> Vec<Segment> {
    let (mut open, mut segments): (Option<Open>, Vec<Segment>) = (None, Vec::new());
    for event in log.iter().filter(|event| event.subject == format!("user:{login}")) {
        match ledger::follow(open.as_ref(), &event.event, event.at) {
            Turn::Stays => {}
            Turn::Goes(over, next) => {
                segments.extend(over);
                open = Some(next);
            }
            Turn::Ends(over) => {
                segments.extend(over);
                open = None;
            }
        }
    }
    segments.extend(open.and_then(|open| open.until(now)));
    segments
}

#[tokio::test]
async fn rows_come_as_csv_for_who_accepts_it_and_from_many_pages() {
    let api = Api::open().await;
    let owner = api.owner().await;
    for number in 0..120 {
        api.line
            .agent(&format!("u{number:03}"), "One of many", &format!("+1506234{:04}", 1000 + number))
            .await;
    }
    a_day(&api, &owner).await;
    let csv = api.text(&owner, &format!("/v1/reports/time?{PERIOD}"), &[("accept", "text/csv")]).await;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "user,day,duty,state,label,reason,activity,seconds");
    assert_eq!(lines[1], "ada,2026-11-20,offline,available,,expired,idle,10800");
    let json = api.get(&owner, &format!("/v1/reports/time?{PERIOD}")).await.body;
    assert_eq!(json.as_array().expect("rows").len(), lines.len() - 1);
    assert_eq!(lines.iter().filter(|line| line.starts_with("user,")).count(), 1, "one head");
}

#[tokio::test]
async fn a_period_that_cannot_be_is_refused_with_its_field() {
    let api = Api::open().await;
    let owner = api.owner().await;
    for (query, field) in [
        ("time?to=2026-11-20", "from"),
        ("time?from=2026-11-20&to=2026-11-19", "to"),
        ("time?from=2025-01-01&to=2026-11-19", "to"),
        ("time?from=yesterday&to=2026-11-19", "from"),
        ("on-duty?from=2026-11-20&to=2026-11-20&step=0", "step"),
        ("calls?from=2026-11-20&to=2026-11-20&user=ada", "user"),
    ] {
        let refused = api.get(&owner, &format!("/v1/reports/{query}")).await;
        assert_eq!(refused.code(), (422, "invalid"), "{query}: {refused:?}");
        assert!(
            refused.field() == field || refused.body["detail"].to_string().contains(field),
            "{refused:?}"
        );
    }
    let unknown = api.get(&owner, &format!("/v1/reports/time?{PERIOD}&user=eve")).await;
    assert_eq!(unknown.code(), (404, "not_found"));
}

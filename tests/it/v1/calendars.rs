//! Calendars over the API: hours of work come in with them, and who is on duty goes out.

use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use axum::http::Request;
use chrono::TimeDelta;
use dutyline::app::users::UserPatch;
use dutyline::domain::access::{Right, Role};
use dutyline::http::v1::Terms;
use dutyline::http::v1::allowance::Allowance;
use serde_json::{Value, json};

use super::{Answer, Api, plenty};
use crate::harness::python::{interpreter, opinion};

const HOLIDAYS: &str = include_str!("../calendars/holidays.ics");
const OUTLOOK: &str = include_str!("../calendars/outlook.ics");
const APPLE: &str = include_str!("../calendars/apple.ics");

impl Api {
    async fn import(&self, token: &str, how: &str, file: &str) -> Answer {
        let path = format!("/v1/users/ada/schedule/import?{how}");
        self.send(token, Method::POST, &path, file.to_owned(), &[("content-type", "text/calendar")]).await
    }

    async fn hours(&self, token: &str) -> Value {
        self.get(token, "/v1/users/ada/schedule").await.body
    }

    /// Asks as calendar programs do, which show nothing but the address.
    async fn follow(&self, path: &str) -> (u16, String) {
        let (parts, body) = self.exchange(Request::get(path).body(Body::empty()).expect("a request")).await;
        (parts.status.as_u16(), String::from_utf8(body.to_vec()).expect("text"))
    }

    /// Ada works on Mondays, and has a skill.
    async fn ada_works(&self, token: &str) {
        let hours = json!({ "zone": "America/Toronto", "rules": [{ "weekday": "Mon", "start": "08:00", "end": "16:00" }] });
        assert_eq!(self.ask(token, Method::PUT, "/v1/users/ada/schedule", hours).await.status, 204);
        let patch = UserPatch { skills: Some("french".parse().expect("a skill")), ..UserPatch::default() };
        let ada = "ada".parse().expect("a login");
        self.line.app.change_user(&self.line.tenant, &ada, patch).await.expect("changed");
    }
}

#[tokio::test]
async fn holidays_become_days_off_and_the_hours_stay() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let refused = api.import(&owner, "as=holidays", HOLIDAYS).await;
    assert_eq!(refused.code(), (422, "calendar_invalid"), "there are no hours yet: {refused:?}");
    api.ada_works(&owner).await;
    let before = api.hours(&owner).await;
    let tried = api.import(&owner, "as=holidays&dry_run=true", HOLIDAYS).await;
    let off = |date: &str| json!({ "date": date, "before": null, "after": [] });
    let days = json!([off("2026-12-25"), off("2026-12-31"), off("2027-01-01")]);
    assert_eq!((tried.status, &tried.body["days"], &tried.body["dry_run"]), (200, &days, &json!(true)));
    assert_eq!(tried.body["left_out"], json!({ "cancelled": 0, "over": 1 }));
    assert_eq!(api.hours(&owner).await, before, "nothing is done on a dry run");
    let done = api.import(&owner, "as=holidays", HOLIDAYS).await;
    assert_eq!((&done.body["days"], &done.body["schedule"]), (&days, &api.hours(&owner).await));
    assert_eq!(api.hours(&owner).await["rules"], before["rules"]);
    let events = api.line.events().await.len();
    let again = api.import(&owner, "as=holidays", HOLIDAYS).await;
    assert_eq!((&again.body["days"], api.line.events().await.len()), (&json!([]), events), "twice is once");
}

#[tokio::test]
async fn what_outlook_and_apple_export_is_taken_in() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let outlook = api.import(&owner, "as=shifts", OUTLOOK).await;
    assert_eq!(outlook.status, 200, "{outlook:?}");
    let hours = api.hours(&owner).await;
    assert_eq!(hours["zone"], json!("America/New_York"), "by its Windows name");
    let days: Vec<_> =
        hours["rules"].as_array().expect("rules").iter().map(|rule| rule["weekday"].clone()).collect();
    assert_eq!(days, ["Mon", "Tue", "Wed", "Thu", "Fri"]);
    let shift = |start: &str, end: &str| json!([{ "start": start, "end": end }]);
    let differ = json!({ "2026-11-25": [], "2026-11-26": [], "2026-12-01": shift("12:00", "20:00") });
    assert_eq!(hours["exceptions"], differ);
    api.ada_works(&owner).await;
    let repeated = api.import(&owner, "as=shifts", APPLE).await;
    let why = repeated.body["detail"].as_str().expect("words");
    assert!(
        why.contains("event `6C2E1D9A-0B5F-4E0C-9C61-2F7F3B0C8A11` (line 24): DTSTART: what is repeated"),
        "{why}"
    );
    let berlin =
        json!({ "zone": "Europe/Berlin", "rules": [{ "weekday": "Mon", "start": "08:00", "end": "16:00" }] });
    api.ask(&owner, Method::PUT, "/v1/users/ada/schedule", berlin).await;
    let apple = api.import(&owner, "as=shifts", APPLE).await;
    assert_eq!(apple.body["left_out"], json!({ "cancelled": 1, "over": 0 }), "{apple:?}");
    let differ = json!({
        // Said in another zone.
        "2026-11-24": shift("16:00", "22:00"),
        "2026-12-06": shift("22:00", "06:00"),
        "2026-12-13": shift("22:00", "06:00"),
        "2026-12-20": shift("22:00", "06:00"),
        "2026-12-25": [],
        "2027-12-25": [],
    });
    assert_eq!(api.hours(&owner).await["exceptions"], differ);
}

#[tokio::test]
async fn a_calendar_that_cannot_be_taken_in_changes_nothing() {
    let api = Api::open().await;
    let owner = api.owner().await;
    api.ada_works(&owner).await;
    let before = api.hours(&owner).await;
    let half = HOLIDAYS.replace("DTSTART;VALUE=DATE:20261231", "DTSTART:20261231T120000");
    let large = "X".repeat(1024 * 1024 + 1);
    for (how, file, code, field) in [
        ("as=holidays", half.as_str(), (422, "calendar_invalid"), "-"),
        ("as=holidays", "<html>", (422, "calendar_invalid"), "-"),
        ("as=holidays", "", (422, "calendar_invalid"), "-"),
        ("as=holidays", large.as_str(), (413, "too_large"), "-"),
        ("as=birthdays", HOLIDAYS, (422, "invalid"), "as"),
        ("dry_run=true", HOLIDAYS, (422, "invalid"), "-"),
        ("as=holidays&dry_run=perhaps", HOLIDAYS, (422, "invalid"), "dry_run"),
    ] {
        let answer = api.import(&owner, how, file).await;
        assert_eq!(answer.code(), code, "{how}: {answer:?}");
        assert!(field == "-" || answer.field() == field, "{how}: {answer:?}");
        assert_eq!(api.hours(&owner).await, before, "{how}");
    }
}

#[tokio::test]
async fn exported_hours_are_imported_as_the_same() {
    let api = Api::open().await;
    let owner = api.owner().await;
    api.ada_works(&owner).await;
    api.import(&owner, "as=holidays", HOLIDAYS).await;
    let hours = api.hours(&owner).await;
    let file = api.text(&owner, "/v1/users/ada/schedule.ics", &[]).await;
    let path = "/v1/users/ada/schedule";
    api.ask(&owner, Method::DELETE, path, Value::Null).await;
    assert_eq!(api.get(&owner, "/v1/users/ada/schedule.ics").await.code(), (404, "not_found"));
    assert_eq!(api.import(&owner, "as=shifts", &file).await.status, 200, "{file}");
    assert_eq!(api.hours(&owner).await, hours);
}

#[tokio::test]
async fn a_calendar_is_sent_once_until_it_changes() {
    let api = Api::open().await;
    let owner = api.owner().await;
    api.ada_works(&owner).await;
    for path in ["/v1/users/ada/calendar.ics", "/v1/skills/french/calendar.ics"] {
        let first = api.get(&owner, path).await;
        assert_eq!(
            (first.status, first.header("content-type")),
            (200, Some("text/calendar; charset=utf-8")),
            "{path}"
        );
        let tag = first.header("etag").expect("a tag").to_owned();
        let ask =
            async || api.ask_with(&owner, Method::GET, path, Value::Null, &[("if-none-match", &tag)]).await;
        api.line.clock.advance(TimeDelta::minutes(1));
        assert_eq!(ask().await.status, 304, "{path}");
        let online = json!({ "state": "online", "hours": 2 });
        api.ask(&owner, Method::PUT, "/v1/presence/ada", online).await;
        let after = ask().await;
        assert_eq!(after.status, 200, "{path}");
        assert_ne!(after.header("etag"), Some(tag.as_str()), "{path}");
        let text = api.text(&owner, path, &[]).await;
        assert!(text.contains("SUMMARY:Ada Agent: on duty\r\n"), "{text}");
        api.ask(&owner, Method::PUT, "/v1/presence/ada", json!({ "state": "offline" })).await;
    }
}

#[tokio::test]
async fn a_skills_calendar_is_of_those_who_have_it_and_are_in_service() {
    let api = Api::open().await;
    let owner = api.owner().await;
    api.ada_works(&owner).await;
    api.line.agent("bob", "Bob Agent", "+15062345679").await;
    api.ask(&owner, Method::PUT, "/v1/presence/bob", json!({ "state": "online", "hours": 2 })).await;
    let french = api.text(&owner, "/v1/skills/french/calendar.ics", &[]).await;
    assert!(french.contains("Ada Agent: working hours") && !french.contains("Bob"), "{french}");
    assert!(!api.text(&owner, "/v1/skills/billing/calendar.ics", &[]).await.contains("VEVENT"));
    api.ask(&owner, Method::DELETE, "/v1/users/ada", Value::Null).await;
    for path in ["/v1/skills/french/calendar.ics", "/v1/users/ada/calendar.ics"] {
        assert!(!api.text(&owner, path, &[]).await.contains("VEVENT"), "{path}");
    }
    assert_eq!(api.get(&owner, "/v1/skills/No%20Skill/calendar.ics").await.status, 404);
    api.ask(&owner, Method::PUT, "/v1/presence/bob", json!({ "state": "offline" })).await;
}

#[tokio::test]
async fn an_address_opens_only_for_a_token_that_can_do_nothing_else() {
    let api = Api::open().await;
    let owner = api.owner().await;
    api.ada_works(&owner).await;
    api.line.agent("bob", "Bob Agent", "+15062345679").await;
    let only = Some(&[Right::CalendarRead][..]);
    let both = Some(&[Right::CalendarRead, Right::PresenceRead][..]);
    let mine = api.token("ada's", Role::Agent, only, Some("ada")).await;
    let all = api.token("wall", Role::Supervisor, only, None).await;
    let agent = api.token("phone", Role::Agent, None, Some("ada")).await;
    let wide = api.token("wide", Role::Admin, both, None).await;
    let other = api.token("other", Role::Supervisor, Some(&[Right::PresenceRead]), None).await;
    let mistyped = &all[..all.len() - 1];
    let (ada, bob, french) = ("users/ada.ics", "users/bob.ics", "skills/french.ics");
    for (token, place, status) in [
        (mine.as_str(), ada, 200),
        (&mine, bob, 404),
        (&mine, french, 404),
        (&all, ada, 200),
        (&all, bob, 200),
        (&all, french, 200),
        (&all, "users/nobody.ics", 404),
        (&all, "users/ada", 404),
        (&all, "skills/No.ics", 404),
        (&owner, ada, 404),
        (&agent, ada, 404),
        (&wide, ada, 404),
        (&other, ada, 404),
        (mistyped, ada, 404),
        ("none", ada, 404),
    ] {
        let (found, text) = api.follow(&format!("/calendar/{token}/{place}")).await;
        assert_eq!(found, status, "{place}: {text}");
        if status == 404 {
            let told: Value = serde_json::from_str(&text).expect("a problem");
            assert_eq!(told["detail"], json!("there is nothing here"), "nobody learns why");
        }
    }
    api.ask(&owner, Method::DELETE, "/v1/tokens/wall", Value::Null).await;
    assert_eq!(api.follow(&format!("/calendar/{all}/{ada}")).await.0, 404);
}

#[tokio::test]
async fn who_guesses_at_addresses_is_held_up() {
    let strangers = Allowance { every: Duration::from_mins(1), burst: 2 };
    let api = Api::on(Terms { strangers, ..plenty() }).await;
    let mine = api.token("ada's", Role::Agent, Some(&[Right::CalendarRead]), Some("ada")).await;
    let known = format!("/calendar/{mine}/users/ada.ics");
    assert_eq!(api.follow(&known).await.0, 200);
    let mut found = Vec::new();
    for _ in 0..3 {
        found.push(api.follow("/calendar/dl_guess/users/ada.ics").await.0);
    }
    assert_eq!(found, [404, 404, 429]);
    assert_eq!(api.follow(&known).await.0, 200, "who is known is not");
}

/// `tests/run` installs the library and names the interpreter in `DUTYLINE_TEST_PYTHON`.
#[tokio::test]
async fn another_library_reads_our_calendars_as_we_mean_them() {
    let Some(python) = interpreter("icalendar") else { return };
    let api = Api::open().await;
    let owner = api.owner().await;
    api.ada_works(&owner).await;
    api.import(&owner, "as=holidays", HOLIDAYS).await;
    api.ask(&owner, Method::PUT, "/v1/presence/ada", json!({ "state": "online", "hours": 2 })).await;
    let mut files = Vec::new();
    for path in ["/v1/users/ada/calendar.ics", "/v1/skills/french/calendar.ics", "/v1/users/ada/schedule.ics"]
    {
        files.push(api.text(&owner, path, &[]).await);
    }
    let told = opinion(&python, "v1/second_opinion.py", &json!(files));
    let told: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(told.len(), 3);
    let duty = json!({
        "summary": "Ada Agent: on duty", "start": "2026-11-20T17:00:00+00:00", "end": "2026-11-20T19:00:00+00:00",
        "rule": null, "except": [],
    });
    let work = json!({
        "summary": "Ada Agent: working hours", "start": "2026-11-23T13:00:00+00:00",
        "end": "2026-11-23T21:00:00+00:00", "rule": null, "except": [],
    });
    for feed in &told[..2] {
        assert_eq!((&feed["faults"], &feed["events"][0], &feed["events"][1]), (&json!([]), &duty, &work));
    }
    let week = json!({
        "summary": "Working hours", "start": "2026-11-23T08:00:00-05:00", "end": "2026-11-23T16:00:00-05:00",
        "rule": "FREQ=WEEKLY;BYDAY=MO", "except": [],
    });
    let day = json!({
        "summary": "Off work", "start": "2026-12-25", "end": "2026-12-26", "rule": null, "except": [],
    });
    assert_eq!((&told[2]["faults"], &told[2]["events"][0], &told[2]["events"][1]), (&json!([]), &week, &day));
    api.ask(&owner, Method::PUT, "/v1/presence/ada", json!({ "state": "offline" })).await;
}

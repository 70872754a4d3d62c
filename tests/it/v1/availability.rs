//! What users say of themselves, seen and set over the API: one model with the phone's duty windows (A2.1 to A2.8,
//! D28, D29).

use axum::http::Method;
use chrono::TimeDelta;
use dutyline::domain::access::Role;
use serde_json::{Value, json};

use super::{Answer, Api};
use crate::harness::line::{ADA, hours};

const SAID: &str = "/v1/users/ada/availabilities";

impl Api {
    pub(super) async fn say(&self, token: &str, said: Value) -> Answer {
        self.ask(token, Method::POST, SAID, said).await
    }

    /// The state that counts, and whether Ada can be given a call.
    pub(super) async fn stands(&self, token: &str) -> (String, bool) {
        let said = self.get(token, SAID).await.body;
        let status = self.get(token, "/v1/users/ada/status").await.body;
        let can = status["status"]["CanBeAllocatedTo"].as_bool().expect("a bool");
        assert_eq!(can, status["reasons"] == json!([]), "{status}");
        (said["state"].as_str().expect("a state").to_owned(), can)
    }

    /// Lets time pass, and the timers run.
    pub(super) async fn pass(&self, length: TimeDelta) {
        self.line.clock.advance(length);
        self.line.app.fire_due().await.expect("the timers run");
    }

    /// The types of the newest events.
    pub(super) async fn newest(&self, count: usize) -> Vec<String> {
        let events = self.line.events().await;
        events.iter().skip(events.len() - count).map(|event| event.event.split().0).collect()
    }
}

#[tokio::test]
async fn a_window_set_by_phone_and_an_availability_set_over_the_api_are_one_model() {
    let api = Api::open().await;
    let owner = api.owner().await;
    assert_eq!(api.stands(&owner).await, ("available".to_owned(), false), "A2.3, D1");
    api.line.call_from(ADA).await.presses("1").await;
    let said = api.get(&owner, SAID).await;
    assert_eq!(said.body["availabilities"][0]["source"], json!("phone"));
    assert_eq!(said.body["availabilities"][0]["ends_at"], json!("2026-11-21T01:00:00Z"));
    assert_eq!(said.body["active"], said.body["availabilities"][0]["id"]);
    assert_eq!(api.stands(&owner).await, ("available".to_owned(), true));
    // Set over the API, it is what the phone and the timers know.
    let until = api.say(&owner, json!({ "state": "available", "minutes": 120 })).await;
    assert_eq!((until.status, &until.body["ends_at"]), (201, &json!("2026-11-20T19:00:00Z")));
    assert_eq!(json!(api.line.online_until("ada").await), until.body["ends_at"]);
    // Not to be disturbed for a while, and then on duty again (D29).
    let dnd = api.say(&owner, json!({ "state": "dnd", "minutes": 30, "note": "in a meeting" })).await;
    assert_eq!(dnd.status, 201);
    assert_eq!(api.stands(&owner).await, ("dnd".to_owned(), false));
    assert_eq!(api.get(&owner, "/v1/oncall").await.body, json!([]));
    api.pass(TimeDelta::minutes(30)).await;
    assert_eq!(api.newest(3).await, ["availability.turned", "UserAvailability", "UserStatus"]);
    assert_eq!(api.stands(&owner).await, ("available".to_owned(), true));
    // A key press is the last word.
    api.say(&owner, json!({ "state": "dnd" })).await;
    api.line.clock.advance(TimeDelta::seconds(1));
    api.line.call_from(ADA).await.presses("1").await;
    assert_eq!(api.stands(&owner).await, ("available".to_owned(), true));
    api.pass(hours(8)).await;
    assert_eq!(api.stands(&owner).await, ("dnd".to_owned(), false), "it went on beneath");
    assert_eq!(api.newest(3).await, ["presence.offline", "UserAvailability", "UserStatus"]);
}

#[tokio::test]
async fn time_on_duty_can_be_said_beforehand_and_begins_by_itself() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let shift = json!({
        "state": "available", "starts_at": "2026-11-20T20:00:00Z", "ends_at": "2026-11-20T23:00:00Z",
    });
    let planned = api.say(&owner, shift).await;
    assert_eq!(planned.status, 201);
    assert_eq!(api.stands(&owner).await, ("available".to_owned(), false));
    assert_eq!(api.get(&owner, "/v1/oncall").await.body, json!([]));
    let then = api.get(&owner, "/v1/oncall?at=2026-11-20T21:00:00Z").await.body;
    assert_eq!((&then[0]["user"], &then[0]["until"]), (&json!("ada"), &json!("2026-11-20T23:00:00Z")));
    let early = api.line.clock.now();
    let next = api.line.app.fire_due().await.expect("nothing is due").next.expect("a beginning");
    assert_eq!(next - early, hours(3));
    api.pass(hours(3)).await;
    assert_eq!(api.newest(2).await, ["presence.online", "UserStatus"]);
    assert_eq!(api.stands(&owner).await, ("available".to_owned(), true));
    assert_eq!(json!(api.line.online_until("ada").await), planned.body["ends_at"]);
    // It is the window now, under its own name.
    let id = planned.body["id"].as_str().expect("an id");
    assert_eq!(api.get(&owner, SAID).await.body["active"], json!(id));
    let taken_back = api.ask(&owner, Method::DELETE, &format!("{SAID}/{id}"), Value::Null).await;
    assert_eq!(taken_back.status, 204);
    assert_eq!(api.line.online_until("ada").await, None);
}

#[tokio::test]
async fn duty_to_come_ends_with_the_last_number_and_with_the_user() {
    // D36, D37.
    let api = Api::open().await;
    let owner = api.owner().await;
    let shift = json!({
        "state": "available", "starts_at": "2026-11-20T20:00:00Z", "ends_at": "2026-11-20T23:00:00Z",
    });
    let said = async || api.get(&owner, SAID).await.body["availabilities"].as_array().map(Vec::len);
    assert_eq!(api.say(&owner, shift.clone()).await.status, 201);
    let gone = api.ask(&owner, Method::DELETE, "/v1/users/ada/extensions/1", Value::Null).await;
    assert_eq!((gone.status, said().await), (200, Some(0)));
    assert_eq!(api.say(&owner, shift.clone()).await.code(), (409, "user_unreachable"));
    let number = json!({ "number": ADA });
    api.ask(&owner, Method::POST, "/v1/users/ada/extensions", number).await;
    assert_eq!(api.say(&owner, shift.clone()).await.status, 201);
    api.ask(&owner, Method::DELETE, "/v1/users/ada", Value::Null).await;
    assert_eq!(said().await, Some(0));
    assert_eq!(api.say(&owner, shift).await.code(), (409, "user_inactive"));
    api.pass(hours(4)).await;
    assert_eq!(api.get(&owner, "/v1/presence/ada").await.body["state"], json!("offline"));
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_with_its_field() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let long = "x".repeat(281);
    for (said, code, field) in [
        (json!({}), (422, "invalid"), "state"),
        (json!({ "state": "up" }), (422, "invalid"), "state"),
        (json!({ "state": "dnd", "note": long }), (422, "invalid"), "note"),
        (json!({ "state": "dnd", "note": "two\nlines" }), (422, "invalid"), "note"),
        (json!({ "state": "dnd", "transfer": "5551234" }), (422, "invalid"), "transfer"),
        (json!({ "state": "dnd", "minutes": 0 }), (422, "invalid"), "minutes"),
        (
            json!({ "state": "dnd", "minutes": 5, "ends_at": "2026-11-21T00:00:00Z" }),
            (422, "invalid"),
            "minutes",
        ),
        (json!({ "state": "dnd", "ends_at": "2026-11-20T17:00:00Z" }), (422, "invalid"), "ends_at"),
        (json!({ "state": "dnd", "starts_at": "2030-01-01T00:00:00Z" }), (422, "invalid"), "starts_at"),
        (json!({ "state": "dnd", "starts_at": "now" }), (422, "invalid"), "starts_at"),
        (json!({ "state": "dnd", "label": "Lunch" }), (422, "invalid"), "label"),
        (json!({ "state": "dnd", "colour": "red" }), (422, "invalid"), "colour"),
        // A2.8.
        (
            json!({ "state": "busy", "presence_type_id": 1 }),
            (403, "terminal_availability"),
            "presence_type_id",
        ),
        (json!({ "state": "available", "minutes": 10080 }), (201, "-"), "-"),
    ] {
        let answer = api.say(&owner, said.clone()).await;
        assert_eq!((answer.code(), answer.field()), (code, field), "{said}: {answer:?}");
    }
    let none = format!("{SAID}/avl_00000000000000000000000000000001");
    assert_eq!(api.ask(&owner, Method::DELETE, &none, Value::Null).await.code(), (404, "not_found"));
    // Who saw an older state changes nothing (D39).
    let stale =
        api.ask_with(&owner, Method::POST, SAID, json!({ "state": "dnd" }), &[("if-match", "\"0\"")]).await;
    assert_eq!(stale.code(), (412, "changed_meanwhile"));
}

#[tokio::test]
async fn a_status_is_read_and_moved_only_by_what_it_is_made_of() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let pbx = api.token("pbx", Role::Admin, None, None).await;
    let put = api.ask(&owner, Method::PUT, "/v1/users/ada/status", json!({ "Serving": false })).await;
    assert_eq!(put.code(), (405, "method_not_allowed"));
    api.line.call_from(ADA).await.presses("1").await;
    let set = async |body: Value| api.ask(&owner, Method::PATCH, "/v1/users/ada/settings", body).await;
    let fetch = set(json!({ "Queues_AllocationMode": "fetch", "Queues_Serving": 0 })).await;
    assert_eq!(fetch.body["reasons"], json!(["not_serving", "fetch_mode"]));
    assert_eq!(api.newest(2).await, ["desk.changed", "UserStatus"]);
    for (body, field) in [
        (json!({ "Queues_Serving": 2 }), "Queues_Serving"),
        (json!({ "Queues_AllocationMode": "push" }), "Queues_AllocationMode"),
        (json!({ "Queues_Max": 2 }), "Queues_Max"),
        (json!({ "wrap_up": 1000 }), "wrap_up"),
        (json!({ "quick_set": "none" }), "quick_set"),
    ] {
        let refused = set(body).await;
        assert_eq!((refused.code(), refused.field()), ((422, "invalid"), field));
    }
    set(json!({ "Queues_AllocationMode": "default", "Queues_Serving": 1, "wrap_up": 30 })).await;
    // Calls are facts that a telephony system reports (A2.8, A3.4, D52).
    let report = async |body: Value| api.ask(&pbx, Method::POST, "/v1/users/ada/terminals/7", body).await;
    let dialing = report(json!({ "state": "dialing", "queue": "support" })).await.body;
    assert_eq!(dialing["reasons"], json!(["talking"]));
    assert_eq!(dialing["status"]["ActiveQueueId"], json!("support"));
    report(json!({ "state": "talking" })).await;
    api.pass(TimeDelta::seconds(90)).await;
    let ended = report(json!({ "state": "idle" })).await.body;
    assert_eq!(ended["reasons"], json!(["wrap_up"]));
    assert_eq!(ended["status"]["WrapUpEnd"], json!("2026-11-20T17:02:00Z"));
    assert_eq!((&ended["code"], &ended["code_number"]), (&json!("dnd"), &json!(4)));
    assert_eq!(api.get(&owner, SAID).await.body["state"], json!("available"), "A2.1");
    let longer = api.ask(&owner, Method::POST, "/v1/users/ada/wrapup/extend", json!({ "seconds": 60 })).await;
    assert_eq!(longer.body["status"]["WrapUpEnd"], json!("2026-11-20T17:03:00Z"));
    // Its end is told by the timers, like the rest.
    api.pass(TimeDelta::seconds(90)).await;
    assert_eq!(api.newest(2).await, ["availability.turned", "UserStatus"]);
    assert_eq!(api.stands(&owner).await, ("available".to_owned(), true));
    report(json!({ "state": "talking" })).await;
    api.pass(TimeDelta::seconds(1)).await;
    report(json!({ "state": "idle" })).await;
    let known = "/users/ada/features/wrapup/terminate/";
    assert_eq!(api.ask(&owner, Method::POST, known, Value::Null).await.status, 204, "A2.13");
    assert_eq!(api.ask(&owner, Method::POST, known, Value::Null).await.code(), (409, "wrap_up"));
    assert_eq!(api.stands(&owner).await, ("available".to_owned(), true));
    // No wrap-up follows a call that only rang, or one with a colleague.
    for call in [json!({ "state": "dialing" }), json!({ "state": "talking", "party": "internal" })] {
        report(call).await;
        api.pass(TimeDelta::seconds(20)).await;
        assert_eq!(report(json!({ "state": "idle" })).await.body["reasons"], json!([]));
    }
    let supervisor = api.token("chief", Role::Supervisor, None, None).await;
    let refused =
        api.ask(&supervisor, Method::POST, "/v1/users/ada/terminals/7", json!({ "state": "idle" })).await;
    assert_eq!(refused.code(), (403, "forbidden"));
}

#[tokio::test]
async fn labels_and_quick_availabilities_are_the_tenants() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let policy = json!({
        "wrap_up": 20, "active_call": "shown",
        "labels": [
            { "text": "Ready for Calls", "code": "online", "reason_code": "*60", "sink": "dial_command" },
            { "text": "Lunch", "code": "away" },
            { "text": "In a call", "code": "on_a_call" },
        ],
        "quick_sets": [{ "name": "day", "entries": [
            { "state": "available", "minutes": 480 },
            { "state": "brb", "minutes": 15, "note": "coffee" },
        ] }],
    });
    assert_eq!(api.ask(&owner, Method::PUT, "/v1/policy", policy).await.status, 200);
    let twice = json!({ "labels": [{ "text": "A", "code": "away" }, { "text": "A", "code": "dnd" }] });
    let twice = api.ask(&owner, Method::PUT, "/v1/policy", twice).await;
    assert_eq!((twice.code(), twice.field()), ((422, "invalid"), "labels"));
    let lunch = api.say(&owner, json!({ "label": "Lunch", "minutes": 30 })).await.body;
    assert_eq!((&lunch["state"], &lunch["label"]), (&json!("away"), &json!("Lunch")));
    let status = api.get(&owner, "/v1/users/ada/status").await.body;
    assert_eq!((&status["code_number"], &status["label"]), (&json!(3), &json!("Lunch")));
    let other = api.say(&owner, json!({ "label": "Lunch", "state": "dnd" })).await;
    assert_eq!((other.code(), other.field()), ((422, "invalid"), "label"));
    let call = api.say(&owner, json!({ "label": "In a call" })).await;
    assert_eq!((call.code(), call.field()), ((422, "invalid"), "label"));
    // A2.6: the same as if it had been written out.
    let quick = "/v1/users/ada/quick-availabilities";
    assert_eq!(api.get(&owner, quick).await.body[1]["note"], json!("coffee"));
    let chosen = api.ask(&owner, Method::POST, &format!("{quick}/1"), Value::Null).await;
    assert_eq!(chosen.status, 201);
    assert_eq!(json!(api.line.online_until("ada").await), chosen.body["ends_at"]);
    let coffee = api.ask(&owner, Method::POST, &format!("{quick}/2"), Value::Null).await.body;
    assert_eq!((&coffee["state"], &coffee["note"]), (&json!("brb"), &json!("coffee")));
    let none = api.ask(&owner, Method::POST, &format!("{quick}/3"), Value::Null).await;
    assert_eq!((none.code(), none.field()), ((422, "invalid"), "number"));
}

#[tokio::test]
async fn hours_of_work_move_who_says_nothing_with_an_end() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let path = "/v1/users/ada/schedule";
    assert_eq!(api.get(&owner, path).await.code(), (404, "not_found"));
    // It is noon in Toronto, on a Friday.
    let week = json!({
        "zone": "America/Toronto",
        "rules": [{ "weekday": "Fri", "start": "08:00", "end": "16:30" }],
        "exceptions": { "2026-11-27": [] },
    });
    assert_eq!(api.ask(&owner, Method::PUT, path, week.clone()).await.status, 204);
    assert_eq!(api.get(&owner, path).await.body, week);
    assert_eq!(api.get(&owner, "/v1/schedules").await.body["items"][0]["user"], json!("ada"));
    api.pass(TimeDelta::zero()).await;
    assert_eq!(api.stands(&owner).await.0, "available");
    api.pass(TimeDelta::minutes(270)).await;
    assert_eq!(api.stands(&owner).await.0, "off_work", "A2.7");
    // D28: a window has an end, so that the hours do nothing; when it is over they count again.
    api.say(&owner, json!({ "state": "available", "minutes": 480 })).await;
    assert_eq!(api.stands(&owner).await, ("available".to_owned(), true));
    api.pass(hours(8)).await;
    assert_eq!(api.stands(&owner).await, ("off_work".to_owned(), false));
    // It is half past midnight on the 21st; the 27th is a day off, and the 4th is not.
    api.pass(TimeDelta::minutes(13 * 24 * 60 + 449)).await;
    assert_eq!(api.stands(&owner).await.0, "off_work");
    api.pass(TimeDelta::minutes(1)).await;
    assert_eq!(api.stands(&owner).await.0, "available");
    assert_eq!(api.ask(&owner, Method::DELETE, path, Value::Null).await.status, 204);
    api.pass(hours(24)).await;
    assert_eq!(api.stands(&owner).await.0, "available", "nothing moves it any more");
    for (field, bad) in [
        ("zone", json!({ "zone": "Atlantis", "rules": [] })),
        ("rules[0]", json!({ "zone": "UTC", "rules": [{ "weekday": "Fri", "start": "8", "end": "16:30" }] })),
        (
            "rules[0].weekday",
            json!({ "zone": "UTC", "rules": [{ "weekday": "Freitag", "start": "08:00", "end": "16:30" }] }),
        ),
        ("", json!({ "zone": "UTC", "rules": [] })),
    ] {
        let refused = api.ask(&owner, Method::PUT, path, bad).await;
        assert_eq!((refused.code(), refused.field()), ((422, "invalid"), field), "{refused:?}");
    }
}

/// D28: hours of work count again with the end of a window, and not with what else was said beforehand.
#[tokio::test]
async fn who_said_that_they_go_home_early_has_gone_home() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let week = json!({ "zone": "UTC", "rules": [{ "weekday": "Fri", "start": "08:00", "end": "20:00" }] });
    api.ask(&owner, Method::PUT, "/v1/users/ada/schedule", week).await;
    api.pass(TimeDelta::zero()).await;
    api.say(&owner, json!({ "state": "off_work", "starts_at": "2026-11-20T18:00:00Z" })).await;
    for minutes in [59, 1, 1] {
        api.pass(TimeDelta::minutes(minutes)).await;
    }
    assert_eq!(api.stands(&owner).await.0, "off_work");
}

#[tokio::test]
async fn what_time_alone_will_do_is_listed_as_timers() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let timers = async || -> Vec<(String, String)> {
        let page = api.get(&owner, "/v1/timers").await.body;
        let word = |timer: &Value, name: &str| timer[name].as_str().expect("a text").to_owned();
        let timers = page["items"].as_array().expect("timers").iter();
        timers.map(|timer| (word(timer, "kind"), word(timer, "due_at"))).collect()
    };
    let timer = |kind: &str, due_at: &str| (kind.to_owned(), due_at.to_owned());
    assert_eq!(timers().await, []);
    api.say(&owner, json!({ "state": "available", "ends_at": "2026-11-20T20:00:00Z" })).await;
    api.say(&owner, json!({ "state": "away", "starts_at": "2026-11-20T18:00:00Z", "minutes": 30 })).await;
    let settings = json!({ "wrap_up": 30 });
    assert_eq!(api.ask(&owner, Method::PATCH, "/v1/users/ada/settings", settings).await.status, 200);
    for state in ["talking", "idle"] {
        let report = json!({ "state": state });
        assert_eq!(api.ask(&owner, Method::POST, "/v1/users/ada/terminals/7", report).await.status, 200);
        api.pass(TimeDelta::seconds(1)).await;
    }
    let (duty, away) =
        (timer("duty_end", "2026-11-20T20:00:00Z"), timer("availability_turn", "2026-11-20T18:00:00Z"));
    let wrap_up = timer("wrap_up_end", "2026-11-20T17:00:31Z");
    assert_eq!(timers().await, [duty.clone(), away.clone(), wrap_up]);
    api.pass(TimeDelta::seconds(30)).await;
    assert_eq!(timers().await, [duty.clone(), away]);
    api.pass(hours(1)).await;
    assert_eq!(timers().await, [duty, timer("availability_turn", "2026-11-20T18:30:00Z")]);
    api.pass(hours(2)).await;
    assert_eq!(timers().await, []);
}

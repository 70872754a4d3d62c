//! Tenant, mappings, flows and prompts over the API: what it changes, calls meet (A1.7, A1.10, A1.12, A1.17).

use axum::http::Method;
use serde_json::{Value, json};

use super::{Answer, Api};
use crate::harness::line::{ADA, DUTY_LINE};
use crate::harness::recording::beep;

/// The harness's own mapping.
const HARNESS: &str = "calls to +15065550100";
const FLOW: &str = include_str!("../../../flows/timed-presence.toml");

impl Api {
    /// The kinds of what was done last, the newest first, and that this token did it.
    async fn deeds(&self, owner: &str, count: usize) -> Vec<String> {
        let me = self.get(owner, "/v1/me").await.body["token"].as_str().expect("an id").to_owned();
        let audit = self.get(owner, &format!("/v1/audit?limit={count}")).await.body;
        let items = audit["items"].as_array().expect("items");
        assert!(items.iter().all(|item| item["actor"] == json!(format!("token:{me}"))), "{items:?}");
        items.iter().map(|item| item["type"].as_str().expect("a name").to_owned()).collect()
    }

    /// What each page of a list names, page by page.
    async fn pages(&self, owner: &str, path: &str, name: impl Fn(&Value) -> String) -> Vec<Vec<String>> {
        let (mut at, mut pages) = (format!("{path}?limit=2"), Vec::new());
        loop {
            let page = self.get(owner, &at).await;
            let items = page.body["items"].as_array().unwrap_or_else(|| panic!("{at}: {page:?}"));
            pages.push(items.iter().map(&name).collect());
            let Some(link) = page.header("link") else { return pages };
            let next = link.strip_prefix("<?").and_then(|link| link.strip_suffix(">; rel=\"next\""));
            at = format!("{path}?limit=2&{}", next.unwrap_or_else(|| panic!("{link}")));
        }
    }
}

fn named(field: &str) -> impl Fn(&Value) -> String {
    move |item| item[field].as_str().unwrap_or_else(|| panic!("{item}")).to_owned()
}

fn mapping(extra: &Value) -> Value {
    let mut mapping = json!({
        "name": "Night", "kind": "contact-point", "value": "+1 506-555-0101", "flow": "timed-presence",
    });
    mapping.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
    mapping
}

#[tokio::test]
async fn a_mapping_is_added_changed_switched_and_removed() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let added = api.ask(&owner, Method::POST, "/v1/mappings", mapping(&json!({}))).await;
    assert_eq!((added.status, &added.body["value"]), (201, &json!("+15065550101")));
    assert_eq!((&added.body["active"], &added.body["version"]), (&json!(true), &Value::Null));
    let place = added.header("location").expect("a place").to_owned();
    assert_eq!(api.get(&owner, &place).await.body, added.body);
    assert_eq!(api.get(&owner, "/v1/mappings/Night").await.body, added.body);

    let change = json!({ "name": "Night / day", "version": 1, "description": "after hours" });
    let changed = api.ask(&owner, Method::PATCH, &place, change).await.body;
    assert_eq!((&changed["version"], &changed["description"]), (&json!(1), &json!("after hours")));
    assert_eq!(api.get(&owner, "/v1/mappings/Night%20%2F%20day").await.body, changed);
    let latest = api.ask(&owner, Method::PATCH, &place, json!({ "version": null })).await.body;
    assert_eq!(latest["version"], Value::Null);

    let names = |answer: &Answer| -> Vec<String> {
        answer.body["mappings"].as_array().expect("a list").iter().map(named("name")).collect()
    };
    let off = json!({ "active": false, "dry_run": true });
    let would = api.ask(&owner, Method::PATCH, "/v1/mappings", off).await;
    assert_eq!(names(&would), ["Night / day", HARNESS], "both");
    assert_eq!(api.get(&owner, &place).await.body["active"], json!(true), "nothing was changed");
    let off = json!({ "mappings": ["Night / day", latest["id"]], "active": false });
    assert_eq!(names(&api.ask(&owner, Method::PATCH, "/v1/mappings", off.clone()).await), ["Night / day"]);
    assert_eq!(names(&api.ask(&owner, Method::PATCH, "/v1/mappings", off).await), [""; 0], "it is off");
    let none = json!({ "mappings": ["Night / day", "Nigt / day"], "active": true });
    assert_eq!(api.ask(&owner, Method::PATCH, "/v1/mappings", none).await.code(), (404, "not_found"));
    assert_eq!(api.get(&owner, &place).await.body["active"], json!(false), "all or none");

    let day = mapping(&json!({ "name": "Day" }));
    assert_eq!(api.ask(&owner, Method::POST, "/v1/mappings", day).await.status, 201);
    for is_dry_run in [true, false] {
        let both = json!({ "active": true, "dry_run": is_dry_run });
        let refused = api.ask(&owner, Method::PATCH, "/v1/mappings", both).await;
        assert_eq!(refused.code(), (409, "mapping_conflict"), "a dry run tells as much: {is_dry_run}");
    }

    assert_eq!(api.ask(&owner, Method::DELETE, &place, Value::Null).await.status, 204);
    assert_eq!(api.get(&owner, &place).await.code(), (404, "not_found"));
    let deeds = [
        "mapping.removed",
        "mapping.added",
        "mapping.changed",
        "mapping.changed",
        "mapping.changed",
        "mapping.added",
    ];
    assert_eq!(api.deeds(&owner, 6).await, deeds);
}

#[tokio::test]
async fn a_mapping_that_is_switched_off_answers_no_call_any_more() {
    let api = Api::open().await;
    let owner = api.owner().await;
    api.line.call_from(ADA).await.hears("press 1").hangs_up().await;
    api.ask(&owner, Method::PATCH, "/v1/mappings", json!({ "active": false })).await;
    api.line.call_from(ADA).await.was_rejected();
}

#[tokio::test]
async fn a_mapping_that_cannot_be_is_refused_with_its_field() {
    let api = Api::open().await;
    let owner = api.owner().await;
    for (extra, code, field) in [
        (json!({ "name": " " }), (422, "invalid"), "name"),
        (json!({ "name": "a\u{0}" }), (422, "invalid"), "name"),
        (json!({ "name": HARNESS }), (409, "exists"), "-"),
        (json!({ "description": "two\nlines" }), (422, "invalid"), "description"),
        (json!({ "channel": "fax" }), (422, "invalid"), "channel"),
        (json!({ "channel": "email" }), (422, "unsupported_channel"), "-"),
        (json!({ "kind": "moon" }), (422, "invalid"), "kind"),
        (json!({ "value": "12" }), (422, "invalid"), "value"),
        (json!({ "value": "\u{0}", "as_typed": true }), (422, "invalid"), "value"),
        (json!({ "kind": "direction", "value": "up" }), (422, "invalid"), "value"),
        (json!({ "value": DUTY_LINE }), (409, "mapping_conflict"), "-"),
        (json!({ "value": ADA }), (409, "number_in_use"), "-"),
        (json!({ "flow": "Night" }), (422, "invalid"), "flow"),
        (json!({ "flow": "night" }), (422, "no_such_version"), "-"),
        (json!({ "version": 7 }), (422, "no_such_version"), "-"),
        (json!({ "version": -1 }), (422, "invalid"), "version"),
        (json!({ "colour": "red" }), (422, "invalid"), "colour"),
    ] {
        let answer = api.ask(&owner, Method::POST, "/v1/mappings", mapping(&extra)).await;
        assert_eq!((answer.code(), answer.field()), (code, field), "{extra}: {answer:?}");
    }
    for (change, field) in [
        (json!({ "as_typed": true }), "as_typed"),
        (json!({ "value": "12" }), "value"),
        (json!({ "name": "" }), "name"),
        (json!({ "active": null }), "-"),
    ] {
        let answer =
            api.ask(&owner, Method::PATCH, "/v1/mappings/calls%20to%20+15065550100", change.clone()).await;
        assert_eq!((answer.status == 200, answer.field()), (field == "-", field), "{change}: {answer:?}");
    }
    let many: Vec<String> = (0..1001).map(|number| number.to_string()).collect();
    let answer =
        api.ask(&owner, Method::PATCH, "/v1/mappings", json!({ "mappings": many, "active": true })).await;
    assert_eq!((answer.code(), answer.field()), ((422, "invalid"), "mappings"));
}

#[tokio::test]
async fn a_flow_is_published_and_the_next_call_meets_it() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let same = api.ask(&owner, Method::POST, "/v1/flows", json!({ "source": FLOW })).await;
    assert_eq!((same.status, &same.body["version"]), (200, &json!(1)), "it is this file already");
    let source = FLOW.replace("next =", "presets = [1, 2]\nnext =");
    let draft = json!({ "source": source, "state": "draft" });
    let draft = api.ask(&owner, Method::POST, "/v1/flows", draft).await;
    assert_eq!((draft.status, &draft.body["state"]), (201, &json!("draft")));
    let new = api.ask(&owner, Method::POST, "/v1/flows", json!({ "source": source })).await;
    assert_eq!((new.status, &new.body["version"], &new.body["warnings"]), (201, &json!(3), &json!([])));
    assert_eq!(new.header("location"), Some("/v1/flows/timed-presence/versions/3"));
    let shown = api.get(&owner, "/v1/flows/timed-presence/versions/3").await.body;
    assert_eq!((&shown["source"], &shown["state"]), (&json!(source), &json!("published")));
    assert_eq!(api.get(&owner, "/v1/flows/timed-presence").await.body, shown);
    assert_eq!(api.get(&owner, "/v1/flows/timed-presence/versions/2").await.body["state"], json!("draft"));
    api.line.call_from(ADA).await.hears("1 hour").hangs_up().await;
    assert_eq!(api.deeds(&owner, 2).await, ["flow.published", "flow.published"]);
}

#[tokio::test]
async fn all_that_is_wrong_with_a_flow_is_told_with_its_place() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let source = FLOW.replace("start = \"duty\"", "start = \"dutty\"").replace("\"bye\"", "\"by\"");
    let refused = api.ask(&owner, Method::POST, "/v1/flows", json!({ "source": source })).await;
    assert_eq!(refused.code(), (422, "flow_invalid"));
    let issues = refused.body["issues"].as_array().expect("issues");
    let lines = source.lines().collect::<Vec<_>>();
    for (word, hint) in [("dutty", "did you mean `duty`?"), ("by", "did you mean `bye`?")] {
        let issue = issues
            .iter()
            .find(|issue| issue["message"].as_str().is_some_and(|told| told.contains(&format!("`{word}`"))))
            .unwrap_or_else(|| panic!("{issues:?}"));
        let place = |field: &str| usize::try_from(issue[field].as_u64().expect("a number")).expect("small");
        assert!(
            lines[place("line") - 1][place("column") - 1..].starts_with(&format!("\"{word}\"")),
            "{issue}"
        );
        assert_eq!((&issue["hint"], &issue["severity"]), (&json!(hint), &json!("error")));
    }
    for (body, code, field) in [
        (json!({}), (422, "invalid"), ""),
        (json!({ "source": 7 }), (422, "invalid"), "source"),
        (json!({ "source": FLOW, "state": "live" }), (422, "invalid"), "state"),
        (json!({ "source": "" }), (422, "flow_invalid"), "-"),
        (json!({ "source": "\u{0}" }), (422, "flow_invalid"), "-"),
    ] {
        let answer = api.ask(&owner, Method::POST, "/v1/flows", body.clone()).await;
        assert_eq!((answer.code(), answer.field()), (code, field), "{body}: {answer:?}");
    }
    let names = api.pages(&owner, "/v1/flows", |version| version["version"].to_string()).await;
    assert_eq!(names, [["1"]], "nothing was kept");
}

#[tokio::test]
async fn a_prompt_is_words_a_list_or_a_recording() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let put = async |path: &str, body: Value| api.ask(&owner, Method::PUT, path, body).await;
    let words = put("/v1/prompts/welcome/en", json!({ "say": "Good day." })).await;
    assert_eq!(words.body, json!({ "name": "welcome", "language": "en", "say": "Good day." }));
    api.line.call_from(ADA).await.hears("Good day.").hangs_up().await;
    for kind in ["audio/wav", "Audio/X-Wav; rate=8000"] {
        let (path, header) = ("/v1/prompts/chime/en?presets=8,24", [("content-type", kind)]);
        let recording = api.send(&owner, Method::PUT, path, beep(), &header).await;
        assert_eq!((recording.status, &recording.body["presets"]), (200, &json!([8, 24])), "{recording:?}");
        assert!(recording.body["play"].as_str().is_some_and(|file| file.contains(".wav")));
    }
    let list = put("/v1/prompts/opening/en", json!({ "list": ["chime", "welcome"] })).await;
    assert_eq!(list.body["list"], json!(["chime", "welcome"]));
    let removed = api.ask(&owner, Method::DELETE, "/v1/prompts/chime/en", Value::Null).await;
    assert_eq!(removed.code(), (409, "prompt_in_use"), "A1.7: {removed:?}");
    assert_eq!(api.ask(&owner, Method::DELETE, "/v1/prompts/opening", Value::Null).await.status, 200);
    let removed = api.ask(&owner, Method::DELETE, "/v1/prompts/chime/en", Value::Null).await;
    assert_eq!((removed.status, &removed.body["items"][0]["name"]), (200, &json!("chime")));
    let shown = api.get(&owner, "/v1/prompts/welcome").await.body;
    assert_eq!(shown, json!([words.body]));
    let deeds = ["prompt.removed", "prompt.removed", "prompt.set", "prompt.set", "prompt.set", "prompt.set"];
    assert_eq!(api.deeds(&owner, 6).await, deeds);
}

#[tokio::test]
async fn a_prompt_that_cannot_be_is_refused() {
    let api = Api::open().await;
    let owner = api.owner().await;
    for (path, body, code, field) in [
        ("/v1/prompts/hi/en", json!({}), (422, "invalid"), "say"),
        ("/v1/prompts/hi/en", json!({ "say": "a", "list": [] }), (422, "invalid"), "say"),
        ("/v1/prompts/hi/en", json!({ "say": "{util}" }), (422, "invalid"), "say"),
        ("/v1/prompts/hi/en", json!({ "list": ["A"] }), (422, "invalid"), "list[0]"),
        ("/v1/prompts/hi/en", json!({ "list": ["hi"] }), (422, "prompt_invalid"), "-"),
        ("/v1/prompts/hi/en", json!({ "play": "a.wav" }), (422, "invalid"), "play"),
        ("/v1/prompts/hi/en?presets=8", json!({ "say": "a" }), (422, "invalid"), "presets"),
        ("/v1/prompts/hi/en?presets=0", json!({ "say": "a" }), (422, "invalid"), "presets"),
        ("/v1/prompts/hi/english", json!({ "say": "a" }), (404, "not_found"), "-"),
    ] {
        let answer = api.ask(&owner, Method::PUT, path, body.clone()).await;
        assert_eq!((answer.code(), answer.field()), (code, field), "{path} {body}: {answer:?}");
    }
    let big = vec![0; 10_000_001];
    for (kind, bytes, code) in [
        ("audio/ogg", beep(), (415, "unsupported_media_type")),
        ("audio/mpeg", b"no sound".to_vec(), (422, "prompt_invalid")),
        ("audio/wav", Vec::new(), (422, "prompt_invalid")),
        ("audio/wav", big, (413, "too_large")),
        ("application/json", vec![b' '; 65 * 1024], (413, "too_large")),
    ] {
        let header = [("content-type", kind)];
        let answer = api.send(&owner, Method::PUT, "/v1/prompts/hi/en", bytes, &header).await;
        assert_eq!(answer.code(), code, "{kind}: {answer:?}");
    }
    assert_eq!(api.get(&owner, "/v1/prompts").await.body["items"], json!([]), "nothing was kept");
}

#[tokio::test]
async fn lists_of_the_setup_lead_on_from_page_to_page() {
    let api = Api::open().await;
    let owner = api.owner().await;
    for number in 1..=3 {
        let new = mapping(&json!({ "name": format!("& {number}"), "value": format!("+1506555012{number}") }));
        assert_eq!(api.ask(&owner, Method::POST, "/v1/mappings", new).await.status, 201);
        let source = FLOW.replace("next =", &format!("presets = [{number}]\nnext ="));
        api.ask(&owner, Method::POST, "/v1/flows", json!({ "source": source })).await;
        let path = format!("/v1/prompts/hello{number}/en");
        api.ask(&owner, Method::PUT, &path, json!({ "say": "Hello." })).await;
        let token = json!({ "name": format!("ci {number}"), "role": "admin" });
        api.ask(&owner, Method::POST, "/v1/tokens", token).await;
        api.ask(&owner, Method::POST, "/v1/tenants", json!({ "slug": format!("other{number}") })).await;
    }
    let pages = api.pages(&owner, "/v1/mappings", named("name")).await;
    assert_eq!(pages, [["& 1", "& 2"], ["& 3", HARNESS]]);
    let pages = api.pages(&owner, "/v1/flows", |version| version["version"].to_string()).await;
    assert_eq!(pages, [["1", "2"], ["3", "4"]]);
    let pages = api.pages(&owner, "/v1/prompts", named("name")).await;
    assert_eq!(pages.concat(), ["hello1", "hello2", "hello3"]);
    let pages = api.pages(&owner, "/v1/tokens", named("name")).await;
    assert_eq!(pages, [["owner", "ci 1"], ["ci 2", "ci 3"]]);
    let pages = api.pages(&owner, "/v1/tenants", named("slug")).await;
    assert_eq!(pages, [["default", "other1"], ["other2", "other3"]]);
}

#[tokio::test]
async fn a_tenant_is_changed_by_whoever_has_seen_it_last() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let seen = api.get(&owner, "/v1/tenant").await.header("etag").expect("a tag").to_owned();
    let patch = async |change: Value, tag: &str| {
        api.ask_with(&owner, Method::PATCH, "/v1/tenant", change, &[("if-match", tag)]).await
    };
    let changed = patch(json!({ "name": "Acme", "zone": "America/Toronto", "region": "CA" }), &seen).await;
    assert_eq!((changed.status, &changed.body["name"]), (200, &json!("Acme")), "{changed:?}");
    let tag = changed.header("etag").expect("a tag").to_owned();
    assert_ne!(tag, seen);
    let late = patch(json!({ "name": "Bell" }), &seen).await;
    assert_eq!((late.code(), &late.body["current"]["name"]), ((412, "changed_meanwhile"), &json!("Acme")));
    assert_eq!(patch(json!({ "language": "fr" }), &tag).await.status, 200);
    for (change, field) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": "a\u{0}" }), "name"),
        (json!({ "zone": "Mars/Base" }), "zone"),
        (json!({ "region": "Canada" }), "region"),
        (json!({ "language": "f" }), "language"),
        (json!({ "shared_lines": "yes" }), "shared_lines"),
        (json!({ "slug": "other" }), "slug"),
    ] {
        let answer = api.ask(&owner, Method::PATCH, "/v1/tenant", change.clone()).await;
        assert_eq!((answer.code(), answer.field()), ((422, "invalid"), field), "{change}: {answer:?}");
    }
    assert_eq!(patch(json!({}), "7").await.field(), "If-Match");
    assert_eq!(api.deeds(&owner, 2).await, ["tenant.changed", "tenant.changed"]);
}

#[tokio::test]
async fn tenants_are_the_business_of_those_who_run_the_deployment() {
    let api = Api::open().await;
    let owner = api.owner().await;
    let new = json!({ "slug": "bell", "name": "Bell & Co", "language": "fr" });
    let added = api.ask(&owner, Method::POST, "/v1/tenants", new.clone()).await;
    assert_eq!(
        (added.status, &added.body["name"], &added.body["zone"]),
        (201, &json!("Bell & Co"), &json!("UTC"))
    );
    assert_eq!(api.ask(&owner, Method::POST, "/v1/tenants", new).await.code(), (409, "exists"));
    for (body, field) in [(json!({ "slug": "Bell" }), "slug"), (json!({ "slug": "b", "name": "" }), "name")] {
        let answer = api.ask(&owner, Method::POST, "/v1/tenants", body.clone()).await;
        assert_eq!((answer.code(), answer.field()), ((422, "invalid"), field), "{body}");
    }
    let bell = api.line.app.tenant(&"bell".parse().expect("a slug")).await.expect("it is there");
    let theirs = Api { line: api.line.of(bell), router: api.router, tasks: api.tasks };
    let bells = theirs.owner().await;
    for method in [Method::GET, Method::POST] {
        let answer = theirs.ask(&bells, method.clone(), "/v1/tenants", json!({ "slug": "more" })).await;
        assert_eq!(answer.code(), (403, "forbidden"), "{method}");
    }
}

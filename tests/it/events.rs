//! Every type of event as docs/events.md shows it: what really happens, written out.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use chrono::TimeDelta;
use dutyline::app::availability::{Saying, Until};
use dutyline::app::flows::FlowSource;
use dutyline::app::mappings::{MappingPatch, NewMapping, Numbers, Version};
use dutyline::app::presence::{Order, Whom};
use dutyline::app::prompts::NewContent;
use dutyline::app::tenants::TenantPatch;
use dutyline::app::tokens::NewToken;
use dutyline::app::users::{NewExtension, NewUser, UserPatch};
use dutyline::app::webhooks::{Egress, NewWebhook, WebhookPatch};
use dutyline::domain::access::Role;
use dutyline::domain::availability::State;
use dutyline::domain::desk::{AllocationMode, SettingsPatch};
use dutyline::domain::dispatch::{Channel, MappingKind};
use dutyline::domain::event::{Envelope, Event};
use dutyline::domain::presence::{Command, Reason, Source, WhenOnline};
use dutyline::domain::time::Hours;
use dutyline::domain::webhook::address::Allowed;
use dutyline::domain::webhook::filter::Filter;
use dutyline::store::flows::FlowState;

use crate::harness::line::{ADA, Line};
use crate::harness::peer::Reply;
use crate::harness::receiver::Receiver;
use crate::voice::dial_in::duty;
use crate::webhooks::send_all;

/// Brings about at least one event of each type. Whoever adds a type adds what brings it about.
async fn everything() -> Vec<Envelope> {
    let line = Line::open().await;
    people(&line).await;
    setup(&line).await;
    tokens(&line).await;
    shifts(&line).await;
    statements(&line).await;
    calls(&line).await;
    pins(&line).await;
    webhooks(&line).await;
    labels(&line).await;
    line.events().await
}

async fn people(line: &Line) {
    let (app, tenant, bob) = (&line.app, &line.tenant, "bob".parse().expect("a login"));
    let number = |number: &str| NewExtension { number: number.to_owned(), ext: None, description: None };
    let new = NewUser {
        login: "bob".parse().expect("a login"),
        name: "Bob Agent".to_owned(),
        zone: Some("America/Toronto".parse().expect("a zone")),
        language: None,
        agent_code: Some("4711".parse().expect("a code")),
        skills: "billing".parse().expect("skills"),
        pin: Some("2846".to_owned().into()),
        extension: Some(number("+15062345679")),
    };
    app.add_user(tenant, new).await.expect("added");
    let skills = Some("billing, french".parse().expect("skills"));
    let patch = UserPatch { name: Some("Bob B. Agent".to_owned()), skills, ..UserPatch::default() };
    app.change_user(tenant, &bob, patch).await.expect("changed");
    app.add_extension(tenant, &bob, number("+15062345670")).await.expect("added");
    app.move_extension(tenant, &bob, 2, 1).await.expect("moved");
    app.remove_extension(tenant, &bob, 2).await.expect("removed");
    app.deactivate_user(tenant, &bob).await.expect("out of service");
}

async fn setup(line: &Line) {
    let (app, tenant) = (&line.app, &line.tenant);
    let name = TenantPatch { name: Some("Acme".to_owned()), ..TenantPatch::default() };
    app.change_tenant(tenant.slug.clone(), name).await.expect("changed");
    let greeting = || "greeting".parse().expect("a name");
    let content = NewContent::Say("Hello.".parse().expect("a template"));
    app.set_prompt(tenant.clone(), "en".parse().expect("a tag"), greeting(), content).await.expect("set");
    app.remove_prompt(tenant.clone(), greeting(), None).await.expect("removed");
    let source = FlowSource { path: "duty.toml".to_owned(), text: duty("presets = [8]") };
    app.publish_flow(tenant.clone(), source, FlowState::Published).await.expect("published");
    let new = NewMapping {
        name: "night line".to_owned(),
        description: "agents who are on at night".to_owned(),
        channel: Channel::Voice,
        kind: MappingKind::ContactPoint,
        value: "+15065550199".to_owned(),
        flow: "duty".parse().expect("a name"),
        version: Version::Latest,
        numbers: Numbers::Checked,
    };
    app.add_mapping(tenant, new).await.expect("added");
    let off = MappingPatch { active: Some(false), ..MappingPatch::default() };
    app.change_mapping(tenant, "night line", off).await.expect("changed");
    app.remove_mapping(tenant, "night line").await.expect("removed");
}

async fn tokens(line: &Line) {
    let name = "wallboard".parse().expect("a name");
    let new = NewToken { name, role: Role::Supervisor, rights: None, user: None, expires_at: None };
    line.app.issue_token(&line.tenant, new).await.expect("issued");
    line.app.revoke_token(&line.tenant, "wallboard").await.expect("revoked");
}

async fn shifts(line: &Line) {
    let online = |when_online| Command::GoOnline {
        hours: 8.try_into().expect("hours"),
        when_online,
        cap: Hours::LONGEST,
    };
    for (command, reason) in [
        (online(WhenOnline::Replace), Reason::LoggedIn),
        (online(WhenOnline::Extend), Reason::LoggedIn),
        (Command::GoOffline, Reason::LoggedOut),
        (Command::GoOffline, Reason::LoggedOut),
        (Command::Hold("training".to_owned()), Reason::LoggedOut),
        (Command::Release, Reason::LoggedIn),
    ] {
        let whom = Whom::Named(vec!["ada".parse().expect("a login")]);
        let order = Order { whom, command, source: Source::Admin, reason };
        line.app.set_presence(&line.tenant, order).await.expect("carried out");
    }
}

async fn statements(line: &Line) {
    let (app, tenant) = (&line.app, &line.tenant);
    let ada = || Whom::Named(vec!["ada".parse().expect("a login")]);
    let away = || Saying {
        state: Some(State::Away),
        until: Some(Until::After(TimeDelta::minutes(30))),
        note: Some("lunch".parse().expect("a note")),
        ..Saying::default()
    };
    app.say(tenant, ada(), away(), (None, Source::Api)).await.expect("said");
    line.pass(TimeDelta::minutes(30)).await;
    let said = app.say(tenant, ada(), away(), (None, Source::Api)).await.expect("said");
    app.withdraw(tenant, ada(), said.id, Source::Api).await.expect("taken back");
    let fetch = SettingsPatch { allocation_mode: Some(AllocationMode::Fetch), ..SettingsPatch::default() };
    app.adjust(tenant, ada(), fetch, Source::Api).await.expect("adjusted");
    let serving =
        SettingsPatch { allocation_mode: Some(AllocationMode::Default), ..SettingsPatch::default() };
    app.adjust(tenant, ada(), serving, Source::Api).await.expect("adjusted");
    let policy = r#"{"coverage":[{"users":1,"hours_ahead":24,"skill":"french"}]}"#;
    let policy = Some(serde_json::from_str(policy).expect("a policy"));
    let demand = TenantPatch { policy, ..TenantPatch::default() };
    app.change_tenant(tenant.slug.clone(), demand).await.expect("changed");
    app.tell_gaps().await.expect("told");
    let week = r#"{"zone":"America/Toronto","rules":[{"weekday":"Mon","start":"08:00","end":"16:30"}]}"#;
    let week = serde_json::from_str(week).expect("hours of work");
    app.set_schedule(tenant, &"ada".parse().expect("a login"), Some(week)).await.expect("set");
    app.set_schedule(tenant, &"ada".parse().expect("a login"), None).await.expect("taken away");
}

async fn calls(line: &Line) {
    line.call_from(ADA).await.presses("1").await.hears("online").hangs_up().await;
    line.call_from(ADA).await.presses("0").await.hears("offline").hangs_up().await;
    line.call_from("+15069999999").await;
    line.call(ADA, "+15065550404").await;
    line.map("+15065550101", "timed-presence", Some(9)).await;
    line.call(ADA, "+15065550101").await.hears("press 1");
    line.publish(&duty("prompts.welcome = \"greeting\"")).await;
    line.map("+15065550102", "duty", None).await;
    line.call(ADA, "+15065550102").await.hears("press 1");
}

async fn pins(line: &Line) {
    line.pin("ada", "2468").await;
    for _ in 0..2 {
        line.call_from(ADA).await.presses("1111#").await.presses("1112#").await.presses("1113#").await;
    }
    line.publish(&duty("id_pin_login = true")).await;
    for _ in 0..7 {
        let caller = line.call("anonymous", "+15065550102").await.presses("77#").await.presses("1#").await;
        caller.presses("2#").await.presses("3#").await;
    }
}

async fn webhooks(line: &Line) {
    let allowed = Allowed::new(["127.0.0.1/32".parse().expect("a network")]);
    let app = line.app.clone().sending_by(Egress { allowed, ..Egress::default() });
    let (tenant, receiver) = (&line.tenant, Receiver::start().await);
    let add = async |name: &str, url: &str| {
        let filter = Filter { types: Some(["presence.*".parse().expect("a type")].into()), users: None };
        let (name, url) = (name.parse().expect("a name"), url.parse().expect("a URL"));
        app.add_webhook(tenant, NewWebhook { name, url, filter, insecure_tls: false }).await.expect("added");
    };
    add("crm", "https://example.com/events").await;
    let name = WebhookPatch { name: Some("help desk".parse().expect("a name")), ..WebhookPatch::default() };
    app.change_webhook(tenant, "crm", name).await.expect("changed");
    app.rotate_webhook(tenant, "help desk", TimeDelta::hours(24)).await.expect("exchanged");
    app.remove_webhook(tenant, "help desk").await.expect("removed");
    add("here", &receiver.url).await;
    app.ping_webhook(tenant, "here").await.expect("tried");
    receiver.answers(|_| Reply::Status(500));
    let duty =
        Command::GoOnline { hours: Hours::LONGEST, when_online: WhenOnline::Replace, cap: Hours::LONGEST };
    let order = Order::about(&"ada".parse().expect("a login"), duty, Source::Admin);
    app.set_presence(tenant, order).await.expect("on duty");
    for _ in 0..600 {
        line.clock.advance(TimeDelta::minutes(10));
        send_all(&app).await;
    }
    app.replay(tenant, "here", None).await.expect("sent again");
    receiver.answers(|_| Reply::Status(410));
    line.clock.advance(TimeDelta::hours(1));
    send_all(&app).await;
}

async fn labels(line: &Line) {
    let policy = r#"{"labels":[{"text":"Quiet","code":"dnd","reason_code":"*61","sink":"dial_command"}]}"#;
    let policy = Some(serde_json::from_str(policy).expect("a policy"));
    let patch = TenantPatch { policy, ..TenantPatch::default() };
    let tenant = line.app.change_tenant(line.tenant.slug.clone(), patch).await.expect("changed");
    let ada = Whom::Named(vec!["ada".parse().expect("a login")]);
    let quiet = Saying { label: Some("Quiet".parse().expect("a label")), ..Saying::default() };
    line.app.say(&tenant, ada, quiet, (None, Source::Api)).await.expect("said");
}

/// The event as documents show it: what is drawn at random, and its place in the log, look the same each time.
fn example(envelope: &Envelope) -> String {
    let text = serde_json::to_string_pretty(&Envelope { seq: 812, ..envelope.clone() }).expect("plain data");
    let mut drawn = HashMap::new();
    text.split('"').map(|piece| plain(piece, &mut drawn)).collect::<Vec<_>>().join("\"")
}

/// A name without what was drawn at random: our names of things end in as many hexadecimal digits.
fn plain(piece: &str, drawn: &mut HashMap<String, String>) -> String {
    if piece.starts_with("dl_") {
        return "dl_k5mqyzt".to_owned();
    }
    let Some((prefix, digits)) = piece.rsplit_once('_').filter(|(_, digits)| digits.len() == 32) else {
        return piece.to_owned();
    };
    let next = format!("{:032x}", 0x01a1_f0c2_7b5e_7000_u128 << 64 | (drawn.len() as u128 + 1));
    format!("{prefix}_{}", drawn.entry(digits.to_owned()).or_insert(next))
}

/// The examples of the document, by type.
fn shown(manual: &str) -> Vec<(&str, &str)> {
    let section = |section| -> Option<(&str, &str)> {
        let (kind, rest) = str::split_once(section, '`')?;
        let (_, rest) = rest.split_once("```json\n")?;
        rest.split_once("\n```").map(|(example, _)| (kind, example))
    };
    manual.split("\n### `").skip(1).map(|text| section(text).expect("a type and an example")).collect()
}

#[tokio::test]
async fn every_type_of_event_is_shown_as_it_really_is() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/events.md");
    let manual = fs::read_to_string(manual).expect("a readable file");
    let shown = shown(&manual);
    let kinds: Vec<&str> = shown.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, Event::TYPES, "the sections of docs/events.md");
    let told = everything().await;
    let mut wrong = Vec::new();
    for (kind, shown) in shown {
        let real = told.iter().find(|envelope| envelope.event.tell().0 == kind);
        let real = example(real.unwrap_or_else(|| panic!("nothing in `everything` brings about `{kind}`")));
        if shown != real {
            wrong.push(format!("### `{kind}`\n\n```json\n{real}\n```\n"));
        }
    }
    assert!(wrong.is_empty(), "docs/events.md shows another event than this:\n\n{}", wrong.join("\n"));
}

#[test]
fn the_examples_are_read_as_they_are_written() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/events.md");
    for (kind, shown) in shown(&fs::read_to_string(manual).expect("a readable file")) {
        let envelope: Envelope = serde_json::from_str(shown).expect(kind);
        assert_eq!(serde_json::to_string_pretty(&envelope).expect("plain data"), shown);
    }
}

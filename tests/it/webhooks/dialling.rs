//! Labels that a telephone system is told of by a call (A3.2, A3.3), and labels that others follow.

use std::sync::Arc;

use chrono::TimeDelta;
use dutyline::app::availability::Saying;
use dutyline::app::presence::Whom;
use dutyline::app::tenants::TenantPatch;
use dutyline::app::users::NewUser;
use dutyline::app::webhooks::{Egress, WebhookPatch};
use dutyline::domain::event::Event;
use dutyline::domain::presence::Source;
use dutyline::domain::skills::Skills;
use dutyline::domain::webhook::Stopped;
use tokio::sync::Semaphore;

use super::{Node, egress};
use crate::harness::exchange::{Exchange, OURS, PBX};
use crate::harness::peer::Reply;
use crate::harness::receiver::Receiver;

/// The endpoint that the policy makes.
const COMMANDS: &str = "dial commands";

/// Longer than any lease.
const LONG: i64 = 61;

impl Node {
    /// One that may ask for calls.
    fn with(mut self, exchange: &Exchange) -> Self {
        let carrier = Some(exchange.carrier.clone());
        self.app = self.app.sending_by(Egress { carrier, ..egress() });
        self
    }

    /// One whose telephone system is told of three labels, with Ada and Bob; there is one for webhooks as well.
    async fn dialling(exchange: &Exchange) -> Self {
        let mut node = Self::new().await.with(exchange);
        node.decides(true).await;
        for login in ["ada", "bob"] {
            let user = NewUser {
                login: login.parse().expect("a login"),
                name: login.to_owned(),
                zone: None,
                language: None,
                agent_code: None,
                pin: None,
                extension: None,
                skills: Skills::default(),
            };
            node.app.add_user(&node.tenant, user).await.expect("added");
        }
        node
    }

    /// Sets the policy, with a telephone system or without.
    async fn decides(&mut self, dials: bool) {
        let dial_command =
            if dials { format!(r#"{{"to":"{PBX}","from":"{OURS}"}}"#) } else { "null".to_owned() };
        let policy = format!(
            r#"{{"dial_command":{dial_command},"labels":[
                {{"text":"Ready","code":"online","reason_code":"*60","sink":"dial_command"}},
                {{"text":"Quiet","code":"dnd","reason_code":"*61","sink":"dial_command"}},
                {{"text":"Lunch","code":"away","reason_code":"*62","sink":"dial_command"}},
                {{"text":"Training","code":"busy","reason_code":"T1","sink":"http"}},
                {{"text":"Coffee","code":"away"}}]}}"#
        );
        let policy = Some(serde_json::from_str(&policy).expect("a policy"));
        let patch = TenantPatch { policy, ..TenantPatch::default() };
        self.tenant = self.app.change_tenant(self.tenant.slug.clone(), patch).await.expect("decided");
    }

    async fn chooses(&self, user: &str, label: &str) {
        // What is said at one moment is ordered by chance.
        self.pass(1);
        let whom = Whom::Named(vec![user.parse().expect("a login")]);
        let saying = Saying { label: Some(label.parse().expect("a label")), ..Saying::default() };
        self.app.say(&self.tenant, whom, saying, (None, Source::Api)).await.expect("chosen");
    }

    /// The labels of which somebody else is to know, as the log tells them.
    async fn chosen(&self) -> Vec<String> {
        let log = self.app.events_after(&self.tenant, 0, 500).await.expect("a log");
        let chosen = log.into_iter().filter_map(|envelope| match envelope.event {
            Event::LabelChosen(chosen) => Some(format!("{} {}", envelope.subject, chosen.label)),
            _ => None,
        });
        chosen.collect()
    }

    async fn dead_whys(&self) -> Vec<String> {
        self.dead(COMMANDS).await.into_iter().filter_map(|delivery| delivery.why).collect()
    }
}

#[tokio::test]
async fn a_label_is_dialled_to_the_telephone_system_once_for_each_change() {
    let exchange = Exchange::start().await;
    let node = Node::dialling(&exchange).await;
    for label in ["Quiet", "Quiet", "Ready", "Coffee", "Training", "Ready"] {
        node.chooses("ada", label).await;
        node.delivers().await;
    }
    assert_eq!(exchange.got(), ["*61", "*60", "*60"]);
    let chosen = ["user:ada Quiet", "user:ada Ready", "user:ada Training", "user:ada Ready"];
    assert_eq!(node.chosen().await, chosen);
    let standing = node.webhook(COMMANDS).await;
    assert_eq!(
        (standing.webhook.url.to_string(), standing.waiting, standing.dead),
        (format!("tel:{PBX}"), 0, 0)
    );
}

#[tokio::test]
async fn webhooks_follow_labels_by_their_type() {
    let (exchange, receiver) = (Exchange::start().await, Receiver::start().await);
    let node = Node::dialling(&exchange).await;
    node.hook_for("crm", &receiver.url, &["label.chosen"], &[]).await;
    for label in ["Training", "Coffee", "Quiet"] {
        node.chooses("ada", label).await;
    }
    node.delivers().await;
    let told = receiver.got();
    let told: Vec<_> =
        told.iter().map(|got| (&got.event["data"]["label"], &got.event["data"]["sink"])).collect();
    assert_eq!(told, [(&"Training".into(), &"http".into()), (&"Quiet".into(), &"dial_command".into())]);
    assert_eq!(exchange.got(), ["*61"]);
}

#[tokio::test]
async fn of_commands_that_wait_for_a_user_the_newest_is_dialled() {
    let exchange = Exchange::start().await;
    let node = Node::dialling(&exchange).await;
    for label in ["Quiet", "Ready", "Lunch"] {
        node.chooses("ada", label).await;
        node.chooses("bob", label).await;
    }
    node.delivers().await;
    assert_eq!(exchange.got(), ["*62", "*62"]);
    // The carrier asks for patience meanwhile, and has it.
    exchange.answers(|_| Reply::With(429, "retry-after", "90".to_owned()));
    node.chooses("ada", "Quiet").await;
    node.delivers().await;
    for label in ["Ready", "Lunch", "Ready"] {
        node.chooses("ada", label).await;
        node.delivers().await;
    }
    assert_eq!((exchange.got().len(), node.waiting(COMMANDS).await.len()), (3, 4));
    exchange.answers(|_| Reply::Status(201));
    node.pass(90);
    node.delivers().await;
    assert_eq!(exchange.got()[3..], ["*60"]);
    assert_eq!((node.waiting(COMMANDS).await, node.dead(COMMANDS).await), (vec![], vec![]));
}

#[tokio::test]
async fn a_command_is_tried_again_until_it_would_come_too_late() {
    let exchange = Exchange::start().await;
    let node = Node::dialling(&exchange).await;
    exchange.answers(|_| Reply::Status(503));
    node.chooses("ada", "Quiet").await;
    let begun = node.clock.now();
    while node.dead(COMMANDS).await.is_empty() {
        assert!(node.clock.now() - begun < TimeDelta::minutes(5));
        node.delivers().await;
        node.pass(5);
    }
    let attempts = exchange.got().len();
    assert!((3..=4).contains(&attempts), "{attempts}");
    assert_eq!(node.dead_whys().await, ["answered 503"]);
    // What nobody has tried for so long is not tried at all.
    exchange.answers(|_| Reply::Status(201));
    node.chooses("bob", "Lunch").await;
    node.pass(300);
    node.chooses("ada", "Ready").await;
    node.delivers().await;
    assert_eq!(exchange.got()[attempts..], ["*60"]);
    assert_eq!(node.dead_whys().await, ["answered 503", "too late to be dialled"]);
    let refused = node.app.replay(&node.tenant, COMMANDS, None).await.expect_err("late").to_string();
    assert!(
        refused.starts_with("webhook: `dial commands`: it comes of the policy's `dial_command`"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_carrier_that_does_not_know_us_is_asked_once_and_it_is_told() {
    let exchange = Exchange::start().await;
    let node = Node::dialling(&exchange).await;
    exchange.answers(|_| Reply::Status(401));
    node.chooses("ada", "Quiet").await;
    node.delivers().await;
    node.chooses("bob", "Quiet").await;
    node.pass(30);
    node.delivers().await;
    assert_eq!(exchange.got(), ["*61"]);
    let webhook = node.webhook(COMMANDS).await.webhook;
    assert_eq!((webhook.active, webhook.stopped_by), (false, Some(Stopped::Refused)));
    let log = node.app.events_after(&node.tenant, 0, 500).await.expect("a log");
    let told = log
        .iter()
        .filter(|envelope| matches!(envelope.event, Event::WebhookDisabled { reason: Stopped::Refused, .. }));
    assert_eq!(told.count(), 1);
    // With the right secret it goes on with what is not late.
    exchange.answers(|_| Reply::Status(201));
    let resumed = WebhookPatch { active: Some(true), ..WebhookPatch::default() };
    node.app.change_webhook(&node.tenant, COMMANDS, resumed).await.expect("resumed");
    node.delivers().await;
    assert_eq!(exchange.got(), ["*61", "*61", "*61"]);
}

#[tokio::test]
async fn nobody_is_followed_with_the_accounts_secret() {
    let (exchange, other) = (Exchange::start().await, Exchange::start().await);
    let node = Node::dialling(&exchange).await;
    for status in [301, 302, 307, 308] {
        let elsewhere = other.carrier.url.clone();
        exchange.answers(move |_| Reply::With(status, "location", elsewhere.clone()));
        node.chooses("ada", if status % 2 == 0 { "Quiet" } else { "Lunch" }).await;
        node.pass(240);
        node.delivers().await;
    }
    assert_eq!(other.got(), [""; 0]);
    assert!(!exchange.got().is_empty());
}

#[tokio::test]
async fn what_a_node_was_dialling_when_it_died_is_dialled_by_another() {
    // I20.
    let exchange = Exchange::start().await;
    let node = Node::dialling(&exchange).await;
    let other = node.another().await.with(&exchange);
    let door = Arc::new(Semaphore::new(0));
    exchange.answers(move |_| Reply::Behind(Arc::clone(&door), 201));
    node.chooses("ada", "Quiet").await;
    tokio::select! {
        () = node.delivers() => panic!("there was an answer"),
        () = exchange.has_got(1) => {}
    }
    drop(node.app);
    exchange.answers(|_| Reply::Status(201));
    other.delivers().await;
    assert_eq!(exchange.got().len(), 1, "it is not the other's turn yet");
    other.pass(LONG);
    other.delivers().await;
    other.delivers().await;
    assert_eq!(exchange.got(), ["*61", "*61"]);
}

#[tokio::test]
async fn nodes_share_the_telephone_and_a_command_is_dialled_once() {
    let exchange = Exchange::start().await;
    let node = Node::dialling(&exchange).await;
    let (other, mute) = (node.another().await.with(&exchange), node.another().await);
    for label in ["Quiet", "Ready", "Lunch", "Quiet"] {
        node.chooses("ada", label).await;
        // Who may not ask for calls leaves them to others.
        mute.delivers().await;
        tokio::join!(node.delivers(), other.delivers());
    }
    node.delivers().await;
    assert_eq!(exchange.got(), ["*61", "*60", "*62", "*61"]);
}

#[tokio::test]
async fn the_telephone_system_comes_and_goes_with_the_policy() {
    let exchange = Exchange::start().await;
    let mut node = Node::dialling(&exchange).await;
    let removed = node.app.remove_webhook(&node.tenant, COMMANDS).await.expect_err("the policy's");
    assert!(removed.to_string().contains("change that, or pause it"), "{removed}");
    let renamed = WebhookPatch { name: Some("pbx".parse().expect("a name")), ..WebhookPatch::default() };
    assert!(node.app.change_webhook(&node.tenant, COMMANDS, renamed).await.is_err());
    assert!(node.app.ping_webhook(&node.tenant, COMMANDS).await.is_err());
    assert!(node.app.rotate_webhook(&node.tenant, COMMANDS, TimeDelta::zero()).await.is_err());
    node.decides(false).await;
    assert_eq!(node.app.webhooks(&node.tenant).await.expect("a list"), []);
    node.chooses("ada", "Quiet").await;
    node.decides(true).await;
    node.delivers().await;
    assert_eq!(exchange.got(), [""; 0], "what was before is past");
    node.chooses("ada", "Ready").await;
    node.delivers().await;
    assert_eq!(exchange.got(), ["*60"]);
}

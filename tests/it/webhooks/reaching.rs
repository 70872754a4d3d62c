//! What reaches an endpoint, and how it is signed.

use std::collections::HashSet;

use chrono::TimeDelta;
use dutyline::app::tenants::fresh;
use dutyline::app::users::NewUser;
use dutyline::app::webhooks::WebhookPatch;
use dutyline::app::webhooks::stay::Stay;
use dutyline::domain::edit::Edit;
use dutyline::domain::skills::Skills;
use dutyline::domain::webhook::secret::Keyring;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Node, filter};
use crate::harness::peer::Reply;
use crate::harness::receiver::Receiver;

#[tokio::test]
async fn an_endpoint_gets_the_log_as_it_is_read_over_the_api() {
    // A2.14.
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    node.hook_for("all", &receiver.url, &[], &[]).await;
    node.happens_to(&["ada", "bob"]).await;
    node.delivers().await;
    let log = node.app.events_after(&node.tenant, 0, 99).await.expect("a log");
    let log: Vec<Value> = log.iter().map(|event| serde_json::to_value(event).expect("plain data")).collect();
    let first = log.iter().position(|event| event["type"] == "webhook.added").expect("it is told");
    let mut got = receiver.got();
    got.sort_by_key(|got| got.event["seq"].as_u64());
    assert_eq!(got.iter().map(|got| &got.event).collect::<Vec<_>>(), log[first..].iter().collect::<Vec<_>>());
    for got in got {
        assert_eq!(got.event["id"], got.id);
        assert_eq!(got.timestamp, node.clock.now().timestamp());
    }
}

#[tokio::test]
async fn what_happened_before_an_endpoint_was_added_is_not_sent() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    node.happens_to(&["ada", "ada"]).await;
    node.hook("late", &receiver.url).await;
    node.delivers().await;
    assert_eq!(receiver.got().len(), 0);
    let last = node.happens_to(&["ada"]).await;
    node.delivers().await;
    node.delivers().await;
    assert_eq!(receiver.seqs(), [last], "once");
}

#[tokio::test]
async fn an_endpoint_gets_what_it_wants_alone() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    for login in ["ada", "bob"] {
        let new = NewUser {
            login: login.parse().expect("a login"),
            name: login.to_owned(),
            zone: None,
            language: None,
            agent_code: None,
            skills: Skills::default(),
            pin: None,
            extension: None,
        };
        node.app.add_user(&node.tenant, new).await.expect("added");
    }
    node.hook_for("adas", &receiver.url, &["presence.*"], &["ada"]).await;
    node.happens_to(&["bob", "ada", "bob"]).await;
    node.delivers().await;
    assert_eq!(receiver.got().iter().map(|got| &got.event["subject"]).collect::<Vec<_>>(), ["user:ada"]);
    let bobs = WebhookPatch { users: filter(&[], &["bob"]).users.map(Edit::Set), ..WebhookPatch::default() };
    node.app.change_webhook(&node.tenant, "adas", bobs).await.expect("changed");
    let seq = node.happens_to(&["ada", "bob"]).await;
    node.delivers().await;
    assert_eq!(receiver.seqs()[1..], [seq]);
    let other = node.app.add_tenant(fresh("other".parse().expect("a slug"))).await.expect("added");
    let of_other = Node { tenant: other, ..node };
    of_other.happens_to(&["bob"]).await;
    of_other.delivers().await;
    assert_eq!(receiver.got().len(), 2, "another tenant's log is not for it");
}

#[tokio::test]
async fn a_thousand_events_that_nobody_wants_cost_no_write() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    node.hook_for("calls", &receiver.url, &["call.*"], &[]).await;
    let cursor = node.webhook("calls").await.cursor;
    node.happens_to(&["ada"; 1000]).await;
    node.delivers().await;
    assert_eq!((receiver.got().len(), node.webhook("calls").await.cursor), (0, cursor));
    node.hook_for("hooks", &receiver.url, &["webhook.added"], &[]).await;
    node.happens_to(&vec!["ada"; 10_000]).await;
    node.delivers().await;
    assert!(node.webhook("calls").await.cursor > cursor, "but for one after ten thousand");
    assert_eq!(receiver.types(), ["webhook.added"]);
}

#[tokio::test]
async fn in_one_turn_an_endpoint_gets_what_it_wants_of_a_long_log() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    node.hook_for("hooks", &receiver.url, &["webhook.added"], &[]).await;
    node.happens_to(&["ada"; 1000]).await;
    node.hook_for("calls", &receiver.url, &["call.*"], &[]).await;
    for turn in node.app.begin_turns(&HashSet::new()).await.expect("begun") {
        node.app.take_turn_at(turn, Stay::NONE, &CancellationToken::new()).await.expect("sent");
    }
    assert_eq!(receiver.types(), ["webhook.added"; 2]);
}

#[tokio::test]
async fn a_removed_endpoint_gets_nothing_any_more_and_a_paused_one_gets_it_later() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    node.hook("mine", &receiver.url).await;
    let active = |active| WebhookPatch { active: Some(active), ..WebhookPatch::default() };
    node.app.change_webhook(&node.tenant, "mine", active(false)).await.expect("paused");
    node.happens_to(&["ada", "bob"]).await;
    node.delivers().await;
    assert_eq!(receiver.got().len(), 0);
    node.app.change_webhook(&node.tenant, "mine", active(true)).await.expect("resumed");
    node.delivers().await;
    assert_eq!(receiver.got().len(), 2);
    receiver.answers(|_| Reply::Status(500));
    node.happens_to(&["ada"]).await;
    node.delivers().await;
    node.app.remove_webhook(&node.tenant, "mine").await.expect("removed");
    node.happens_to(&["ada"]).await;
    node.pass(3600);
    node.delivers().await;
    assert_eq!(receiver.got().len(), 3, "neither what waited nor what is new");
    let told = node.app.webhook(&node.tenant, "mine").await.expect_err("it is gone").to_string();
    assert_eq!(told, "no webhook `mine`; `dutyline webhook list` shows those there are");
}

#[tokio::test]
async fn while_secrets_are_exchanged_both_sign() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    let old = node.hook("mine", &receiver.url).await;
    let day = TimeDelta::hours(24);
    let (_, new) = node.app.rotate_webhook(&node.tenant, "mine", day).await.expect("rotated");
    for (pass, secrets) in [(0, vec![&new, &old]), (24 * 3600 - 1, vec![&new, &old]), (1, vec![&new])] {
        node.pass(pass);
        node.happens_to(&["ada"]).await;
        node.delivers().await;
        let got = receiver.got().pop().expect("a delivery");
        let sign = |secret: &&dutyline::domain::webhook::secret::Secret| {
            let keys = Keyring::new((*secret).clone(), node.clock.now());
            keys.sign(&got.id, got.body.as_bytes(), node.clock.now())
        };
        assert_eq!(got.signature, secrets.iter().map(sign).collect::<Vec<_>>().join(" "));
    }
    let log = node.app.events_after(&node.tenant, 0, 99).await.expect("a log");
    let log = serde_json::to_string(&log).expect("plain data");
    assert!(log.contains("webhook.rotated") && !log.contains("whsec_"), "{log}");
    let refused = node.app.rotate_webhook(&node.tenant, "mine", TimeDelta::hours(721)).await;
    assert_eq!(refused.expect_err("refused").to_string(), "overlap_hours: `721`: give 0 to 720 hours");
}

#[tokio::test]
async fn a_trial_goes_to_its_endpoint_at_once_and_to_no_other() {
    let (node, mine, other) = (Node::new().await, Receiver::start().await, Receiver::start().await);
    node.hook("mine", &mine.url).await;
    node.hook_for("other", &other.url, &[], &[]).await;
    node.delivers().await;
    let before = other.got().len();
    let pinged = node.app.ping_webhook(&node.tenant, "mine").await.expect("sent");
    assert_eq!((pinged.delivered, pinged.status, pinged.why), (true, Some(200), None));
    node.delivers().await;
    assert_eq!((mine.types(), other.got().len()), (vec!["webhook.pinged".to_owned()], before));
    assert_eq!(mine.got()[0].id, pinged.event.as_str());
    mine.answers(|_| Reply::Status(404));
    let pinged = node.app.ping_webhook(&node.tenant, "mine").await.expect("sent");
    assert_eq!((pinged.delivered, pinged.status), (false, Some(404)));
    assert_eq!(pinged.why.as_deref(), Some("answered 404"));
    assert_eq!(node.waiting("mine").await, [], "a trial is not repeated");
}

//! What becomes of what is not delivered at once.

use std::collections::BTreeMap;
use std::sync::Mutex;

use chrono::TimeDelta;
use dutyline::app::webhooks::WebhookPatch;
use dutyline::domain::ids::EventId;
use dutyline::domain::webhook::{DeliveryState, Stopped};

use super::Node;
use crate::harness::peer::Reply;
use crate::harness::receiver::Receiver;

/// Each third attempt at an event succeeds.
fn third_time_lucky(receiver: &Receiver) {
    let tries = Mutex::new(BTreeMap::<String, u32>::new());
    receiver.answers(move |got| {
        let mut tries = tries.lock().expect("unpoisoned");
        let count = tries.entry(got.id.clone()).or_default();
        *count += 1;
        Reply::Status(if *count == 3 { 204 } else { 503 })
    });
}

#[tokio::test]
async fn an_event_is_tried_again_with_the_same_id_and_a_new_signature() {
    // I20.
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    node.hook("mine", &receiver.url).await;
    third_time_lucky(&receiver);
    node.happens_to(&["ada"]).await;
    for (pass, attempts) in [(0, 1), (3, 1), (3, 2), (23, 2), (13, 3), (1_000_000, 3)] {
        node.pass(pass);
        node.delivers().await;
        assert_eq!(receiver.got().len(), attempts, "{pass} s later");
    }
    let got = receiver.got();
    assert!(got.iter().all(|other| other.id == got[0].id && other.body == got[0].body), "{got:?}");
    assert!(
        got.is_sorted_by(|one, other| one.timestamp < other.timestamp && one.signature != other.signature)
    );
    assert_eq!(node.waiting("mine").await, []);
}

#[tokio::test]
async fn events_about_one_user_come_in_their_order_whatever_fails() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    node.hook("mine", &receiver.url).await;
    third_time_lucky(&receiver);
    for _ in 0..4 {
        node.happens_to(&["ada", "bob", "ada", "eve", "ada", "bob"]).await;
        node.delivers().await;
        node.pass(7);
    }
    for _ in 0..200 {
        node.pass(37);
        node.delivers().await;
    }
    assert_eq!(node.waiting("mine").await, []);
    let mut tried = BTreeMap::<String, Vec<u64>>::new();
    for got in receiver.got() {
        let subject = got.event["subject"].as_str().expect("a subject").to_owned();
        tried.entry(subject).or_default().push(got.event["seq"].as_u64().expect("a number"));
    }
    for (subject, seqs) in tried {
        assert!(seqs.is_sorted(), "{subject}: {seqs:?}");
        assert_eq!(seqs.len() % 3, 0, "{subject}: {seqs:?}");
    }
    assert_eq!(receiver.got().len(), 3 * 24);
}

#[tokio::test]
async fn a_user_whose_event_fails_holds_up_no_other_user() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    node.hook("mine", &receiver.url).await;
    receiver.answers(|got| Reply::Status(if got.event["subject"] == "user:ada" { 400 } else { 200 }));
    let last = node.happens_to(&["ada", "bob", "ada", "eve", "bob"]).await;
    node.delivers().await;
    let mut seqs = receiver.seqs();
    seqs.sort_unstable();
    assert_eq!(seqs, [last - 4, last - 3, last - 1, last], "ada's second waits for her first");
    let waiting = node.waiting("mine").await;
    let waits: Vec<_> = waiting.iter().map(|one| (one.seq, one.attempts, one.due_at.is_some())).collect();
    assert_eq!(waits, [(last - 4, 1, true), (last - 2, 0, false)]);
    assert_eq!((waiting[0].status, waiting[0].why.as_deref()), (Some(400), Some("answered 400")));
    assert_eq!(node.webhook("mine").await.failing_since, None);
}

#[tokio::test]
async fn an_endpoint_that_is_asked_for_patience_has_it() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    node.hook("mine", &receiver.url).await;
    receiver.answers(|_| Reply::With(429, "retry-after", "90".to_owned()));
    node.happens_to(&["ada"]).await;
    node.delivers().await;
    assert_eq!(node.waiting("mine").await[0].due_at, Some(node.clock.now() + TimeDelta::seconds(90)));
    node.pass(89);
    node.delivers().await;
    assert_eq!(receiver.got().len(), 1);
    let later = node.clock.now() + TimeDelta::seconds(300);
    let date = later.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    receiver.answers(move |_| Reply::With(503, "retry-after", date.clone()));
    node.pass(1);
    node.delivers().await;
    assert_eq!((receiver.got().len(), node.waiting("mine").await[0].due_at), (2, Some(later)));
}

#[tokio::test]
async fn after_the_last_attempt_an_event_is_a_dead_letter_and_can_be_sent_again() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    node.hook("mine", &receiver.url).await;
    receiver.answers(|_| Reply::Status(500));
    let seq = node.happens_to(&["ada", "ada"]).await;
    let begun = node.clock.now();
    while node.dead("mine").await.is_empty() {
        node.pass(600);
        node.delivers().await;
    }
    let lived = node.clock.now() - begun;
    assert!((TimeDelta::hours(57)..TimeDelta::hours(88)).contains(&lived), "{lived}");
    let [dead] = &node.dead("mine").await[..] else { panic!("one is dead") };
    assert_eq!((dead.seq, dead.attempts, dead.due_at, dead.status), (seq - 1, 11, None, Some(500)));
    assert_eq!(receiver.seqs().iter().filter(|other| **other == seq - 1).count(), 11);
    receiver.answers(|_| Reply::Status(200));
    node.pass(600);
    node.delivers().await;
    assert_eq!(receiver.seqs().last(), Some(&seq), "what is dead holds up nothing");
    let nothing =
        node.app.replay(&node.tenant, "mine", Some(EventId::from_bits(99))).await.expect_err("there is none");
    assert!(nothing.to_string().starts_with("no dead letter `evt_"), "{nothing}");
    assert_eq!(node.app.replay(&node.tenant, "mine", Some(dead.event.clone())).await.expect("replayed"), 1);
    node.delivers().await;
    assert_eq!(receiver.seqs().last(), Some(&(seq - 1)));
    assert_eq!((node.dead("mine").await, node.waiting("mine").await), (vec![], vec![]));
}

#[tokio::test]
async fn all_dead_letters_of_an_endpoint_are_sent_again_in_their_order() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    node.hook("mine", &receiver.url).await;
    receiver.answers(|_| Reply::Status(500));
    let last = node.happens_to(&["ada", "ada", "bob"]).await;
    while node.dead("mine").await.len() < 3 {
        node.pass(3600);
        node.delivers().await;
    }
    let before = receiver.got().len();
    assert_eq!(node.app.replay(&node.tenant, "mine", None).await.expect("replayed"), 3);
    node.delivers().await;
    let failed: Vec<_> = node.waiting("mine").await.iter().map(|one| (one.seq, one.attempts)).collect();
    assert_eq!(failed.len(), 3, "{failed:?}");
    receiver.answers(|_| Reply::Status(200));
    node.pass(600);
    node.delivers().await;
    let adas: Vec<u64> = receiver.seqs()[before..].iter().copied().filter(|seq| *seq != last).collect();
    assert!(adas.is_sorted() && adas.contains(&(last - 1)), "{adas:?}");
    assert_eq!((node.dead("mine").await, node.waiting("mine").await), (vec![], vec![]));
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_sent_nothing_any_more() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    node.hook("mine", &receiver.url).await;
    receiver.answers(|_| Reply::Status(410));
    node.happens_to(&["ada", "ada"]).await;
    node.delivers().await;
    node.happens_to(&["bob"]).await;
    node.pass(3600);
    node.delivers().await;
    assert_eq!(receiver.got().len(), 1);
    let webhook = node.webhook("mine").await.webhook;
    assert_eq!((webhook.active, webhook.stopped_by), (false, Some(Stopped::Gone)));
    let log = node.app.events_after(&node.tenant, 0, 99).await.expect("a log");
    let told: Vec<_> = log.iter().filter(|event| event.event.split().0 == "webhook.disabled").collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].subject, format!("webhook:{}", webhook.id));
    let findings = node.app.examine().await.expect("findings");
    let about_it = findings.iter().filter(|finding| finding.found.contains("`mine`"));
    let about_it: Vec<_> =
        about_it.map(|finding| (finding.found.as_str(), finding.mend.as_deref())).collect();
    let mend = "find out why, and then `dutyline webhook resume \"mine\"`";
    assert_eq!(about_it, [("`mine` is sent nothing any more: gone", Some(mend))]);
    receiver.answers(|_| Reply::Status(200));
    let again = WebhookPatch { active: Some(true), ..WebhookPatch::default() };
    let webhook = node.app.change_webhook(&node.tenant, "mine", again).await.expect("resumed");
    assert_eq!((webhook.active, webhook.stopped_by), (true, None));
    node.delivers().await;
    assert_eq!(receiver.got().len(), 4, "the three come after all");
}

#[tokio::test]
async fn nobody_is_followed_to_where_they_send_us() {
    let (node, receiver, other) = (Node::new().await, Receiver::start().await, Receiver::start().await);
    node.hook("mine", &receiver.url).await;
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = other.url.clone();
        receiver.answers(move |_| Reply::With(status, "location", elsewhere.clone()));
        let pinged = node.app.ping_webhook(&node.tenant, "mine").await.expect("sent");
        assert_eq!((pinged.delivered, pinged.status), (false, Some(status)));
    }
    assert_eq!((receiver.got().len(), other.got().len()), (5, 0));
}

#[tokio::test]
async fn an_endpoint_that_is_down_is_asked_seldom_and_gets_everything_when_it_is_back() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    node.hook("mine", &receiver.url).await;
    receiver.answers(|_| Reply::Status(502));
    let users: Vec<String> = (0..600).map(|user| format!("u{user}")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    node.happens_to(&users).await;
    for _ in 0..60 {
        node.delivers().await;
        node.pass(1);
    }
    let (asked, waiting) = (receiver.got().len(), node.waiting("mine").await.len());
    assert!(asked <= 60 && waiting <= 60, "{asked} attempts, {waiting} rows");
    assert!(node.webhook("mine").await.failing_since.is_some());
    receiver.answers(|_| Reply::Status(200));
    for _ in 0..60 {
        node.pass(60);
        node.delivers().await;
    }
    let mut delivered = receiver.seqs().split_off(asked);
    delivered.sort_unstable();
    delivered.dedup();
    assert_eq!((delivered.len(), node.waiting("mine").await.len()), (600, 0));
    assert_eq!(receiver.got().len() - asked, 600, "each once");
    assert_eq!(node.listed("mine", DeliveryState::Dead).await, []);
}

#[tokio::test]
async fn while_a_thousand_events_wait_nothing_new_is_sent_and_then_all_of_it_is() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    node.hook("mine", &receiver.url).await;
    receiver.answers(|got| Reply::Status(if got.event["subject"] == "user:ada" { 400 } else { 200 }));
    node.happens_to(&vec!["ada"; 1100]).await;
    let last = node.happens_to(&["bob"]).await;
    node.delivers().await;
    let waiting = node.webhook("mine").await.waiting;
    assert!((1000..1256).contains(&waiting) && receiver.got().len() == 1, "{waiting}");
    receiver.answers(|_| Reply::Status(200));
    node.pass(10);
    node.delivers().await;
    let (seqs, standing) = (receiver.seqs(), node.webhook("mine").await);
    assert_eq!((seqs.len(), standing.waiting, standing.failing_since), (1 + 1101, 0, None));
    let adas: Vec<u64> = seqs.into_iter().filter(|seq| *seq != last).collect();
    assert!(adas.is_sorted());
}

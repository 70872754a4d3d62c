//! An endpoint's URL does not lead to what only we can reach.

use dutyline::app::App;
use dutyline::app::webhooks::{Egress, NewWebhook, WebhookPatch};
use dutyline::domain::webhook::address::Allowed;

use super::{Node, filter, send_all};
use crate::harness::receiver::Receiver;

fn at(name: &str, url: &str) -> NewWebhook {
    NewWebhook {
        name: name.parse().expect("a name"),
        url: url.parse().expect("a URL"),
        filter: filter(&[], &[]),
        insecure_tls: false,
    }
}

/// The node's application, allowed less.
fn strict(node: &Node) -> App {
    node.app.clone().sending_by(Egress::default())
}

#[tokio::test]
async fn a_url_with_a_private_address_is_refused() {
    let node = Node::new().await;
    let app = strict(&node);
    for url in [
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/",
        "https://2130706433/",
    ] {
        let refused = app.add_webhook(&node.tenant, at("mine", url)).await.expect_err(url).to_string();
        assert!(refused.contains("is not a public address; `DUTYLINE_WEBHOOK_ALLOW`"), "{url}: {refused}");
    }
    let plain = app.add_webhook(&node.tenant, at("mine", "http://example.com/")).await.expect_err("plain");
    assert!(plain.to_string().contains("give an `https` URL"), "{plain}");
    let plain = node.app.add_webhook(&node.tenant, at("mine", "http://8.8.8.8/")).await.expect_err("plain");
    assert!(plain.to_string().contains("without TLS only networks"), "{plain}");
    app.add_webhook(&node.tenant, at("mine", "https://example.com/")).await.expect("added");
    let moved =
        WebhookPatch { url: Some("https://10.0.0.1/".parse().expect("a URL")), ..WebhookPatch::default() };
    let refused = app.change_webhook(&node.tenant, "mine", moved).await.expect_err("private");
    assert!(refused.to_string().starts_with("url: `https://10.0.0.1/`: "), "{refused}");
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_not_followed() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    let port = receiver.url.split(':').nth(2).expect("a port").to_owned();
    let app = strict(&node);
    let url = format!("https://localhost:{port}");
    app.add_webhook(&node.tenant, at("by name", &url)).await.expect("a name is not looked up yet");
    let pinged = app.ping_webhook(&node.tenant, "by name").await.expect("tried");
    let why = pinged.why.expect("it is refused");
    assert!(why.contains("is not a public address"), "{why}");
    // Allowed, it is at least connected to; it does not speak TLS.
    let pinged = node.app.ping_webhook(&node.tenant, "by name").await.expect("tried");
    let why = pinged.why.expect("there is no TLS");
    assert!(!why.contains("public address"), "{why}");
    let plain = format!("http://localhost:{port}");
    node.app.add_webhook(&node.tenant, at("plain", &plain)).await.expect("added");
    assert!(node.app.ping_webhook(&node.tenant, "plain").await.expect("sent").delivered);
    let elsewhere = Allowed::new(["10.0.0.0/8".parse().expect("a network")]);
    let app = app.sending_by(Egress { allowed: elsewhere, ..Egress::default() });
    let why = app.ping_webhook(&node.tenant, "plain").await.expect("tried").why.expect("it is refused");
    assert!(why.contains("without TLS only networks"), "{why}");
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test]
async fn an_address_that_was_allowed_once_is_not_connected_to_any_more() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    node.hook("mine", &receiver.url).await;
    node.happens_to(&["ada"]).await;
    send_all(&strict(&node)).await;
    assert_eq!(receiver.got().len(), 0);
    let why = node.waiting("mine").await.remove(0).why.expect("it is refused");
    assert!(why.contains("without TLS only networks"), "{why}");
}

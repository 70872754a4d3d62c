//! Deliveries in the eyes of the standard's own Python library, received over a real connection. `tests/run` installs
//! it and names the interpreter in `DUTYLINE_TEST_PYTHON`.

use chrono::TimeDelta;
use dutyline::domain::webhook::secret::Secret;
use dutyline::store::Clock;
use serde_json::{Value, json};

use super::Node;
use crate::harness::python::{interpreter, opinion};
use crate::harness::receiver::{Got, Receiver};

#[tokio::test]
async fn the_standards_own_library_agrees_with_our_signatures() {
    let Some(python) = interpreter("standardwebhooks") else { return };
    // The library looks at the time as well.
    let (node, receiver) = (Node::at(Clock::System).await, Receiver::start().await);
    let old = node.hook("mine", &receiver.url).await;
    let (_, new) = node.app.rotate_webhook(&node.tenant, "mine", TimeDelta::hours(1)).await.expect("rotated");
    node.happens_to(&["ada", "bob", "ada"]).await;
    node.delivers().await;
    let deliveries = receiver.got();
    let changed = |got: &Got| Got { body: format!("{} ", got.body), ..got.clone() };
    let mut cases = Vec::new();
    for got in &deliveries {
        cases.extend([case(&old, got, true), case(&new, got, true)]);
        cases.extend([case(&Secret::from_bytes([7; 32]), got, false), case(&new, &changed(got), false)]);
    }
    assert_eq!(
        (deliveries.len(), opinion(&python, "webhooks/second_opinion.py", &json!(cases))),
        (3, String::new())
    );
}

fn case(secret: &Secret, got: &Got, valid: bool) -> Value {
    json!({
        "secret": secret.expose(),
        "headers": {
            "webhook-id": got.id,
            "webhook-timestamp": got.timestamp.to_string(),
            "webhook-signature": got.signature,
        },
        "body": got.body,
        "valid": valid,
    })
}

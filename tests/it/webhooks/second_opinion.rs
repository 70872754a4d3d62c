//! Deliveries in the eyes of the standard's own Python library, received over a real connection. `tests/run` installs
//! it and names the interpreter in `DUTYLINE_TEST_PYTHON`.

use std::env;
use std::io::{self, Write};
use std::process::{Command, Stdio};

use chrono::TimeDelta;
use dutyline::domain::webhook::secret::Secret;
use dutyline::store::Clock;
use serde_json::{Value, json};

use super::Node;
use crate::harness::receiver::{Got, Receiver};

#[tokio::test]
async fn the_standards_own_library_agrees_with_our_signatures() {
    let Ok(python) = env::var("DUTYLINE_TEST_PYTHON") else {
        // Past the test runner, which would swallow it.
        let note =
            "skipped: DUTYLINE_TEST_PYTHON names no interpreter that has the `standardwebhooks` package";
        return writeln!(io::stderr(), "{note}").expect("stderr is open");
    };
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
    assert_eq!((deliveries.len(), disagreements(&python, &json!(cases))), (3, String::new()));
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

/// What the library says against the cases, a line for each.
fn disagreements(python: &str, cases: &Value) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/webhooks/second_opinion.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("DUTYLINE_TEST_PYTHON names an interpreter");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    stdin.write_all(cases.to_string().as_bytes()).expect("the script reads its input first");
    drop(stdin);
    let output = child.wait_with_output().expect("the script ends");
    assert!(output.status.success(), "the script failed, see above");
    String::from_utf8(output.stdout).expect("Python writes UTF-8")
}

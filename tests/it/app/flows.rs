//! Publishing.

use dutyline::app::flows::Publication;
use dutyline::store::flows::{FlowState, FlowVersion};

use super::{Bench, flow};

fn new(publication: Result<Publication, String>) -> FlowVersion {
    match publication {
        Ok(Publication::New(version)) => version,
        other => panic!("not a new version: {other:?}"),
    }
}

fn uses(version: &FlowVersion) -> Vec<(&str, u32)> {
    version.uses.iter().map(|(name, version)| (name.as_str(), *version)).collect()
}

#[tokio::test]
async fn a_new_source_is_a_new_version_and_the_same_one_is_not() {
    let bench = Bench::new().await;
    let (first, second) = (flow("a", &[], &[]), flow("a", &["welcome"], &[]));
    assert_eq!(new(bench.publish(&first).await).version, 1);
    assert!(matches!(bench.publish(&first).await, Ok(Publication::Unchanged(same)) if same.version == 1));
    assert_eq!(new(bench.publish(&second).await).version, 2);
    assert_eq!(new(bench.publish(&first).await).version, 3, "back to the first is a step of its own");
    assert_eq!(bench.events().await, ["flow.published flow:a"; 3]);
}

#[tokio::test]
async fn a_draft_has_a_number_and_is_nobodys_latest() {
    let bench = Bench::new().await;
    let source = flow("a", &["not-there-yet"], &["neither"]);
    assert_eq!(new(bench.put_flow(&source, FlowState::Draft).await).version, 1);
    let latest = bench.app.flow(&bench.tenant.id, &super::name("a"), None).await;
    assert_eq!(
        latest.expect_err("none").to_string(),
        "no version of the flow `a`; `dutyline flow list` shows those there are"
    );
    assert_eq!(new(bench.publish(&flow("a", &[], &[])).await).version, 2);
}

#[tokio::test]
async fn a_version_stays_with_the_versions_that_it_was_published_with() {
    let bench = Bench::new().await;
    let (root, middle) = (flow("root", &[], &["middle"]), flow("middle", &[], &["leaf"]));
    new(bench.publish(&flow("leaf", &[], &[])).await);
    new(bench.publish(&middle).await);
    assert_eq!(uses(&new(bench.publish(&root).await)), [("leaf", 1), ("middle", 1)]);
    new(bench.publish(&flow("leaf", &["welcome"], &[])).await);
    let kept = bench.app.flow(&bench.tenant.id, &super::name("root"), Some(1)).await.expect("version 1");
    assert_eq!(uses(&kept), [("leaf", 1), ("middle", 1)]);
    let again = new(bench.publish(&root).await);
    assert_eq!((again.version, uses(&again)), (2, vec![("leaf", 2), ("middle", 1)]));
}

#[tokio::test]
async fn what_a_call_would_miss_is_not_published() {
    let bench = Bench::new().await;
    new(bench.publish(&flow("b", &[], &[])).await);
    new(bench.publish(&flow("a", &[], &["b"])).await);
    for (source, refusal) in [
        (flow("x", &[], &["gone"]), "flow `x`, node `n0`: unknown flow `gone`; publish it first"),
        (flow("b", &[], &["a"]), "flows run each other in a circle: `b` -> `a` -> `b`"),
        (
            flow("x", &["hello"], &[]),
            "flow `x`, node `n0`: there is no prompt `hello`: add it, or name another",
        ),
        (
            flow("x", &[], &[]).replace("start = 'n0'", "start = 'n9'"),
            "the flow has errors\n\nerror: unknown node `n9`\n --> flow.toml:4:9",
        ),
    ] {
        let refused = bench.publish(&source).await.expect_err("refused");
        assert!(refused.starts_with(refusal), "{refused}");
    }
    assert_eq!(bench.app.flows(&bench.tenant.id).await.expect("flows").len(), 2);
}

//! Nodes that migrate one database at the same time.

use std::process::Stdio;

use super::shape;
use crate::harness::database::{Database, ask};
use crate::harness::process::Deployment;

const ROUNDS: usize = 8;
const NODES: usize = 4;

#[tokio::test]
async fn nodes_that_migrate_at_the_same_time_all_succeed() {
    let mut shapes = Vec::new();
    for _ in 0..ROUNDS {
        let (folder, database) = (tempfile::tempdir().expect("a folder"), Database::new());
        let deployment = Deployment::on(folder.path(), &database.url);
        let mut migrate = deployment.dutyline();
        migrate.arg("migrate").stderr(Stdio::piped());
        let nodes: Vec<_> = (0..NODES).map(|_| migrate.spawn().expect("it starts")).collect();
        for node in nodes {
            let run = node.wait_with_output().expect("it ends");
            assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        }
        let tenants = ask(&database.url, "select cast(count(*) as text) from tenants").await;
        assert_eq!(tenants, "1", "the default one");
        shapes.push(shape(&database.url).await);
    }
    assert!(shapes.iter().all(|shape| *shape == shapes[0]));
}

//! A migration that is killed.

use std::os::unix::process::ExitStatusExt as _;

use super::shape;
use crate::harness::database::{Database, is_postgres};
use crate::harness::preload;
use crate::harness::process::Deployment;

const SIGKILL: i32 = 9;

#[tokio::test]
async fn a_migration_that_is_killed_at_any_moment_is_made_by_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = preload::library("tests/it/schema/killed.c", folder.path());
    let undisturbed = Database::new();
    Deployment::on(folder.path(), &undisturbed.url).run(&["migrate"]);
    let whole = shape(&undisturbed.url).await;
    // SQLite has hundreds of words with its disk, most of them alike, and a question to PostgreSQL is two.
    let words = if is_postgres() { 2 } else { 5 };
    let mut kills = 0;
    for word in (1..).step_by(words) {
        let database = Database::new();
        let deployment = Deployment::on(folder.path(), &database.url);
        let mut migrate = deployment.dutyline();
        migrate.arg("migrate").env("LD_PRELOAD", &library).env("KILLED_AT", word.to_string());
        let run = migrate.output().expect("it runs");
        if run.status.success() {
            break;
        }
        assert_eq!(run.status.signal(), Some(SIGKILL), "{}", String::from_utf8_lossy(&run.stderr));
        deployment.run(&["migrate"]);
        assert_eq!(shape(&database.url).await, whole, "killed at word {word}");
        kills += 1;
    }
    assert!(kills >= 30, "{kills} kills");
}

//! What holds on SQLite holds on PostgreSQL, and what several nodes do on one database.

mod nodes;
mod outages;
mod servers;

use std::env;
use std::process::Command;

use crate::harness::database::{ENGINE, is_postgres};
use crate::harness::postgres;

/// Runs every test of this binary once more, on PostgreSQL.
#[test]
fn everything_holds_on_postgresql_too() {
    if is_postgres() || postgres::unless_missing().is_none() {
        return;
    }
    let run = Command::new(env::current_exe().expect("this binary"))
        .args(["--skip", "sqlite", "--skip", "architecture", "--skip", "documents", "--skip", "behaviour"])
        .env(ENGINE, "postgres")
        .output()
        .expect("this binary runs");
    let said = String::from_utf8_lossy(&run.stdout) + String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}");
    assert!(!said.contains(" 0 passed"), "{said}");
}

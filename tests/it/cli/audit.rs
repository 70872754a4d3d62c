//! `dutyline audit verify`: what is said of a log, and the exit code.

use insta::assert_snapshot;

use super::Shell;
use crate::harness::database::{is_postgres, run};

/// A log with four entries.
fn furnished() -> Shell {
    let shell = Shell::new();
    for name in ["ada", "bob", "eve"] {
        shell.run(&["user", "add", name, "--name", name]);
    }
    shell
}

/// What `audit verify` says, without what is another each time.
fn verify(shell: &Shell, arguments: &[&str]) -> String {
    let said = shell.run(&[&["audit", "verify"], arguments].concat());
    let mask = |word: &str| {
        let bare = word.trim_end_matches([' ', '"', ',']);
        let mask = match bare {
            hash if hash.len() == 64 => "HASH",
            id if id.starts_with("evt_") => "EVENT",
            time if time.starts_with("20") && time.ends_with('Z') => "TIME",
            plain => plain,
        };
        word.replace(bare, mask)
    };
    let masked = |line: &str| {
        let (line, _) = line.split_once(", at 20").unwrap_or((line, ""));
        line.split_inclusive([' ', '"', ',']).map(mask).collect::<String>()
    };
    said.lines().map(masked).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_log_that_nobody_changed_is_whole() {
    let shell = furnished();
    assert_snapshot!(verify(&shell, &[]), @r"
    [0]
    4 entries, seq 1 to 4, none changed
    last hash HASH
    ");
    assert_snapshot!(verify(&shell, &["--json"]), @r#"
    [0]
    {
      "verdict": "whole",
      "entries": 4,
      "from": 1,
      "to": 4,
      "hashed_from": 1,
      "without_hash": 0,
      "hash": "HASH"
    }
    "#);
}

#[tokio::test]
async fn the_first_entry_that_was_changed_is_named() {
    let shell = furnished();
    run(&shell.url(), "update events set data = replace(data, 'bob', 'rob') where seq = 3").await;
    assert_snapshot!(verify(&shell, &[]), @r"
    [1]
    entry 3 is not what was written there
    it is EVENT, user.added
    stderr: hint: keep the database as it is, with a copy, and find the last backup for which this command finds nothing; see docs/operations.md
    ");
    assert_snapshot!(verify(&shell, &["--json"]), @r#"
    [1]
    {
      "verdict": "broken",
      "seq": 3,
      "fault": "changed",
      "without_hash_since": null,
      "entry": {
        "seq": 3,
        "id": "EVENT",
        "type": "user.added",
        "at": "TIME"
      }
    }
    stderr: hint: keep the database as it is, with a copy, and find the last backup for which this command finds nothing; see docs/operations.md
    "#);
    run(&shell.url(), "delete from events where seq = 2").await;
    assert_snapshot!(verify(&shell, &[]), @r"
    [1]
    entry 2 is missing
    the next one is 3, EVENT, user.added
    stderr: hint: keep the database as it is, with a copy, and find the last backup for which this command finds nothing; see docs/operations.md
    ");
    run(&shell.url(), "delete from events").await;
    assert_snapshot!(verify(&shell, &[]), @r"
    [1]
    entry 1 is missing
    stderr: hint: keep the database as it is, with a copy, and find the last backup for which this command finds nothing; see docs/operations.md
    ");
}

#[test]
fn a_log_is_whole_when_its_backup_is_restored_and_goes_on_from_there() {
    // PostgreSQL has its own tools for it.
    if is_postgres() {
        return;
    }
    let shell = furnished();
    assert!(shell.run(&["backup", "copy.db"]).starts_with("[0]"));
    shell.run(&["user", "add", "lost", "--name", "Lost"]);
    let database = shell.path().join("dutyline-data/dutyline.db");
    for left in ["db-wal", "db-shm"] {
        // What the last command has tidied away is not there.
        drop(std::fs::remove_file(database.with_extension(left)));
    }
    std::fs::copy(shell.path().join("copy.db"), &database).expect("restored");
    assert_snapshot!(verify(&shell, &[]), @r"
    [0]
    4 entries, seq 1 to 4, none changed
    last hash HASH
    ");
    shell.run(&["user", "add", "joe", "--name", "Joe"]);
    assert_snapshot!(verify(&shell, &[]), @r"
    [0]
    5 entries, seq 1 to 5, none changed
    last hash HASH
    ");
}

#[tokio::test]
async fn entries_from_before_are_told_apart() {
    let shell = furnished();
    run(&shell.url(), "update events set hash = null; update outbox_heads set hash = null").await;
    assert_snapshot!(verify(&shell, &[]), @r"
    [0]
    4 entries, seq 1 to 4, none changed but perhaps 4 that have no hash, since an older dutyline wrote them
    last hash none
    ");
    shell.run(&["user", "add", "joe", "--name", "Joe"]);
    assert_snapshot!(verify(&shell, &[]), @r"
    [0]
    5 entries, seq 1 to 5, none changed but perhaps 4 that have no hash, since an older dutyline wrote them: hashes begin with seq 5
    last hash HASH
    ");
    run(&shell.url(), "update events set data = '{}' where seq = 5").await;
    assert_snapshot!(verify(&shell, &[]), @r"
    [1]
    entry 5 is not what was written there
    it is EVENT, user.added
    entries from 1 on have no hash: if somebody took it away, the fault is there
    stderr: hint: keep the database as it is, with a copy, and find the last backup for which this command finds nothing; see docs/operations.md
    ");
}

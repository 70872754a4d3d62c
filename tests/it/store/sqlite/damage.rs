//! A database whose file is damaged where nobody looks.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use sqlx::{Connection as _, Executor as _, SqliteConnection};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::harness::process::Deployment;

/// Bytes of a page.
const PAGE: u64 = 4096;

/// What takes longer does not happen.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_server_that_finds_damage_ends_and_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = Deployment::new(folder.path());
    line.run(&["migrate"]);
    let file = folder.path().join("dutyline.db");
    let mut connection =
        SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.expect("a connection");
    connection.execute("create table attic (thing text)").await.expect("a table");
    let root = "select rootpage from sqlite_master where name = 'attic'";
    let (root,): (i64,) = sqlx::query_as(root).fetch_one(&mut connection).await.expect("a page");
    connection.execute("pragma wal_checkpoint(truncate)").await.expect("a checkpoint");
    connection.close().await.expect("closed");
    let damaged = OpenOptions::new().write(true).open(&file).expect("the file");
    let place = (u64::try_from(root).expect("a number") - 1) * PAGE;
    damaged.write_all_at(b"a letter, and no page", place).expect("written");
    let server = line.dutyline().arg("serve").stderr(Stdio::piped()).spawn().expect("it starts");
    let id = server.id().to_string();
    let ended = timeout(PATIENCE, spawn_blocking(|| server.wait_with_output())).await;
    if ended.is_err() {
        Command::new("kill").arg(id).status().expect("it is ended");
    }
    let ended = ended.expect("it ends by itself").expect("nobody stops us").expect("its words");
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("the database is damaged") && told.contains("restore a backup"), "{told}");
}

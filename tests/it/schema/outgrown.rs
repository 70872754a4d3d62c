//! A database that a newer binary has made something of that this one does not understand.

use dutyline::store::fit::Misfit;
use dutyline::store::{Clock, Store, StoreError};

use crate::harness::database::Database;
use crate::harness::future::{contract, expand};
use crate::harness::process::Deployment;
use crate::harness::store::{Desk, entry, tenant};

#[tokio::test]
async fn it_is_not_opened() {
    let database = Database::new();
    drop(Store::open(&database.url, Clock::System).await.expect("a new database"));
    contract(&database.url).await;
    let opened = Store::open(&database.url, Clock::System).await;
    let existing = Store::open_existing(&database.url, Clock::System).await;
    let checked = Store::check(&database.url).await.map(drop);
    for refused in [opened.map(drop), existing.map(drop), checked] {
        let error = refused.expect_err("it is refused");
        assert!(matches!(error, StoreError::Misfit(Misfit::Newer { oldest: 9000, .. })), "{error}");
    }
}

#[tokio::test]
async fn nothing_is_written_to_it_any_more_once_that_is_noticed() {
    let desk = Desk::open().await;
    expand(&desk.database.url).await;
    desk.store.look().await.expect("it is one to work with");
    contract(&desk.database.url).await;
    let error = desk.store.look().await.expect_err("it is not");
    assert!(matches!(error, StoreError::Misfit(Misfit::Newer { .. })), "{error}");
    assert!(matches!(&*desk.store.broken().borrow(), Some(StoreError::Misfit(_))));
    let refused = desk.put(|tx| tx.append(&tenant("acme").id, [entry(1)])).await;
    assert!(matches!(refused, Err(StoreError::Closed)), "{refused:?}");
    assert_eq!(desk.last_seq("acme").await, 0);
}

#[tokio::test]
async fn a_server_that_finds_it_so_ends_and_does_not_start_again() {
    let (folder, database) = (tempfile::tempdir().expect("a folder"), Database::new());
    let deployment = Deployment::on(folder.path(), &database.url);
    let server = deployment.serve();
    contract(&database.url).await;
    assert_eq!(server.ended(), Some(1));
    let again = deployment.dutyline().arg("serve").output().expect("it runs");
    let said = String::from_utf8_lossy(&again.stderr);
    assert_eq!(again.status.code(), Some(1), "{said}");
    assert!(said.trim_end().ends_with(": use a newer dutyline"), "{said}");
}

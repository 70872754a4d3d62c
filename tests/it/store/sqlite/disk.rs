//! A disk that is full, a disk that fails (I30), and one whose flushes are counted. Each test runs itself once more
//! in a process of its own, under a library that makes the disk do so when told.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use dutyline::store::copy::copy;
use dutyline::store::{Clock, Scope, Store, StoreError};
use futures_util::future::join_all;

use crate::harness::database::Database;
use crate::harness::store::{Desk, entry, tenant};
use crate::harness::{preload, rows};

/// Where the library looks for what is to go wrong.
const FOLDER: &str = "DISKFAULT";

/// Runs the test named so in a process whose disk can fail; in that process, gives the folder of faults.
fn in_a_process_whose_disk_fails(test: &str) -> Option<PathBuf> {
    if let Some(folder) = env::var_os(FOLDER) {
        return Some(folder.into());
    }
    let folder = tempfile::tempdir().expect("a folder");
    let library = preload::library("tests/it/store/sqlite/diskfault.c", folder.path());
    let run = Command::new(env::current_exe().expect("this binary"))
        .args(["--exact", &format!("store::sqlite::disk::{test}"), "--nocapture"])
        .env("LD_PRELOAD", &library)
        .env(FOLDER, folder.path())
        .output()
        .expect("this binary runs");
    let said = String::from_utf8_lossy(&run.stdout) + String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
    None
}

async fn log(store: &Store, number: u64) -> Result<(), StoreError> {
    store
        .write(Scope::of(&tenant("acme")), move |tx| {
            Box::pin(async move {
                tx.append(&tenant("acme").id, [entry(number)]);
                Ok(())
            })
        })
        .await
}

#[tokio::test]
async fn a_full_disk_changes_nothing_and_heals_by_itself() {
    let Some(faults) = in_a_process_whose_disk_fails("a_full_disk_changes_nothing_and_heals_by_itself")
    else {
        return;
    };
    let desk = Desk::open().await;
    log(&desk.store, 1).await.expect("kept");
    fs::write(faults.join("enospc"), "").expect("a fault");
    for number in 2..5 {
        let error = log(&desk.store, number).await.expect_err("a full disk");
        assert_eq!(error.to_string(), "the disk is full; nothing was changed");
        assert_eq!(desk.last_seq("acme").await, 1, "reading goes on");
    }
    assert!(desk.store.broken().borrow().is_none());
    fs::remove_file(faults.join("enospc")).expect("there is space again");
    log(&desk.store, 5).await.expect("kept");
    assert_eq!(desk.last_seq("acme").await, 2);
}

#[tokio::test]
async fn every_answer_was_flushed_before_and_many_share_a_flush() {
    let Some(faults) =
        in_a_process_whose_disk_fails("every_answer_was_flushed_before_and_many_share_a_flush")
    else {
        return;
    };
    let desk = Desk::open().await;
    let count = faults.join("count");
    fs::write(&count, "").expect("nothing is counted yet");
    let flushes = || fs::metadata(&count).expect("counted").len();
    for number in 1..20 {
        let before = flushes();
        log(&desk.store, number).await.expect("kept");
        assert!(flushes() > before, "on the disk before it is answered");
    }
    let before = flushes();
    let units = (20..1020).map(|number| log(&desk.store, number));
    for kept in join_all(units).await {
        kept.expect("kept");
    }
    let shared = flushes() - before;
    assert!((1..100).contains(&shared), "{shared} flushes for a thousand units");
}

#[tokio::test]
async fn a_copy_that_fills_the_disk_leaves_nothing() {
    let Some(faults) = in_a_process_whose_disk_fails("a_copy_that_fills_the_disk_leaves_nothing") else {
        return;
    };
    let (desk, new) = (Desk::open().await, Database::new());
    let copied = async |progress: &dyn Fn()| {
        copy((&desk.database.url).into(), (&new.url).into(), |_, _| progress()).await
    };
    let fill = || fs::write(faults.join("enospc"), "").expect("a fault");
    let error = copied(&fill).await.expect_err("a full disk").to_string();
    assert_eq!(error, "the new database cannot be written: the disk is full; nothing was changed");
    fs::remove_file(faults.join("enospc")).expect("there is space again");
    assert_eq!(rows::count(&new.url).await, 0);
    copied(&|| ()).await.expect("copied");
    assert_eq!(rows::rows(&new.url).await, rows::rows(&desk.database.url).await);
}

#[tokio::test]
async fn after_a_failed_flush_nothing_is_acknowledged_any_more() {
    let Some(faults) = in_a_process_whose_disk_fails("after_a_failed_flush_nothing_is_acknowledged_any_more")
    else {
        return;
    };
    let desk = Desk::open().await;
    log(&desk.store, 1).await.expect("kept");
    fs::write(faults.join("eio"), "").expect("a fault");
    let error = log(&desk.store, 2).await.expect_err("a failed flush");
    assert!(matches!(error, StoreError::Broken(_)), "{error}");
    assert!(matches!(&*desk.store.broken().borrow(), Some(StoreError::Broken(_))));
    fs::remove_file(faults.join("eio")).expect("the disk says that it is well");
    assert!(matches!(log(&desk.store, 3).await, Err(StoreError::Closed)));
    let again = Store::open(&desk.database.url, Clock::System).await.expect("the next start");
    assert_eq!(again.quick_check().await.expect("readable"), None);
    log(&again, 4).await.expect("kept");
}

#[tokio::test]
async fn a_failed_flush_of_a_checkpoint_is_noticed() {
    let Some(faults) = in_a_process_whose_disk_fails("a_failed_flush_of_a_checkpoint_is_noticed") else {
        return;
    };
    let desk = Desk::open().await;
    fs::write(faults.join("eio-checkpoint"), "").expect("a fault");
    let mut failed = None;
    for number in 1..5000 {
        if let Err(error) = log(&desk.store, number).await {
            failed = Some(error);
            break;
        }
    }
    assert!(matches!(failed, Some(StoreError::Broken(_) | StoreError::Closed)), "{failed:?}");
    assert!(desk.store.broken().borrow().is_some());
}

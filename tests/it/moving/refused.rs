//! What is not begun.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use dutyline::store::copy::{CopyError, copy};
use dutyline::store::fit::Misfit;
use dutyline::store::{Clock, Scope, Store, StoreError};

use super::{copied, run_until};
use crate::harness::database::{Database, is_postgres};
use crate::harness::future::{VERSION, contract, expand};
use crate::harness::rows::rows;
use crate::harness::store::{Desk, entry, tenant};

#[tokio::test]
async fn a_database_that_is_not_empty_is_refused_by_name_and_left_alone() {
    let (desk, other) = (Desk::open().await, Desk::open().await);
    let before = rows(&other.database.url).await;
    let url = other.database.url.replace("dutyline@", "dutyline:s3cret@");
    let refused = copied(&desk.database.url, &url).await.expect_err("refused").to_string();
    assert_eq!(
        refused,
        format!(
            "`{}` is not empty, its table `tenants` has rows; name a database that is new or empty",
            other.database.url
        )
    );
    assert_eq!(rows(&other.database.url).await, before);
}

#[tokio::test]
async fn even_one_row_of_any_table_is_somebodys() {
    let (desk, new) = (Desk::open().await, Database::new());
    let store = Store::open(&new.url, Clock::System).await.expect("a migrated database");
    let unit = store.write::<_, StoreError, _>(Scope::Deployment, |tx| {
        tx.insert_secret("key", "s3cret");
        Box::pin(async { Ok(()) })
    });
    unit.await.expect("kept");
    let refused = copied(&desk.database.url, &new.url).await;
    assert!(matches!(refused, Err(CopyError::Occupied { table: "secrets", .. })), "{refused:?}");
}

#[tokio::test]
async fn a_database_is_not_copied_to_itself() {
    let desk = Desk::open().await;
    let refused = copied(&desk.database.url, &desk.database.url).await;
    assert!(matches!(refused, Err(CopyError::Occupied { .. })), "{refused:?}");
}

#[tokio::test]
async fn there_must_be_something_to_copy() {
    let (nothing, new) = (Database::new(), Database::new());
    let refused = copied(&nothing.url, &new.url).await.expect_err("refused").to_string();
    assert!(refused.starts_with("the old database cannot be read: "), "{refused}");
    assert!(refused.contains("`dutyline migrate`"), "{refused}");
    assert!(is_postgres() || !new.file().exists(), "nothing is made");
}

#[tokio::test]
async fn a_schema_that_has_more_than_we_know_is_refused_on_either_side() {
    let (desk, new) = (Desk::open().await, Database::new());
    drop(Store::open(&new.url, Clock::System).await.expect("a migrated database"));
    expand(&new.url).await;
    let refused = copied(&desk.database.url, &new.url).await;
    assert!(matches!(refused, Err(CopyError::Newer { which: "new", version: VERSION, .. })), "{refused:?}");
    expand(&desk.database.url).await;
    let other = Database::new();
    let refused = copied(&desk.database.url, &other.url).await.expect_err("refused").to_string();
    let says = "the old database's schema is at version 9000, and this binary knows ";
    assert!(refused.starts_with(says) && refused.ends_with(": use the newer dutyline"), "{refused}");
    contract(&desk.database.url).await;
    let refused = copied(&desk.database.url, &other.url).await;
    let outgrown = matches!(refused, Err(CopyError::Old(StoreError::Misfit(Misfit::Newer { .. }))));
    assert!(outgrown, "{refused:?}");
}

#[tokio::test]
async fn what_somebody_has_is_refused_whatever_its_schema() {
    let (desk, other) = (Desk::open().await, Desk::open().await);
    contract(&other.database.url).await;
    let refused = copied(&desk.database.url, &other.database.url).await;
    assert!(matches!(refused, Err(CopyError::Occupied { table: "tenants", .. })), "{refused:?}");
}

#[tokio::test]
async fn nobody_writes_to_the_old_database_meanwhile() {
    let (desk, new) = (Desk::open().await, Database::new());
    let begun = AtomicBool::new(false);
    let progress = |_, _| begun.store(true, Ordering::Relaxed);
    let mut copying = pin!(copy((&desk.database.url).into(), (&new.url).into(), progress));
    run_until(|| begun.load(Ordering::Relaxed), copying.as_mut()).await;
    let event = desk.put(|tx| tx.append(&tenant("acme").id, [entry(1)]));
    let (event, another) = tokio::join!(event, add_tenant(&desk.store, "bolt"));
    assert!(event.is_err() && another.is_err(), "{event:?} {another:?}");
    assert_eq!(desk.last_seq("acme").await, 0, "reading goes on");
    copying.await.expect("copied");
    desk.put(|tx| tx.append(&tenant("acme").id, [entry(2)])).await.expect("it is free again");
}

async fn add_tenant(store: &Store, slug: &'static str) -> Result<(), StoreError> {
    let unit = store.write(Scope::of(&tenant(slug)), move |tx| {
        tx.insert_tenant(&tenant(slug));
        Box::pin(async { Ok(()) })
    });
    unit.await
}

#[tokio::test]
async fn a_database_that_somebody_writes_to_is_refused() {
    let (desk, new) = (Desk::open().await, Database::new());
    let other = desk.database.hold().await;
    let refused = copied(&desk.database.url, &new.url).await.expect_err("refused").to_string();
    let begins = "nobody can be kept from writing to the old database: ";
    assert!(
        refused.starts_with(begins) && refused.ends_with("; stop the servers that work on it"),
        "{refused}"
    );
    other.let_go().await;
    copied(&desk.database.url, &new.url).await.expect("copied");
    let store = Store::open_existing(&new.url, Clock::System).await.expect("a database");
    assert!(add_tenant(&store, "bolt").await.is_ok());
}

//! A copy of the database.

use dutyline::store::{Durability, Store, StoreError};

use crate::harness::store::{Desk, tenant};

#[tokio::test]
async fn a_copy_is_a_whole_database() {
    let desk = Desk::open().await;
    let copy = desk.database.file().with_file_name("copy.db");
    desk.store.back_up(&copy).await.expect("copied");
    let url = format!("sqlite:{}", copy.display());
    let copied = Store::open_existing(&url, desk.clock.clone()).await.expect("a database");
    assert_eq!(copied.quick_check().await.expect("readable"), None);
    let tenants = copied.read::<_, StoreError, _>(|tx| Box::pin(tx.tenants())).await.expect("readable");
    assert_eq!(tenants.into_iter().map(|tenant| tenant.id).collect::<Vec<_>>(), [tenant("acme").id]);
    let durability = copied.durability().await.expect("readable");
    assert!(
        matches!(&durability, Durability::Sqlite { journal, is_full: true, .. } if journal == "wal"),
        "{durability:?}"
    );
}

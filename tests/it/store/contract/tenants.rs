//! Tenants, what they set up, and secrets.

use dutyline::store::flows::FlowState;
use dutyline::store::{StoreError, Tx};

use super::{desk, flow, hello, mapping};
use crate::harness::store::tenant;

#[tokio::test]
async fn tenants() {
    let desk = desk().await;
    let mut acme = tenant("acme");
    (acme.name, acme.shared_lines) = ("Acme & Sons".to_owned(), true);
    let saved = acme.clone();
    desk.put(move |tx| tx.save_tenant(&saved)).await.expect("kept");
    acme.revision = desk.revision().await;
    let (slug, other) = (acme.slug.clone(), "nobody".parse().expect("a slug"));
    let by_id = read!(desk, tx => tx.tenant_by_id(&tenant("acme").id).await?);
    assert_eq!(by_id, Some(acme.clone()));
    assert_eq!(read!(desk, tx => tx.tenants().await?), [acme.clone()]);
    assert_eq!(read!(desk, tx => tx.tenants_after(None, 2).await?), [acme.clone()]);
    assert_eq!(read!(desk, tx => tx.tenants_after(Some(&tenant("acme").slug), 2).await?), []);
    assert_eq!(read!(desk, tx => tx.tenant(&slug).await?), Some(acme));
    assert_eq!(read!(desk, tx => tx.tenant(&other).await?), None);
}

#[tokio::test]
async fn secrets() {
    let desk = desk().await;
    assert_eq!(read!(desk, tx => tx.secret("key").await?), None);
    for value in ["one", "two"] {
        desk.put(move |tx| tx.insert_secret("key", value)).await.expect("kept");
    }
    assert_eq!(read!(desk, tx => tx.secret("key").await?).as_deref(), Some("one"));
}

#[tokio::test]
async fn whatever_admins_set_up_raises_the_revision() {
    let desk = desk().await;
    let changes: [fn(&mut Tx<'_>); 6] = [
        |tx| tx.save_tenant(&tenant("acme")),
        |tx| tx.save_mapping(&tenant("acme").id, &mapping()),
        |tx| tx.delete_mapping(&tenant("acme").id, &mapping().id),
        |tx| tx.insert_flow(&tenant("acme").id, &flow(2, FlowState::Draft)),
        |tx| tx.save_prompt(&tenant("acme").id, &hello()),
        |tx| tx.delete_prompt(&tenant("acme").id, &hello().language, &hello().name),
    ];
    for (place, change) in changes.into_iter().enumerate() {
        let before = desk.revision().await;
        desk.put(change).await.expect("kept");
        assert_eq!(desk.revision().await, before + 1, "change {place}");
    }
}

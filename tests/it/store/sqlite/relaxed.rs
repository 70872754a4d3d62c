//! Answers that go out before the commit.

use dutyline::store::{Scope, StoreError};
use futures_util::FutureExt;

use crate::harness::store::{Desk, entry, tenant};
use crate::store::writer::{End, ask, gate, hold, open};

#[tokio::test]
async fn a_relaxed_unit_is_answered_before_the_commit_and_saved_by_it() {
    let desk = Desk::open().await;
    let (first, gate_of_first) = hold(&desk, End::Relaxed).await;
    let relaxed = ask(&desk.store, 2, End::Relaxed, None);
    let (gate, reached, gate_of_last) = gate();
    let last = ask(&desk.store, 3, End::Kept, Some(gate));
    open(gate_of_first);
    reached.await.expect("the last unit runs");
    assert_eq!(first.await.expect("answered"), 1);
    assert_eq!(relaxed.await.expect("answered"), 2);
    assert_eq!(desk.last_seq("acme").await, 0, "nothing is committed yet");
    open(gate_of_last);
    last.await.expect("kept");
    assert_eq!(desk.last_seq("acme").await, 3);
}

#[tokio::test]
async fn a_relaxed_unit_waits_where_it_may_have_read_what_is_not_on_disk() {
    let desk = Desk::open().await;
    let (first, gate_of_first) = hold(&desk, End::Kept).await;
    let mut relaxed = ask(&desk.store, 2, End::Relaxed, None);
    let (gate, reached, gate_of_last) = gate();
    let last = ask(&desk.store, 3, End::Kept, Some(gate));
    open(gate_of_first);
    reached.await.expect("the last unit runs, and the relaxed one ran");
    assert!((&mut relaxed).now_or_never().is_none());
    open(gate_of_last);
    first.await.expect("kept");
    last.await.expect("kept");
    assert_eq!(relaxed.await.expect("kept"), 2);
}

#[tokio::test]
async fn the_store_settles_once_what_nobody_waited_for_is_on_disk() {
    let desk = Desk::open().await;
    let (first, gate) = hold(&desk, End::Relaxed).await;
    let later = desk.store.write_later::<StoreError, _>(Scope::of(&tenant("acme")), |tx| {
        Box::pin(async move {
            tx.append(&tenant("acme").id, [entry(2)]);
            Ok(())
        })
    });
    later.await.expect("queued");
    let mut settled = Box::pin(desk.store.settle());
    assert!((&mut settled).now_or_never().is_none());
    open(gate);
    settled.await.expect("saved");
    assert_eq!(desk.last_seq("acme").await, 2);
    first.await.expect("answered");
}

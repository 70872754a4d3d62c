//! Requests that are carried out once.

use dutyline::domain::claim::{Claim, Claimed};
use dutyline::domain::ids::{Sha256Hex, TokenId};
use dutyline::store::{Scope, StoreError, Tx};

use super::desk;
use super::tokens::{keep, token};
use crate::harness::store::{Desk, at, entry, tenant};

fn claim(token: u128, key: &str, request: &str) -> Claim {
    Claim {
        tenant: tenant("acme").id,
        token: TokenId::from_bits(token),
        key: key.parse().expect("a key"),
        request: Sha256Hex::of(request.as_bytes()),
    }
}

async fn desk_with_tokens() -> Desk {
    let desk = desk().await;
    keep(&desk, token(1, "ci"), "first").await.expect("kept");
    keep(&desk, token(2, "board"), "second").await.expect("kept");
    desk
}

/// Logs an event for a request that makes the claim, and then ends as `outcome` says.
async fn carry_out(desk: &Desk, claim: &Claim, outcome: Result<(), StoreError>) -> Result<(), StoreError> {
    let store = desk.store.claiming(claim.clone());
    let unit = store.write(Scope::of(&tenant("acme")), move |tx| {
        tx.append(&tenant("acme").id, [entry(1)]);
        Box::pin(async { outcome })
    });
    unit.await
}

async fn claimed(desk: &Desk, claim: &Claim) -> Option<Claimed> {
    let claim = claim.clone();
    read!(desk, tx => tx.claimed(&claim).await?)
}

#[tokio::test]
async fn what_a_claim_was_made_for_is_done_once() {
    // D80.
    let desk = desk_with_tokens().await;
    let first = claim(1, "k", "this");
    assert_eq!(claimed(&desk, &first).await, None);
    carry_out(&desk, &first, Ok(())).await.expect("done");
    let made = Claimed { request: Sha256Hex::of(b"this"), at: at(0), answer: None };
    assert_eq!(claimed(&desk, &first).await, Some(made.clone()));
    for again in [first.clone(), claim(1, "k", "that")] {
        let refused = carry_out(&desk, &again, Ok(())).await;
        assert!(matches!(refused, Err(StoreError::Claimed)), "{refused:?}");
        assert_eq!(claimed(&desk, &again).await, Some(made.clone()));
    }
    assert_eq!(desk.last_seq("acme").await, 1);
    // The same key is another token's as well.
    carry_out(&desk, &claim(2, "k", "this"), Ok(())).await.expect("done");
    assert_eq!(desk.last_seq("acme").await, 2);
}

#[tokio::test]
async fn a_claim_falls_with_its_unit_of_work() {
    let desk = desk_with_tokens().await;
    let first = claim(1, "k", "this");
    carry_out(&desk, &first, Err(StoreError::Closed)).await.expect_err("refused");
    assert_eq!(claimed(&desk, &first).await, None);
    carry_out(&desk, &first, Ok(())).await.expect("done");
}

#[tokio::test]
async fn of_two_requests_at_once_one_is_carried_out() {
    let desk = desk_with_tokens().await;
    let first = claim(1, "k", "this");
    let (one, other) = tokio::join!(carry_out(&desk, &first, Ok(())), carry_out(&desk, &first, Ok(())));
    assert_eq!([one, other].iter().filter(|done| done.is_ok()).count(), 1);
    assert_eq!(desk.last_seq("acme").await, 1);
}

#[tokio::test]
async fn an_answer_is_kept_once_for_the_request_that_it_answers() {
    let desk = desk_with_tokens().await;
    let (first, other) = (claim(1, "k", "this"), claim(1, "k", "that"));
    desk.put({
        let first = first.clone();
        move |tx| tx.keep_answer(&first, "to nobody")
    })
    .await
    .expect("nothing to do");
    carry_out(&desk, &first, Ok(())).await.expect("done");
    let answer = async |claim: Claim, answer: &'static str| {
        desk.put(move |tx| tx.keep_answer(&claim, answer)).await.expect("kept");
        claimed(&desk, &first).await.expect("made").answer
    };
    assert_eq!(answer(other, "another's").await, None);
    assert_eq!(answer(first.clone(), "this one").await.as_deref(), Some("this one"));
    assert_eq!(answer(first.clone(), "a later one").await.as_deref(), Some("this one"));
}

#[tokio::test]
async fn a_claim_is_made_in_whatever_unit_asks_for_it() {
    let desk = desk_with_tokens().await;
    let first = claim(1, "k", "this");
    let made = async || {
        let first = first.clone();
        let unit = desk.store.write::<_, StoreError, _>(Scope::of(&tenant("acme")), move |tx| {
            Box::pin(async move { tx.claim(&first).await })
        });
        unit.await
    };
    made().await.expect("made");
    assert!(matches!(made().await, Err(StoreError::Claimed)));
}

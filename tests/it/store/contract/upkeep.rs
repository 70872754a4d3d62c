//! What is old is forgotten.

use dutyline::domain::claim::Claim;
use dutyline::domain::ids::{CallId, EventId, Sha256Hex, TokenId};
use dutyline::domain::time::Instant;
use dutyline::domain::trust::PinOutcome;
use dutyline::store::calls::Call;
use dutyline::store::upkeep::Old;
use dutyline::store::{Scope, StoreError, Tx};

use super::tokens::{keep, token};
use super::{desk, step};
use crate::harness::store::{Desk, OURS, at, call, entry, tenant};

#[tokio::test]
async fn what_is_old_is_forgotten() {
    // D58.
    let desk = desk().await;
    desk.put(|tx| {
        let acme = tenant("acme").id;
        let mut ended = Call { ended_at: Some(at(4)), ..call() };
        ended.steps.push(&step(0));
        tx.insert_call(&acme, &ended);
        let going_on = Call { id: CallId::from_bits(8), ended_at: None, ..ended };
        tx.insert_call(&acme, &going_on);
        tx.append(&acme, [entry(1)]);
        let dialled = OURS.parse().expect("a number");
        tx.insert_pin_attempt(&acme, &EventId::from_bits(1), (&dialled, None), PinOutcome::Wrong);
    })
    .await
    .expect("kept");
    keep(&desk, token(1, "ci"), "secret").await.expect("kept");
    desk.store
        .claiming(claim())
        .write::<_, StoreError, _>(Scope::of(&tenant("acme")), |_| Box::pin(async { Ok(()) }))
        .await
        .expect("kept");
    let all = (2, 2, 1, 1, 1);
    assert_eq!(left(&desk).await, all);
    for (old, left_then) in [
        (Old::Steps, (0, 2, 1, 1, 1)),
        (Old::Calls, (0, 1, 1, 1, 1)),
        (Old::Events, (0, 1, 0, 1, 1)),
        (Old::PinAttempts, (0, 1, 0, 0, 1)),
        (Old::Claims, (0, 1, 0, 0, 0)),
    ] {
        let before = left(&desk).await;
        assert!(!forget(&desk, old, at(0)).await, "{old:?}: nothing is older than the oldest");
        assert_eq!(left(&desk).await, before);
        assert!(forget(&desk, old, at(5)).await, "{old:?}");
        assert_eq!(left(&desk).await, left_then);
        assert!(!forget(&desk, old, at(5)).await, "{old:?}: there is no more of it");
    }
    assert_eq!(desk.last_seq("acme").await, 1, "numbers are not used again");
}

#[tokio::test]
async fn what_is_old_is_forgotten_about_a_thousand_at_a_time() {
    // D58: the writer is free for calls in between.
    let desk = desk().await;
    desk.put(|tx| {
        let acme = tenant("acme").id;
        tx.append(&acme, (0..2500).map(|number| (EventId::from_bits(number), entry(1).1)));
    })
    .await
    .expect("kept");
    let mut rounds = Vec::new();
    while forget(&desk, Old::Events, at(5)).await {
        rounds.push(left(&desk).await.2);
    }
    assert_eq!(rounds, [1500, 500, 0]);
}

pub(super) async fn forget(desk: &Desk, old: Old, before: Instant) -> bool {
    let acme = tenant("acme");
    let unit = desk.store.write::<_, StoreError, _>(Scope::of(&acme), move |tx| {
        Box::pin(async move { tx.forget(&acme.id, old, before).await })
    });
    unit.await.expect("forgotten")
}

/// A request that is carried out once.
fn claim() -> Claim {
    let (tenant, token) = (tenant("acme").id, TokenId::from_bits(1));
    Claim { tenant, token, key: "k".parse().expect("a key"), request: Sha256Hex::of(b"this") }
}

/// How many answered turns, calls, events, attempts at PINs and claims there are.
async fn left(desk: &Desk) -> (usize, usize, usize, u32, usize) {
    read!(desk, tx => {
        let acme = tenant("acme");
        let dialled = OURS.parse().expect("a number");
        let calls = tx.calls(&acme.id, None, 9).await?;
        (
            calls.iter().map(|call| call.steps.all().expect("a list").len()).sum(),
            calls.len(),
            tx.events_after(&acme, 0, 9999).await?.len(),
            tx.count_wrong_pins(&acme.id, &dialled, at(-1)).await?,
            usize::from(tx.claimed(&claim()).await?.is_some()),
        )
    })
}

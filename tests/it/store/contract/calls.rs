//! Calls, from their arrival on.

use dutyline::domain::call::{CallStatus, Outcome, Progress};
use dutyline::domain::dispatch::{Contact, Direction};
use dutyline::domain::ids::CallId;
use dutyline::domain::phone::Caller;
use dutyline::domain::presence::Presence;
use dutyline::store::arrivals::Revisions;
use dutyline::store::calls::Call;
use dutyline::store::{StoreError, Tx};

use super::{desk, encounter, mapping, step};
use crate::harness::store::{ADAS, OURS, at, call, on_duty_until, tenant, user};

#[tokio::test]
async fn calls_and_their_steps() {
    let desk = desk().await;
    let mut begun = call();
    begun.steps.push(&step(0));
    let mut ended = Call {
        progress: Progress { status: CallStatus::Completed, sequence: Some(3) },
        outcome: Some(Outcome::Online),
        menu_since: None,
        ended_at: Some(at(4)),
        ..begun.clone()
    };
    ended.steps.push(&step(1));
    let saved = begun.clone();
    desk.put(move |tx| tx.insert_call(&tenant("acme").id, &saved)).await.expect("kept");
    let in_hand = read!(desk, tx => tx.call_in_hand(&call().id).await?).expect("a call");
    assert_eq!((in_hand.call, in_hand.agent.map(|agent| agent.id)), (begun, call().user));
    assert_eq!((in_hand.tenant, in_hand.revision), (tenant("acme").id, desk.revision().await));
    assert!(read!(desk, tx => tx.call_in_hand(&CallId::from_bits(404)).await?).is_none());
    let lost = read!(desk, tx => (tx.lost_calls(&tenant("acme").id, at(2)).await?.len(), tx.lost_calls(&tenant("acme").id, at(3)).await?.len()));
    assert_eq!(lost, (0, 1));
    let saved = ended.clone();
    desk.put(move |tx| tx.save_call(&tenant("acme").id, &saved)).await.expect("kept");
    assert_eq!(read!(desk, tx => tx.call(&tenant("acme").id, &call().id).await?), Some(ended.clone()));
    let counted = (ended.flow.clone(), "completed".to_owned(), Some("online".to_owned()), 1);
    for (minute, found) in [(2, vec![counted]), (3, vec![])] {
        let hour = (at(minute), at(minute + 60));
        assert_eq!(read!(desk, tx => tx.calls_by_outcome(&tenant("acme").id, hour).await?), found);
    }
    assert_eq!(read!(desk, tx => tx.call_by_sid(&tenant("acme").id, "CA1").await?), Some(ended.clone()));
    assert_eq!(ended.steps.all().expect("a list"), [step(0), step(1)]);
    assert_eq!(ended.steps.of_turn(1).expect("a list"), Some(step(1)));
    assert_eq!(ended.steps.of_turn(2).expect("a list"), None);
    assert_eq!(read!(desk, tx => tx.calls(&tenant("acme").id, None, 5).await?), [ended]);
    assert!(read!(desk, tx => tx.lost_calls(&tenant("acme").id, at(9)).await?).is_empty());
}

#[tokio::test]
async fn arrivals_know_the_caller_and_the_mapping() {
    let desk = desk().await;
    let arrivals = |caller: &str| {
        let dialled = OURS.parse().expect("a number");
        let contact = Contact {
            account: call().account,
            caller: Caller::read(caller, Some(&dialled)),
            dialled,
            direction: Direction::Inbound,
        };
        async { read!(desk, tx => tx.arrivals(&contact, &call().id).await?) }
    };
    let found = arrivals(ADAS).await;
    let [arrival] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&arrival.tenant, arrival.revision), (&tenant("acme").id, desk.revision().await));
    assert_eq!(arrival.mapping, mapping().id);
    let candidate = arrival.candidate.as_ref().expect("a user");
    assert_eq!((&candidate.agent.login, candidate.is_active), (&user("ada", ADAS).login, true));
    assert!(!arrival.is_known);
    let revision = candidate.revision;
    let before = encounter(&desk).await;
    let revisions = Revisions { tenant: desk.revision().await, user: revision };
    assert_eq!((before.revisions, before.presence, before.is_known), (revisions, Presence::default(), false));
    desk.put(|tx| tx.save_user(&tenant("acme"), &user("ada", ADAS))).await.expect("kept");
    desk.put(|tx| tx.save_presence(&tenant("acme").id, &user("ada", ADAS).id, &on_duty_until(60)))
        .await
        .expect("kept");
    desk.put(|tx| tx.insert_call(&tenant("acme").id, &call())).await.expect("kept");
    let after = encounter(&desk).await;
    let revisions = Revisions { user: revision + 1, ..revisions };
    assert_eq!((after.revisions, after.presence, after.is_known), (revisions, on_duty_until(60), true));
    let found = arrivals("anonymous").await;
    assert!(matches!(&found[..], [arrival] if arrival.candidate.is_none() && arrival.is_known), "{found:?}");
}

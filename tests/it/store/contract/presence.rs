//! Presence, and the windows that are due.

use dutyline::domain::ids::CallId;
use dutyline::domain::presence::{Cause, Presence, Reason, Source, State};
use dutyline::store::calls::Call;
use dutyline::store::{StoreError, Tx};

use super::desk;
use crate::harness::store::{ADAS, at, call, on_duty_until, tenant, user};

#[tokio::test]
async fn presence_in_every_state() {
    let desk = desk().await;
    let cause = |reason| Some(Cause { source: Source::Phone, reason, call: Some(CallId::from_bits(7)) });
    let online = Presence { cause: cause(Reason::LoggedIn), ..on_duty_until(60) };
    let offline = Presence {
        state: State::Offline { since: Some(at(5)) },
        generation: 2,
        at: Some(at(5)),
        cause: cause(Reason::Other("lunch".to_owned())),
        hold: Some("training".to_owned()),
    };
    for (presence, armed) in [(online, 1), (offline, 0)] {
        let saved = presence.clone();
        desk.put(move |tx| tx.save_presence(&tenant("acme").id, &user("ada", ADAS).id, &saved))
            .await
            .expect("kept");
        let board = read!(desk, tx => tx.board(&tenant("acme").id).await?);
        assert_eq!(board.into_iter().map(|agent| agent.presence).collect::<Vec<_>>(), [presence]);
        assert_eq!(read!(desk, tx => tx.armed().await?), armed);
    }
}

#[tokio::test]
async fn who_can_be_reached_and_who_stands_behind_whom() {
    let desk = desk().await;
    desk.put(|tx| tx.save_presence(&tenant("acme").id, &user("ada", ADAS).id, &on_duty_until(60)))
        .await
        .expect("kept");
    // D18: the end itself is not on duty any more.
    for (minute, limit, found) in [(0, 9, 1), (59, 9, 1), (60, 9, 0), (0, 0, 0)] {
        let reachable = read!(desk, tx => tx.reachable(&tenant("acme").id, at(minute), limit).await?);
        let numbers: Vec<_> = reachable.iter().map(|one| (one.number.as_str(), one.until)).collect();
        assert_eq!(numbers, vec![(ADAS, at(60)); found], "minute {minute}");
    }
    for (after, found) in [(None, 1), (Some("ada"), 0)] {
        let after = after.map(|login| login.parse().expect("a login"));
        let board = read!(desk, tx => tx.board_after(&tenant("acme").id, after.as_ref(), 9).await?);
        assert_eq!(board.len(), found);
    }
}

#[tokio::test]
async fn a_due_window_waits_for_a_menu_that_was_open_at_its_end() {
    let desk = desk().await;
    desk.put(|tx| {
        let acme = tenant("acme").id;
        tx.save_presence(&acme, &user("ada", ADAS).id, &on_duty_until(60));
        tx.insert_call(&acme, &call());
        // Another menu of hers, which was not open then.
        let (id, sid) = (CallId::from_bits(8), "CA2".parse().expect("a call"));
        tx.insert_call(&acme, &Call { id, sid, menu_since: Some(at(60)), ..call() });
    })
    .await
    .expect("kept");
    // Minutes, for how many tenants there may be something to do, whether the window is due, and when to look again.
    for (now, tenants, due, next) in
        [(59, 0, 0, Some(60)), (60, 1, 0, Some(61)), (61, 1, 1, None), (90, 1, 1, None)]
    {
        desk.clock.advance(at(now) - desk.clock.now());
        let found = read!(desk, tx => (
            tx.tenants_with_due().await?.len(),
            tx.due(&tenant("acme").id, 10).await?.len(),
            tx.next_deadline().await?,
        ));
        assert_eq!(found, (tenants, due, next.map(at)), "minute {now}");
    }
    desk.clock.advance(at(60) - desk.clock.now());
    let ended = Call { menu_since: None, ..call() };
    desk.put(move |tx| tx.save_call(&tenant("acme").id, &ended)).await.expect("kept");
    assert_eq!(read!(desk, tx => tx.due(&tenant("acme").id, 10).await?.len()), 1, "the menu was answered");
}

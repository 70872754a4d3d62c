//! Presence, and the windows that are due.

use dutyline::domain::availability::{Availability, State as Said, Terms};
use dutyline::domain::desk::SettingsPatch;
use dutyline::domain::ids::{AvailabilityId, CallId};
use dutyline::domain::presence::{self, Cause, Command, Presence, Reason, Source, State};
use dutyline::domain::schedule::Schedule;
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
        ..Presence::default()
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
    for (minute, found) in [(0, 1), (59, 1), (60, 0)] {
        let candidates = read!(desk, tx => tx.candidates(&tenant("acme").id, at(minute)).await?);
        let numbers: Vec<_> = candidates.iter().map(|one| one.number.as_str()).collect();
        assert_eq!(numbers, vec![ADAS; found], "minute {minute}");
    }
    for (after, found) in [(None, 1), (Some("ada"), 0)] {
        let after = after.map(|login| login.parse().expect("a login"));
        let board = read!(desk, tx => tx.board_after(&tenant("acme").id, after.as_ref(), None, 9).await?);
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

#[tokio::test]
async fn what_is_due_beside_windows() {
    let desk = desk().await;
    let (acme, ada) = (tenant("acme").id, user("ada", ADAS).id);
    let away = Availability {
        id: AvailabilityId::from_bits(1),
        terms: Terms {
            state: Said::Away,
            starts_at: at(10),
            ends_at: Some(at(20)),
            transfer: Some(ADAS.parse().expect("a number")),
            note: Some("lunch".parse().expect("a note")),
            label: Some("Lunch".parse().expect("a label")),
        },
        source: Source::Api,
    };
    let cause = Cause { source: Source::Api, reason: Reason::LoggedIn, call: None };
    let (said, _) =
        presence::decide(&Presence::default(), &Command::Say(away), &cause, None, at(0)).expect("room");
    let settings = SettingsPatch { serving: Some(false), ..SettingsPatch::default() };
    let (said, _) = presence::decide(&said, &Command::Adjust(settings), &cause, None, at(0)).expect("free");
    let (saved, of) = (said.clone(), (acme.clone(), ada.clone()));
    desk.put(move |tx| tx.save_presence(&of.0, &of.1, &saved)).await.expect("kept");
    assert_eq!(read!(desk, tx => tx.next_deadline().await?), Some(at(10)));
    for (minutes, found) in [(9, 0), (1, 1)] {
        desk.clock.advance(chrono::TimeDelta::minutes(minutes));
        let turning = read!(desk, tx => tx.turning(&tenant("acme").id, 9).await?);
        assert_eq!(
            turning.into_iter().map(|due| due.presence).collect::<Vec<_>>(),
            vec![said.clone(); found]
        );
        assert_eq!(read!(desk, tx => tx.tenants_with_due().await?).len(), found);
    }
}

#[tokio::test]
async fn hours_of_work_and_their_edges() {
    let desk = desk().await;
    let (acme, ada) = (tenant("acme").id, user("ada", ADAS).id);
    let hours: Schedule = serde_json::from_str(
        r#"{"zone":"UTC","rules":[{"weekday":"Mon","start":"08:00","end":"16:00"}],"exceptions":{"2026-12-25":[]}}"#,
    )
    .expect("hours of work");
    let (saved, of) = (hours.clone(), (acme.clone(), ada.clone()));
    desk.put(move |tx| {
        tx.save_schedule(&of.0, &of.1, &saved);
        tx.save_edge(&of.0, &of.1, Some(at(30)));
    })
    .await
    .expect("kept");
    assert_eq!(
        read!(desk, tx => tx.schedule(&tenant("acme").id, &user("ada", ADAS).id).await?),
        Some(hours.clone())
    );
    for (after, found) in [(None, 1), (Some("ada"), 0)] {
        let after = after.map(|login| login.parse().expect("a login"));
        let listed = read!(desk, tx => tx.schedules_after(&tenant("acme").id, after.as_ref(), 9).await?);
        assert_eq!(
            listed.into_iter().map(|(_, hours)| hours).collect::<Vec<_>>(),
            vec![hours.clone(); found]
        );
    }
    assert_eq!(read!(desk, tx => tx.next_deadline().await?), Some(at(30)));
    desk.clock.advance(chrono::TimeDelta::minutes(30));
    let due = read!(desk, tx => tx.at_edge(&tenant("acme").id, 9).await?);
    let [edge] = due.as_slice() else { panic!("{due:?}") };
    assert_eq!((edge.at, edge.schedule.as_ref(), edge.due.has_hours), (at(30), Some(&hours), true));
    desk.put(move |tx| {
        tx.save_edge(&acme, &ada, None);
        tx.delete_schedule(&acme, &ada);
    })
    .await
    .expect("kept");
    assert_eq!(read!(desk, tx => tx.at_edge(&tenant("acme").id, 9).await?).len(), 0);
    assert_eq!(read!(desk, tx => tx.schedule(&tenant("acme").id, &user("ada", ADAS).id).await?), None);
}

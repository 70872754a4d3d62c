//! How users spend their time.

use dutyline::domain::event::{Change, Event};
use dutyline::domain::ids::Login;
use dutyline::domain::ledger::{self, Occupation, Open, Segment, Turn};
use dutyline::domain::presence::Duty;
use dutyline::domain::user::User;
use dutyline::store::segments::Between;
use dutyline::store::upkeep::Old;
use dutyline::store::{Scope, StoreError, Tx};

use super::desk;
use crate::harness::store::{ADAS, at, tenant, user};

/// Off duty since a minute.
fn open(minute: i64) -> Open {
    let turn = ledger::follow(None, &Event::UserAdded(Change::default()), at(minute));
    let Turn::Goes(None, open) = turn else { panic!("{turn:?}") };
    open
}

#[tokio::test]
async fn stretches_that_are_over_and_open_ones() {
    let desk = desk().await;
    let (acme, ada) = (|| tenant("acme").id, || user("ada", ADAS).login);
    let over = open(5).until(at(9)).expect("longer than nothing");
    let saved = over.clone();
    desk.put(move |tx| {
        tx.insert_segment(&acme(), &ada(), &saved);
        tx.save_open_segment(&acme(), &ada(), &open(9));
        tx.save_ledger(&acme(), 7);
    })
    .await
    .expect("kept");
    assert_eq!(read!(desk, tx => tx.ledger(&acme()).await?), 7);
    let all = move || Between { first: ada(), last: ada(), skill: None };
    for (from, to, found) in [(0, 20, 1), (8, 9, 1), (0, 5, 0), (9, 20, 0)] {
        let segments = read!(desk, tx => tx.segments(&acme(), &all(), (at(from), at(to))).await?);
        let segments: Vec<Segment> = segments.into_iter().flat_map(|(_, segments)| segments).collect();
        assert_eq!(segments, vec![over.clone(); found], "{from} to {to}");
    }
    assert_eq!(read!(desk, tx => tx.duties(&acme(), None, (at(0), at(20))).await?), [], "she was off duty");
    let bob: Login = "bob".parse().expect("a login");
    let of_both = [(ada(), Some(open(9))), (bob.clone(), None)];
    let found = read!(desk, tx => tx.open_segments_of(&acme(), [ada(), bob]).await?);
    assert_eq!(found, of_both.into());
    assert_eq!(read!(desk, tx => tx.open_segments(&acme(), &all()).await?), [(ada(), open(9))]);
    // D58.
    for (minute, is_old) in [(9, false), (10, true), (10, false)] {
        let unit = desk.store.write::<_, StoreError, _>(Scope::of(&tenant("acme")), move |tx| {
            Box::pin(async move { tx.forget(&acme(), Old::Segments, at(minute)).await })
        });
        assert_eq!(unit.await.expect("forgotten"), is_old, "older than {minute}");
    }
    let on_duty = Occupation { duty: Duty::Online, ..over.occupation.clone() };
    let on_duty = Segment { occupation: on_duty, from: at(1), to: at(5) };
    desk.put(move |tx| tx.insert_segment(&acme(), &ada(), &on_duty)).await.expect("kept");
    let skilled = User { skills: "french".parse().expect("skills"), ..user("ada", ADAS) };
    desk.put(move |tx| tx.save_user(&tenant("acme"), &skilled)).await.expect("kept");
    for (wanted, found) in [(None, 1), (Some("french"), 1), (Some("fren"), 0)] {
        let skill = wanted.map(|skill| skill.parse().expect("a skill"));
        let who = Between { skill: skill.clone(), ..all() };
        let stretches = read!(desk, tx => (
            tx.segments(&acme(), &who, (at(0), at(20))).await?.len(),
            tx.open_segments(&acme(), &who).await?.len(),
        ));
        assert_eq!(stretches, (found, found), "{wanted:?}");
        let duties = read!(desk, tx => (
            tx.duties(&acme(), skill.as_ref(), (at(0), at(20))).await?,
            tx.all_open_segments(&acme(), skill.as_ref()).await?,
        ));
        assert_eq!(duties, (vec![(at(1), at(5)); found], vec![open(9); found]), "{wanted:?}");
    }
    desk.put(move |tx| tx.delete_open_segment(&acme(), &ada())).await.expect("kept");
    let found = read!(desk, tx => tx.open_segments_of(&acme(), [ada()]).await?);
    assert_eq!(found, [(ada(), None)].into());
}

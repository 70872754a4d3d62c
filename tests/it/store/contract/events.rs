//! The log.

use dutyline::domain::chain::{Digest, End, link};
use dutyline::domain::coverage::Gap;
use dutyline::domain::event::{Entry as Told, Envelope, Event, EventCause};
use dutyline::domain::ids::EventId;
use dutyline::store::chain::Kept;
use dutyline::store::{StoreError, Tx};

use super::desk;
use crate::harness::store::{at, entry, tenant};

#[tokio::test]
async fn events() {
    let desk = desk().await;
    desk.put(|tx| tx.append(&tenant("acme").id, (1..=3).map(entry))).await.expect("kept");
    let seqs = |events: Vec<Envelope>| -> Vec<u64> { events.into_iter().map(|event| event.seq).collect() };
    assert_eq!(seqs(read!(desk, tx => tx.events_after(&tenant("acme"), 1, 10).await?)), [2, 3]);
    assert_eq!(desk.last_seq("acme").await, 3);
    let [first] = &read!(desk, tx => tx.events_after(&tenant("acme"), 0, 1).await?)[..] else {
        panic!("none")
    };
    let (id, told) = entry(1);
    assert_eq!((&first.id, &first.event, &first.cause, first.at), (&id, &told.event, &told.cause, at(0)));
}

#[tokio::test]
async fn entries_as_they_are_kept() {
    let desk = desk().await;
    desk.put(|tx| tx.append(&tenant("acme").id, (1..=4).map(entry))).await.expect("kept");
    let acme = tenant("acme").id;
    let (kept, ends) = read!(desk, tx => {
        (tx.kept_entries(&acme, 1, 3, 9).await?, tx.ends_of_log(&acme).await?)
    });
    let [second, third] = &kept[..] else { panic!("{kept:?}") };
    let (id, told) = entry(2);
    assert_eq!((second.event_id.as_str(), &second.subject), (id.as_str(), &told.subject));
    assert_eq!((second.seq, second.at), (2, at(0).timestamp_millis()));
    let acme = tenant("acme").id;
    let hash = |entry: &Kept| Digest::kept(entry.hash.clone());
    assert_eq!(link(&hash(second), &third.content(&acme)), hash(third));
    assert_eq!((ends.begin, ends.end.seq, ends.newest), (End::default(), 4, Some(4)));
    assert_eq!(read!(desk, tx => tx.kept_entries(&tenant("acme").id, 0, 9, 1).await?).len(), 1);
    let nobodys = read!(desk, tx => tx.ends_of_log(&tenant("bell").id).await?);
    assert_eq!((nobodys.end, nobodys.newest), (End::default(), None));
}

#[tokio::test]
async fn events_are_found_by_kind_and_by_who_brought_them_about() {
    let desk = desk().await;
    desk.put(|tx| {
        let by_admin = |number, subject: &str| {
            let (id, told) = entry(number);
            (id, Told { subject: subject.to_owned(), cause: EventCause::actor("admin:cli"), ..told })
        };
        tx.append(&tenant("acme").id, [entry(1), by_admin(2, "user:ada"), by_admin(3, "user:bob")]);
    })
    .await
    .expect("kept");
    let (presence, admin, about_ada) = read!(desk, tx => {
        let acme = tenant("acme");
        (
            tx.presence_events_of(&acme, "user:ada", 9).await?.len(),
            tx.admin_events(&acme, 99, 9).await?.len(),
            tx.admin_events_of(&acme, "user:ada", 99, 9).await?.len(),
        )
    });
    assert_eq!((presence, admin, about_ada), (2, 2, 1));
}

#[tokio::test]
async fn the_gap_in_coverage_that_was_told_last() {
    let desk = desk().await;
    let gap = |from| Gap { from: at(from), to: at(from + 60), users: 0 };
    desk.put(move |tx| {
        let told = |(number, event)| {
            let (subject, cause) = ("coverage:acme".to_owned(), EventCause::actor("timer"));
            (EventId::from_bits(number), Told { subject, event, cause })
        };
        let gaps = [(1, gap(0)), (2, gap(100))]
            .map(|(number, gap)| (number, Event::CoverageGap { gap, skill: None }));
        tx.append(&tenant("acme").id, gaps.map(told));
    })
    .await
    .expect("kept");
    assert_eq!(read!(desk, tx => tx.last_gap(&tenant("acme"), "coverage:acme").await?), Some(gap(100)));
    assert_eq!(read!(desk, tx => tx.last_gap(&tenant("acme"), "coverage:other").await?), None);
}

//! What a deciding key costs for those who listen, before anything is saved: the events that follow from it, in words and
//! as links of the chain.

use std::hint::black_box;

use divan::Bencher;
use dutyline::domain::chain::{Content, Digest, link};
use dutyline::domain::event::{Event, derived};
use dutyline::domain::policy::Policy;
use dutyline::domain::presence::{Cause, Command, Presence, Reason, Source, WhenOnline, decide};
use dutyline::domain::time::{Hours, Instant};

fn main() {
    divan::main();
}

/// Who was never on duty goes on it.
fn going_online() -> (Presence, Presence, Vec<Event>) {
    let before = Presence::default();
    let hours: Hours = 8.try_into().expect("1 to 168");
    let command = Command::GoOnline { hours, when_online: WhenOnline::Replace, cap: hours };
    let cause = Cause { source: Source::Phone, reason: Reason::LoggedIn, call: None };
    let (after, told) = decide(&before, &command, &cause, None, now()).expect("nothing stands against it");
    let events = told.into_iter().map(Event::from).chain(derive(&before, &after)).collect();
    (before, after, events)
}

fn derive(before: &Presence, after: &Presence) -> Vec<Event> {
    derived::of(before, after, &Policy::default(), now())
}

fn now() -> Instant {
    "2026-11-20T17:00:00Z".parse().expect("an instant")
}

/// What listeners see of the change.
#[divan::bench]
fn derive_status(bencher: Bencher) {
    let (before, after, _) = going_online();
    bencher.bench_local(|| derive(black_box(&before), black_box(&after)));
}

/// `presence.online` and `UserStatus`.
#[divan::bench]
fn put_in_words(bencher: Bencher) {
    let (_, _, events) = going_online();
    bencher.bench_local(|| black_box(&events).iter().map(Event::tell).collect::<Vec<_>>());
}

/// Each of the two behind the one before.
#[divan::bench]
fn link_both(bencher: Bencher) {
    let (_, _, events) = going_online();
    let words: Vec<(String, String)> = events.iter().map(Event::tell).collect();
    bencher.bench_local(|| {
        let behind = |head: Digest, (kind, data): &(String, String)| {
            let content = Content {
                tenant: "ten_0000000000000000000000001",
                seq: 7,
                id: "evt_0000000000000000000000001",
                at: 1_700_000_000_250,
                kind,
                subject: "user:agent1234",
                data,
                cause: r#"{"actor":"user:agent1234","call":"call_0000000000000000000000001","turn":1}"#,
            };
            link(&head, &content)
        };
        black_box(&words).iter().fold(Digest::default(), behind)
    });
}

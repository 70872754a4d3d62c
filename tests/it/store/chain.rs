//! The log as a chain: it holds whatever units of work come to, and tells whatever somebody else does to it.

use dutyline::app::App;
use dutyline::app::audit::{Broken, Verification};
use dutyline::domain::chain::{Fault, Kind};
use dutyline::store::upkeep::Old;
use dutyline::store::{Scope, Store, StoreError};
use futures_util::FutureExt;
use futures_util::future::join_all;

use super::writer::{End, ask, hold, open};
use crate::harness::database::{is_postgres, run};
use crate::harness::store::{Desk, at, entry, tenant};

impl Desk {
    /// What another process finds of a tenant's log.
    pub(crate) async fn verification(&self, slug: &str) -> Verification {
        let app = App::open_existing(&self.database.url, self.clock.clone()).await.expect("a database");
        app.verify_audit(&tenant(slug)).await.expect("readable")
    }

    /// The first and the last entry of a tenant's log, which is whole, and how many have no hash.
    pub(crate) async fn whole(&self, slug: &str) -> (Option<i64>, i64, u64) {
        match self.verification(slug).await {
            Verification::Whole(verified) => (verified.from, verified.to, verified.without_hash),
            Verification::Broken(broken) => panic!("{slug}: {broken:?}"),
        }
    }

    async fn broken(&self) -> Broken {
        match self.verification("acme").await {
            Verification::Whole(verified) => panic!("{verified:?}"),
            Verification::Broken(broken) => broken,
        }
    }

    async fn append(&self, numbers: std::ops::RangeInclusive<u64>) -> Result<(), StoreError> {
        self.put(|tx| tx.append(&tenant("acme").id, numbers.map(entry))).await
    }
}

/// A desk with three tenants.
async fn desk() -> Desk {
    let desk = Desk::open().await;
    for slug in ["bell", "coop"] {
        desk.put(move |tx| tx.insert_tenant(&tenant(slug))).await.expect("a new tenant");
    }
    desk
}

#[tokio::test]
async fn logs_hold_through_units_that_are_refused_fail_panic_and_flush_early() {
    let desk = desk().await;
    let (first, gate) = hold(&desk, End::Kept).await;
    let mut units = Vec::new();
    let ends = [End::Kept, End::Refused, End::Panicking].into_iter();
    for (number, (end, slug)) in (0..90).zip(ends.zip(["acme", "bell", "coop"]).cycle()) {
        // Each reads, so that what waits is written amid the unit.
        units.push(ask(&desk.store, number, end, None).map(drop).boxed());
        let mut unit = desk
            .put(move |tx| {
                tx.append(&tenant(slug).id, [entry(number)]);
                tx.append(&tenant("bell").id, [entry(number)]);
                if number % 4 == 0 {
                    // Refused by the database when all of them are written.
                    tx.insert_tenant(&tenant("acme"));
                }
            })
            .boxed();
        assert!((&mut unit).now_or_never().is_none(), "it waits");
        units.push(unit.map(drop).boxed());
    }
    open(gate);
    first.await.expect("kept");
    join_all(units).await;
    desk.append(1..=3).await.expect("kept");
    // Of the thirty units with an event for each tenant seven or eight are refused.
    assert_eq!(desk.whole("acme").await, (Some(1), 1 + 30 + 22 + 3, 0));
    assert_eq!(desk.whole("bell").await, (Some(1), 22 + 67, 0));
    assert_eq!(desk.whole("coop").await, (Some(1), 23, 0));
}

#[tokio::test]
async fn a_log_holds_that_several_processes_write() {
    let desk = desk().await;
    let other = Store::open(&desk.database.url, desk.clock.clone()).await.expect("another process");
    for number in 0..20 {
        let here = ask(&desk.store, number, End::Kept, None);
        let there = ask(&other, number, End::Kept, None);
        let (here, there) = (here.await.expect("kept"), there.await.expect("kept"));
        assert_eq!(here + there, 4 * number + 3);
    }
    assert_eq!(desk.whole("acme").await, (Some(1), 40, 0));
}

/// Makes the database lose the transaction in which a third event is written.
const LOSE: [&str; 2] = [
    "create trigger lose before insert on events when new.seq = 3 begin select raise(rollback, 'lost'); end",
    "create function lose() returns trigger language plpgsql as \
     $$ begin if new.seq = 3 then raise exception 'lost' using errcode = '53100'; end if; return new; end $$; \
     create trigger lose before insert on events for each row execute function lose()",
];
const LOSE_NO_MORE: [&str; 2] = ["drop trigger lose", "drop function lose() cascade"];

#[tokio::test]
async fn a_log_holds_behind_a_group_that_was_lost() {
    let desk = desk().await;
    desk.append(1..=1).await.expect("kept");
    run(&desk.database.url, LOSE[usize::from(is_postgres())]).await;
    desk.append(2..=2).await.expect("kept");
    for _ in 0..3 {
        desk.append(3..=4).await.expect_err("lost");
    }
    run(&desk.database.url, LOSE_NO_MORE[usize::from(is_postgres())]).await;
    desk.append(3..=4).await.expect("kept");
    assert_eq!(desk.whole("acme").await, (Some(1), 4, 0));
}

#[tokio::test]
async fn a_long_log_is_read_some_at_a_time_and_holds_from_the_oldest_entry_that_is_kept() {
    let desk = desk().await;
    desk.append(1..=2500).await.expect("kept");
    assert_eq!(desk.whole("acme").await, (Some(1), 2500, 0));
    assert!(forget(&desk).await);
    assert_eq!(desk.whole("acme").await, (Some(1001), 2500, 0));
    run(&desk.database.url, "delete from events where seq = 1001").await;
    let fault = Fault { seq: 1001, fault: Kind::Missing, without_hash_since: None };
    assert_eq!(desk.broken().await.fault, fault, "that was not forgotten as what is old");
    while forget(&desk).await {}
    assert_eq!(desk.whole("acme").await, (None, 2500, 0));
    desk.append(1..=1).await.expect("kept");
    assert_eq!(desk.whole("acme").await, (Some(2501), 2501, 0));
}

async fn forget(desk: &Desk) -> bool {
    let acme = tenant("acme");
    let unit = desk.store.write::<_, StoreError, _>(Scope::of(&acme), move |tx| {
        Box::pin(async move { tx.forget(&acme.id, Old::Events, at(5)).await })
    });
    unit.await.expect("forgotten")
}

#[tokio::test]
async fn what_somebody_else_does_to_a_log_is_found_and_named() {
    for (done, seq, fault) in [
        ("update events set data = '{\"generation\":9}' where seq = 3", 3, Kind::Changed),
        ("update events set cause = '{\"actor\":\"admin:cli\"}' where seq = 3", 3, Kind::Changed),
        ("update events set type = 'nonsense' where seq = 3", 3, Kind::Changed),
        ("update events set subject = 'user:bob' where seq = 3", 3, Kind::Changed),
        ("update events set at = at - 1 where seq = 3", 3, Kind::Changed),
        ("update events set at = 9223372036854775807 where seq = 3", 3, Kind::Changed),
        ("update events set event_id = 'evt_1' where seq = 3", 3, Kind::Changed),
        ("update events set hash = 'nonsense' where seq = 3", 3, Kind::Changed),
        ("update events set seq = -seq where seq = 3", -3, Kind::Inserted),
        ("update events set seq = 9 where seq = 6", 6, Kind::Missing),
        ("delete from events where seq = 1", 1, Kind::Missing),
        ("delete from events where seq = 3", 3, Kind::Missing),
        ("delete from events where seq = 6", 6, Kind::Missing),
        ("delete from events", 1, Kind::Missing),
        ("delete from events where seq = 6; update outbox_heads set seq = 5", 5, Kind::Severed),
        ("delete from events; update outbox_heads set seq = 0", 0, Kind::Severed),
        ("delete from events where seq = 1; update outbox_heads set kept_behind = 1", 2, Kind::Changed),
        (
            "insert into events select tenant_id, 7, event_id, at, type, subject, data, cause, hash from events \
             where seq = 6",
            7,
            Kind::Inserted,
        ),
        (
            "update events set seq = -3 where seq = 3; update events set seq = 3 where seq = 5; \
             update events set seq = 5 where seq = -3",
            3,
            Kind::Changed,
        ),
        (
            "update events set seq = -seq where seq > 3; update events set seq = 1 - seq where seq < 0; \
             insert into events select tenant_id, 4, 'evt_4', at, type, subject, data, cause, hash from events \
             where seq = 3; update outbox_heads set seq = 7",
            4,
            Kind::Changed,
        ),
        ("update outbox_heads set hash = 'nonsense'", 6, Kind::Severed),
    ] {
        let desk = Desk::open().await;
        desk.append(1..=4).await.expect("kept");
        desk.append(5..=6).await.expect("kept");
        assert_eq!(desk.whole("acme").await, (Some(1), 6, 0));
        run(&desk.database.url, done).await;
        let broken = desk.broken().await;
        assert_eq!(broken.fault, Fault { seq, fault, without_hash_since: None }, "{done}");
        if matches!(fault, Kind::Changed | Kind::Inserted) {
            assert_eq!(broken.entry.expect("it is there").seq, seq, "{done}");
        }
        // Refused where its place is taken; it hides nothing.
        drop(desk.append(7..=7).await);
        desk.broken().await;
    }
}

#[tokio::test]
async fn a_log_from_before_is_a_chain_from_its_next_entry_on() {
    let desk = Desk::open().await;
    desk.append(1..=4).await.expect("kept");
    run(&desk.database.url, "update events set hash = null; update outbox_heads set hash = null").await;
    assert_eq!(desk.whole("acme").await, (Some(1), 4, 4));
    desk.append(5..=6).await.expect("kept");
    assert_eq!(desk.whole("acme").await, (Some(1), 6, 4));
    // A binary from before writes once more, as long as it is there.
    run(
        &desk.database.url,
        "insert into events (tenant_id, seq, event_id, at, type, subject, data, cause) \
         select tenant_id, 7, event_id, at, type, subject, data, cause from events where seq = 6; \
         update outbox_heads set seq = 7",
    )
    .await;
    desk.append(8..=8).await.expect("kept");
    assert_eq!(desk.whole("acme").await, (Some(1), 8, 5));
    run(&desk.database.url, "update events set data = '{}' where seq = 8").await;
    let fault = Fault { seq: 8, fault: Kind::Changed, without_hash_since: Some(7) };
    assert_eq!(desk.broken().await.fault, fault);
}

//! Units of work that share a commit and nothing else.

use dutyline::app::App;
use dutyline::domain::event::Event;
use dutyline::domain::ids::CallId;
use dutyline::domain::presence::Presence;
use dutyline::store::calls::{Call, InHand};
use dutyline::store::{Scope, Store, StoreError};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::harness::store::{ADAS, Desk, at, call, entry, on_duty_until, tenant, user};

pub(super) type Answer = BoxFuture<'static, Result<u64, StoreError>>;

/// How a unit ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Kept,
    Relaxed,
    Refused,
    Panicking,
}

/// Asks for a unit that logs an event and, once its gate is open, reads the last seq and ends.
pub(super) fn ask(store: &Store, number: u64, end: End, gate: Option<Gate>) -> Answer {
    let store = store.clone();
    let mut answer = async move {
        store
            .write(Scope::of(&tenant("acme")), move |tx| {
                Box::pin(async move {
                    let acme = tenant("acme");
                    tx.append(&acme.id, [entry(number)]);
                    let seq = tx.last_seq(&acme.id).await?;
                    if let Some(Gate { reached, opened }) = gate {
                        reached.send(()).expect("the test waits at the gate");
                        opened.await.expect("the test opens the gate");
                    }
                    match end {
                        End::Kept => Ok(seq),
                        End::Relaxed => {
                            tx.relax();
                            Ok(seq)
                        }
                        End::Refused => Err(StoreError::corrupt("events", "", "refused by the test")),
                        End::Panicking => panic!("the test's own panic"),
                    }
                })
            })
            .await
    }
    .boxed();
    assert!((&mut answer).now_or_never().is_none(), "asked for, and not answered at once");
    answer
}

/// Keeps a unit, and with it its group's commit, from ending.
pub(super) struct Gate {
    reached: oneshot::Sender<()>,
    opened: oneshot::Receiver<()>,
}

pub(super) fn gate() -> (Gate, oneshot::Receiver<()>, oneshot::Sender<()>) {
    let ((reached, arrival), (open, opened)) = (oneshot::channel(), oneshot::channel());
    (Gate { reached, opened }, arrival, open)
}

/// A first unit that holds the writer until the returned gate is opened, so that others gather behind it.
pub(super) async fn hold(desk: &Desk, end: End) -> (Answer, oneshot::Sender<()>) {
    let (gate, reached, open) = gate();
    let answer = ask(&desk.store, 1000, end, Some(gate));
    reached.await.expect("the unit runs");
    (answer, open)
}

pub(super) fn open(gate: oneshot::Sender<()>) {
    gate.send(()).expect("a unit waits at the gate");
}

#[tokio::test]
async fn units_that_wait_share_one_commit_and_keep_their_order() {
    let desk = Desk::open().await;
    let (first, gate_of_first) = hold(&desk, End::Kept).await;
    let behind: Vec<_> = (2..100).map(|number| ask(&desk.store, number, End::Kept, None)).collect();
    let (gate, reached, gate_of_last) = gate();
    let last = ask(&desk.store, 100, End::Kept, Some(gate));
    open(gate_of_first);
    reached.await.expect("the last unit runs");
    assert_eq!(desk.last_seq("acme").await, 0, "nothing is committed before the last");
    open(gate_of_last);
    assert_eq!(first.await.expect("kept"), 1);
    let seqs: Vec<_> = join_all(behind).await.into_iter().map(|seq| seq.expect("kept")).collect();
    assert_eq!(seqs, (2..100).collect::<Vec<_>>());
    assert_eq!(last.await.expect("kept"), 100);
}

#[tokio::test]
async fn a_unit_that_fails_or_panics_takes_back_its_own_writes_alone() {
    let desk = Desk::open().await;
    let (first, gate) = hold(&desk, End::Kept).await;
    let refused = ask(&desk.store, 2, End::Refused, None);
    let neighbour = ask(&desk.store, 3, End::Kept, None);
    let panicking = ask(&desk.store, 4, End::Panicking, None);
    let conflicting = desk.put(|tx| {
        tx.append(&tenant("acme").id, [entry(5)]);
        tx.insert_tenant(&tenant("acme"));
    });
    let last = ask(&desk.store, 6, End::Kept, None);
    open(gate);
    assert_eq!(first.await.expect("kept"), 1);
    assert!(matches!(refused.await, Err(StoreError::Corrupt { .. })));
    assert_eq!(neighbour.await.expect("kept"), 2);
    assert!(matches!(panicking.await, Err(StoreError::Closed)));
    assert_eq!(last.await.expect("kept"), 3);
    assert!(matches!(conflicting.await, Err(StoreError::Conflict(_))));
    let told = desk.store.read::<_, StoreError, _>(|tx| {
        Box::pin(async move { tx.events_after(&tenant("acme"), 0, 100).await })
    });
    let told: Vec<_> = told.await.expect("readable").into_iter().map(|told| (told.seq, told.event)).collect();
    let numbered = |number| Event::PresenceUnchanged { generation: number };
    assert_eq!(told, [(1, numbered(1000)), (2, numbered(3)), (3, numbered(6))]);
}

#[tokio::test]
async fn work_is_done_also_if_its_caller_goes_away() {
    let desk = Desk::open().await;
    drop(ask(&desk.store, 1, End::Kept, None));
    assert_eq!(ask(&desk.store, 2, End::Kept, None).await.expect("kept"), 2);
}

/// Takes one turn of a call; the turn that it found, and the generation of its agent's presence, which it
/// raises.
async fn turn(store: &Store, call: CallId) -> Result<(u32, u64), StoreError> {
    let unit = store.write(Scope::Call(call.clone()), move |tx| {
        Box::pin(async move {
            let InHand { tenant, mut call, agent, .. } = tx.call_in_hand(&call).await?.expect("a call");
            let mut agent = agent.expect("an agent");
            let found = (call.turn, agent.presence.generation);
            call.turn += 1;
            agent.presence.generation += 1;
            tx.save_call(&tenant, &call);
            tx.save_presence(&tenant, &agent.id, &agent.presence);
            Ok(found)
        })
    });
    unit.await
}

#[tokio::test]
async fn what_was_read_ahead_is_read_again_once_a_neighbour_has_written_it() {
    let desk = Desk::open().await;
    let [one, other] = [1, 2].map(|bits| Call {
        id: CallId::from_bits(bits),
        sid: format!("CA{bits}").parse().expect("a call"),
        ..call()
    });
    let calls = [one.id.clone(), other.id.clone()];
    desk.put(move |tx| {
        let (acme, ada) = (tenant("acme"), user("ada", ADAS));
        tx.insert_user(&acme, &ada, None);
        tx.save_presence(&acme.id, &ada.id, &on_duty_until(60));
        tx.insert_call(&acme.id, &one);
        tx.insert_call(&acme.id, &other);
    })
    .await
    .expect("two calls of one agent");
    let (first, gate) = hold(&desk, End::Kept).await;
    let turns = (0..20).map(|place| turn(&desk.store, calls[place % 2].clone())).map(FutureExt::boxed);
    let mut turns: Vec<_> = turns.collect();
    for turn in &mut turns {
        assert!(turn.now_or_never().is_none(), "asked for while the first unit is held");
    }
    open(gate);
    first.await.expect("kept");
    let found: Vec<_> = join_all(turns).await.into_iter().map(|found| found.expect("kept")).collect();
    // Those that are asked for at the same time come in any order, on PostgreSQL.
    for call in 0..2 {
        let mut turns: Vec<_> = found.iter().skip(call).step_by(2).map(|(turn, _)| *turn).collect();
        turns.sort_unstable();
        assert_eq!(turns, (1..=10).collect::<Vec<_>>());
    }
    let mut generations: Vec<_> = found.iter().map(|(_, generation)| *generation).collect();
    generations.sort_unstable();
    assert_eq!(generations, (1..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_call_that_a_neighbour_begins_is_there_for_its_next_turn() {
    let desk = Desk::open().await;
    desk.put(|tx| tx.insert_user(&tenant("acme"), &user("ada", ADAS), None)).await.expect("a user");
    let (first, gate) = hold(&desk, End::Kept).await;
    let mut begun = desk.put(|tx| tx.insert_call(&tenant("acme").id, &call())).boxed();
    assert!((&mut begun).now_or_never().is_none());
    let mut next = turn(&desk.store, call().id).boxed();
    assert!((&mut next).now_or_never().is_none());
    open(gate);
    first.await.expect("kept");
    begun.await.expect("kept");
    assert_eq!(next.await.expect("kept"), (1, 0));
}

#[tokio::test]
async fn of_many_units_in_one_commit_only_those_that_the_database_refuses_are_left_out() {
    let desk = Desk::open().await;
    let (acme, ada) = (tenant("acme").id, user("ada", ADAS).id);
    desk.put(|tx| tx.insert_user(&tenant("acme"), &user("ada", ADAS), None)).await.expect("a user");
    let (first, gate) = hold(&desk, End::Kept).await;
    let mut units: Vec<_> = (0..60_u64)
        .map(|number| {
            let (acme, ada) = (acme.clone(), ada.clone());
            let unit = desk.put(move |tx| {
                tx.append(&acme, [entry(number)]);
                tx.save_presence(&acme, &ada, &Presence { generation: number, ..on_duty_until(60) });
                // Every third call has begun before.
                let id = CallId::from_bits(if number % 3 == 2 { 0 } else { number.into() });
                tx.insert_call(&acme, &Call { id, ..call() });
            });
            unit.boxed()
        })
        .collect();
    for unit in &mut units {
        assert!(unit.now_or_never().is_none());
    }
    open(gate);
    first.await.expect("kept");
    let mut seq = 1;
    for (number, unit) in units.into_iter().enumerate() {
        match unit.await {
            Ok(()) => seq += u64::from(number % 3 != 2),
            Err(error) => assert!(number % 3 == 2 && matches!(error, StoreError::Conflict(_)), "{error}"),
        }
    }
    assert_eq!((seq, desk.last_seq("acme").await), (41, 41));
    let agent =
        desk.store.read::<_, StoreError, _>(|tx| Box::pin(async move { tx.agent_by_id(&acme, &ada).await }));
    let agent = agent.await.expect("readable").expect("an agent");
    assert_eq!(agent.presence.generation, 58, "the last unit was refused with all that it wrote");
}

#[tokio::test]
async fn each_tenants_log_is_without_gaps() {
    let desk = Desk::open().await;
    let slugs = ["acme", "bell", "coop"];
    for slug in &slugs[1..] {
        desk.put(|tx| tx.insert_tenant(&tenant(slug))).await.expect("a new tenant");
    }
    let units = (0..150_u64).zip(slugs.into_iter().cycle()).map(|(number, slug)| {
        desk.put(move |tx| {
            let events = [entry(number * 2), entry(number * 2 + 1)];
            let tenant = tenant(slug);
            tx.append(&tenant.id, events);
            if number % 5 == 0 {
                // Refused: its events leave no gap.
                tx.insert_tenant(&tenant);
            }
        })
    });
    let refused = join_all(units).await.into_iter().filter(Result::is_err).count();
    assert_eq!(refused, 30);
    for slug in slugs {
        let events = desk.store.read::<_, StoreError, _>(move |tx| {
            Box::pin(async move { tx.events_after(&tenant(slug), 0, 1000).await })
        });
        let seqs: Vec<_> = events.await.expect("readable").into_iter().map(|event| event.seq).collect();
        assert_eq!(seqs, (1..=80).collect::<Vec<_>>(), "{slug}");
    }
}

#[tokio::test]
async fn a_window_is_ended_once_whoever_else_tries() {
    let desk = Desk::open().await;
    desk.put(|tx| {
        let (acme, ada) = (tenant("acme"), user("ada", "+15062345678"));
        tx.insert_user(&acme, &ada, None);
        tx.save_presence(&acme.id, &ada.id, &on_duty_until(60));
    })
    .await
    .expect("a user on duty");
    let one = App::open(&desk.database.url, desk.clock.clone()).await.expect("an app");
    let other = App::open(&desk.database.url, desk.clock.clone()).await.expect("another app");
    let early = one.fire_due().await.expect("looked");
    assert_eq!((early.count, early.next), (0, Some(at(60))));
    desk.clock.advance(chrono::TimeDelta::minutes(60));
    let (here, there) = tokio::join!(one.fire_due(), other.fire_due());
    assert_eq!(here.expect("fired").count + there.expect("fired").count, 1);
    assert_eq!(desk.last_seq("acme").await, 2, "the end, and what it is to the user's status");
}

#[tokio::test]
async fn a_database_that_another_process_locks_refuses_writes_and_comes_back() {
    let desk = Desk::open().await;
    let other = desk.database.hold().await;
    let units = [1, 2, 3].map(|number| ask(&desk.store, number, End::Kept, None));
    for answer in join_all(units).await {
        assert!(matches!(answer, Err(StoreError::Backend(_))), "{answer:?}");
    }
    assert_eq!(desk.last_seq("acme").await, 0, "reading goes on");
    other.let_go().await;
    assert_eq!(ask(&desk.store, 4, End::Kept, None).await.expect("kept"), 1);
}

#[test]
fn units_run_where_the_store_was_opened_whoever_asks_for_the_first() {
    let [ours, theirs] = [(), ()].map(|()| Runtime::new().expect("threads"));
    let desk = ours.block_on(Desk::open());
    let nothing = || desk.store.write::<_, StoreError, _>(Scope::Deployment, |_| Box::pin(async { Ok(()) }));
    theirs.block_on(nothing()).expect("committed");
    drop(theirs);
    ours.block_on(nothing()).expect("committed");
}

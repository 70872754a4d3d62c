//! Several nodes on one database.

use std::time::Duration;

use dutyline::domain::ids::TenantId;
use dutyline::store::postgres::Limits;
use dutyline::store::{Clock, Database, Scope, Store, StoreError};
use futures_util::FutureExt;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::harness::line::{ADA, Line, hours, noon};
use crate::harness::postgres::{self, Cluster};
use crate::harness::store::{at, entry, tenant};

/// A node on a database, with a clock that stands.
async fn node(url: &str, limits: Limits) -> Store {
    let database = Database { url: url.to_owned(), limits };
    Store::open(database, Clock::set_to(at(0))).await.expect("a database")
}

/// A migrated database with tenants.
async fn deployment(cluster: &Cluster, tenants: &'static [&'static str]) -> String {
    let url = cluster.database();
    let store = node(&url, Limits::default()).await;
    for slug in tenants {
        let unit = store.write::<_, StoreError, _>(Scope::of(&tenant(slug)), move |tx| {
            tx.insert_tenant(&tenant(slug));
            Box::pin(async { Ok(()) })
        });
        unit.await.expect("a new tenant");
    }
    url
}

/// Tells that a unit has begun, and is told to end it.
type Gate = (oneshot::Sender<()>, oneshot::Receiver<()>);

/// Logs an event of the tenant's, once the gate is open.
async fn log(store: &Store, tenant: TenantId, number: u64, gate: Option<Gate>) -> Result<(), StoreError> {
    let unit = store.write(Scope::Tenant(tenant.clone()), move |tx| {
        Box::pin(async move {
            if let Some((begun, opened)) = gate {
                begun.send(()).expect("the test waits");
                opened.await.expect("the gate is opened");
            }
            tx.append(&tenant, [entry(number)]);
            Ok(())
        })
    });
    unit.await
}

async fn last_seq(store: &Store, tenant: TenantId) -> u64 {
    let read = store.read::<_, StoreError, _>(|tx| Box::pin(async move { tx.last_seq(&tenant).await }));
    read.await.expect("readable")
}

#[tokio::test]
async fn any_node_answers_any_turn() {
    // I12, I27.
    if postgres::unless_missing().is_none() {
        return;
    }
    let line = Line::open_on_postgres().await;
    let other = line.another_node().await;
    let mut caller = line.call_from(ADA).await.hears("press 1");
    caller.line = &other;
    let mut caller = caller.presses("9").await.hears("number of hours");
    caller.line = &line;
    let mut caller = caller.presses("12").await.hears("You are now online");
    assert_eq!(other.online_until("ada").await, Some(noon() + hours(12)));
    let words = caller.last.1.body.clone();
    caller.line = &other;
    let (request, _) = caller.last;
    assert_eq!(
        other.post(&request.url, &request.form).await.body,
        words,
        "the same words from the other node"
    );
    assert_eq!(line.told().await, ["presence.online"], "once");
}

#[tokio::test]
async fn tenants_do_not_wait_for_each_other() {
    let Some(cluster) = postgres::unless_missing() else { return };
    let store = node(&deployment(cluster, &["acme", "bolt"]).await, Limits::default()).await;
    let ((begin, arrival), (open, opened)) = (oneshot::channel(), oneshot::channel());
    let mut slow = log(&store, tenant("acme").id, 1, Some((begin, opened))).boxed();
    assert!((&mut slow).now_or_never().is_none());
    arrival.await.expect("it begins");
    log(&store, tenant("bolt").id, 1, None).await.expect("kept, while another tenant's unit is under way");
    open.send(()).expect("the unit waits");
    slow.await.expect("kept");
}

#[tokio::test]
async fn a_node_that_stops_in_the_middle_loses_its_lock_and_its_unit() {
    // I28.
    let Some(cluster) = postgres::unless_missing() else { return };
    let url = deployment(cluster, &["acme"]).await;
    let hasty = Limits { statement: Duration::from_millis(300), ..Limits::default() };
    let (stopped, other) = (node(&url, hasty).await, node(&url, Limits::default()).await);
    let ((begin, arrival), (open, opened)) = (oneshot::channel(), oneshot::channel());
    let mut stale = log(&stopped, tenant("acme").id, 1, Some((begin, opened))).boxed();
    assert!((&mut stale).now_or_never().is_none());
    arrival.await.expect("it begins");
    let kept = timeout(Duration::from_secs(5), log(&other, tenant("acme").id, 2, None)).await;
    kept.expect("the other node is not held up").expect("kept");
    open.send(()).expect("the unit waits");
    assert!(stale.await.is_err(), "what it decided rests on what is so no longer");
    assert_eq!(last_seq(&other, tenant("acme").id).await, 1);
    log(&stopped, tenant("acme").id, 3, None).await.expect("it is a node like any other again");
}

#[tokio::test]
async fn the_bell_rings_for_another_nodes_commit() {
    let Some(cluster) = postgres::unless_missing() else { return };
    let url = deployment(cluster, &["acme"]).await;
    let (one, other) = (node(&url, Limits::default()).await, node(&url, Limits::default()).await);
    let mut bell = other.bell();
    // A listener that is only about to listen hears nothing: rung until it does.
    let rung = async {
        for number in 1.. {
            log(&one, tenant("acme").id, number, None).await.expect("kept");
            if timeout(Duration::from_millis(200), bell.changed()).await.is_ok() {
                return;
            }
        }
    };
    timeout(Duration::from_secs(10), rung).await.expect("it rings");
}

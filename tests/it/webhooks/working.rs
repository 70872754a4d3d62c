//! The worker, as a server runs it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use dutyline::app::webhooks::WebhookPatch;
use dutyline::app::webhooks::deliver::Begun;
use dutyline::app::webhooks::stay::Stay;
use dutyline::worker;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Node;
use crate::harness::database::run;
use crate::harness::peer::Reply;
use crate::harness::receiver::Receiver;

#[tokio::test]
async fn one_who_does_not_answer_holds_up_nobody_else() {
    let (node, quick, slow) = (Node::new().await, Receiver::start().await, Receiver::start().await);
    let door = held(&slow);
    node.hook("slow", &slow.url).await;
    node.hook("dead", "http://127.0.0.1:9/").await;
    node.hook("quick", &quick.url).await;
    let stop = CancellationToken::new();
    let worker = tokio::spawn(worker::webhooks::run(node.app.clone(), stop.clone()));
    for round in 1..=5 {
        node.happens_to(&["ada"]).await;
        quick.has_got(round).await;
    }
    assert_eq!(slow.got().len(), 1, "its second waits for its first");
    door.add_permits(99);
    slow.has_got(5).await;
    assert!(slow.seqs().is_sorted() && quick.seqs().is_sorted());
    stop.cancel();
    worker.await.expect("it ends");
    let waiting = node.waiting("dead").await;
    assert!(!waiting.is_empty() && waiting[0].why.is_some(), "{waiting:?}");
    assert_eq!(node.waiting("slow").await, []);
}

/// Longer than any test.
const LONG: Duration = Duration::from_hours(1);

const STAY: Stay = Stay { whole: LONG, noted: LONG };

#[tokio::test]
async fn a_turn_stays_to_send_what_comes_meanwhile() {
    let receiver = Receiver::start().await;
    let (node, begun) = begun(&receiver).await;
    let (before, stop) = (node.webhook("mine").await.cursor, CancellationToken::new());
    let meanwhile = async {
        receiver.has_got(1).await;
        let last = node.happens_to(&["ada", "bob"]).await;
        receiver.has_got(3).await;
        assert_eq!(node.webhook("mine").await.cursor, before, "it is written down when the turn ends");
        stop.cancel();
        last
    };
    let (ended, last) = tokio::join!(node.app.take_turn_at(begun, STAY, &stop), meanwhile);
    ended.expect("sent");
    node.app.store.settle().await.expect("written");
    assert_eq!(node.webhook("mine").await.cursor, last);
}

#[tokio::test]
async fn a_turn_does_not_stay_when_its_endpoint_is_another_one() {
    let receiver = Receiver::start().await;
    let (node, begun) = begun(&receiver).await;
    let stop = CancellationToken::new();
    let turn = timeout(Duration::from_secs(20), node.app.take_turn_at(begun, STAY, &stop));
    let paused = async {
        receiver.has_got(1).await;
        let pause = WebhookPatch { active: Some(false), ..WebhookPatch::default() };
        node.app.change_webhook(&node.tenant, "mine", pause).await.expect("paused");
    };
    let (ended, ()) = tokio::join!(turn, paused);
    ended.expect("it does not stay").expect("sent");
    node.happens_to(&["ada"]).await;
    node.delivers().await;
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test]
async fn a_turn_that_has_something_to_write_down_does_not_stay() {
    let receiver = Receiver::start().await;
    receiver.answers(|_| Reply::Status(500));
    let (node, begun) = begun(&receiver).await;
    let stop = CancellationToken::new();
    let turn = timeout(Duration::from_secs(20), node.app.take_turn_at(begun, STAY, &stop));
    turn.await.expect("it does not stay").expect("tried");
    node.app.store.settle().await.expect("written");
    assert_eq!(node.waiting("mine").await.len(), 1);
}

#[tokio::test]
async fn a_turn_that_goes_on_is_written_down_from_time_to_time() {
    let receiver = Receiver::start().await;
    let door = held(&receiver);
    let (node, begun) = begun(&receiver).await;
    let (stay, stop) = (Stay { whole: LONG, noted: Duration::ZERO }, CancellationToken::new());
    let meanwhile = async {
        receiver.has_got(1).await;
        let second = node.happens_to(&["bob"]).await;
        node.pass(40);
        door.add_permits(1);
        receiver.has_got(2).await;
        node.app.store.settle().await.expect("written");
        assert_eq!(node.webhook("mine").await.cursor, second - 1);
        // Its first lease is over by now.
        node.pass(40);
        assert!(node.app.begin_turns(&HashSet::new()).await.expect("looked").is_empty(), "it has its lease");
        door.add_permits(1);
        second
    };
    let (ended, second) = tokio::join!(node.app.take_turn_at(begun, stay, &stop), meanwhile);
    ended.expect("it ends when nothing has come");
    node.app.store.settle().await.expect("written");
    assert_eq!(node.webhook("mine").await.cursor, second);
}

#[tokio::test]
async fn a_turn_that_has_lost_its_lease_does_not_go_on() {
    let receiver = Receiver::start().await;
    let door = held(&receiver);
    let (node, begun) = begun(&receiver).await;
    let (stay, stop) = (Stay { whole: LONG, noted: Duration::ZERO }, CancellationToken::new());
    let meanwhile = async {
        receiver.has_got(1).await;
        node.happens_to(&["bob"]).await;
        // It stood still for so long that another has the endpoint.
        node.pass(61);
        let other = node.another().await;
        assert_eq!(other.app.begin_turns(&HashSet::new()).await.expect("begun").len(), 1);
        door.add_permits(9);
    };
    let (ended, ()) = tokio::join!(node.app.take_turn_at(begun, stay, &stop), meanwhile);
    ended.expect("it ends");
    assert_eq!(receiver.got().len(), 1, "the rest is the other's");
}

#[tokio::test]
async fn what_a_turn_has_sent_is_not_sent_again_when_it_fails() {
    let receiver = Receiver::start().await;
    let door = held(&receiver);
    let (node, begun) = begun(&receiver).await;
    let stop = CancellationToken::new();
    let meanwhile = async {
        receiver.has_got(1).await;
        let second = node.happens_to(&["bob"]).await;
        run(&node.database.url, "update events set data = '{}' where seq = (select max(seq) from events)")
            .await;
        door.add_permits(9);
        second
    };
    let (ended, second) = tokio::join!(node.app.take_turn_at(begun, STAY, &stop), meanwhile);
    ended.expect_err("the log cannot be read");
    node.app.store.settle().await.expect("written");
    assert_eq!(node.webhook("mine").await.cursor, second - 1);
}

/// A turn at an endpoint for which something has happened to Ada. All before is dealt with: a turn does not stay that reads of
/// the endpoint itself, that it was added.
async fn begun(receiver: &Receiver) -> (Node, Begun) {
    let node = Node::new().await;
    node.hook("mine", &receiver.url).await;
    node.delivers().await;
    node.happens_to(&["ada"]).await;
    let begun = node.app.begin_turns(&HashSet::new()).await.expect("begun").remove(0);
    (node, begun)
}

/// Lets a receiver answer only as often as the door is opened.
fn held(receiver: &Receiver) -> Arc<Semaphore> {
    let door = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&door);
    receiver.answers(move |_| Reply::Behind(Arc::clone(&held), 200));
    door
}

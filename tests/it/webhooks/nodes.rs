//! Several nodes, of which any may stop at any moment (I20, I27, I28).

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::Node;
use crate::harness::database::is_postgres;
use crate::harness::peer::Reply;
use crate::harness::receiver::Receiver;

/// Longer than any lease.
const LONG: i64 = 61;

/// The first request is answered with this once the door is open, and all others at once with 200.
fn first_is_held(receiver: &Receiver, status: u16) -> Arc<Semaphore> {
    let door = Arc::new(Semaphore::new(0));
    let (held, first) = (Arc::clone(&door), std::sync::Once::new());
    receiver.answers(move |_| {
        let mut reply = Reply::Status(200);
        first.call_once(|| reply = Reply::Behind(Arc::clone(&held), status));
        reply
    });
    door
}

#[tokio::test]
async fn what_a_node_had_sent_when_it_died_is_sent_again_by_another_with_the_same_id() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    let other = node.another().await;
    node.hook("mine", &receiver.url).await;
    let _door = first_is_held(&receiver, 200);
    node.happens_to(&["ada"]).await;
    tokio::select! {
        () = node.delivers() => panic!("there was an answer"),
        () = receiver.has_got(1) => {}
    }
    drop(node.app);
    other.delivers().await;
    assert_eq!(receiver.got().len(), 1, "it is not the other's turn yet");
    other.pass(LONG);
    other.delivers().await;
    let got = receiver.got();
    assert_eq!((got.len(), &got[0].id, &got[0].body), (2, &got[1].id, &got[1].body));
    assert_ne!(got[0].signature, got[1].signature);
    other.delivers().await;
    assert_eq!(receiver.got().len(), 2);
}

#[tokio::test]
async fn a_node_that_stood_still_changes_nothing_of_what_another_has_done_meanwhile() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    let other = node.another().await;
    node.hook("mine", &receiver.url).await;
    let door = first_is_held(&receiver, 500);
    node.happens_to(&["ada", "ada"]).await;
    let still = async {
        receiver.has_got(1).await;
        other.pass(LONG);
        other.delivers().await;
        let seen = (other.webhook("mine").await, other.waiting("mine").await);
        door.add_permits(1);
        seen
    };
    let ((), (webhook, waiting)) = tokio::join!(node.delivers(), still);
    assert_eq!((receiver.got().len(), waiting), (3, vec![]));
    assert_eq!((other.webhook("mine").await, other.waiting("mine").await), (webhook, vec![]));
    node.pass(3600);
    node.delivers().await;
    assert_eq!(receiver.got().len(), 3);
}

#[tokio::test]
async fn nodes_share_the_work_and_nothing_is_sent_twice() {
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    let other = node.another().await;
    for name in ["a", "b", "c", "d"] {
        node.hook(name, &receiver.url).await;
    }
    for _ in 0..5 {
        node.happens_to(&["ada", "bob", "ada"]).await;
        tokio::join!(node.delivers(), other.delivers());
    }
    // One may have looked while the other had a turn.
    node.delivers().await;
    assert_eq!(receiver.got().len(), 4 * 15);
}

#[tokio::test]
async fn sending_takes_no_lock_on_which_calls_wait() {
    // I31. SQLite has one lock for everything, and calls wait for no webhook there but in the queue of units of work.
    if !is_postgres() {
        return;
    }
    let (node, receiver) = (Node::new().await, Receiver::start().await);
    node.hook("mine", &receiver.url).await;
    receiver.answers(|got| Reply::Status(if got.event["subject"] == "user:ada" { 500 } else { 200 }));
    node.happens_to(&["ada", "bob"]).await;
    let hold = node.database.hold().await;
    node.delivers().await;
    assert_eq!((receiver.got().len(), node.waiting("mine").await.len()), (2, 1));
    hold.let_go().await;
}

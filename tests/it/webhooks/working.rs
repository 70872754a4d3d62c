//! The worker, as a server runs it.

use std::sync::Arc;

use dutyline::worker;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::Node;
use crate::harness::peer::Reply;
use crate::harness::receiver::Receiver;

#[tokio::test]
async fn one_who_does_not_answer_holds_up_nobody_else() {
    let (node, quick, slow) = (Node::new().await, Receiver::start().await, Receiver::start().await);
    let door = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&door);
    slow.answers(move |_| Reply::Behind(Arc::clone(&held), 200));
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

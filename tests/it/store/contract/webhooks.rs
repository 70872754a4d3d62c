//! Endpoints, their turns, and what was not delivered to them.

use chrono::TimeDelta;
use dutyline::domain::ids::{EventId, WebhookId};
use dutyline::domain::webhook::filter::Filter;
use dutyline::domain::webhook::queue::Waiting;
use dutyline::domain::webhook::secret::{Keyring, Secret};
use dutyline::domain::webhook::{Delivery, DeliveryState, Stopped, Webhook};
use dutyline::store::upkeep::Old;
use dutyline::store::webhooks::{Course, Ending, Lease, Tallied};
use dutyline::store::{Scope, StoreError, Tx};

use super::desk;
use crate::harness::store::{Desk, at, entry, tenant};

fn webhook(number: u128, name: &str) -> Webhook {
    Webhook {
        id: WebhookId::from_bits(number),
        name: name.parse().expect("a name"),
        url: "https://example.com/events?a=b".parse().expect("a URL"),
        filter: Filter::default(),
        active: true,
        stopped_by: None,
        insecure_tls: false,
        secrets: Keyring::new(Secret::from_bytes([7; 32]), at(0)),
        created_at: at(1),
    }
}

/// A telephone system, which signs nothing.
fn telephone(number: u128, name: &str) -> Webhook {
    let url = "tel:+15065550160".parse().expect("a number");
    Webhook { url, secrets: Keyring::kept([]), stopped_by: Some(Stopped::Refused), ..webhook(number, name) }
}

/// One with something in every column.
fn full(number: u128, name: &str) -> Webhook {
    let secrets = Keyring::new(Secret::from_bytes([7; 32]), at(0));
    let types = ["presence.*", "user.added"].map(|kind| kind.parse().expect("a type"));
    Webhook {
        filter: Filter { types: Some(types.into()), users: Some(["ada".parse().expect("a login")].into()) },
        active: false,
        stopped_by: Some(Stopped::Gone),
        insecure_tls: true,
        secrets: secrets.rotated(Secret::from_bytes([8; 32]), TimeDelta::hours(1), at(2)),
        ..webhook(number, name)
    }
}

fn delivery(seq: u64, state: DeliveryState) -> Delivery {
    Delivery {
        seq,
        event: EventId::from_bits(seq.into()),
        r#type: "presence.online".to_owned(),
        subject: "user:ada".to_owned(),
        at: at(1),
        state,
        attempts: 0,
        due_at: None,
        tried_at: None,
        status: None,
        why: None,
    }
}

fn lease(token: &str) -> Lease {
    Lease { tenant: tenant("acme").id, webhook: WebhookId::from_bits(1), token: token.to_owned() }
}

/// A desk with an endpoint that is sent what comes behind 3.
async fn hooked() -> Desk {
    let desk = desk().await;
    desk.put(|tx| tx.insert_webhook(&tenant("acme").id, &webhook(1, "mine"), 3)).await.expect("kept");
    desk
}

async fn webhooks(desk: &Desk) -> Vec<Tallied> {
    read!(desk, tx => tx.webhooks(&tenant("acme").id).await?)
}

/// Begins a turn until that minute.
async fn begin(desk: &Desk, token: &'static str, until: i64) -> Option<Course> {
    let unit = desk.store.write::<_, StoreError, _>(Scope::Deployment, move |tx| {
        Box::pin(async move {
            tx.lease_webhook(&lease(token), at(until));
            Ok(tx.leased_webhooks(token).await?.remove(&WebhookId::from_bits(1)))
        })
    });
    unit.await.expect("written")
}

/// Ends a turn, free from that minute on, and keeps deliveries.
async fn end(desk: &Desk, token: &'static str, cursor: u64, free: i64, kept: Vec<Delivery>) {
    desk.put(move |tx| {
        tx.end_turn(&lease(token), Ending { cursor, failing_since: Some(at(1)), free_at: at(free) });
        save(tx, token, &kept);
    })
    .await
    .expect("written");
}

fn save(tx: &mut Tx<'_>, token: &str, kept: &[Delivery]) {
    for delivery in kept {
        tx.save_delivery(&lease(token), delivery);
    }
}

/// Whether the turn is its holder's still.
async fn is_held(desk: &Desk, token: &'static str) -> bool {
    let course: Option<Course> = read!(desk, tx => tx.leased_webhook(&lease(token)).await?);
    course.is_some()
}

async fn listed(desk: &Desk, state: DeliveryState) -> Vec<Delivery> {
    let of = (tenant("acme").id, WebhookId::from_bits(1));
    read!(desk, tx => tx.deliveries((&of.0, &of.1), state, 0, 99).await?)
}

fn pass_to(desk: &Desk, minute: i64) {
    desk.clock.advance(at(minute) - desk.clock.now());
}

#[tokio::test]
async fn webhooks_come_out_as_they_were_put_in_and_changed() {
    let desk = hooked().await;
    desk.put(|tx| tx.insert_webhook(&tenant("acme").id, &full(2, "theirs"), 0)).await.expect("kept");
    let tallied = |webhook, cursor| Tallied {
        course: Course { webhook, cursor, failing_since: None },
        waiting: 0,
        dead: 0,
    };
    assert_eq!(webhooks(&desk).await, [tallied(webhook(1, "mine"), 3), tallied(full(2, "theirs"), 0)]);
    for changed in [telephone(1, "ours"), full(1, "ours")] {
        let saved = changed.clone();
        desk.put(move |tx| tx.save_webhook(&tenant("acme").id, &saved)).await.expect("kept");
        assert_eq!(webhooks(&desk).await[0], tallied(changed, 3));
    }
    let taken = desk.put(|tx| tx.insert_webhook(&tenant("acme").id, &webhook(3, "ours"), 0)).await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
}

#[tokio::test]
async fn a_turn_is_one_nodes_until_it_ends_or_its_lease_does() {
    // I20.
    let desk = hooked().await;
    let course = begin(&desk, "one", 5).await.expect("it is free");
    assert_eq!((course.webhook, course.cursor), (webhook(1, "mine"), 3));
    assert_eq!(begin(&desk, "two", 6).await, None);
    pass_to(&desk, 5);
    assert!(begin(&desk, "two", 9).await.is_some());
    assert!(is_held(&desk, "two").await && !is_held(&desk, "one").await);
    end(&desk, "one", 99, 5, vec![delivery(7, DeliveryState::Waiting)]).await;
    assert_eq!(
        (webhooks(&desk).await[0].course.cursor, webhooks(&desk).await[0].waiting),
        (3, 0),
        "too late"
    );
    end(&desk, "two", 8, 7, vec![delivery(7, DeliveryState::Waiting)]).await;
    let [tallied] = &webhooks(&desk).await[..] else { panic!("one") };
    assert_eq!((tallied.course.cursor, tallied.waiting), (8, 1));
    assert_eq!(tallied.course.failing_since, Some(at(1)));
    assert_eq!(begin(&desk, "three", 9).await, None, "it is left alone for a while");
    pass_to(&desk, 7);
    assert!(begin(&desk, "three", 9).await.is_some());
    for token in ["one", "two"] {
        desk.put(move |tx| {
            tx.save_delivery(&lease(token), &delivery(8, DeliveryState::Waiting));
            tx.set_due(&lease(token), 7, Some(at(7)));
            tx.delete_delivery(&lease(token), 7);
        })
        .await
        .expect("written");
    }
    assert_eq!(listed(&desk, DeliveryState::Waiting).await, [delivery(7, DeliveryState::Waiting)]);
}

#[tokio::test]
async fn an_endpoint_at_rest_is_seen_with_what_it_has_to_do() {
    let desk = hooked().await;
    desk.put(|tx| tx.append(&tenant("acme").id, (1..=5).map(entry))).await.expect("kept");
    let at_rest = async || read!(desk, tx => tx.webhooks_at_rest().await?);
    let [rests] = &at_rest().await[..] else { panic!("one") };
    assert_eq!((rests.tenant.id.clone(), rests.course.cursor), (tenant("acme").id, 3));
    assert_eq!((rests.head, rests.waiting, rests.due_at), (5, 0, None));
    begin(&desk, "one", 5).await.expect("it is free");
    assert_eq!(at_rest().await, []);
    let due = |seq, minute| Delivery { due_at: Some(at(minute)), ..delivery(seq, DeliveryState::Waiting) };
    let kept =
        vec![due(4, 9), due(5, 8), delivery(6, DeliveryState::Waiting), delivery(7, DeliveryState::Dead)];
    end(&desk, "one", 7, 0, kept).await;
    let [rests] = &at_rest().await[..] else { panic!("one") };
    assert_eq!((rests.course.cursor, rests.waiting, rests.due_at), (7, 3, Some(at(8))));
    let paused = Webhook { active: false, ..webhook(1, "mine") };
    desk.put(move |tx| tx.save_webhook(&tenant("acme").id, &paused)).await.expect("kept");
    assert_eq!((at_rest().await, begin(&desk, "two", 9).await), (vec![], None));
}

#[tokio::test]
async fn deliveries_wait_die_and_are_sent_again() {
    let desk = hooked().await;
    begin(&desk, "one", 5).await.expect("it is free");
    let failed = Delivery {
        attempts: 2,
        due_at: Some(at(9)),
        tried_at: Some(at(2)),
        status: Some(503),
        why: Some("answered 503".to_owned()),
        ..delivery(5, DeliveryState::Waiting)
    };
    let dead = Delivery { due_at: None, state: DeliveryState::Dead, attempts: 11, ..failed.clone() };
    let dead = |seq| Delivery { seq, event: EventId::from_bits(seq.into()), ..dead.clone() };
    let kept = [delivery(5, DeliveryState::Waiting), failed.clone(), dead(6), dead(7), dead(8)];
    desk.put(move |tx| save(tx, "one", &kept)).await.expect("kept");
    assert_eq!(listed(&desk, DeliveryState::Waiting).await, [failed]);
    assert_eq!(listed(&desk, DeliveryState::Dead).await, [dead(6), dead(7), dead(8)]);
    assert_eq!(read!(desk, tx => tx.oldest_waiting().await?), Some(at(1)));
    let replayed = async |event: Option<u64>| {
        let unit = desk.store.write::<_, StoreError, _>(Scope::of(&tenant("acme")), move |tx| {
            Box::pin(async move {
                let event = event.map(|number| EventId::from_bits(number.into()));
                tx.replay_deliveries(&tenant("acme").id, &WebhookId::from_bits(1), event.as_ref()).await
            })
        });
        unit.await.expect("written")
    };
    assert_eq!([replayed(Some(5)).await, replayed(Some(7)).await, replayed(Some(7)).await], [0, 1, 0]);
    desk.put(|tx| tx.set_due(&lease("one"), 5, None)).await.expect("kept");
    let waiting = read!(desk, tx => tx.waiting_deliveries("one").await?).remove(&WebhookId::from_bits(1));
    let waits = |seq, attempts, due_at| Waiting { seq, subject: "user:ada".to_owned(), attempts, due_at };
    assert_eq!(waiting, Some(vec![waits(5, 2, None), waits(7, 0, Some(at(0)))]));
    assert!(read!(desk, tx => tx.waiting_deliveries("two").await?).is_empty());
    assert_eq!([replayed(None).await, replayed(None).await], [2, 0]);
    desk.put(|tx| tx.delete_delivery(&lease("one"), 5)).await.expect("kept");
    let seqs: Vec<u64> = listed(&desk, DeliveryState::Waiting).await.iter().map(|one| one.seq).collect();
    assert_eq!(seqs, [6, 7, 8]);
    desk.put(|tx| tx.delete_webhook(&tenant("acme").id, &WebhookId::from_bits(1))).await.expect("kept");
    assert_eq!((webhooks(&desk).await, listed(&desk, DeliveryState::Waiting).await), (vec![], vec![]));
}

#[tokio::test]
async fn an_endpoint_is_stopped_once_and_by_whose_turn_it_is() {
    let desk = hooked().await;
    begin(&desk, "one", 5).await.expect("it is free");
    let stop = async |token: &'static str| {
        let unit = desk.store.write::<_, StoreError, _>(Scope::of(&tenant("acme")), move |tx| {
            Box::pin(async move { tx.stop_webhook(&lease(token), Stopped::Gone).await })
        });
        unit.await.expect("written")
    };
    assert!(!stop("two").await);
    assert!(webhooks(&desk).await[0].course.webhook.active);
    assert!(stop("one").await);
    let stopped = Webhook { active: false, stopped_by: Some(Stopped::Gone), ..webhook(1, "mine") };
    assert_eq!(webhooks(&desk).await[0].course.webhook, stopped);
    assert!(!stop("one").await, "it is stopped");
}

#[tokio::test]
async fn dead_letters_are_forgotten() {
    // D58.
    let desk = hooked().await;
    begin(&desk, "one", 5).await.expect("it is free");
    let tried = |seq, state, minute| Delivery { tried_at: Some(at(minute)), ..delivery(seq, state) };
    let kept = [
        tried(5, DeliveryState::Dead, 1),
        tried(6, DeliveryState::Dead, 3),
        tried(7, DeliveryState::Waiting, 1),
    ];
    desk.put(move |tx| save(tx, "one", &kept)).await.expect("kept");
    let forget = async || {
        let unit = desk.store.write::<_, StoreError, _>(Scope::of(&tenant("acme")), |tx| {
            Box::pin(async { tx.forget(&tenant("acme").id, Old::DeadLetters, at(2)).await })
        });
        unit.await.expect("written")
    };
    assert_eq!([forget().await, forget().await], [true, false]);
    let [tallied] = &webhooks(&desk).await[..] else { panic!("one") };
    assert_eq!((tallied.waiting, tallied.dead), (1, 1));
}

//! Tickets for the socket.

use dutyline::domain::ids::{Sha256Hex, TokenId};
use dutyline::store::tickets::Ticket;
use dutyline::store::{StoreError, Tx};

use super::desk;
use super::tokens::{keep, token};
use super::upkeep::forget;
use crate::harness::store::{Desk, at, tenant};
use dutyline::store::upkeep::Old;

fn digest(of: &str) -> Sha256Hex {
    Sha256Hex::of(of.as_bytes())
}

/// A desk with a ticket that is good until minute 3.
async fn desk_with_ticket() -> Desk {
    let desk = desk().await;
    keep(&desk, token(1, "ci"), "secret").await.expect("kept");
    desk.put(|tx| tx.insert_ticket(&tenant("acme").id, &digest("ticket"), &TokenId::from_bits(1), at(3)))
        .await
        .expect("kept");
    desk
}

async fn found(desk: &Desk, secret: &'static str) -> Option<Ticket> {
    read!(desk, tx => tx.ticket(&digest(secret)).await?)
}

#[tokio::test]
async fn a_ticket_is_found_until_it_is_used() {
    // D82.
    let desk = desk_with_ticket().await;
    let ticket = found(&desk, "ticket").await.expect("a ticket");
    assert_eq!(
        (ticket.tenant.id, ticket.token, ticket.expires_at),
        (tenant("acme").id, token(1, "ci"), at(3))
    );
    assert_eq!(found(&desk, "another").await, None);
    desk.put(|tx| tx.use_ticket(&tenant("acme").id, &digest("ticket"))).await.expect("used");
    assert_eq!(found(&desk, "ticket").await, None);
}

#[tokio::test]
async fn a_ticket_that_nobody_used_is_forgotten() {
    let desk = desk_with_ticket().await;
    assert!(!forget(&desk, Old::Tickets, at(3)).await, "it ends only now");
    assert!(forget(&desk, Old::Tickets, at(4)).await);
    assert_eq!(found(&desk, "ticket").await, None);
}

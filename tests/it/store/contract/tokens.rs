//! Tokens of the API.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use dutyline::domain::access::{Right, Role};
use dutyline::domain::ids::{Sha256Hex, TokenId};
use dutyline::domain::tenant::Tenant;
use dutyline::domain::token::Token;
use dutyline::domain::user::User;
use dutyline::store::{StoreError, Tx};

use super::desk;
use crate::harness::store::{ADAS, Desk, at, tenant, user};

pub(super) fn token(number: u128, name: &str) -> Token {
    Token {
        id: TokenId::from_bits(number),
        name: name.parse().expect("a name"),
        shown: "dl_aaaaaaa".to_owned(),
        role: Role::Supervisor,
        rights: None,
        user: None,
        created_at: at(1),
        expires_at: None,
        last_used_at: None,
        revoked_at: None,
        has_standing: true,
    }
}

/// Ada's own.
fn adas(number: u128) -> Token {
    Token {
        role: Role::Agent,
        rights: Some(BTreeSet::from([Right::PresenceRead])),
        user: Some(user("ada", ADAS).login),
        expires_at: Some(at(90)),
        ..token(number, "Ada's wallboard")
    }
}

fn digest(of: &str) -> Sha256Hex {
    Sha256Hex::of(of.as_bytes())
}

pub(super) async fn keep(desk: &Desk, token: Token, secret: &'static str) -> Result<(), StoreError> {
    desk.put(move |tx| {
        let speaks_for = token.user.as_ref().map(|_| user("ada", ADAS).id);
        tx.insert_token(&tenant("acme").id, &token, &digest(secret), speaks_for.as_ref());
    })
    .await
}

async fn found(desk: &Desk, secret: &'static str) -> Option<(Tenant, Token)> {
    read!(desk, tx => tx.token_by_digest(&digest(secret)).await?)
}

async fn tokens(desk: &Desk) -> Vec<Token> {
    read!(desk, tx => tx.tokens(&tenant("acme").id).await?)
}

#[tokio::test]
async fn tokens_come_out_as_they_were_put_in() {
    let desk = desk().await;
    keep(&desk, adas(2), "second").await.expect("kept");
    keep(&desk, token(1, "ci"), "first").await.expect("kept");
    assert_eq!(tokens(&desk).await, [token(1, "ci"), adas(2)]);
    let first = TokenId::from_bits(1);
    assert_eq!(read!(desk, tx => tx.tokens_after(&tenant("acme").id, None, 1).await?), [token(1, "ci")]);
    assert_eq!(read!(desk, tx => tx.tokens_after(&tenant("acme").id, Some(&first), 9).await?), [adas(2)]);
    let (of, held) = found(&desk, "second").await.expect("a token");
    assert_eq!((of.id, of.revision, held), (tenant("acme").id, desk.revision().await, adas(2)));
    assert_eq!(found(&desk, "third").await, None);
    desk.put(|tx| tx.insert_tenant(&tenant("other"))).await.expect("kept");
    assert_eq!(read!(desk, tx => tx.tokens(&tenant("other").id).await?), []);
}

#[tokio::test]
async fn a_token_knows_whether_its_user_is_in_service() {
    let desk = desk().await;
    keep(&desk, adas(1), "secret").await.expect("kept");
    desk.put(|tx| tx.save_user(&tenant("acme"), &User { active: false, ..user("ada", ADAS) }))
        .await
        .expect("kept");
    let (_, held) = found(&desk, "secret").await.expect("a token");
    assert_eq!(held, Token { has_standing: false, ..adas(1) });
}

#[tokio::test]
async fn a_token_is_revoked_once() {
    let desk = desk().await;
    keep(&desk, token(1, "ci"), "first").await.expect("kept");
    for minute in [5, 6] {
        desk.clock.advance(at(minute) - desk.clock.now());
        desk.put(|tx| tx.revoke_token(&tenant("acme").id, &TokenId::from_bits(1))).await.expect("kept");
        assert_eq!(tokens(&desk).await, [Token { revoked_at: Some(at(5)), ..token(1, "ci") }]);
    }
}

#[tokio::test]
async fn uses_of_a_token_are_noted_with_a_pause_between() {
    let desk = desk().await;
    keep(&desk, token(1, "ci"), "first").await.expect("kept");
    for (minute, noted) in [(2, 2), (3, 2), (4, 4)] {
        desk.clock.advance(at(minute) - desk.clock.now());
        desk.put(|tx| {
            tx.touch_token(&tenant("acme").id, &TokenId::from_bits(1), TimeDelta::minutes(2));
        })
        .await
        .expect("kept");
        assert_eq!(tokens(&desk).await[0].last_used_at, Some(at(noted)), "at {minute}");
    }
}

#[tokio::test]
async fn a_secret_is_one_tokens_and_so_is_a_name_until_it_is_revoked() {
    let desk = desk().await;
    keep(&desk, token(1, "ci"), "first").await.expect("kept");
    let same_secret = keep(&desk, token(2, "other"), "first").await;
    assert!(matches!(same_secret, Err(StoreError::Conflict(_))), "{same_secret:?}");
    let same_name = keep(&desk, token(2, "ci"), "second").await;
    assert!(matches!(same_name, Err(StoreError::Conflict(_))), "{same_name:?}");
    desk.put(|tx| tx.revoke_token(&tenant("acme").id, &TokenId::from_bits(1))).await.expect("kept");
    keep(&desk, token(2, "ci"), "second").await.expect("the name is free");
}

//! All of it arrives, and goes on there.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};

use chrono::TimeDelta;
use dutyline::app::audit::Verification;
use dutyline::app::prompts::NewContent;
use dutyline::app::tenants::fresh;
use dutyline::app::tokens::NewToken;
use dutyline::app::webhooks::stay::Stay;
use dutyline::app::webhooks::{Egress, NewWebhook};
use dutyline::domain::access::Role;
use dutyline::domain::chain::Verified;
use dutyline::domain::claim::Claim;
use dutyline::domain::ids::{Sha256Hex, TokenId};
use dutyline::domain::webhook::address::Allowed;
use dutyline::domain::webhook::filter::Filter;
use dutyline::store::copy::copy;
use dutyline::store::flows::FlowState;
use tokio_util::sync::CancellationToken;

use super::{copied, new_databases};
use crate::harness::line::{ADA, Line, hours, noon};
use crate::harness::recording::beep;
use crate::harness::rows::rows;
use crate::harness::store::{Desk, entry, tenant};

const BOBS: &str = "+15060000001";

/// A line on which everything has happened that leaves a row.
async fn busy_line() -> Line {
    let line = Line::open().await;
    let mut other = fresh("other".parse().expect("a slug"));
    "Zażółć & Söhne, «電話» 🙂".clone_into(&mut other.name);
    line.app.add_tenant(other).await.expect("a new tenant");
    line.user("bob", |user| {
        user.language = Some("fr".parse().expect("a tag"));
        user.agent_code = Some("4711".parse().expect("a code"));
        user.skills = "billing, french".parse().expect("skills");
        user.extensions[0].number = BOBS.parse().expect("a number");
        user.extensions[0].ext = Some("12".to_owned());
    })
    .await;
    line.pin("bob", "2468").await;
    let (name, user) = ("Bob's".parse().expect("a name"), Some("bob".parse().expect("a login")));
    let token = NewToken { name, role: Role::Agent, rights: None, user, expires_at: None };
    let (token, _) = line.app.issue_token(&line.tenant, token).await.expect("issued");
    claim(&line, token.id.clone()).await;
    let expires_at = line.clock.now();
    let (of, ticket) = (line.tenant.id.clone(), Sha256Hex::of(b"a ticket"));
    line.write(move |tx| {
        tx.insert_ticket(&of, &ticket, &token.id, expires_at);
        Box::pin(async { Ok(()) })
    })
    .await;
    let week = r#"{"zone":"UTC","rules":[{"weekday":"Mon","start":"08:00","end":"16:00"}]}"#;
    let week = serde_json::from_str(week).expect("hours of work");
    line.app.set_schedule(&line.tenant, &"bob".parse().expect("a login"), Some(week)).await.expect("set");
    let (english, chime) = ("en".parse().expect("a tag"), "chime".parse().expect("a name"));
    let recording = NewContent::Play { bytes: beep(), presets: vec![8.try_into().expect("hours")] };
    line.app.set_prompt(line.tenant.clone(), english, chime, recording).await.expect("set");
    hook(&line).await;
    line.put_flow(include_str!("../../../flows/timed-presence.toml"), FlowState::Draft).await;
    line.call_from(ADA).await.presses("1").await.hangs_up().await;
    line.clock.advance(hours(1));
    line.call_from(ADA).await.presses("0").await.hangs_up().await;
    line.clock.advance(hours(1));
    line.call_from(ADA).await.presses("2").await.hears("You are now online").hangs_up().await;
    line.app.keep_time().await.expect("the log is read");
    line.call_from(BOBS).await.hears("PIN").presses("1111#").await.presses("2468#").await.hears("tapez 1");
    line.app.store.settle().await.expect("all is written");
    line
}

/// A request of the token's that was carried out once and answered.
async fn claim(line: &Line, token: TokenId) {
    let (tenant, key) = (line.tenant.id.clone(), "k".parse().expect("a key"));
    let claim = Claim { tenant, token, key, request: Sha256Hex::of(b"this") };
    line.write(|tx| {
        Box::pin(async move {
            tx.claim(&claim).await?;
            tx.keep_answer(&claim, "done");
            Ok(())
        })
    })
    .await;
}

/// An endpoint that is down, for which something waits.
async fn hook(line: &Line) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let allowed = Allowed::new(["127.0.0.1/32".parse().expect("a network")]);
    let app = line.app.clone().sending_by(Egress { allowed, ..Egress::default() });
    let (name, url) = ("down".parse().expect("a name"), "http://127.0.0.1:9/".parse().expect("a URL"));
    let new = NewWebhook { name, url, filter: Filter::default(), insecure_tls: true };
    app.add_webhook(&line.tenant, new).await.expect("added");
    for turn in app.begin_turns(&HashSet::new()).await.expect("begun") {
        app.take_turn_at(turn, Stay::NONE, &CancellationToken::new()).await.expect("tried");
    }
}

#[tokio::test]
async fn a_deployment_is_the_same_to_the_byte_wherever_it_has_moved() {
    let line = busy_line().await;
    let before = rows(line.url()).await;
    assert!(before.values().all(|rows| !rows.is_empty()), "{before:?}");
    let mut at = line.url().to_owned();
    // There and back; the databases go away with the line that is on them.
    let mut lines = Vec::new();
    for database in new_databases() {
        let tallies = copied(&at, &database.url).await.expect("copied");
        let counts: BTreeMap<_, _> = tallies.iter().map(|tally| (tally.table, tally.rows)).collect();
        let wanted = before.iter().map(|(table, rows)| (table.as_str(), rows.len() as u64));
        assert_eq!(counts, wanted.collect());
        database.url.clone_into(&mut at);
        assert_eq!(rows(&at).await, before);
        lines.push(line.moved_to(database).await);
    }
}

#[tokio::test]
async fn a_log_is_a_chain_still_wherever_it_has_moved() {
    async fn verified(line: &Line) -> Verified {
        match line.app.verify_audit(&line.tenant).await.expect("readable") {
            Verification::Whole(verified) => verified,
            Verification::Broken(broken) => panic!("{broken:?}"),
        }
    }
    for database in new_databases() {
        let old = busy_line().await;
        // Some of it is forgotten: the chain begins amid the log.
        old.pass(TimeDelta::days(401)).await;
        old.call_from(ADA).await.presses("2").await.hears("You are now online").hangs_up().await;
        assert!(old.app.purge().await.expect("purged"));
        let before = verified(&old).await;
        assert!(before.from > Some(1) && before.without_hash == 0, "{before:?}");
        copied(old.url(), &database.url).await.expect("copied");
        let line = old.moved_to(database).await;
        assert_eq!(verified(&line).await, before);
        line.call_from(ADA).await.presses("0").await.hears("You are now offline").hangs_up().await;
        let after = verified(&line).await;
        assert!(after.from == before.from && after.entries > before.entries, "{after:?}");
    }
}

#[tokio::test]
async fn a_call_under_way_goes_on_in_the_new_database_and_its_window_ends_there() {
    for database in new_databases() {
        let old = busy_line().await;
        let mut caller = old.call_from(ADA).await.hears("press 1");
        old.app.store.settle().await.expect("all is written");
        copied(old.url(), &database.url).await.expect("copied");
        let line = old.moved_to(database).await;
        caller.line = &line;
        let caller = caller.presses("9").await.hears("number of hours");
        caller.presses("12").await.hears("You are now online").hangs_up().await;
        assert_eq!(line.online_until("ada").await, Some(noon() + hours(2 + 12)));
        assert_eq!(old.online_until("ada").await, Some(noon() + hours(2 + 24)), "the old one is as it was");
        let told = line.told().await.len();
        line.pass(hours(12)).await;
        assert_eq!(line.online_until("ada").await, None);
        assert_eq!(
            line.told().await[told..][..1],
            ["presence.offline"],
            "Bob's hours of work have gone on too"
        );
    }
}

#[tokio::test]
async fn rows_by_the_thousand_arrive_and_each_is_counted() {
    let desk = Desk::open().await;
    desk.put(|tx| tx.append(&tenant("acme").id, (1..=2500).map(entry))).await.expect("kept");
    for database in new_databases() {
        let told = RefCell::new(Vec::new());
        let progress = |done, all| told.borrow_mut().push((done, all));
        copy((&desk.database.url).into(), (&database.url).into(), progress).await.expect("copied");
        assert_eq!(rows(&database.url).await, rows(&desk.database.url).await);
        let told = told.into_inner();
        assert!(told.is_sorted() && told.len() > 3, "{told:?}");
        assert_eq!(told.last(), Some(&(2502, 2502)));
    }
}

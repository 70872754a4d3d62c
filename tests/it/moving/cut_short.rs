//! What ends in the middle leaves nothing, and can be done again.

use std::io::Read as _;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use dutyline::domain::ids::UserId;
use dutyline::store::copy::copy;
use dutyline::store::{Clock, Store};
use sqlx::{Connection as _, Executor as _, PgConnection};

use super::{copied, new_databases, run_until};
use crate::harness::database::{Database, run};
use crate::harness::line::{ADA, Line};
use crate::harness::postgres;
use crate::harness::process::Deployment;
use crate::harness::rows::{count, rows};
use crate::harness::store::{Desk, entry, tenant};

#[tokio::test]
async fn a_copy_that_is_cut_short_leaves_nothing_and_can_be_made_again() {
    let desk = Desk::open().await;
    desk.put(|tx| tx.append(&tenant("acme").id, (1..=2000).map(entry))).await.expect("kept");
    for database in new_databases() {
        let begun = AtomicBool::new(false);
        let progress = |done, _| begun.store(done > 1000, Ordering::Relaxed);
        let mut copying = Box::pin(copy((&desk.database.url).into(), (&database.url).into(), progress));
        run_until(|| begun.load(Ordering::Relaxed), copying.as_mut()).await;
        drop(copying);
        assert_eq!(count(&database.url).await, 0);
        copied(&desk.database.url, &database.url).await.expect("copied");
        assert_eq!(rows(&database.url).await, rows(&desk.database.url).await);
    }
}

#[tokio::test]
async fn a_text_of_sqlite_that_postgresql_cannot_hold_is_named() {
    if postgres::unless_missing().is_none() {
        return;
    }
    let (line, new) = (Line::open().await, Database::on_postgres());
    line.agent("bob", "B\0b", "+15060000001").await;
    let bob = line.find("bob").await.id;
    let refused = copied(line.url(), &new.url).await.expect_err("refused").to_string();
    let row = format!("{} {bob}", line.tenant.id);
    assert_eq!(
        refused,
        format!(
            "row {row} of `users` has a U+0000 in `name`, which PostgreSQL cannot hold; take it out and try again"
        )
    );
    assert_eq!(count(&new.url).await, 0);
    let same = Database::new();
    copied(line.url(), &same.url).await.expect("SQLite holds it");
    assert_eq!(rows(&same.url).await, rows(line.url()).await);
}

#[tokio::test]
async fn what_only_sqlite_takes_for_a_number_is_named() {
    let (line, new) = (Line::open().await, Database::new());
    run(line.url(), "update users set revision = 'first'").await;
    let refused = copied(line.url(), &new.url).await.expect_err("refused").to_string();
    let row = format!("{} {}", line.tenant.id, UserId::from_bits(0x61_6461));
    let named = format!("the old database cannot be read: row {row} of users is corrupt: `revision`: ");
    assert!(refused.starts_with(&named), "{refused}");
    assert_eq!(count(&new.url).await, 0);
}

/// Makes a database that does something else with what it is given.
async fn sabotage(url: &str, sql: &'static str) {
    drop(Store::open(url, Clock::System).await.expect("a migrated database"));
    run(url, sql).await;
}

#[tokio::test]
async fn what_is_not_the_same_in_the_end_is_not_kept() {
    let desk = Desk::open().await;
    desk.put(|tx| tx.append(&tenant("acme").id, [entry(1), entry(2)])).await.expect("kept");
    for (on_sqlite, on_postgres, what) in [
        (
            "create trigger odd before insert on events when new.seq = 2 begin select raise(ignore); end",
            "create function odd() returns trigger language plpgsql as \
             $$ begin if new.seq = 2 then return null; end if; return new; end $$; \
             create trigger odd before insert on events for each row execute function odd()",
            "the number of rows of `events` would be 1 in the new database and is 2 in the old one"
                .to_owned(),
        ),
        (
            "create trigger odd after insert on outbox_heads begin update outbox_heads set seq = seq + 1; end",
            "create function odd() returns trigger language plpgsql as \
             $$ begin new.seq := new.seq + 1; return new; end $$; \
             create trigger odd before insert on outbox_heads for each row execute function odd()",
            format!(
                "the last seq of tenant {} would be 3 in the new database and is 2 in the old one",
                tenant("acme").id
            ),
        ),
    ] {
        for database in new_databases() {
            let is_sqlite = database.url.starts_with("sqlite:");
            sabotage(&database.url, if is_sqlite { on_sqlite } else { on_postgres }).await;
            let differs = copied(&desk.database.url, &database.url).await.expect_err("it differs");
            assert_eq!(differs.to_string(), format!("{what}; nothing was kept"));
            assert_eq!(count(&database.url).await, 0);
        }
    }
}

#[tokio::test]
async fn a_process_that_is_killed_in_the_middle_leaves_nothing() {
    if postgres::unless_missing().is_none() {
        return;
    }
    let (folder, new) = (tempfile::tempdir().expect("a folder"), Database::on_postgres());
    let deployment = Deployment::new(folder.path());
    deployment.run(&["migrate"]);
    deployment.run(&["user", "add", "ada", "--name", "Ada", "--pstn", ADA]);
    let wait = "create function wait() returns trigger language plpgsql as \
        $$ begin perform pg_advisory_lock(1); return new; end $$; \
        create trigger wait before insert on secrets for each row execute function wait()";
    sabotage(&new.url, wait).await;
    let mut keeper = PgConnection::connect(&new.url).await.expect("a connection");
    keeper.execute("select pg_advisory_lock(1)").await.expect("locked");
    let mut child = deployment.dutyline().args(["move", "--to", &new.url]).stderr(Stdio::piped()).spawn();
    let child = child.as_mut().expect("it starts");
    until_it_waits(&mut keeper, child).await;
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    keeper.close().await.expect("closed");
    assert_eq!(count(&new.url).await, 0);
    deployment.run(&["move", "--to", &new.url]);
    assert_eq!(count(&new.url).await, 7);
}

async fn until_it_waits(keeper: &mut PgConnection, child: &mut Child) {
    const WAITING: &str = "select count(*) from pg_locks where locktype = 'advisory' and not granted";
    while sqlx::query_scalar::<_, i64>(WAITING).fetch_one(&mut *keeper).await.expect("a count") == 0 {
        if child.try_wait().expect("a child").is_some() {
            let mut said = String::new();
            child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("UTF-8");
            panic!("it has ended: {said}");
        }
    }
}

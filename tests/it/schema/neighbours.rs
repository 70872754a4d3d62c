//! A rolling restart: a newer binary has migrated the database, and this one works on.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use dutyline::store::{Clock, Fit, Store};

use crate::harness::database::{Database, ask, run};
use crate::harness::future::{VERSION, expand};
use crate::harness::line::{ADA, Line, hours, noon};
use crate::harness::process::Deployment;
use crate::harness::shift::{call_once, check_events, furnish, number};

/// Ada goes on duty for eight hours, off duty, and on duty for twelve.
async fn call(line: &Line) {
    line.call_from(ADA)
        .await
        .hears("press 1")
        .presses("1")
        .await
        .hears("You are now online")
        .hangs_up()
        .await;
    line.call_from(ADA).await.presses("0").await.hears("You are now offline");
    line.call_from(ADA).await.presses("912").await.hears("You are now online");
    assert_eq!(line.online_until("ada").await, Some(line.clock.now() + hours(12)));
}

#[tokio::test]
async fn a_line_is_answered_on_through_a_neighbours_migration() {
    let line = Line::open().await;
    call(&line).await;
    let begun = line.call_from(ADA).await.hears("press 1");
    expand(line.url()).await;
    begun.presses("0").await.hears("You are now offline");
    call(&line).await;
    run(line.url(), "update users set pronouns = 'she'; update presence set announced = 7").await;
    let other = line.another_node().await;
    assert!(matches!(other.app.store.fit(), Fit::Neighbour { version: VERSION, .. }));
    call(&other).await;
    other.agent("eve", "Eve Agent", "+15062345679").await;
    other.pass(hours(12)).await;
    assert_eq!(line.online_until("ada").await, None);
    assert!(line.clock.now() > noon());
    let kept = "select u.pronouns || ' ' || p.announced from users u \
        join presence p on p.user_id = u.user_id where u.login = 'ada'";
    assert_eq!(ask(line.url(), kept).await, "she 7", "what the neighbour wrote stays");
}

#[tokio::test]
async fn a_neighbours_database_is_opened_and_not_migrated() {
    let database = Database::new();
    let running = Store::open(&database.url, Clock::System).await.expect("a new database");
    let Fit::Current { version } = running.fit() else { panic!("it is our own") };
    expand(&database.url).await;
    let neighbour = Fit::Neighbour { version: VERSION, known: version };
    let opened = Store::open(&database.url, Clock::System).await.expect("it opens");
    let existing = Store::open_existing(&database.url, Clock::System).await.expect("it opens");
    running.look().await.expect("all is well");
    assert!(running.broken().borrow().is_none());
    let checked = Store::check(&database.url).await.expect("it can be worked with");
    assert_eq!([running.fit(), opened.fit(), existing.fit(), checked], [neighbour; 4]);
}

#[tokio::test]
async fn servers_answer_before_and_after_a_neighbours_migration() {
    let (folder, database) = (tempfile::tempdir().expect("a folder"), Database::new());
    let running = furnish(Deployment::on(folder.path(), &database.url));
    let _server = running.serve();
    expand(&database.url).await;
    let restarted = Deployment::on(folder.path(), &database.url);
    let mut serve = restarted.dutyline();
    serve.arg("serve").env("DUTYLINE_LOG", "info").stderr(Stdio::piped());
    let mut serve = serve.spawn().expect("it starts");
    let mut log = BufReader::new(serve.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    assert!(log.any(|line| line.contains("the schema is at version 9000; this binary knows")));
    restarted.comes_to_say("/readyz", "ready");
    let mut presses = Vec::new();
    for (node, key) in [(&running, "1"), (&restarted, "2"), (&running, "0"), (&restarted, "0")] {
        call_once(node, &number(0), key, &|| (), &mut presses).expect("an answer");
    }
    serve.kill().expect("it runs");
    serve.wait().expect("it ends");
    check_events(&running, &presses);
}

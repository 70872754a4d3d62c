//! Several servers on one database, as processes in real time: one that stops, and clocks that are wrong.

use std::thread::sleep;
use std::time::Duration;

use crate::harness::postgres::{self, Cluster};
use crate::harness::preload;
use crate::harness::process::Deployment;
use crate::harness::shift::furnish;

/// Lets the first agent's window end in so many milliseconds; when that is, by the server's clock.
fn end_in(cluster: &Cluster, database: &str, millis: u32) -> i64 {
    let update = format!(
        "update presence set until = (extract(epoch from clock_timestamp()) * 1000)::bigint + {millis} returning until"
    );
    cluster.psql(database, &update).trim().parse().expect("one window")
}

/// When the windows that are over were ended, by the events, once there are any.
fn ended(cluster: &Cluster, database: &str) -> Vec<i64> {
    for _ in 0..200 {
        let said = cluster.psql(database, "select at from events where type = 'presence.offline'");
        if !said.is_empty() {
            return said.lines().map(|at| at.parse().expect("a time")).collect();
        }
        sleep(Duration::from_millis(50));
    }
    panic!("nobody ends it");
}

#[test]
fn nobody_is_taken_off_duty_early_by_a_wrong_clock() {
    // I4, I27.
    let Some(cluster) = postgres::unless_missing() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let library = preload::library("tests/it/postgres/clockshift.c", folder.path());
    let url = cluster.database();
    let right = furnish(Deployment::on(folder.path(), &url));
    let wrong = |seconds: &str| {
        let library = library.to_str().expect("UTF-8");
        Deployment::on(folder.path(), &url).with(&[("LD_PRELOAD", library), ("CLOCKSHIFT", seconds)])
    };
    let (fast, slow) = (wrong("3600"), wrong("-3600"));
    let _servers = [fast.start(), slow.start()];
    assert!(fast.comes_to_say("/readyz", "unfit").contains("s ahead of the database's"));
    assert!(slow.comes_to_say("/readyz", "unfit").contains("s behind the database's"));
    right.run(&["presence", "set", "agent0", "online", "--hours", "2"]);
    let until = end_in(cluster, database(&url), 1500);
    let shown = fast.run(&["presence", "show", "agent0", "--json"]);
    assert!(shown.contains("\"online\""), "{shown}");
    let ended = ended(cluster, database(&url));
    assert_eq!(ended.len(), 1, "once");
    assert!((until..until + 2000).contains(&ended[0]), "due at {until}, ended at {}", ended[0]);
}

#[test]
fn a_server_that_stops_leaves_its_timers_to_another() {
    // I6, I27, I28.
    let Some(cluster) = postgres::unless_missing() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let url = cluster.database();
    let one = furnish(Deployment::on(folder.path(), &url));
    let other = Deployment::on(folder.path(), &url);
    let (stopped, _lively) = (one.serve(), other.serve());
    one.run(&["presence", "set", "agent0", "online", "--hours", "2"]);
    let until = end_in(cluster, database(&url), 500);
    stopped.stop();
    let ended = ended(cluster, database(&url));
    assert!((until..until + 5000).contains(&ended[0]), "due at {until}, ended at {}", ended[0]);
    stopped.go_on();
    other.run(&["presence", "set", "agent0", "online", "--hours", "2"]);
    assert!(one.comes_to_say("/readyz", "ready").starts_with("HTTP/1.1 200"));
    let events = "select count(*) from events where type = 'presence.offline'";
    assert_eq!(cluster.psql(database(&url), events).trim(), "1", "it does not end what was ended");
}

fn database(url: &str) -> &str {
    url.rsplit('/').next().expect("a name")
}

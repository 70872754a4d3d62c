//! The database goes away in every manner, and callers hear of it without waiting or being lied to
//! (D48, I13, I15). Real processes in real time, since it is their patience with each other that is tried.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::Duration;

use crate::harness::postgres::{self, Cluster};
use crate::harness::process::Deployment;
use crate::harness::shift::{AGENTS, Press, call_once, check_events, furnish, number};

/// Ends every connection of ours.
const TERMINATE: &str = "select pg_terminate_backend(pid) from pg_stat_activity \
    where application_name = 'dutyline'";

/// Lets all agents call while `trouble` lasts, and until each has got through once more afterwards.
fn calls_during(trouble: impl FnOnce(&Cluster)) {
    if postgres::unless_missing().is_none() {
        return;
    }
    let cluster = Cluster::start(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    // It has much to say of it.
    let deployment = Deployment::on(folder.path(), &cluster.database()).with(&[("DUTYLINE_LOG", "off")]);
    let deployment = furnish(deployment);
    let _server = deployment.serve();
    let over = AtomicBool::new(false);
    let presses: Vec<Press> = thread::scope(|scope| {
        let (deployment, over) = (&deployment, &over);
        let agents: Vec<_> =
            (0..AGENTS).map(|agent| scope.spawn(move || calls(deployment, agent, over))).collect();
        trouble(&cluster);
        over.store(true, Ordering::SeqCst);
        agents.into_iter().flat_map(|agent| agent.join().expect("no assertion fails")).collect()
    });
    let confirmed = presses.iter().filter(|press| is_confirmed(press)).count();
    assert!(confirmed > AGENTS as usize, "{confirmed} of {}", presses.len());
    check_events(&deployment, &presses);
}

/// One agent's calls.
fn calls(deployment: &Deployment, agent: u32, over: &AtomicBool) -> Vec<Press> {
    let mut presses = Vec::new();
    for key in ["1", "2", "0"].into_iter().cycle() {
        let was_over = over.load(Ordering::SeqCst);
        call_once(deployment, &number(agent), key, &|| (), &mut presses).expect("the server lives");
        if was_over && presses.last().is_some_and(is_confirmed) {
            return presses;
        }
    }
    unreachable!("keys never end")
}

fn is_confirmed(press: &Press) -> bool {
    press.answer.as_ref().is_some_and(|words| words.contains("You are now"))
}

#[test]
fn connections_that_are_cut_all_the_time() {
    calls_during(|cluster| {
        for _ in 0..20 {
            cluster.psql("postgres", TERMINATE);
            sleep(Duration::from_millis(200));
        }
    });
}

#[test]
fn a_server_that_crashes_and_comes_back() {
    calls_during(|cluster| {
        sleep(Duration::from_millis(500));
        cluster.crash();
        sleep(Duration::from_secs(4));
        cluster.boot();
    });
}

#[test]
fn a_server_that_does_not_answer_for_a_while() {
    calls_during(|cluster| {
        sleep(Duration::from_millis(500));
        cluster.freeze();
        sleep(Duration::from_secs(20));
        cluster.thaw();
    });
}

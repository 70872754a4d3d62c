//! The server dies in the middle of calls, a hundred times, and nothing that it has said becomes untrue
//! (I2, I13, I15, A1.14).

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::harness::process::{Deployment, Server};
use crate::harness::shift::{AGENTS, Press, call_once, check_events, furnished, number};

const KILLS: u32 = 100;
/// Key presses that are repeated after each kill: at least all of one round.
const LATEST: usize = 24;

#[test]
fn nothing_that_was_acknowledged_is_lost_when_the_server_dies() {
    let folder = tempfile::tempdir().expect("a folder");
    let deployment = furnished(folder.path());
    let mut presses: Vec<Press> = Vec::new();
    for round in 0..KILLS {
        let server = Mutex::new(deployment.serve());
        // What the last server left unanswered, the carrier asks again; what it answered, it says again.
        for press in presses.iter_mut().rev().take(LATEST) {
            let again = deployment.post(&press.url, &press.form, || ()).expect("the new server answers");
            assert_eq!(*press.answer.get_or_insert_with(|| again.clone()), again, "the same words");
        }
        presses.extend(call_until_killed(&deployment, &server, round));
    }
    let _server = deployment.serve();
    for press in presses.iter_mut().filter(|press| press.answer.is_none()) {
        press.answer = Some(deployment.post(&press.url, &press.form, || ()).expect("an answer"));
    }
    assert!(presses.len() >= KILLS as usize, "calls were under way: {}", presses.len());
    check_events(&deployment, &presses);
}

/// All agents call at once and press keys until, at the round's own point, the server dies.
fn call_until_killed(deployment: &Deployment, server: &Mutex<Server>, round: u32) -> Vec<Press> {
    let sent = AtomicU32::new(0);
    let deadly = 1 + round % 23;
    let kill_at_last = || {
        if sent.fetch_add(1, Ordering::SeqCst) + 1 == deadly {
            server.lock().expect("nobody panics with it").kill();
        }
    };
    let key = ["1", "2", "0"][round as usize % 3];
    let calls = |agent| {
        let mut presses = Vec::new();
        while call_once(deployment, &number(agent), key, &kill_at_last, &mut presses).is_ok() {}
        presses
    };
    std::thread::scope(|scope| {
        let agents: Vec<_> = (0..AGENTS).map(|agent| scope.spawn(move || calls(agent))).collect();
        agents.into_iter().flat_map(|agent| agent.join().expect("no assertion fails")).collect()
    })
}

//! The server dies in the middle of calls, a hundred times, and nothing that it has said becomes untrue
//! (I2, I13, I15, A1.14).

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use dutyline::domain::call::CallStatus;
use serde_json::Value;

use crate::harness::caller::leg;
use crate::harness::line::DUTY_LINE;
use crate::harness::process::{Deployment, Server};

const KILLS: u32 = 100;
const AGENTS: u32 = 4;
/// Key presses that are repeated after each kill: at least all of one round.
const LATEST: usize = 24;

/// A key press that was sent, and the answer if one came.
#[derive(Debug, Clone)]
struct Press {
    call_sid: String,
    url: String,
    form: Vec<(String, String)>,
    answer: Option<String>,
}

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

fn furnished(data: &std::path::Path) -> Deployment {
    let deployment = Deployment::new(data);
    deployment.run(&["migrate"]);
    deployment.run(&["flow", "publish", concat!(env!("CARGO_MANIFEST_DIR"), "/flows/timed-presence.toml")]);
    deployment.run(&[
        "mapping",
        "add",
        "Duty line",
        "--contact-point",
        DUTY_LINE,
        "--flow",
        "timed-presence",
    ]);
    for agent in 0..AGENTS {
        let (login, number) = (format!("agent{agent}"), number(agent));
        deployment.run(&["user", "add", &login, "--name", &login, "--pstn", &number]);
    }
    deployment
}

fn number(agent: u32) -> String {
    format!("+1506234{:04}", 5678 + agent)
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
    let calls = |agent| {
        let mut presses = Vec::new();
        while call_once(deployment, &number(agent), round, &kill_at_last, &mut presses).is_ok() {}
        presses
    };
    std::thread::scope(|scope| {
        let agents: Vec<_> = (0..AGENTS).map(|agent| scope.spawn(move || calls(agent))).collect();
        agents.into_iter().flat_map(|agent| agent.join().expect("no assertion fails")).collect()
    })
}

fn call_once(
    deployment: &Deployment,
    from: &str,
    round: u32,
    sent: &(impl Fn() + Sync),
    presses: &mut Vec<Press>,
) -> std::io::Result<()> {
    let leg = leg(from, DUTY_LINE);
    let menu = deployment.post(
        &format!("{}/voice/twilio/inbound", deployment.url()),
        &leg.form(CallStatus::Ringing, &[]),
        sent,
    )?;
    let action = menu.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a menu");
    let key = ["1", "2", "0"][round as usize % 3];
    let mut press = Press {
        call_sid: leg.call_sid.to_string(),
        url: action.replace("&amp;", "&"),
        form: leg.form(CallStatus::InProgress, &[("Digits", key)]),
        answer: None,
    };
    let answer = deployment.post(&press.url, &press.form, sent);
    press.answer = answer.as_ref().ok().cloned();
    presses.push(press);
    answer.map(drop)
}

/// Each press that was confirmed to its caller is one event, and the folded events are the presence.
fn check_events(deployment: &Deployment, presses: &[Press]) {
    let log = deployment.run(&["event", "tail", "--json", "--limit", "1000000"]);
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let seqs: Vec<u64> = events.iter().map(|event| event["seq"].as_u64().expect("a number")).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "no gap, no duplicate");

    let mut by_call: BTreeMap<&str, usize> = BTreeMap::new();
    for event in
        events.iter().filter(|event| event["type"].as_str().is_some_and(|kind| kind.starts_with("presence.")))
    {
        *by_call.entry(event["cause"]["call"].as_str().expect("a call")).or_default() += 1;
    }
    let calls = deployment.run(&["call", "list", "--json", "--limit", "1000000"]);
    let calls: Vec<Value> = serde_json::from_str(&calls).expect("JSON");
    let text = |call: &Value, field: &str| call[field].as_str().expect("a text").to_owned();
    let ids: BTreeMap<String, String> =
        calls.iter().map(|call| (text(call, "sid"), text(call, "id"))).collect();
    for press in presses {
        let words = press.answer.as_ref().expect("all were answered in the end");
        let confirmed = words.contains("You are now");
        let events = ids.get(&press.call_sid).and_then(|id| by_call.get(id.as_str())).copied().unwrap_or(0);
        assert_eq!(events, usize::from(confirmed), "{press:?}");
    }
    for agent in 0..AGENTS {
        check_presence(deployment, &events, &format!("agent{agent}"));
    }
}

fn check_presence(deployment: &Deployment, events: &[Value], login: &str) {
    let shown: Value =
        serde_json::from_str(&deployment.run(&["presence", "show", login, "--json"])).expect("JSON");
    let subject = format!("user:{login}");
    let last = events.iter().rfind(|event| {
        event["subject"] == subject.as_str()
            && event["type"] != "presence.unchanged"
            && event["data"]["generation"].is_u64()
    });
    let Some(last) = last else { return assert_eq!(shown["generation"], 0) };
    assert_eq!(shown["generation"], last["data"]["generation"]);
    assert_eq!(shown["until"], last["data"].get("until").cloned().unwrap_or(Value::Null), "no timer is lost");
}

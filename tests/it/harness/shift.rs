//! Agents who call a deployment at the same time, over sockets, and remember what they were told.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use dutyline::domain::call::CallStatus;
use serde_json::Value;

use super::caller::leg;
use super::line::DUTY_LINE;
use super::process::Deployment;

/// How many there are.
pub const AGENTS: u32 = 4;

/// A key press that was sent, and the answer if one came.
#[derive(Debug, Clone)]
pub struct Press {
    call_sid: String,
    pub url: String,
    pub form: Vec<(String, String)>,
    pub answer: Option<String>,
}

/// A deployment with its agents.
pub fn furnished(data: &Path) -> Deployment {
    furnish(Deployment::new(data))
}

pub fn furnish(deployment: Deployment) -> Deployment {
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

/// The number of an agent's telephone.
pub fn number(agent: u32) -> String {
    format!("+1506234{:04}", 5678 + agent)
}

/// One call, from the menu to the key, if the server lives so long; calls `sent` after each request.
pub fn call_once(
    deployment: &Deployment,
    from: &str,
    key: &str,
    sent: &(impl Fn() + Sync),
    presses: &mut Vec<Press>,
) -> io::Result<()> {
    let leg = leg(from, DUTY_LINE);
    let inbound = format!("{}/voice/twilio/inbound", deployment.url());
    let menu = follow(deployment, inbound, &leg.form(CallStatus::Ringing, &[]), sent)?;
    let Some(action) = menu.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()) else {
        assert!(menu.contains("We are sorry"), "{menu}");
        return Ok(());
    };
    let mut press = Press {
        call_sid: leg.call_sid.to_string(),
        url: action.replace("&amp;", "&"),
        form: leg.form(CallStatus::InProgress, &[("Digits", key)]),
        answer: None,
    };
    let answer = follow(deployment, press.url.clone(), &press.form, sent);
    press.answer = answer.as_ref().ok().cloned();
    presses.push(press);
    answer.map(drop)
}

/// The longest that a carrier waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// Posts a form, and again where the answer says so, until one comes that asks or tells something.
fn follow(
    deployment: &Deployment,
    mut url: String,
    form: &[(String, String)],
    sent: &(impl Fn() + Sync),
) -> io::Result<String> {
    loop {
        #[expect(clippy::disallowed_methods, reason = "a carrier's clock is a real one")]
        let begun = Instant::now();
        let answer = deployment.post(&url, form, sent)?;
        assert!(begun.elapsed() < PATIENCE, "{:?} is too late: {answer}", begun.elapsed());
        let put_off = answer.contains("One moment");
        match answer.split("<Redirect method=\"POST\">").nth(1).and_then(|rest| rest.split('<').next()) {
            Some(again) if put_off => url = again.replace("&amp;", "&"),
            Some(_) | None => return Ok(answer),
        }
    }
}

/// Each press that was confirmed to its caller is one event, each that was apologised for at most one, every other
/// none; and the folded events are the presence.
pub fn check_events(deployment: &Deployment, presses: &[Press]) {
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
        let events = ids.get(&press.call_sid).and_then(|id| by_call.get(id.as_str())).copied().unwrap_or(0);
        let (confirmed, sorry) = (words.contains("You are now"), words.contains("We are sorry"));
        assert!(if sorry { events <= 1 } else { events == usize::from(confirmed) }, "{events}: {press:?}");
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

//! `dutyline call` as a process, on a server of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::line::DUTY_LINE;
use crate::harness::process::Deployment;

const ADA: &str = "+15062345678";

/// A line that Ada may call.
fn furnished(data: &std::path::Path) -> Deployment {
    let deployment = Deployment::new(data);
    let flow = concat!(env!("CARGO_MANIFEST_DIR"), "/flows/timed-presence.toml");
    deployment.run(&["migrate"]);
    deployment.run(&["flow", "publish", flow]);
    deployment.run(&["mapping", "add", "Line", "--contact-point", DUTY_LINE, "--flow", "timed-presence"]);
    deployment.run(&["user", "add", "ada", "--name", "Ada", "--pstn", ADA]);
    deployment
}

#[test]
fn ctrl_c_hangs_up_and_the_server_hears_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let deployment = furnished(folder.path());
    let _server = deployment.serve();
    let mut call = deployment
        .dutyline()
        .args(["call", "--from", ADA, "--to", DUTY_LINE, "--url", &deployment.url()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut transcript =
        BufReader::new(call.stdout.take().expect("a pipe")).lines().map(|line| line.expect("UTF-8"));
    let menu = transcript.next().expect("a line");
    assert!(menu.contains("line says: Welcome"), "{menu}");
    let interrupt = Command::new("kill").args(["-INT", &call.id().to_string()]).status();
    assert!(interrupt.expect("it runs").success());
    assert_eq!(transcript.last().as_deref(), Some("  -- you hang up --"));
    assert_eq!(call.wait().expect("it ends").code(), Some(0));
    let calls: Value = serde_json::from_str(&deployment.run(&["call", "list", "--json"])).expect("JSON");
    assert_eq!(calls[0]["status"], "completed");
    assert!(calls[0]["ended_at"].is_string(), "{calls}");
}

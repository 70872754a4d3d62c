//! The walk through the API in its document, walked: its commands are typed into a shell, against a server of its own,
//! and the answers are those that are printed there.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs, iter};

use chrono::DateTime;
use serde_json::Value;

use crate::harness::process::Deployment;

/// Where the document's server listens.
const ITS_URL: &str = "http://127.0.0.1:8080";

/// Said between two commands, so that their answers are told apart.
const NEXT: &str = "-- next --";

/// A shell example, and the answer that is printed below it, if one is.
struct Stage {
    commands: String,
    answer: Option<String>,
}

/// The stages of the walk.
fn walk(document: &str) -> Vec<Stage> {
    let walk = document.split("\n## ").find(|part| part.starts_with("A walk\n")).expect("there is a walk");
    let mut stages: Vec<Stage> = Vec::new();
    // Text and what is fenced in take turns.
    for block in walk.split("```").skip(1).step_by(2) {
        let (kind, text) = block.split_once('\n').expect("a fence stands on its own line");
        match kind {
            "sh" => stages.push(Stage { commands: text.to_owned(), answer: None }),
            "json" => {
                let stage = stages.last_mut().expect("an answer follows a command");
                assert!(stage.answer.replace(text.to_owned()).is_none(), "one answer to a command: {text}");
            }
            kind => panic!("the walk has a block of `{kind}`"),
        }
    }
    stages
}

/// What the shell says to each stage. It stops at the first command that fails.
fn walked(deployment: &Deployment, stages: &[Stage]) -> Vec<String> {
    let own = "set -e\n".to_owned();
    let typed = stages.iter().map(|stage| stage.commands.replace(ITS_URL, &deployment.url()));
    let script: String =
        iter::once(own).chain(typed.flat_map(|typed| [typed, format!("echo; echo '{NEXT}'\n")])).collect();
    let program = deployment.dutyline();
    let folder = Path::new(program.get_program()).parent().expect("it lies in a folder").to_owned();
    let path =
        env::join_paths(iter::once(folder).chain(env::split_paths(&env::var("PATH").expect("a path"))));
    let world = program.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let shell = Command::new("sh")
        .args(["-c", &script])
        .envs(world)
        .env("PATH", path.expect("a path"))
        .env("NO_PROXY", "*")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .expect("there is a shell");
    let said = String::from_utf8(shell.stdout).expect("UTF-8");
    assert!(shell.status.success(), "the walk stopped, see above, after:\n{said}");
    said.split(NEXT).map(|said| said.trim().to_owned()).collect()
}

/// The same in every run: without what is drawn, and when it was.
fn masked(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(masked_text(&text)),
        Value::Array(items) => items.into_iter().map(masked).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, masked(value))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

fn masked_text(text: &str) -> String {
    if DateTime::parse_from_rfc3339(text).is_ok() {
        return "a time".to_owned();
    }
    if text.starts_with("dl_") {
        return "a secret".to_owned();
    }
    // Identifiers and digests.
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    let mask = |word: &str| {
        let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let is_drawn = bare.len() >= 32 && bare.chars().all(is_hex);
        if is_drawn { word.replace(bare, "…") } else { word.to_owned() }
    };
    words.map(mask).collect()
}

fn read(text: &str) -> Value {
    masked(serde_json::from_str(text).unwrap_or_else(|why| panic!("{why}: {text}")))
}

#[test]
fn every_step_of_the_walk_answers_as_it_is_printed() {
    let curl = Command::new("curl").arg("--version").output();
    assert!(curl.is_ok(), "curl is missing: `tests/run` installs it, or your system's package manager");
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.md");
    let stages = walk(&fs::read_to_string(document).expect("a readable file"));
    let folder = tempfile::tempdir().expect("a folder");
    let deployment = Deployment::new(folder.path());
    deployment.run(&["migrate"]);
    let flow = concat!(env!("CARGO_MANIFEST_DIR"), "/flows/timed-presence.toml");
    deployment.run(&["flow", "publish", flow]);
    let ada = ["--name", "Ada Agent", "--zone", "America/Toronto", "--pstn", "+15062345678"];
    deployment.run(&[&["user", "add", "ada"][..], &ada].concat());
    let line = ["--contact-point", "+15065550100", "--flow", "timed-presence"];
    deployment.run(&[&["mapping", "add", "Duty line"][..], &line].concat());
    let _server = deployment.serve();
    let said = walked(&deployment, &stages);
    let mut compared = 0;
    for (Stage { commands, answer }, said) in stages.iter().zip(said) {
        let Some(answer) = answer else { continue };
        let pretty = |text: &str| serde_json::to_string_pretty(&read(text)).expect("plain data");
        assert_eq!(pretty(&said), pretty(answer), "\n{commands}{said}\n");
        compared += 1;
    }
    assert!(compared > 5, "the walk shows answers");
}

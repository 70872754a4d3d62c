//! The commands that the documents tell people to type.

use std::fs;
use std::path::Path;

use clap::Parser;
use dutyline::cli::Cli;

const DOCUMENTS: &[&str] = &["README.md", "docs/flows.md", "docs/operations.md"];

/// The command lines of `dutyline` in a document's shell examples, without whose right they are run in.
fn commands(document: &str) -> Vec<String> {
    let mut is_shell = false;
    let mut commands = Vec::new();
    for line in document.replace("\\\n", " ").lines().map(str::trim) {
        match line {
            "```sh" => is_shell = true,
            "```" => is_shell = false,
            _ if is_shell => {
                let line = line.strip_prefix("sudo -u dutyline ").unwrap_or(line);
                commands.extend(line.starts_with("dutyline ").then(|| line.to_owned()));
            }
            _ => {}
        }
    }
    commands
}

/// A line's words as a shell makes them: quotes hold words together, `#` begins a comment.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (place, part) in line.split('"').enumerate() {
        if place % 2 == 1 {
            words.push(part.to_owned());
            continue;
        }
        for word in part.split_whitespace() {
            if word.starts_with('#') {
                return words;
            }
            words.push(word.to_owned());
        }
    }
    words
}

#[test]
fn every_command_in_the_documents_can_be_typed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for document in DOCUMENTS {
        let text = fs::read_to_string(root.join(document)).expect("a readable file");
        for command in commands(&text) {
            seen += 1;
            let parsed = Cli::try_parse_from(words(&command));
            assert!(parsed.is_ok(), "{document}: {command}\n{}", parsed.expect_err("refused"));
        }
    }
    assert!(seen > 15, "the documents have examples");
}

#[test]
fn words_are_told_apart_as_a_shell_does() {
    let expected = ["dutyline", "mapping", "add", "Duty line", "--flow", "x"];
    assert_eq!(words(r#"dutyline mapping add "Duty line" --flow x  # a comment, "quoted""#), expected);
}

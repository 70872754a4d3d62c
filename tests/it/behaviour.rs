//! The numbers by which code, tests and documents cite what Dutyline promises.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where numbers are cited.
const CITING: &[&str] = &["src", "tests", "docs", "flows", "migrations", "README.md"];

/// Numbers like `D14`, `I5` and `A1.13` in a text, each once.
fn cited(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && !"._".contains(c))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| is_number(word))
        .collect()
}

fn is_number(word: &str) -> bool {
    let digits = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    match (word.chars().next(), word.get(1..)) {
        (Some('D' | 'I'), Some(rest)) => digits(rest),
        (Some('A'), Some(rest)) => {
            rest.split_once('.').is_some_and(|(seed, item)| digits(seed) && digits(item))
        }
        (Some(_) | None, _) => false,
    }
}

/// The numbers that `docs/behaviour.md` explains, each in an entry of its own.
fn explained(behaviour: &str) -> BTreeSet<&str> {
    let entries = behaviour.lines().filter_map(|line| line.strip_prefix("- **"));
    entries.filter_map(|entry| entry.split_once("** ").map(|(number, _)| number)).collect()
}

fn files(place: PathBuf) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place];
    }
    let Ok(entries) = fs::read_dir(&place) else { return Vec::new() };
    entries.flat_map(|entry| files(entry.expect("a readable entry").path())).collect()
}

#[test]
fn every_number_that_is_cited_is_explained() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let behaviour = fs::read_to_string(root.join("docs/behaviour.md")).expect("a readable file");
    let explained = explained(&behaviour);
    let mut unknown = BTreeSet::new();
    for file in CITING.iter().flat_map(|place| files(root.join(place))) {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for number in cited(&text).difference(&explained) {
            unknown.insert(format!("{number} in {}", file.strip_prefix(root).expect("below").display()));
        }
    }
    assert!(unknown.is_empty(), "docs/behaviour.md does not explain {unknown:#?}");
}

#[test]
fn a_number_is_told_from_other_words() {
    // Put together here, so that this file cites nothing that is not there.
    let (unknown, of_product) = (format!("D{}", 99), format!("A{}.77", 1));
    for (text, found) in [
        (format!("never early ({unknown})."), vec![unknown.as_str()]),
        (format!("as {of_product} says"), vec![of_product.as_str()]),
        (format!("{unknown} to {unknown}, {of_product}."), vec![of_product.as_str(), unknown.as_str()]),
        (format!("0{unknown}"), vec![]),
        (format!("{unknown}a"), vec![]),
        (format!("x_{unknown}"), vec![]),
    ] {
        assert_eq!(cited(&text).into_iter().collect::<Vec<_>>(), found, "{text}");
    }
}

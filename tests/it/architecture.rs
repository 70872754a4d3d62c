//! The directions of use that `docs/architecture.md` draws, read off every line of `src/`.

use std::fs;
use std::path::{Path, PathBuf};

/// What each part of `src/` may use of the others.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("flow", &["domain"]),
    ("carrier", &["domain", "flow"]),
    ("store", &["domain", "flow"]),
    ("app", &["domain", "flow", "store", "telemetry"]),
    ("worker", &["app", "domain", "telemetry"]),
    ("http", &["app", "carrier", "domain", "flow", "telemetry"]),
    ("telemetry", &[]),
    ("config", &["domain", "store", "telemetry"]),
    ("cli", &["app", "carrier", "config", "domain", "flow", "http", "store", "telemetry", "worker"]),
    ("lib", &[]),
    ("main", &["cli"]),
];

/// Libraries that show in few places, so that each can be exchanged there.
const ONLY_IN: &[(&str, &str)] = &[
    ("icalendar::", "domain/calendar/ical"),
    ("jiff::", "domain/time.rs"),
    ("phonenumber::", "domain/phone.rs"),
    ("quick_xml::", "carrier/twiml"),
    ("sqlx::", "store/"),
];

/// Time is data: the pure parts wait for nothing and read no clock.
const PURE: &[&str] = &["domain", "flow", "carrier"];
const IMPURE: &[&str] =
    &["async", ".await", "tokio::", "axum::", "Utc::now", "Local::now", "Instant::now", "SystemTime::now"];

/// What is wrong with a line of `file`, a path below `src/`.
fn faults(file: &str, line: &str) -> Vec<String> {
    let line = if line.trim_start().starts_with("//") { "" } else { line };
    let part = file.split(['/', '.']).next().unwrap_or_default();
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == part) else {
        return vec![format!("`{part}` has no row in the table of directions")];
    };
    let root = if part == "main" { "dutyline::" } else { "crate::" };
    let edges = mentions(line, root)
        .map(|at| line[at + root.len()..].split(|c: char| !is_of_word(c)).next().unwrap_or_default())
        .filter(|used| *used != part && !allowed.contains(used))
        .map(|used| format!("`{part}` may not use `{used}`"));
    let libraries = ONLY_IN
        .iter()
        .filter(|(library, place)| !file.starts_with(place) && mentions(line, library).next().is_some())
        .map(|(library, place)| format!("`{library}` belongs in `{place}` alone"));
    let impurities = IMPURE
        .iter()
        .filter(|word| PURE.contains(&part) && mentions(line, word).next().is_some())
        .map(|word| format!("`{part}` is pure and has no `{word}`"));
    edges.chain(libraries).chain(impurities).collect()
}

/// Where `text` stands in the line, not as the tail of a longer word.
fn mentions<'a>(line: &'a str, text: &'a str) -> impl Iterator<Item = usize> + 'a {
    let begins_word = text.starts_with(is_of_word);
    line.match_indices(text)
        .map(|(at, _)| at)
        .filter(move |at| !begins_word || !line[..*at].ends_with(is_of_word))
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn sources() -> Vec<(String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut files) = (vec![src.clone()], Vec::<PathBuf>::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    let below_src = |path: &Path| path.strip_prefix(&src).expect("found there").display().to_string();
    files.iter().map(|path| (below_src(path), fs::read_to_string(path).expect("a readable file"))).collect()
}

#[test]
fn every_part_keeps_to_its_directions() {
    let mut found = Vec::new();
    for (file, text) in sources() {
        for (line, number) in text.lines().zip(1..) {
            found
                .extend(faults(&file, line).into_iter().map(|fault| format!("src/{file}:{number}: {fault}")));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn recordings_are_decoded_in_one_file() {
    let users: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| text.contains("symphonia::"))
        .map(|(file, _)| file)
        .collect();
    assert!(users.len() <= 1, "{users:?}");
}

#[test]
fn an_edge_that_the_table_lacks_is_found() {
    for (file, line, fault) in [
        ("domain/ids.rs", "use crate::domain::time::Instant;", None),
        ("domain/ids.rs", "use crate::flow::reply::Reply;", Some("`domain` may not use `flow`")),
        (
            "http/voice.rs",
            "    let row = crate::store::calls::Row::new();",
            Some("`http` may not use `store`"),
        ),
        ("store/mod.rs", "use crate::{carrier, domain};", Some("`store` may not use ``")),
        ("main.rs", "use dutyline::app::App;", Some("`main` may not use `app`")),
        ("cli/serve.rs", "use crate::http::server::serve;", None),
        ("attic/old.rs", "", Some("`attic` has no row in the table of directions")),
        ("domain/time.rs", "use jiff::Zoned;", None),
        ("flow/engine.rs", "use jiff::Zoned;", Some("`jiff::` belongs in `domain/time.rs` alone")),
        (
            "domain/calendar/feed.rs",
            "use icalendar::Event;",
            Some("`icalendar::` belongs in `domain/calendar/ical` alone"),
        ),
        ("app/admin.rs", "    sqlx::query(\"select 1\")", Some("`sqlx::` belongs in `store/` alone")),
        ("app/admin.rs", "rlibphonenumber::parse(text)", None),
        ("flow/engine.rs", "pub async fn step() {", Some("`flow` is pure and has no `async`")),
        ("flow/engine.rs", "    let now = Utc::now();", Some("`flow` is pure and has no `Utc::now`")),
        ("app/voice.rs", "    let call = tx.call(id).await?;", None),
        ("domain/ids.rs", "    /// Made by [`crate::app`], async.", None),
    ] {
        assert_eq!(faults(file, line).first().map(String::as_str), fault, "{file}: {line}");
    }
}

//! `dutyline audit`: who changed what, and when, and whether the log of it was changed.

use std::process::ExitCode;

use clap::Subcommand;
use comfy_table::Table;
use serde_json::Value;

use crate::app::audit::{Broken, Suspect, Verification};
use crate::app::events::{AuditEntry, Difference};
use crate::cli::desk::Desk;
use crate::cli::output::{Format, table, talk, to_second};
use crate::domain::chain::{Digest, Fault, Kind, Verified};
use crate::domain::ids::Login;

/// Look up what admins changed, and whether the log is whole
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List changes, the newest first
    List {
        /// Only what was done to this user
        #[arg(long, value_name = "LOGIN")]
        user: Option<Login>,

        /// Changes to list at most
        #[arg(long, value_name = "NUMBER", default_value_t = 50)]
        limit: u32,

        #[command(flatten)]
        format: Format,
    },
    /// Look whether each entry of the log is as it was written
    ///
    /// Exits with 1 and names the first that was changed, removed or inserted. The last hash is one to keep elsewhere.
    Verify {
        #[command(flatten)]
        format: Format,
    },
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    match args.command {
        Command::List { user, limit, format } => {
            format.print(&app.audit(&tenant, user.as_ref(), None, limit).await?, |entries| list(entries))?;
        }
        Command::Verify { format } => {
            let verification = app.verify_audit(&tenant).await?;
            format.tell(&verification, verdict)?;
            if let Verification::Broken(_) = verification {
                talk(MEND);
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What is to be done about a log that is not as it was written.
const MEND: &str = "hint: keep the database as it is, with a copy, and find the last backup for which this command finds \
    nothing; see docs/operations.md";

fn verdict(verification: &Verification) -> String {
    match verification {
        Verification::Whole(verified) => whole(verified),
        Verification::Broken(found) => broken(found),
    }
}

fn whole(verified: &Verified) -> String {
    let Verified { entries, from, to, hashed_from, without_hash, hash } = verified;
    let Some(from) = from else { return format!("no entries\n{}", last(hash)) };
    let unknown = match (without_hash, hashed_from) {
        (0, _) => String::new(),
        (some, None) => format!(" but perhaps {some} that have no hash, since an older dutyline wrote them"),
        (some, Some(first)) => format!(
            " but perhaps {some} that have no hash, since an older dutyline wrote them: hashes begin with seq {first}"
        ),
    };
    format!("{entries} entries, seq {from} to {to}, none changed{unknown}\n{}", last(hash))
}

fn last(hash: &Digest) -> String {
    format!("last hash {}", if hash.as_str().is_empty() { "none" } else { hash.as_str() })
}

fn broken(found: &Broken) -> String {
    let Broken { fault: Fault { seq, fault, without_hash_since }, entry } = found;
    let what = match fault {
        Kind::Changed => "is not what was written there",
        Kind::Missing => "is missing",
        Kind::Inserted => "was inserted: nothing was written there",
        Kind::Severed => "is the last, and the log once ended with another one",
    };
    let mut lines = vec![format!("entry {seq} {what}")];
    lines.extend(entry.as_ref().map(|entry| suspect(*seq, entry)));
    if let Some(since) = without_hash_since {
        lines.push(format!(
            "entries from {since} on have no hash: if somebody took it away, the fault is there"
        ));
    }
    lines.join("\n")
}

fn suspect(at_fault: i64, entry: &Suspect) -> String {
    let Suspect { seq, id, r#type, at } = entry;
    let which = if *seq == at_fault { "it is".to_owned() } else { format!("the next one is {seq},") };
    let at = at.map_or_else(|| "no time".to_owned(), to_second);
    format!("{which} {}, {}, at {at}", id.escape_debug(), r#type.escape_debug())
}

fn list(entries: &[AuditEntry]) -> Table {
    let mut table = table(["seq", "at", "who", "did", "to", "change"]);
    for entry in entries {
        let changes: Vec<String> = entry.changes.iter().map(words).collect();
        table.add_row([
            entry.seq.to_string(),
            to_second(entry.at),
            entry.actor.clone(),
            entry.r#type.clone(),
            entry.subject.clone(),
            changes.join("; "),
        ]);
    }
    table
}

fn words(difference: &Difference) -> String {
    let Difference { field, before, after } = difference;
    match (before, after) {
        (Value::Null, after) => format!("{field} = {}", plain(after)),
        (before, Value::Null) => format!("{field} was {}", plain(before)),
        (before, after) => format!("{field}: {} -> {}", plain(before), plain(after)),
    }
}

/// A text without its quotes, anything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_says_what_was_and_what_is() {
        for (before, after, said) in [
            (Value::Null, json!("Ada"), "name = Ada"),
            (json!("Ada"), Value::Null, "name was Ada"),
            (json!("Ada"), json!("Ada Agent"), "name: Ada -> Ada Agent"),
            (json!([8, 24]), json!([8]), "name: [8,24] -> [8]"),
        ] {
            assert_eq!(words(&Difference { field: "name".to_owned(), before, after }), said);
        }
    }
}

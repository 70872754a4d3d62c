//! `dutyline audit`: who changed what, and when.

use std::process::ExitCode;

use clap::Subcommand;
use comfy_table::Table;
use serde_json::Value;

use crate::app::events::{AuditEntry, Difference};
use crate::cli::desk::Desk;
use crate::cli::output::{Format, table, to_second};
use crate::domain::ids::Login;

/// Look up what admins changed
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
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<ExitCode> {
    let Command::List { user, limit, format } = args.command;
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    format.print(&app.audit(&tenant, user.as_ref(), None, limit).await?, |entries| list(entries))?;
    Ok(ExitCode::SUCCESS)
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

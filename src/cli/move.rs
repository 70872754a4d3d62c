//! `dutyline move`.

use std::path::PathBuf;
use std::process::ExitCode;

use comfy_table::Table;
use indicatif::{HumanCount, ProgressBar};
use secrecy::SecretString;

use crate::cli::desk::Desk;
use crate::cli::output::{Format, table, talk};
use crate::config;
use crate::store::copy::{Tally, copy};

/// Copy everything to another database, SQLite or PostgreSQL, to serve from there
///
/// All of it or nothing: users, numbers, prompts, flows, presence, calls under way and all events. The new database
/// is made if need be and must be empty; the old one stays as it is. Stop the servers first, and start them with the
/// new database afterwards.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    target: Target,

    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Target {
    /// New database, `sqlite:PATH` or `postgres://USER@HOST/NAME`
    #[arg(long, env = "DUTYLINE_MOVE_TO", value_name = "URL", hide_env_values = true)]
    to: Option<SecretString>,

    /// File that holds the new database's URL, which may hold a password
    #[arg(long, env = "DUTYLINE_MOVE_TO_FILE", value_name = "FILE")]
    to_file: Option<PathBuf>,
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<ExitCode> {
    let Target { to, to_file } = args.target;
    let (old, new) = (desk.settings.database()?, config::move_to(to.as_ref(), to_file.as_deref())?);
    let shown = new.shown();
    talk(format!("copying `{}` to `{shown}`", old.shown()));
    talk(
        "hint: stop the servers first; while this runs they can save nothing, and what they save later stays in \
         the old database",
    );
    // Draws nothing unless stderr is a terminal.
    let bar = ProgressBar::new(0);
    let copied = copy(old, new, |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })
    .await;
    bar.finish_and_clear();
    let copied = copied?;
    args.format.print(copied.as_slice(), listed)?;
    let rows = HumanCount(copied.iter().map(|tally| tally.rows).sum());
    talk(format!("copied {rows} rows to `{shown}`; the old database is as it was"));
    talk(
        "hint: set `DUTYLINE_DATABASE_URL` to the new database, look with `dutyline doctor`, start the servers",
    );
    Ok(ExitCode::SUCCESS)
}

fn listed(tallies: &[Tally]) -> Table {
    let mut lines = table(["table", "rows"]);
    for Tally { table, rows } in tallies {
        lines.add_row([(*table).to_owned(), rows.to_string()]);
    }
    lines
}

//! `dutyline user import` and `export`.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use indicatif::ProgressBar;

use crate::app::App;
use crate::app::users::import::{Faulty, Mode, Report};
use crate::app::users::table;
use crate::cli::output::talk;
use crate::domain::tenant::Tenant;

/// Add and change users from a CSV file, all or none
///
/// The first line names the columns: `login`, and any of `name`, `zone`, `language`, `agent_code`, `skills`,
/// `pstn`, `ext`, `description`, `active`. Skills have blanks or commas between them. Users with several numbers have a line for each. A column that is left
/// out changes nothing; an empty cell takes away what was there.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Import {
    /// File to read; `-` is stdin
    file: PathBuf,

    /// Change nothing, and say what would be changed
    #[arg(long)]
    dry_run: bool,

    /// Import the users without faults, and leave out the others
    #[arg(long)]
    skip_faulty: bool,
}

/// Write all users as a CSV file, without their PINs
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Export {
    /// File to write [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn import(app: &App, tenant: &Tenant, import: Import) -> anyhow::Result<ExitCode> {
    let Import { file, dry_run, skip_faulty } = import;
    let bytes = read(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let rows = table::read(&bytes)?;
    let faulty = if skip_faulty { Faulty::Skip } else { Faulty::Refuse };
    let mode = if dry_run { Mode::DryRun } else { Mode::Commit };
    // Draws nothing unless stderr is a terminal.
    let bar = ProgressBar::new(0);
    let progress = {
        let bar = bar.clone();
        move |done: usize, count: usize| {
            bar.set_length(count as u64);
            bar.set_position(done as u64);
        }
    };
    let report = app.import_users(tenant, rows, faulty, mode, progress).await;
    bar.finish_and_clear();
    Ok(tell(&report?, &file, mode))
}

fn tell(report: &Report, file: &Path, mode: Mode) -> ExitCode {
    for fault in &report.faults {
        talk(format!("{}: {fault}", file.display()));
    }
    if report.refused {
        talk("error: nothing is imported; mend the rows, or leave them out with `--skip-faulty`");
        return ExitCode::FAILURE;
    }
    let Report { added, changed, unchanged, .. } = report;
    match mode {
        Mode::Commit => talk(format!("{added} added, {changed} changed, {unchanged} as they were")),
        Mode::DryRun => talk(format!("would add {added}, change {changed}, leave {unchanged} as they are")),
    }
    ExitCode::SUCCESS
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    if file != Path::new("-") {
        return fs::read(file);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

pub(super) async fn export(app: &App, tenant: &Tenant, export: Export) -> anyhow::Result<()> {
    let text = table::write(&app.users(tenant).await?);
    match &export.output {
        Some(file) => fs::write(file, text).with_context(|| format!("cannot write `{}`", file.display())),
        None => Ok(io::stdout().lock().write_all(&text)?),
    }
}

//! `dutyline backup`.

use std::path::PathBuf;
use std::process::ExitCode;

use indicatif::HumanBytes;

use crate::cli::desk::Desk;
use crate::cli::output::talk;

/// Copy the database to a new file, while the server runs
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// File to write; it must not be there yet
    file: PathBuf,
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<ExitCode> {
    let size = desk.app().await?.back_up(&args.file).await?;
    talk(format!("wrote {} to `{}`", HumanBytes(size), args.file.display()));
    Ok(ExitCode::SUCCESS)
}

//! `dutyline man`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::CommandFactory;

use crate::cli::Cli;
use crate::cli::output::talk;

/// Write a man page for each command
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to write them; made if it is not there
    #[arg(default_value = "man")]
    folder: PathBuf,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let folder = args.folder.display();
    std::fs::create_dir_all(&args.folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), &args.folder))
        .with_context(|| format!("cannot write man pages to `{folder}`; choose another folder"))?;
    talk(format!("wrote man pages to `{folder}`"));
    Ok(ExitCode::SUCCESS)
}

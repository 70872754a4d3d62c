//! `dutyline completions`.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::{Cli, output};

/// Write the completions of a shell to standard output
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    // Written in one go: the generator itself panics on a closed pipe.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "dutyline", &mut script);
    output::line(String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

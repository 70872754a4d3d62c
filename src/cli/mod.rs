//! The admin's commands. A command reads its arguments, asks `app` (or, as a phone, the server itself), and
//! writes data to stdout and talk to stderr; no rule of the product lives here.

mod apply;
pub mod call;
mod desk;
mod export;
mod flow;
mod folder;
mod hours;
mod migrate;
mod output;
pub mod phone;
mod prompt;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::cli::desk::Desk;
use crate::config::{ConfigError, Settings};
use crate::domain::ids::Slug;

/// The line that agents call to go on duty
#[derive(Debug, Parser)]
#[command(name = "dutyline", version, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    settings: Settings,

    /// Whose users, prompts, flows and numbers are meant
    #[arg(long, global = true, env = "DUTYLINE_TENANT", value_name = "NAME", default_value = "default")]
    tenant: Slug,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Migrate(migrate::Args),
    Flow(flow::Args),
    Prompt(prompt::Args),
    Export(export::Args),
    Apply(apply::Args),
    Call(call::Args),
}

/// Runs one command line. Exit codes: 0 done, 1 refused, 2 usage.
pub async fn run(cli: Cli) -> ExitCode {
    match dispatch(cli).await {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            if error.is::<ConfigError>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli { settings, tenant, command } = cli;
    let desk = Desk { settings, tenant };
    match command {
        Command::Migrate(args) => migrate::run(&desk, args).await,
        Command::Flow(args) => flow::run(&desk, args).await,
        Command::Prompt(args) => prompt::run(&desk, args).await,
        Command::Export(args) => export::run(&desk, args).await,
        Command::Apply(args) => apply::run(&desk, args).await,
        Command::Call(args) => call::run(&desk, args).await,
    }
}

/// Whoever read our output has read enough of it.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    kind == Some(io::ErrorKind::BrokenPipe)
}

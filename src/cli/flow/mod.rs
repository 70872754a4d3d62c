//! `dutyline flow ...`.

mod check;
mod diff;
mod library;
mod list;
mod publish;
mod show;
mod simulate;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use annotate_snippets::Renderer;

use crate::cli::desk::Desk;
use crate::cli::output::line;
use crate::flow::schema::flow_schema;

/// Check, publish and try out flows
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Check(check::Args),
    Publish(publish::Args),
    List(list::Args),
    Show(show::Args),
    Diff(diff::Args),
    Simulate(simulate::Args),
    /// Print the JSON Schema of flow files, for editors
    Schema,
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Check(args) => return check::run(&args),
        Command::Publish(args) => publish::run(desk, args).await?,
        Command::List(args) => list::run(desk, args).await?,
        Command::Show(args) => show::run(desk, args).await?,
        Command::Diff(args) => diff::run(desk, args).await?,
        Command::Simulate(args) => simulate::run(args).await?,
        Command::Schema => line(flow_schema())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Colours for people, none for pipes.
fn renderer() -> Renderer {
    if io::stdout().is_terminal() { Renderer::styled() } else { Renderer::plain() }
}

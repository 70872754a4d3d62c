//! `dutyline migrate`.

use std::process::ExitCode;

use crate::cli::desk::Desk;
use crate::cli::output::talk;
use crate::store::{Clock, Store};

/// Bring the database's schema up to date, making the database if there is none
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Change nothing; exit with 1 unless the schema is current
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<ExitCode> {
    if args.check {
        Store::open_existing(desk.settings.database()?, Clock::System).await?;
    } else {
        desk.make_app().await?.ensure_default_tenant().await?;
    }
    talk("the schema is current");
    Ok(ExitCode::SUCCESS)
}

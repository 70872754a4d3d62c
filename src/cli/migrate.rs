//! `dutyline migrate`.

use std::process::ExitCode;

use crate::cli::desk::Desk;
use crate::cli::output::talk;
use crate::store::Store;

/// Bring the database's schema up to date, making the database if there is none
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Change nothing; exit with 1 unless this binary can work with the database as it is
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<ExitCode> {
    let fit = if args.check {
        Store::check(desk.settings.database()?).await?
    } else {
        let app = desk.make_app().await?;
        app.ensure_default_tenant().await?;
        app.store.fit()
    };
    talk(fit);
    Ok(ExitCode::SUCCESS)
}

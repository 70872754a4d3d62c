//! `dutyline export`.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::app::apply::folder::is_read;
use crate::cli::desk::Desk;
use crate::cli::folder;
use crate::cli::output::talk;

/// Write the tenant's setup as a folder of files, for `apply` and for version control
///
/// Tenant, active users, prompts with their recordings, published flows and mappings. PINs stay in the
/// database.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Made if it is not there
    folder: PathBuf,
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    let files = app.export(tenant).await?;
    folder::write(&args.folder, &files)?;
    let there = folder::read(&args.folder)?;
    for stale in there.keys().filter(|path| is_read(path) && !files.contains_key(*path)) {
        talk(format!(
            "hint: `{stale}` is no part of the setup any more; remove it, or `apply` brings it back"
        ));
    }
    talk(format!("wrote {} files to `{}`", files.len(), args.folder.display()));
    Ok(ExitCode::SUCCESS)
}

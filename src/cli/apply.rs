//! `dutyline apply`.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use dialoguer::Confirm;
use similar::{ChangeTag, TextDiff};

use crate::app::apply::folder::read;
use crate::app::apply::plan::Step;
use crate::cli::desk::Desk;
use crate::cli::folder;
use crate::cli::output::{line, talk};

/// Make the tenant's setup what a folder of files says
///
/// Shows what will change, and asks before it removes anything. Users whom the folder lacks are deactivated;
/// a flow that it lacks stays published, since versions never go away. Applied again, it changes nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// As `export` writes it
    folder: PathBuf,

    /// Show what would change, and change nothing
    #[arg(long, conflicts_with = "yes")]
    plan: bool,

    /// Remove without asking
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<ExitCode> {
    let wanted = read(&folder::read(&args.folder)?)?;
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    let steps = app.plan(tenant, wanted.clone()).await?;
    if steps.is_empty() {
        talk("nothing to do: the setup is what the folder says");
        return Ok(ExitCode::SUCCESS);
    }
    steps.iter().try_for_each(show)?;
    if args.plan {
        talk(format!("{} to do; nothing was changed", count(&steps)));
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes && steps.iter().any(Step::is_removal) && !confirmed()? {
        bail!("nothing was changed");
    }
    let done = count(&steps);
    app.apply(&desk.tenant, wanted, steps).await?;
    talk(format!("{done} done"));
    Ok(ExitCode::SUCCESS)
}

fn show(step: &Step) -> io::Result<()> {
    line(step.title())?;
    let (before, after) = step.sides();
    for change in TextDiff::from_lines(&before, &after).iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Equal => continue,
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
        };
        line(format!("  {sign} {}", change.value().trim_end()))?;
    }
    Ok(())
}

/// Asks a person; where there is none, nothing may be removed.
fn confirmed() -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("the plan removes what is there now, and nobody can be asked; run it with `--yes` to agree");
    }
    Ok(Confirm::new().with_prompt("Remove what the folder lacks?").default(false).interact()?)
}

fn count(steps: &[Step]) -> String {
    if steps.len() == 1 { "1 change".to_owned() } else { format!("{} changes", steps.len()) }
}

//! `dutyline coverage`.

use std::process::ExitCode;

use comfy_table::Table;

use crate::cli::desk::Desk;
use crate::cli::output::{Format, table};
use crate::cli::when::wall;
use crate::domain::coverage::Gap;
use crate::domain::demand::{Demand, HoursAhead, HowMany};
use crate::domain::ids::Skill;
use crate::domain::time::Zone;

/// List when too few will be on duty, by windows, what is said beforehand and hours of work
///
/// Who is off work or in `dnd` then does not count. Times are the tenant's. Ends with 1 if there is such a time, so that scripts can ask.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How many should be on duty: 1 to 1000
    #[arg(long, default_value_t = HowMany::ONE)]
    users: HowMany,

    /// Of those who have this skill
    #[arg(long)]
    skill: Option<Skill>,

    /// Hours from now that are looked at: 1 to 72
    #[arg(long, default_value_t = HoursAhead::MOST)]
    hours: HoursAhead,

    #[command(flatten)]
    format: Format,
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    let demand = Demand { users: args.users, hours_ahead: args.hours, skill: args.skill };
    let gaps = app.coverage(&tenant, demand).await?;
    args.format.print(&gaps, |gaps| list(gaps, &tenant.zone))?;
    Ok(if gaps.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn list(gaps: &[Gap], zone: &Zone) -> Table {
    let mut rows = table(["from", "to", "on duty"]);
    for gap in gaps {
        rows.add_row([wall(Some(gap.from), zone), wall(Some(gap.to), zone), gap.users.to_string()]);
    }
    rows
}

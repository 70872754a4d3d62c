//! `dutyline flow list`.

use serde::Serialize;

use crate::cli::desk::Desk;
use crate::cli::output::{Format, table};
use crate::domain::ids::Name;
use crate::store::flows::FlowState;

/// List all versions of all flows
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Listed {
    name: Name,
    version: u32,
    state: FlowState,
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<()> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    let versions = app.flows(&tenant.id).await?;
    let listed: Vec<Listed> = versions
        .into_iter()
        .map(|found| Listed { name: found.flow, version: found.version, state: found.state })
        .collect();
    args.format.print(&listed, |listed| {
        let mut table = table(["name", "version", "state"]);
        for Listed { name, version, state } in listed {
            table.add_row([name.to_string(), version.to_string(), state.to_string()]);
        }
        table
    })?;
    Ok(())
}

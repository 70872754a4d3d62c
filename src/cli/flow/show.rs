//! `dutyline flow show`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::desk::Desk;
use crate::cli::output::Format;
use crate::domain::ids::Name;
use crate::domain::time::Instant;
use crate::store::flows::FlowState;

/// Print the source of a version of a flow
#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true)]
pub(super) struct Args {
    /// The flow's name
    name: Name,

    /// The version [default: the latest published one]
    #[arg(long, value_name = "NUMBER")]
    version: Option<u32>,

    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Shown {
    name: Name,
    version: u32,
    state: FlowState,
    created_at: Instant,
    uses: BTreeMap<Name, u32>,
    source: String,
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<()> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    let found = app.flow(&tenant.id, &args.name, args.version).await?;
    let shown = Shown {
        name: found.flow,
        version: found.version,
        state: found.state,
        created_at: found.created_at,
        uses: found.uses,
        source: found.source,
    };
    args.format.tell(&shown, |shown| shown.source.clone())?;
    Ok(())
}

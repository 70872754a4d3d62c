//! `dutyline flow publish`.

use std::path::PathBuf;

use crate::app::flows::{FlowSource, Publication};
use crate::cli::desk::Desk;
use crate::cli::file;
use crate::cli::output::{line, talk};
use crate::flow::issue::report;
use crate::store::flows::FlowState;

/// Make a flow file the next version of its flow
///
/// A version never changes. The versions of the flows that it runs are fixed when it is published; calls
/// that are under way stay on the version that they began with.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Flow files, those first that others run
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Keep it as a draft, which no call runs and which need not be whole yet
    #[arg(long)]
    draft: bool,
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<()> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    let state = if args.draft { FlowState::Draft } else { FlowState::Published };
    for path in args.files {
        let source = FlowSource { path: path.display().to_string(), text: file::text(&path)? };
        let (_, warnings) = source.check()?;
        if !warnings.is_empty() {
            talk(report(&source.path, &source.text, &warnings, &super::renderer()).trim_end());
        }
        match app.publish_flow(tenant.clone(), source, state).await? {
            Publication::New(version) => {
                let done = match version.state {
                    FlowState::Draft => "kept as a draft",
                    FlowState::Published => "published",
                };
                line(format!("{} version {} {done}", version.flow, version.version))?;
            }
            Publication::Unchanged(version) => {
                line(format!("{} version {} is this file already", version.flow, version.version))?;
            }
        }
    }
    Ok(())
}

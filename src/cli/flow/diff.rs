//! `dutyline flow diff`.

use std::path::PathBuf;

use anyhow::bail;
use serde::Serialize;
use similar::TextDiff;

use crate::app::App;
use crate::cli::desk::Desk;
use crate::cli::file;
use crate::cli::output::{Format, talk};
use crate::domain::ids::Name;
use crate::domain::tenant::Tenant;

/// Show what differs between two versions of a flow, or a version and a file
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The flow's name
    name: Name,

    /// A flow file to compare with, in place of `--to`
    file: Option<PathBuf>,

    /// The older version [default: the one before `--to`; the latest published one for a file]
    #[arg(long, value_name = "NUMBER")]
    from: Option<u32>,

    /// The newer version [default: the latest published one]
    #[arg(long, value_name = "NUMBER", conflicts_with = "file")]
    to: Option<u32>,

    #[command(flatten)]
    format: Format,
}

/// A text to compare, and what to call it.
struct Side {
    title: String,
    text: String,
}

/// What differs, as scripts read it.
#[derive(Debug, Serialize)]
struct Difference {
    old: String,
    new: String,
    /// In the unified form; empty if nothing differs.
    diff: String,
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<()> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    let (old, new) = match &args.file {
        Some(path) => {
            let new = Side { title: path.display().to_string(), text: file::text(path)? };
            (version(&app, &tenant, &args.name, args.from).await?, new)
        }
        None => versions(&app, &tenant, &args).await?,
    };
    let difference = compare(old, new);
    if difference.diff.is_empty() && !args.format.is_json() {
        talk(format!("no difference between {} and {}", difference.old, difference.new));
        return Ok(());
    }
    Ok(args.format.tell(&difference, |difference| difference.diff.clone())?)
}

fn compare(old: Side, new: Side) -> Difference {
    let diff = TextDiff::from_lines(&old.text, &new.text);
    let diff = diff.unified_diff().header(&old.title, &new.title).to_string();
    Difference { old: old.title, new: new.title, diff }
}

async fn versions(app: &App, tenant: &Tenant, args: &Args) -> anyhow::Result<(Side, Side)> {
    let newest = app.flow(&tenant.id, &args.name, args.to).await?.version;
    let from = args.from.unwrap_or(newest - 1);
    if from == 0 {
        bail!("flow `{}` has no version before {newest}; compare it with a file", args.name);
    }
    let old = version(app, tenant, &args.name, Some(from)).await?;
    Ok((old, version(app, tenant, &args.name, Some(newest)).await?))
}

async fn version(app: &App, tenant: &Tenant, name: &Name, number: Option<u32>) -> anyhow::Result<Side> {
    let found = app.flow(&tenant.id, name, number).await?;
    Ok(Side { title: format!("{name} version {}", found.version), text: found.source })
}

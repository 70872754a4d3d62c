//! `dutyline tenant`.

use std::process::ExitCode;

use clap::{ArgAction, Subcommand};
use comfy_table::Table;

use crate::app::tenants::{TenantPatch, fresh};
use crate::cli::desk::Desk;
use crate::cli::output::{Format, table, talk};
use crate::domain::ids::{Language, Slug};
use crate::domain::phone::Region;
use crate::domain::tenant::Tenant;
use crate::domain::time::Zone;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// List all tenants
    List(Format),
    /// Add a tenant
    Add {
        /// Short name, as typed after `--tenant`
        slug: Slug,
        #[command(flatten)]
        fields: Fields,
    },
    /// Show a tenant
    Show {
        slug: Slug,
        #[command(flatten)]
        format: Format,
    },
    /// Change a tenant
    Set {
        slug: Slug,
        #[command(flatten)]
        fields: Fields,
    },
}

/// What may be said of a tenant.
#[derive(Debug, clap::Args)]
pub(super) struct Fields {
    /// Name for people
    #[arg(long)]
    name: Option<String>,

    /// Region whose national numbers may be typed: `CA`
    #[arg(long)]
    region: Option<Region>,

    /// Time zone of users who have none of their own: `America/Toronto`
    #[arg(long)]
    zone: Option<Zone>,

    /// Language of users who have none of their own: `fr`
    #[arg(long)]
    language: Option<Language>,

    /// Whether users may share a number and differ by extension
    #[arg(long, action = ArgAction::Set, value_name = "true|false")]
    shared_lines: Option<bool>,
}

impl From<Fields> for TenantPatch {
    fn from(fields: Fields) -> Self {
        let Fields { name, region, zone, language, shared_lines } = fields;
        Self { name, region, zone, language, shared_lines, policy: None }
    }
}

pub(super) async fn run(desk: &Desk, action: Action) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    match action {
        Action::List(format) => format.print(&app.tenants().await?, |tenants| listed(tenants))?,
        Action::Add { slug, fields } => {
            let tenant = app.add_tenant(TenantPatch::from(fields).apply(fresh(slug))).await?;
            talk(format!("added tenant `{}`", tenant.slug));
        }
        Action::Show { slug, format } => {
            format.print(&app.tenant(&slug).await?, |tenant| listed(std::slice::from_ref(tenant)))?;
        }
        Action::Set { slug, fields } => {
            let tenant = app.change_tenant(slug, fields.into()).await?;
            talk(format!("changed tenant `{}`", tenant.slug));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn listed(tenants: &[Tenant]) -> Table {
    let mut rows = table(["tenant", "name", "region", "zone", "language", "shared lines"]);
    for tenant in tenants {
        rows.add_row([
            tenant.slug.to_string(),
            tenant.name.clone(),
            tenant.region.to_string(),
            tenant.zone.to_string(),
            tenant.language.to_string(),
            tenant.shared_lines.to_string(),
        ]);
    }
    rows
}

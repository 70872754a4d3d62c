//! `dutyline policy`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use comfy_table::Table;

use crate::app::tenants::TenantPatch;
use crate::cli::desk::Desk;
use crate::cli::file;
use crate::cli::output::{Format, table, talk};
use crate::domain::policy::Policy;
use crate::domain::reason_list::Listed;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Show what the tenant has decided about presence, as the file that sets it
    Show(Format),
    /// Decide about presence: defaults, wrap-up, labels and who is told of them, quick availabilities, from a TOML file
    ///
    /// What the file leaves out is as it is by default; `policy show` writes a file to begin with.
    Set { file: PathBuf },
    /// List the lists of reasons, the system's last
    Reasons(Format),
}

pub(super) async fn run(desk: &Desk, action: Action) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    match action {
        Action::Show(format) => format.tell(&tenant.policy, |policy| {
            toml::to_string_pretty(policy).expect("a policy can be written as TOML")
        })?,
        Action::Reasons(format) => format.print(&tenant.policy.listed(), |lists| reasons(lists))?,
        Action::Set { file: path } => {
            let policy: Option<Policy> = Some(file::toml(&path, "is no policy")?);
            let decided = TenantPatch { policy, ..TenantPatch::default() };
            app.change_tenant(tenant.slug.clone(), decided).await?;
            talk(format!("tenant `{}` has this policy from now on", tenant.slug));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn reasons(lists: &[Listed]) -> Table {
    let mut rows = table(["list", "reasons"]);
    for Listed { name, reasons, .. } in lists {
        rows.add_row([name.to_string(), reasons.join(", ")]);
    }
    rows
}

//! `dutyline user ext`.

use clap::Subcommand;
use comfy_table::Table;

use crate::app::App;
use crate::app::users::NewExtension;
use crate::cli::output::{Format, table, talk};
use crate::domain::ids::Login;
use crate::domain::tenant::Tenant;
use crate::domain::user::{Extension, User};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Action {
    /// Add a number behind those that the user has
    Add {
        login: Login,
        /// Number at which the user is reached: `+15062345678`
        #[arg(long, value_name = "NUMBER")]
        pstn: String,
        /// Digits to dial behind the number
        #[arg(long, value_name = "DIGITS")]
        ext: Option<String>,
        /// What the number is [default: the user's name]
        #[arg(long)]
        description: Option<String>,
    },
    /// List a user's numbers; calls are sent to the first
    List {
        login: Login,
        #[command(flatten)]
        format: Format,
    },
    /// Move a number to another position
    Move {
        login: Login,
        /// Position in `user ext list`, from 1
        from: usize,
        /// Position that it gets
        to: usize,
    },
    /// Remove a number; the next one takes its place
    Remove {
        login: Login,
        /// Position in `user ext list`, from 1
        position: usize,
    },
}

pub(super) async fn run(app: &App, tenant: &Tenant, action: Action) -> anyhow::Result<()> {
    let user = match action {
        Action::Add { login, pstn, ext, description } => {
            app.add_extension(tenant, &login, NewExtension { number: pstn, ext, description }).await?
        }
        Action::List { login, format } => {
            let user = app.user(tenant, &login).await?;
            return Ok(format.print(&user.extensions, |extensions| list(extensions))?);
        }
        Action::Move { login, from, to } => app.move_extension(tenant, &login, from, to).await?,
        Action::Remove { login, position } => app.remove_extension(tenant, &login, position).await?,
    };
    talk(reach(&user));
    Ok(())
}

fn reach(user: &User) -> String {
    match user.extensions.first() {
        Some(first) => format!("user `{}` is reached at {}", user.login, first.shown()),
        None => format!("user `{}` has no number left, and is off duty", user.login),
    }
}

fn list(extensions: &[Extension]) -> Table {
    let mut rows = table(["position", "number", "ext", "description"]);
    for (extension, position) in extensions.iter().zip(1_usize..) {
        rows.add_row([
            position.to_string(),
            extension.number.international(),
            extension.ext.clone().unwrap_or_else(|| "-".to_owned()),
            extension.description.clone(),
        ]);
    }
    rows
}

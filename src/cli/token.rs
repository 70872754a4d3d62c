//! `dutyline token`.

pub(super) mod expiry;

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::Subcommand;
use comfy_table::Table;

use crate::app::App;
use crate::app::tokens::{NewToken, TokenStanding};
use crate::cli::desk::Desk;
use crate::cli::output::{Format, line, table, talk, to_second};
use crate::domain::access::{Right, Role};
use crate::domain::ids::{Login, TokenName};
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::domain::token::Token;
use expiry::Expiry;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    Issue(Issue),
    /// List all tokens, also those that are no longer valid
    List(Format),
    /// Revoke a token, at once and for good
    Revoke {
        /// A token's name or id
        #[arg(value_name = "NAME|ID")]
        which: String,
    },
}

/// Issue a token, and write it to stdout: nobody can look it up later
#[derive(Debug, clap::Args)]
pub(super) struct Issue {
    /// Name of the token: who or what it is for
    name: TokenName,

    /// What it may do: agent, supervisor, admin or owner
    #[arg(long)]
    role: Role,

    /// Only this of what the role may do, like `presence.read`; may be given several times
    #[arg(long = "right", value_name = "RIGHT")]
    rights: Vec<Right>,

    /// User for whom it speaks, if the role is agent
    #[arg(long, value_name = "LOGIN")]
    user: Option<Login>,

    /// When it ends: in days or hours, like `90d`, or at a time, like `2027-01-31T12:00:00Z` [default: never]
    #[arg(long, value_name = "LENGTH|TIME")]
    expires: Option<Expiry>,
}

impl Issue {
    fn token(self, now: Instant) -> NewToken {
        let Self { name, role, rights, user, expires } = self;
        let rights = (!rights.is_empty()).then(|| rights.into_iter().collect());
        NewToken { name, role, rights, user, expires_at: expires.map(|expiry| expiry.end(now)) }
    }
}

pub(super) async fn run(desk: &Desk, action: Action) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    match action {
        Action::Issue(args) => issue(&app, &tenant, args).await?,
        Action::List(format) => format.print(&app.tokens(&tenant).await?, |tokens| list(tokens))?,
        Action::Revoke { which } => {
            let token = app.revoke_token(&tenant, &which).await?;
            talk(format!("token `{}` is not valid any more", token.name));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn issue(app: &App, tenant: &Tenant, args: Issue) -> anyhow::Result<()> {
    let (token, text) = app.issue_token(tenant, args.token(app.store.clock().now())).await?;
    line(text.expose())?;
    let until = token.expires_at.map_or_else(String::new, |end| format!(" until {}", to_second(end)));
    talk(format!("token `{}` is valid{until}; keep it now, it is not shown again", token.name));
    Ok(())
}

fn list(tokens: &[TokenStanding]) -> Table {
    let mut rows = table(["token", "begins", "role", "rights", "user", "state", "expires", "last used"]);
    for TokenStanding { token, state } in tokens {
        rows.add_row([
            token.name.to_string(),
            token.shown.clone(),
            token.role.to_string(),
            rights(token),
            token.user.as_ref().map_or_else(|| "-".to_owned(), Login::to_string),
            state.to_string(),
            second_or_dash(token.expires_at),
            second_or_dash(token.last_used_at),
        ]);
    }
    rows
}

fn rights(token: &Token) -> String {
    let words = |rights: &BTreeSet<Right>| rights.iter().map(|right| right.as_str()).collect::<Vec<_>>();
    token.rights.as_ref().map_or_else(|| "the role's".to_owned(), |rights| words(rights).join(", "))
}

fn second_or_dash(at: Option<Instant>) -> String {
    at.map_or_else(|| "-".to_owned(), to_second)
}

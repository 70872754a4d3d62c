//! `dutyline calendar`.

use std::process::ExitCode;

use clap::Subcommand;

use crate::app::App;
use crate::app::tokens::NewToken;
use crate::cli::desk::Desk;
use crate::cli::output::{line, talk, to_second};
use crate::cli::token::expiry::Expiry;
use crate::config::public_url::PublicUrl;
use crate::domain::access::{Right, Role};
use crate::domain::ids::{Login, Skill, TokenName};
use crate::domain::tenant::Tenant;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Write a user's calendar (iCalendar): when they are on duty, what they say beforehand, and when they work
    User {
        login: Login,
    },
    /// Write the calendar of all who have a skill
    Skill {
        skill: Skill,
    },
    Link(Link),
}

/// Issue a token that reads a calendar and nothing else, and write the calendar's address with it
///
/// The address is for calendar programs, and nobody can look it up later. Whoever has it reads the calendar, until `dutyline token revoke` ends that.
#[derive(Debug, clap::Args)]
pub(super) struct Link {
    /// Name of the token: who or what it is for
    name: TokenName,

    #[command(flatten)]
    whose: Whose,

    /// When it ends: in days or hours, like `90d`, or at a time, like `2027-01-31T12:00:00Z` [default: never]
    #[arg(long, value_name = "LENGTH|TIME")]
    expires: Option<Expiry>,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Whose {
    /// Whose calendar it is; the token reads this user's alone
    #[arg(long, value_name = "LOGIN")]
    user: Option<Login>,
    /// The calendar of all who have a skill; the token reads all users' calendars
    #[arg(long)]
    skill: Option<Skill>,
}

impl Whose {
    /// What stands behind the token, and for whom it speaks.
    fn place(self) -> (String, Role, Option<Login>) {
        match (self.user, self.skill) {
            (Some(user), _) => (format!("users/{user}.ics"), Role::Agent, Some(user)),
            (None, skill) => {
                let skill = skill.expect("the command line has one of the two");
                (format!("skills/{skill}.ics"), Role::Supervisor, None)
            }
        }
    }
}

pub(super) async fn run(desk: &Desk, action: Action) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    match action {
        Action::User { login } => line(app.calendar(&tenant, &login).await?)?,
        Action::Skill { skill } => line(app.skill_calendar(&tenant, &skill).await?)?,
        Action::Link(args) => link(desk, &app, &tenant, args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn link(desk: &Desk, app: &App, tenant: &Tenant, args: Link) -> anyhow::Result<()> {
    let Link { name, whose, expires } = args;
    let (place, role, user) = whose.place();
    let expires_at = expires.map(|expiry| expiry.end(app.store.clock().now()));
    let rights = Some([Right::CalendarRead].into());
    let new = NewToken { name, role, rights, user, expires_at };
    let (token, text) = app.issue_token(tenant, new).await?;
    let origin = desk.settings.public_url.as_ref().map(PublicUrl::as_str).unwrap_or_default();
    line(format!("{origin}/calendar/{}/{place}", text.expose()))?;
    let until = token.expires_at.map_or_else(String::new, |end| format!(" until {}", to_second(end)));
    talk(format!(
        "the address is good{until}; keep it now, it is not shown again, and whoever has it reads the calendar"
    ));
    if origin.is_empty() {
        talk("hint: this is the path; `--public-url` says what stands before it");
    }
    Ok(())
}

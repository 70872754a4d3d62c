//! `dutyline presence`.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use comfy_table::Table;
use dialoguer::Confirm;

use crate::app::App;
use crate::app::presence::{Order, Standing, Whom};
use crate::cli::desk::Desk;
use crate::cli::output::{Format, table, talk};
use crate::cli::when::wall;
use crate::domain::event::{Envelope, Event};
use crate::domain::ids::{Login, Skill};
use crate::domain::presence::{Command, Duty, Reason, Source, WhenOnline};
use crate::domain::tenant::Tenant;
use crate::domain::time::{Hours, Instant, Zone};

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    List(List),
    /// Show whether a user is on duty
    Show {
        login: Login,
        #[command(flatten)]
        format: Format,
    },
    Set(Set),
    /// Show how a user's presence changed, the newest first
    History {
        login: Login,
        /// Changes to show at most
        #[arg(long, default_value_t = 20)]
        limit: u32,
        #[command(flatten)]
        format: Format,
    },
}

/// List who is on duty; times are the tenant's
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Only users who have this skill
    #[arg(long)]
    skill: Option<Skill>,

    #[command(flatten)]
    format: Format,
}

/// Put users on duty or off it
#[derive(Debug, clap::Args)]
#[command(allow_missing_positional = true)]
pub(super) struct Set {
    /// Users that are meant
    #[arg(required_unless_present = "all_online", value_name = "LOGIN")]
    logins: Vec<Login>,

    /// What they are to be
    #[arg(required = true)]
    to: Target,

    /// Everybody who is on duty now
    #[arg(long, conflicts_with = "logins")]
    all_online: bool,

    /// Hours on duty, from now: 1 to 168
    #[arg(long, value_parser = hours, required_if_eq("to", "online"))]
    hours: Option<Hours>,

    /// What happens to a window that is open already
    #[arg(long, value_enum, default_value = "replace")]
    when_online: Overlap,

    /// Why, in your own words
    #[arg(long, required_if_eq("to", "hold"))]
    reason: Option<String>,

    /// Change nothing, and say who would be changed
    #[arg(long)]
    dry_run: bool,

    /// Do not ask before several users are changed
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// On duty for the hours given
    Online,
    /// Off duty
    Offline,
    /// Off duty, and kept off it until released
    Hold,
    /// Free to go on duty again
    Release,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Overlap {
    /// The new end counts from now, even if that is sooner
    Replace,
    /// The hours are added to the old end
    Extend,
    /// The later end of the two
    Max,
}

impl From<Overlap> for WhenOnline {
    fn from(overlap: Overlap) -> Self {
        match overlap {
            Overlap::Replace => Self::Replace,
            Overlap::Extend => Self::Extend,
            Overlap::Max => Self::Max,
        }
    }
}

impl Set {
    fn order(&self) -> Order {
        let whom = if self.all_online { Whom::AllOnline } else { Whom::Named(self.logins.clone()) };
        let words = self.reason.clone();
        let (command, reason) = match self.to {
            Target::Online => {
                let hours = self.hours.expect("online needs hours");
                let when_online = self.when_online.into();
                (Command::GoOnline { hours, when_online, cap: Hours::LONGEST }, Reason::LoggedIn)
            }
            Target::Offline => (Command::GoOffline, Reason::LoggedOut),
            Target::Hold => (Command::Hold(words.clone().unwrap_or_default()), Reason::LoggedOut),
            Target::Release => (Command::Release, Reason::LoggedIn),
        };
        Order { whom, command, source: Source::Admin, reason: words.map_or(reason, Reason::from) }
    }
}

pub(super) async fn run(desk: &Desk, action: Action) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    match action {
        Action::List(List { skill, format }) => {
            let mut standings = app.presences(&tenant).await?;
            standings.retain(|standing| standing.skills.fit(skill.as_ref()));
            format.print(&standings, |all| list(all, &tenant.zone))?;
        }
        Action::Show { login, format } => {
            let standing = app.presence(&tenant, &login).await?;
            format.print(&standing, |standing| list(std::slice::from_ref(standing), &tenant.zone))?;
        }
        Action::Set(args) => return set(&app, &tenant, args).await,
        Action::History { login, limit, format } => {
            let events = app.presence_history(&tenant, &login, limit).await?;
            format.print(&events, |events| history(events, &tenant.zone))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn set(app: &App, tenant: &Tenant, args: Set) -> anyhow::Result<ExitCode> {
    let order = args.order();
    let changing = app.would_change(tenant, &order).await?;
    if args.dry_run {
        talk(format!("would change {}", count(changing.len())));
        for login in changing {
            talk(format!("  {login}"));
        }
        return Ok(ExitCode::SUCCESS);
    }
    if (args.all_online || args.logins.len() > 1) && !args.yes && !confirmed(changing.len())? {
        talk("nothing is changed");
        return Ok(ExitCode::FAILURE);
    }
    for outcome in app.set_presence(tenant, order).await? {
        talk(told(&outcome.standing, &tenant.zone));
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks, if there is somebody to ask.
fn confirmed(users: usize) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        anyhow::bail!("this changes {}, and nobody is here to ask; pass `--yes`", count(users));
    }
    Ok(Confirm::new().with_prompt(format!("Change {}?", count(users))).default(false).interact()?)
}

fn count(users: usize) -> String {
    if users == 1 { "1 user".to_owned() } else { format!("{users} users") }
}

fn told(standing: &Standing, zone: &Zone) -> String {
    let duty = match (standing.state, &standing.hold) {
        (Duty::Online, _) => format!("online until {} {zone}", wall(standing.until, zone)),
        (Duty::Offline, Some(reason)) => format!("held offline: {reason}"),
        (Duty::Offline, None) => "offline".to_owned(),
    };
    format!("user `{}` is {duty}", standing.user)
}

fn hours(text: &str) -> Result<Hours, String> {
    let number: u16 = text.parse().map_err(|_| "give a whole number of hours, 1 to 168".to_owned())?;
    Hours::try_from(number).map_err(|why| why.to_string())
}

fn list(standings: &[Standing], zone: &Zone) -> Table {
    let mut rows = table(["user", "name", "state", "since", "until", "source", "reason", "hold"]);
    for standing in standings {
        rows.add_row([
            standing.user.to_string(),
            standing.name.clone(),
            standing.state.to_string(),
            wall(standing.since, zone),
            wall(standing.until, zone),
            standing.source.map_or("-", |source| source.as_str()).to_owned(),
            standing.reason.as_ref().map_or("-", Reason::as_str).to_owned(),
            standing.hold.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    rows
}

fn history(events: &[Envelope], zone: &Zone) -> Table {
    let mut rows = table(["seq", "at", "what", "until", "reason", "by"]);
    for event in events {
        let Line { what, until, reason } = line(&event.event);
        rows.add_row([
            event.seq.to_string(),
            wall(Some(event.at), zone),
            what.to_owned(),
            wall(until, zone),
            reason.to_owned(),
            event.cause.actor.clone(),
        ]);
    }
    rows
}

/// One change in a history.
struct Line<'a> {
    what: &'static str,
    until: Option<Instant>,
    reason: &'a str,
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a history holds changes of presence alone")]
fn line(event: &Event) -> Line<'_> {
    let (what, until, reason) = match event {
        Event::PresenceOnline(window) => ("online", Some(window.until), window.cause.reason.as_str()),
        Event::PresenceExtended(window) => ("extended", Some(window.until), window.cause.reason.as_str()),
        Event::PresenceOffline(ending) => ("offline", None, ending.cause.reason.as_str()),
        Event::PresenceHeld { reason, .. } => ("held", None, reason.as_str()),
        Event::PresenceReleased { .. } => ("released", None, "-"),
        _ => ("unchanged", None, "-"),
    };
    Line { what, until, reason }
}

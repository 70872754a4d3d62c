//! `dutyline user`.

mod ext;
mod file;

use std::io::{self, BufRead};
use std::process::ExitCode;

use clap::Subcommand;
use comfy_table::Table;
use secrecy::SecretString;
use serde::Serialize;

use crate::app::users::{NewExtension, NewUser, UserPatch};
use crate::cli::desk::Desk;
use crate::cli::output::{Format, table, talk};
use crate::domain::edit::Edit;
use crate::domain::ids::{AgentCode, Language, Login, Skill};
use crate::domain::skills::Skills;
use crate::domain::time::Zone;
use crate::domain::user::{Extension, User};

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    Add(Add),
    List(List),
    /// Show a user
    Show {
        login: Login,
        #[command(flatten)]
        format: Format,
    },
    Set(Set),
    /// Take a user out of service, and off duty
    Deactivate {
        login: Login,
    },
    Import(file::Import),
    Export(file::Export),
    /// The numbers at which a user is reached
    #[command(subcommand)]
    Ext(ext::Action),
}

/// Add a user
#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// Name by which admins and files know the user: `ada`
    login: Login,

    /// Name for people
    #[arg(long)]
    name: String,

    /// Time zone: `America/Toronto` [default: the tenant's]
    #[arg(long)]
    zone: Option<Zone>,

    /// Language in which prompts are spoken: `fr` [default: the tenant's]
    #[arg(long)]
    language: Option<Language>,

    /// Digits by which the user says who they are, where their number cannot
    #[arg(long, value_name = "DIGITS")]
    agent_code: Option<AgentCode>,

    /// What the user can do: `billing,french`
    #[arg(long, value_name = "SKILLS", default_value = "", hide_default_value = true)]
    skills: Skills,

    /// Read the user's PIN from stdin
    #[arg(long)]
    pin_stdin: bool,

    /// Number at which the user is reached: `+15062345678`
    #[arg(long, value_name = "NUMBER")]
    pstn: Option<String>,

    /// Digits to dial behind the number
    #[arg(long, value_name = "DIGITS", requires = "pstn")]
    ext: Option<String>,

    /// What the number is [default: the user's name]
    #[arg(long, requires = "pstn")]
    description: Option<String>,
}

impl Add {
    fn user(self) -> io::Result<NewUser> {
        let Self { login, name, zone, language, agent_code, skills, pin_stdin, pstn, ext, description } =
            self;
        let pin = if pin_stdin { Some(read_pin()?) } else { None };
        let extension = pstn.map(|number| NewExtension { number, ext, description });
        Ok(NewUser { login, name, zone, language, agent_code, skills, pin, extension })
    }
}

/// List all users
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Only users who have this skill
    #[arg(long)]
    skill: Option<Skill>,

    #[command(flatten)]
    format: Format,
}

/// Change a user
#[derive(Debug, clap::Args)]
pub(super) struct Set {
    login: Login,

    /// Name for people
    #[arg(long)]
    name: Option<String>,

    /// Time zone, or `none` for the tenant's
    #[arg(long)]
    zone: Option<Edit<Zone>>,

    /// Language, or `none` for the tenant's
    #[arg(long)]
    language: Option<Edit<Language>>,

    /// Agent code, or `none`
    #[arg(long, value_name = "DIGITS")]
    agent_code: Option<Edit<AgentCode>>,

    /// All that the user can do from now on: `billing,french`, or an empty text for nothing
    #[arg(long, value_name = "SKILLS")]
    skills: Option<Skills>,

    /// Read a new PIN from stdin
    #[arg(long)]
    pin_stdin: bool,

    /// Take the PIN away
    #[arg(long, conflicts_with = "pin_stdin")]
    no_pin: bool,

    /// Put the user into service again
    #[arg(long)]
    reactivate: bool,
}

impl Set {
    fn patch(self) -> io::Result<UserPatch> {
        let Self { login: _, name, zone, language, agent_code, skills, pin_stdin, no_pin, reactivate } = self;
        let pin = match (pin_stdin, no_pin) {
            (true, _) => Some(Edit::Set(read_pin()?)),
            (false, true) => Some(Edit::Clear),
            (false, false) => None,
        };
        Ok(UserPatch { name, zone, language, agent_code, skills, pin, active: reactivate.then_some(true) })
    }
}

pub(super) async fn run(desk: &Desk, action: Action) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    match action {
        Action::Add(add) => {
            let user = app.add_user(&tenant, add.user()?).await?;
            talk(format!("added user `{}`", user.login));
        }
        Action::List(List { skill, format }) => {
            let users = app.users(&tenant).await?;
            let wanted = users.iter().filter(|user| user.skills.fit(skill.as_ref()));
            let listed: Vec<Listed<'_>> = wanted.map(Listed::from).collect();
            format.print(&listed, |listed| list(listed))?;
        }
        Action::Show { login, format } => format.print(&app.user(&tenant, &login).await?, card)?,
        Action::Set(set) => {
            let user = app.change_user(&tenant, &set.login.clone(), set.patch()?).await?;
            talk(format!("changed user `{}`", user.login));
        }
        Action::Deactivate { login } => {
            let user = app.deactivate_user(&tenant, &login).await?;
            talk(format!("user `{}` is out of service", user.login));
        }
        Action::Import(import) => return file::import(&app, &tenant, import).await,
        Action::Export(export) => file::export(&app, &tenant, export).await?,
        Action::Ext(action) => ext::run(&app, &tenant, action).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The PIN on the first line of stdin: an argument would be seen by others on the machine.
fn read_pin() -> io::Result<SecretString> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(SecretString::from(line.trim_end_matches(['\r', '\n'])))
}

/// A user in a list.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    login: &'a Login,
    name: &'a str,
    zone: Option<&'a Zone>,
    language: Option<&'a Language>,
    skills: &'a Skills,
    active: bool,
    extensions: &'a [Extension],
}

impl<'a> From<&'a User> for Listed<'a> {
    fn from(user: &'a User) -> Self {
        let User { login, name, zone, language, skills, active, extensions, .. } = user;
        let (zone, language) = (zone.as_ref(), language.as_ref());
        Self { login, name, zone, language, skills, active: *active, extensions }
    }
}

fn list(users: &[Listed<'_>]) -> Table {
    let mut rows = table(["login", "name", "zone", "language", "skills", "active", "extensions"]);
    for user in users {
        rows.add_row([
            user.login.to_string(),
            user.name.to_owned(),
            or_dash(user.zone),
            or_dash(user.language),
            listed(user.skills),
            yes_or_no(user.active),
            numbers(user.extensions),
        ]);
    }
    rows
}

fn card(user: &User) -> Table {
    let mut rows = table(["field", "value"]);
    rows.add_row(["login", user.login.as_str()]);
    rows.add_row(["name", &user.name]);
    for (field, value) in [
        ("active", yes_or_no(user.active)),
        ("zone", or_dash(user.zone.as_ref())),
        ("language", or_dash(user.language.as_ref())),
        ("agent code", or_dash(user.agent_code.as_ref())),
        ("skills", listed(&user.skills)),
        ("PIN", yes_or_no(user.has_pin)),
        ("extensions", numbers(&user.extensions)),
    ] {
        rows.add_row([field, &value]);
    }
    rows
}

fn listed(skills: &Skills) -> String {
    if *skills == Skills::default() { "-".to_owned() } else { skills.to_string() }
}

fn numbers(extensions: &[Extension]) -> String {
    let shown: Vec<String> = extensions.iter().map(Extension::shown).collect();
    if shown.is_empty() { "-".to_owned() } else { shown.join(", ") }
}

fn or_dash(value: Option<&impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), ToString::to_string)
}

fn yes_or_no(truth: bool) -> String {
    if truth { "yes".to_owned() } else { "no".to_owned() }
}

//! `dutyline schedule`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use comfy_table::Table;

use crate::app::calendars::{CalendarFile, HoursImported};
use crate::cli::desk::Desk;
use crate::cli::file;
use crate::cli::output::{Format, line, table, talk};
use crate::domain::calendar::import::{Kind, LeftOut};
use crate::domain::ids::Login;
use crate::domain::schedule::difference::{DayChange, Difference};
use crate::domain::schedule::{Schedule, Shift};

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Show a user's hours of work
    Show {
        login: Login,
        #[command(flatten)]
        format: Format,
    },
    /// Set a user's hours of work from a TOML file
    ///
    /// A file says `zone = "America/Toronto"`, for each shift of the week `[[rules]]` with `weekday = "Mon"`, `start = "08:00"` and `end = "16:30"`, and for each day that differs a line under `[exceptions]`: `2026-12-25 = []`.
    Set {
        login: Login,
        file: PathBuf,
    },
    Import(Import),
    /// Write a user's hours of work as a calendar (iCalendar), which `import` takes again
    Export {
        login: Login,
    },
    /// Leave a user without hours of work
    Clear {
        login: Login,
    },
}

/// Change a user's hours of work to what a calendar says (iCalendar)
///
/// All of it, or nothing: an event that hours of work cannot say is told by its line and identifier. Events that come every year are followed for 24 months; days that are over are left out.
#[derive(Debug, clap::Args)]
pub(super) struct Import {
    login: Login,
    #[command(flatten)]
    file: File,
    /// Only tell what would change
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct File {
    /// Days off: events of whole days, while the hours stay as they are
    #[arg(long, value_name = "FILE")]
    holidays: Option<PathBuf>,
    /// Hours: weekly events take the place of all weekly hours, events of certain days that of the hours of those days, and whole days are off
    #[arg(long, value_name = "FILE")]
    shifts: Option<PathBuf>,
}

impl File {
    fn read(&self) -> anyhow::Result<(Kind, Vec<u8>)> {
        let named = |path: &Option<PathBuf>, kind| path.clone().map(|path| (kind, path));
        let named = named(&self.holidays, Kind::Holidays).or_else(|| named(&self.shifts, Kind::Shifts));
        let (kind, path) = named.context("give `--holidays` or `--shifts`")?;
        Ok((kind, file::bytes(&path)?))
    }
}

pub(super) async fn run(desk: &Desk, action: Action) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    match action {
        Action::Show { login, format } => match app.schedule(&tenant, &login).await? {
            Some(schedule) => format.print(&schedule, week)?,
            None => anyhow::bail!("user `{login}` has no hours of work; `dutyline schedule set` gives some"),
        },
        Action::Set { login, file: path } => {
            let schedule: Schedule = file::toml(&path, "does not say hours of work")?;
            app.set_schedule(&tenant, &login, Some(schedule)).await?;
            talk(format!("user `{login}` has these hours of work from now on"));
        }
        Action::Import(Import { login, file, dry_run: is_dry_run, format }) => {
            let (kind, bytes) = file.read()?;
            let file = CalendarFile { kind, bytes, is_dry_run };
            let imported = app.import_hours(&tenant, &login, file).await?;
            format.print(&imported, changes)?;
            talk(told(&login, &imported));
        }
        Action::Export { login } => line(app.export_hours(&tenant, &login).await?)?,
        Action::Clear { login } => {
            app.set_schedule(&tenant, &login, None).await?;
            talk(format!("user `{login}` has no hours of work any more"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What was changed, a line for each day.
fn changes(imported: &HoursImported) -> Table {
    let mut rows = table(["day", "before", "after"]);
    let Difference { rules_added, rules_removed, days } = &imported.difference;
    for rule in rules_removed {
        rows.add_row([rule.weekday.to_string(), rule.shift.to_string(), "-".to_owned()]);
    }
    for rule in rules_added {
        rows.add_row([rule.weekday.to_string(), "-".to_owned(), rule.shift.to_string()]);
    }
    let as_usual = || "as every week".to_owned();
    let hours = |shifts: &Option<Vec<Shift>>| shifts.as_deref().map_or_else(as_usual, hours);
    for DayChange { date, before, after } in days {
        rows.add_row([date.to_string(), hours(before), hours(after)]);
    }
    rows
}

fn told(login: &Login, imported: &HoursImported) -> String {
    let LeftOut { cancelled, over } = imported.left_out;
    let so = match (imported.difference.is_none(), imported.dry_run) {
        (true, _) => "are these already",
        (false, true) => "would change so",
        (false, false) => "have changed so from now on",
    };
    format!(
        "the hours of work of user `{login}` {so}; left out: {cancelled} cancelled and {over} past events"
    )
}

fn week(schedule: &Schedule) -> Table {
    let mut rows = table(["day", "hours", "zone"]);
    let zone = schedule.zone();
    for rule in schedule.rules() {
        rows.add_row([rule.weekday.to_string(), rule.shift.to_string(), zone.to_string()]);
    }
    for (date, shifts) in schedule.exceptions() {
        rows.add_row([date.to_string(), hours(shifts), zone.to_string()]);
    }
    rows
}

fn hours(shifts: &[Shift]) -> String {
    let hours: Vec<String> = shifts.iter().map(ToString::to_string).collect();
    if hours.is_empty() { "off".to_owned() } else { hours.join(", ") }
}

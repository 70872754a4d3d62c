//! `dutyline schedule`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use comfy_table::Table;

use crate::cli::desk::Desk;
use crate::cli::output::{Format, table, talk};
use crate::domain::ids::Login;
use crate::domain::schedule::Schedule;

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
    Set { login: Login, file: PathBuf },
    /// Leave a user without hours of work
    Clear { login: Login },
}

pub(super) async fn run(desk: &Desk, action: Action) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    match action {
        Action::Show { login, format } => match app.schedule(&tenant, &login).await? {
            Some(schedule) => format.print(&schedule, week)?,
            None => anyhow::bail!("user `{login}` has no hours of work; `dutyline schedule set` gives some"),
        },
        Action::Set { login, file } => {
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("cannot read `{}`", file.display()))?;
            let schedule: Schedule = toml::from_str(&text)
                .with_context(|| format!("`{}` does not say hours of work", file.display()))?;
            app.set_schedule(&tenant, &login, Some(schedule)).await?;
            talk(format!("user `{login}` has these hours of work from now on"));
        }
        Action::Clear { login } => {
            app.set_schedule(&tenant, &login, None).await?;
            talk(format!("user `{login}` has no hours of work any more"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn week(schedule: &Schedule) -> Table {
    let mut rows = table(["day", "hours", "zone"]);
    let zone = schedule.zone();
    for rule in schedule.rules() {
        rows.add_row([rule.weekday.to_string(), rule.shift.to_string(), zone.to_string()]);
    }
    for (date, shifts) in schedule.exceptions() {
        let hours: Vec<String> = shifts.iter().map(ToString::to_string).collect();
        let hours = if hours.is_empty() { "off".to_owned() } else { hours.join(", ") };
        rows.add_row([date.to_string(), hours, zone.to_string()]);
    }
    rows
}

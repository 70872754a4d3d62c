//! `dutyline report`.

use std::io;
use std::process::ExitCode;

use chrono::{Days, TimeDelta};
use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use crate::app::App;
use crate::app::reports::Period;
use crate::cli::desk::Desk;
use crate::cli::output::line;
use crate::domain::ids::{Login, Skill};
use crate::domain::tenant::Tenant;
use crate::domain::time::Date;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// How users spent their time: seconds by day, state, label and reason, in each user's own zone
    Time {
        #[command(flatten)]
        range: Range,
        /// Only this user
        #[arg(long, value_name = "LOGIN", conflicts_with = "skill")]
        user: Option<Login>,
        /// Only users who have this skill now
        #[arg(long)]
        skill: Option<Skill>,
    },
    /// How calls went: how many by day, flow, status and outcome
    Calls(Range),
    /// How many users were on duty, at the beginning of each step
    OnDuty {
        #[command(flatten)]
        range: Range,
        /// Only users who have this skill now
        #[arg(long)]
        skill: Option<Skill>,
        /// Minutes between two counts: 1 to 1440
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(i64).range(1..=1440))]
        step: i64,
    },
}

/// The days of a report, and how it is written.
#[derive(Debug, clap::Args)]
pub(super) struct Range {
    /// First day: `2026-11-01` [default: the first of this month]
    #[arg(long, value_name = "DAY")]
    from: Option<Date>,

    /// Last day [default: today]
    #[arg(long, value_name = "DAY")]
    to: Option<Date>,

    /// A line of commas, or a line of JSON, for each row
    #[arg(long, value_enum, default_value = "csv")]
    format: Form,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    Csv,
    Json,
}

impl Range {
    fn period(&self, app: &App, tenant: &Tenant) -> anyhow::Result<Period> {
        let today = tenant.zone.local(app.store.clock().now()).date();
        let to = self.to.unwrap_or(today);
        let first = to - Days::new(u64::from(chrono::Datelike::day0(&to)));
        Ok(Period::new(self.from.unwrap_or(first), to)?)
    }
}

pub(super) async fn run(desk: &Desk, action: Action) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    match action {
        Action::Time { range, user, skill } => {
            let (period, mut rows) = (range.period(&app, &tenant)?, Rows::new(range.format));
            if let Some(login) = user {
                rows.write(&app.time_spent_by(&tenant, period, &login).await?)?;
                return Ok(ExitCode::SUCCESS);
            }
            let mut after = None;
            loop {
                let (page, last) = app.time_spent(&tenant, period, skill.as_ref(), after.as_ref()).await?;
                rows.write(&page)?;
                if last.is_none() {
                    break;
                }
                after = last;
            }
        }
        Action::Calls(range) => {
            let counted = app.calls_counted(&tenant, range.period(&app, &tenant)?).await?;
            Rows::new(range.format).write(&counted)?;
        }
        Action::OnDuty { range, skill, step } => {
            let period = range.period(&app, &tenant)?;
            let step = TimeDelta::minutes(step);
            let series = app.on_duty(&tenant, period, skill.as_ref(), step).await?;
            Rows::new(range.format).write(&series)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Rows that are written as they come.
struct Rows {
    form: Form,
    has_head: bool,
}

impl Rows {
    fn new(form: Form) -> Self {
        Self { form, has_head: false }
    }

    fn write<T: Serialize>(&mut self, rows: &[T]) -> anyhow::Result<()> {
        match self.form {
            Form::Json => {
                for row in rows {
                    line(serde_json::to_string(row)?)?;
                }
            }
            Form::Csv => {
                let mut csv =
                    csv::WriterBuilder::new().has_headers(!self.has_head).from_writer(io::stdout().lock());
                for row in rows {
                    csv.serialize(row)?;
                }
                csv.flush()?;
                self.has_head |= !rows.is_empty();
            }
        }
        Ok(())
    }
}

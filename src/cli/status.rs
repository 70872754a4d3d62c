//! `dutyline status`.

use std::process::ExitCode;

use clap::{ArgAction, Subcommand};
use comfy_table::Table;

use crate::app::availability::Status;
use crate::app::presence::Whom;
use crate::cli::desk::Desk;
use crate::cli::output::{Format, table, talk};
use crate::cli::when::wall;
use crate::domain::desk::{AllocationMode, SettingsPatch};
use crate::domain::edit::Edit;
use crate::domain::ids::{Login, Name};
use crate::domain::presence::Source;
use crate::domain::presence_code::Label;
use crate::domain::time::Zone;
use crate::domain::wrap_up::Length;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Show whether a user can be given a call, and what stands against it
    Show {
        login: Login,
        #[command(flatten)]
        format: Format,
    },
    /// List the labels that a user chooses from
    Reasons {
        login: Login,
        #[command(flatten)]
        format: Format,
    },
    Set(Set),
    /// Prolong a user's wrap-up
    ExtendWrapUp {
        login: Login,
        /// By how many seconds: 1 to 999
        by: Length,
    },
    /// End a user's wrap-up
    EndWrapUp {
        login: Login,
    },
}

/// Change what a user serves
#[derive(Debug, clap::Args)]
pub(super) struct Set {
    login: Login,

    /// Whether the user is given calls of queues
    #[arg(long, action = ArgAction::Set, value_name = "true|false")]
    serving: Option<bool>,

    /// Whether the user is given callbacks of lists
    #[arg(long, action = ArgAction::Set, value_name = "true|false")]
    serving_callback: Option<bool>,

    /// How calls come to the user: default or fetch
    #[arg(long, value_name = "MODE")]
    allocation_mode: Option<AllocationMode>,

    /// Seconds of wrap-up after a call, 0 to 999, or `none` for the tenant's
    #[arg(long, value_name = "SECONDS")]
    wrap_up: Option<Edit<Length>>,

    /// Set of quick availabilities, or `none` for the tenant's first
    #[arg(long = "quick-set", value_name = "NAME")]
    quick: Option<Edit<Name>>,

    /// List of labels to choose from, or `none` for the tenant's first
    #[arg(long, value_name = "NAME")]
    reason_list: Option<Edit<Name>>,
}

impl Set {
    fn patch(self) -> (Login, SettingsPatch) {
        let Self { login, serving, serving_callback, allocation_mode, wrap_up, quick, reason_list } = self;
        let known = SettingsPatch { serving, serving_callback, allocation_mode, ..SettingsPatch::default() };
        (login, SettingsPatch { wrap_up, quick_set: quick, reason_list, ..known })
    }
}

pub(super) async fn run(desk: &Desk, action: Action) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    match action {
        Action::Show { login, format } => {
            let status = app.status(&tenant, &login).await?;
            format.print(&status, |status| items(status, &tenant.zone))?;
        }
        Action::Reasons { login, format } => {
            let choices = app.choices(&tenant, &login).await?;
            format.print(&choices, |choices| labels(&choices.labels))?;
        }
        Action::Set(args) => {
            let (login, patch) = args.patch();
            app.adjust(&tenant, Whom::Named(vec![login.clone()]), patch, Source::Admin).await?;
            talk(format!("changed the settings of user `{login}`"));
        }
        Action::ExtendWrapUp { login, by } => {
            app.extend_wrap_up(&tenant, &login, by, Source::Admin).await?;
            talk(format!("prolonged the wrap-up of user `{login}`"));
        }
        Action::EndWrapUp { login } => {
            app.end_wrap_up(&tenant, &login, Source::Admin).await?;
            talk(format!("ended the wrap-up of user `{login}`"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn labels(labels: &[Label]) -> Table {
    let mut rows = table(["label", "code", "reason code", "sink"]);
    for Label { text, reason_code, code, sink } in labels {
        let reason_code = reason_code.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        rows.add_row([text.to_string(), code.to_string(), reason_code, sink.to_string()]);
    }
    rows
}

fn items(status: &Status, zone: &Zone) -> Table {
    let mut rows = table(["item", "value"]);
    let against: Vec<&str> = status.reasons.iter().map(|reason| reason.as_str()).collect();
    let item = &status.status;
    for (name, value) in [
        ("CanBeAllocatedTo", item.can_be_allocated_to.to_string()),
        ("against it", if against.is_empty() { "-".to_owned() } else { against.join(", ") }),
        ("FetchMode", item.fetch_mode.to_string()),
        ("Schedule", item.schedule.to_string()),
        ("Available", item.available.to_string()),
        ("ServiceTerminals", item.service_terminals.to_string()),
        ("Serving", item.serving.to_string()),
        ("ServingCallback", item.serving_callback.to_string()),
        ("Talking", item.talking.to_string()),
        ("TalkingStatusChanged", wall(item.talking_status_changed, zone)),
        ("WrapUpStart", wall(item.wrap_up_start, zone)),
        ("WrapUpEnd", wall(item.wrap_up_end, zone)),
        ("ActiveQueueId", item.active_queue_id.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)),
        ("ParkedCalls", item.parked_calls.to_string()),
        ("shown as", format!("{} ({})", status.code.shown(), status.code_number)),
    ] {
        rows.add_row([name.to_owned(), value]);
    }
    rows
}

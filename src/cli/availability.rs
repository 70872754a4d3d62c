//! `dutyline availability`.

use std::process::ExitCode;

use chrono::{DateTime, TimeDelta};
use clap::Subcommand;
use comfy_table::Table;

use crate::app::availability::{Availabilities, Saying, Until};
use crate::app::presence::Whom;
use crate::cli::desk::Desk;
use crate::cli::output::{Format, table, talk};
use crate::cli::when::wall;
use crate::domain::availability::{Availability, Note, State};
use crate::domain::ids::{AvailabilityId, Login};
use crate::domain::phone::E164;
use crate::domain::presence::Source;
use crate::domain::presence_code::LabelText;
use crate::domain::quick::{Minutes, Quick};
use crate::domain::time::{Instant, Zone};

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// List what a user says, now and later; the one that counts is marked, and times are the tenant's
    List {
        login: Login,
        #[command(flatten)]
        format: Format,
    },
    Say(Say),
    /// Take back what was said; the duty window ends
    Withdraw {
        login: Login,
        id: AvailabilityId,
    },
    /// List what a user can choose with one word, or choose it
    Quick {
        login: Login,
        /// Number in the list
        number: Option<usize>,
        #[command(flatten)]
        format: Format,
    },
}

/// Say something of a user, now or later; `available` with an end is time on duty
#[derive(Debug, clap::Args)]
pub(super) struct Say {
    login: Login,

    /// One of `available`, `busy`, `away`, `brb`, `dnd`, `off_work` [default: that of the label]
    #[arg(required_unless_present = "label")]
    state: Option<State>,

    /// One of the tenant's labels
    #[arg(long)]
    label: Option<LabelText>,

    /// When it begins: `2027-01-31T08:00:00Z` [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Instant>,

    /// When it ends [default: when something else is said]
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Instant>,

    /// How long it lasts, in minutes: 1 to 10080
    #[arg(long = "for", value_name = "MINUTES", value_parser = minutes, conflicts_with = "until")]
    length: Option<TimeDelta>,

    /// Number to which direct calls go meanwhile: `+15062345678`
    #[arg(long, value_name = "NUMBER")]
    transfer: Option<E164>,

    /// A note, at most 280 letters on one line
    #[arg(long)]
    note: Option<Note>,
}

impl Say {
    fn saying(self) -> (Login, Saying) {
        let Self { login, state, label, from, until, length, transfer, note } = self;
        let until = until.map(Until::At).or(length.map(Until::After));
        (login, Saying { state, label, starts_at: from, until, transfer, note })
    }
}

pub(super) async fn run(desk: &Desk, action: Action) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    match action {
        Action::List { login, format } => {
            let said = app.availabilities(&tenant, &login).await?;
            format.print(&said, |said| list(said, &tenant.zone))?;
        }
        Action::Say(args) => {
            let (login, saying) = args.saying();
            let whom = Whom::Named(vec![login.clone()]);
            let made = app.say(&tenant, whom, saying, (None, Source::Admin)).await?;
            talk(told(&login, &made, &tenant.zone));
        }
        Action::Withdraw { login, id } => {
            app.withdraw(&tenant, Whom::Named(vec![login.clone()]), id, Source::Admin).await?;
            talk(format!("user `{login}` says so no longer"));
        }
        Action::Quick { login, number: None, format } => {
            format.print(&app.quick(&tenant, &login).await?, |quick| choices(quick))?;
        }
        Action::Quick { login, number: Some(number), .. } => {
            let made = app.choose_quick(&tenant, &login, number, Source::Admin).await?;
            talk(told(&login, &made, &tenant.zone));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn told(login: &Login, Availability { terms, .. }: &Availability, zone: &Zone) -> String {
    let from = wall(Some(terms.starts_at), zone);
    let until =
        terms.ends_at.map_or_else(|| "on".to_owned(), |end| format!("until {}", wall(Some(end), zone)));
    format!("user `{login}` is {} from {from} {until} {zone}", terms.state)
}

fn list(said: &Availabilities, zone: &Zone) -> Table {
    let mut rows = table(["", "state", "from", "until", "label", "transfer", "note", "source", "id"]);
    for one in &said.availabilities {
        let counts = said.active.as_ref() == Some(&one.id);
        rows.add_row([
            if counts { "*" } else { "" }.to_owned(),
            one.terms.state.to_string(),
            wall(Some(one.terms.starts_at), zone),
            wall(one.terms.ends_at, zone),
            or_dash(one.terms.label.as_ref()),
            or_dash(one.terms.transfer.as_ref()),
            or_dash(one.terms.note.as_ref()),
            one.source.to_string(),
            one.id.to_string(),
        ]);
    }
    rows
}

fn choices(quick: &[Quick]) -> Table {
    let mut rows = table(["number", "state", "minutes", "transfer", "note"]);
    for (number, one) in (1..).zip(quick) {
        rows.add_row([
            number.to_string(),
            one.state.to_string(),
            one.minutes.map_or_else(|| "-".to_owned(), |minutes| minutes.get().to_string()),
            or_dash(one.transfer.as_ref()),
            or_dash(one.note.as_ref()),
        ]);
    }
    rows
}

fn or_dash(text: Option<&impl ToString>) -> String {
    text.map_or_else(|| "-".to_owned(), ToString::to_string)
}

fn time(text: &str) -> Result<Instant, String> {
    let read = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    read.map_err(|_| "give a time like `2027-01-31T12:00:00Z`".to_owned())
}

fn minutes(text: &str) -> Result<TimeDelta, String> {
    let number: u16 = text.parse().map_err(|_| "give a whole number of minutes, 1 to 10080".to_owned())?;
    Minutes::try_from(number).map(Minutes::span).map_err(|why| why.to_string())
}

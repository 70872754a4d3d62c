//! `dutyline event`: the log, as scripts and people read it.

use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use tokio::time::timeout;

use crate::app::App;
use crate::cli::desk::Desk;
use crate::cli::output::{Format, to_second};
use crate::domain::event::Envelope;
use crate::domain::filter::Filter;
use crate::domain::ids::{SubjectPattern, TypePattern};
use crate::domain::tenant::Tenant;

/// Read the log of everything that happened
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write events, oldest first, one on a line
    ///
    /// Without `--after`, the newest 100, or of those the ones that are wanted.
    Tail(Tail),
}

#[derive(Debug, clap::Args)]
struct Tail {
    /// Begin behind the event with this `seq`; 0 is before the first
    #[arg(long, value_name = "SEQ")]
    after: Option<u64>,

    /// End after this many events
    #[arg(long, value_name = "NUMBER")]
    limit: Option<u64>,

    /// Types of events, or beginnings of some and `*`, with commas between: `presence.*,call.ended`
    #[arg(long = "type", value_name = "TYPES", value_delimiter = ',')]
    types: Vec<TypePattern>,

    /// What they are about, or beginnings and `*`, with commas between: `user:ada,call:*`
    #[arg(long = "subject", value_name = "SUBJECTS", value_delimiter = ',')]
    subjects: Vec<SubjectPattern>,

    /// Wait for more, until interrupted
    #[arg(long, short)]
    follow: bool,

    #[command(flatten)]
    format: Format,
}

/// Events that are shown where no place to begin is given.
const NEWEST: u32 = 100;

/// Events that are read at once.
const PAGE: u32 = 1_000;

/// How often the log is looked at while waiting: other processes write it, and only PostgreSQL rings a bell.
const POLL: Duration = Duration::from_millis(500);

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<ExitCode> {
    let Command::Tail(tail) = args.command;
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    tokio::select! {
        told = tail.run(&app, &tenant) => told?,
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What was found behind the cursor.
enum Page {
    /// Something, and there may be more.
    More,
    /// Nothing.
    Empty,
    /// As much as was asked for.
    Last,
}

impl Tail {
    async fn run(&self, app: &App, tenant: &Tenant) -> anyhow::Result<()> {
        let newest = self.limit.map_or(NEWEST, |limit| u32::try_from(limit).unwrap_or(u32::MAX));
        let mut cursor = match self.after {
            Some(after) => after,
            None => app.cursor_before_newest(tenant, newest).await?,
        };
        let (mut left, mut bell) = (self.limit.unwrap_or(u64::MAX), app.bell());
        let filter = Filter::new(&self.types, &self.subjects);
        loop {
            match self.page(app, tenant, &filter, (&mut cursor, &mut left)).await? {
                Page::More => {}
                // Who rang, and whether for this tenant, the next look tells.
                Page::Empty if self.follow => drop(timeout(POLL, bell.changed()).await),
                Page::Empty | Page::Last => return Ok(()),
            }
        }
    }

    /// Writes what stands behind the cursor.
    async fn page(
        &self,
        app: &App,
        tenant: &Tenant,
        filter: &Filter,
        (cursor, left): (&mut u64, &mut u64),
    ) -> anyhow::Result<Page> {
        let wanted = u32::try_from(*left).map_or(PAGE, |left| left.min(PAGE));
        let events = app.events_after(tenant, *cursor, wanted).await?;
        for event in &events {
            *cursor = event.seq;
            if filter.wants(&event.event.tell().0, &event.subject) {
                self.format.item(event, words)?;
                *left -= 1;
            }
        }
        Ok(match (*left, events.is_empty()) {
            (0, _) => Page::Last,
            (_, true) => Page::Empty,
            (_, false) => Page::More,
        })
    }
}

fn words(event: &Envelope) -> String {
    let (kind, data) = event.event.split();
    let Envelope { seq, at, subject, cause, .. } = event;
    format!("{seq:>6}  {}  {kind}  {subject}  by {}  {data}", to_second(*at), cause.actor)
}

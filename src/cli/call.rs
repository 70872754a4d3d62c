//! `dutyline call`: a phone in the terminal, and what was said on earlier calls.

use std::process::ExitCode;

use clap::Subcommand;
use comfy_table::Table;

use crate::app::calls::{CallStory, CallSummary, TurnStory};
use crate::cli::desk::Desk;
use crate::cli::output::{Format, table, to_second};
use crate::cli::phone;
use crate::flow::reply::{Speech, Then};

/// Call a line from the terminal, as a phone would, or look at earlier calls
///
/// Without `--keys`, type keys and press Enter; the line waits for them as long as it would on a phone.
/// `-` is silence at once; `!`, Ctrl-C or the end of input hangs up.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    phone: Option<phone::Args>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the newest calls, newest first
    List {
        /// Calls to list at most
        #[arg(long, value_name = "NUMBER", default_value_t = 20)]
        limit: u32,

        #[command(flatten)]
        format: Format,
    },
    /// Show every step of a call: what was heard, pressed and decided
    Show {
        /// Our name of the call, `call_...`, or the carrier's
        #[arg(value_name = "ID")]
        call: String,

        #[command(flatten)]
        format: Format,
    },
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<ExitCode> {
    match (args.command, args.phone) {
        (Some(Command::List { limit, format }), _) => {
            let app = desk.app().await?;
            let tenant = desk.tenant(&app).await?;
            format.print(&app.calls(&tenant, None, limit).await?, |calls| list(calls))?;
        }
        (Some(Command::Show { call, format }), _) => {
            let app = desk.app().await?;
            let tenant = desk.tenant(&app).await?;
            format.tell(&app.call_story(&tenant, &call).await?, show)?;
        }
        (None, Some(phone)) => return phone::run(desk, phone).await,
        (None, None) => unreachable!("clap asks for `--from` and `--to` where no subcommand is given"),
    }
    Ok(ExitCode::SUCCESS)
}

fn list(calls: &[CallSummary]) -> Table {
    let mut table = table(["call", "started", "from", "to", "user", "flow", "outcome", "status"]);
    for call in calls {
        table.add_row([
            call.id.to_string(),
            to_second(call.started_at),
            call.from.clone(),
            call.to.to_string(),
            call.user.as_ref().map(ToString::to_string).unwrap_or_default(),
            format!("{} {}", call.flow, call.version),
            call.outcome.map(|outcome| outcome.to_string()).unwrap_or_default(),
            call.status.to_string(),
        ]);
    }
    table
}

fn show(story: &CallStory) -> String {
    let CallStory { call, steps } = story;
    let mut lines = vec![
        format!("call     {}, at the carrier {}", call.id, call.sid),
        format!("from     {} to {}", call.from, call.to),
        format!("user     {}", call.user.as_ref().map_or("unknown", |login| login.as_str())),
        format!("flow     {}, version {}", call.flow, call.version),
        format!("started  {}", to_second(call.started_at)),
        format!("ended    {}", call.ended_at.map_or_else(|| "not yet".to_owned(), to_second)),
        format!("outcome  {} ({})", call.outcome.map_or("none yet", |outcome| outcome.as_str()), call.status),
    ];
    lines.extend(steps.iter().flat_map(show_step));
    lines.join("\n")
}

fn show_step(step: &TurnStory) -> Vec<String> {
    let mut lines = vec![String::new(), format!("{}  {}  {}", step.turn, to_second(step.at), step.pressed)];
    lines.extend(step.decided.iter().map(|decided| format!("   decided  {decided}")));
    lines.extend(step.heard.iter().map(|speech| format!("   heard    {}", words(speech))));
    lines.push(format!("   then     {}", ending(&step.then)));
    lines
}

fn words(speech: &Speech) -> String {
    match speech {
        Speech::Say { text, language } => format!("\"{text}\" ({language})"),
        Speech::Play(media) => format!("recording {}", media.file_name()),
    }
}

fn ending(then: &Then) -> String {
    match then {
        Then::Gather(gather) => {
            format!("asks for keys: at most {}, {} s for each", gather.max_digits, gather.timeout_s)
        }
        Then::Redirect => "goes on".to_owned(),
        Then::HangUp => "hangs up".to_owned(),
        Then::Reject => "refuses the call".to_owned(),
    }
}

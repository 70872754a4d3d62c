//! `dutyline timer`.

use std::process::ExitCode;

use clap::Subcommand;
use comfy_table::Table;

use crate::app::presence::Standing;
use crate::app::timers::{Timer, TimerState, TimerStory};
use crate::cli::desk::Desk;
use crate::cli::output::{Format, table};
use crate::cli::when::{span, wall};
use crate::domain::ids::Login;
use crate::domain::presence::{MENU_GRACE, Reason, Source};
use crate::domain::time::Zone;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// List the timers, the next one due first; times are the tenant's
    List(Format),
    /// Tell why a user's timer stands where it does, and what it will do
    Why {
        /// A user's login, or a timer's id
        #[arg(value_name = "LOGIN|ID")]
        whose: Login,
        #[command(flatten)]
        format: Format,
    },
}

pub(super) async fn run(desk: &Desk, action: Action) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    match action {
        Action::List(format) => {
            format.print(&app.timers(&tenant).await?, |timers| list(timers, &tenant.zone))?;
        }
        Action::Why { whose, format } => format.tell(&app.timer_story(&tenant, &whose).await?, why)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(timers: &[Timer], zone: &Zone) -> Table {
    let mut rows = table(["user", "kind", "due", "state", "generation", "set by", "id"]);
    for timer in timers {
        rows.add_row([
            timer.user.to_string(),
            timer.kind.to_string(),
            wall(Some(timer.due_at), zone),
            timer.state.to_string(),
            timer.generation.to_string(),
            timer.cause.as_ref().map_or("-", |cause| cause.source.as_str()).to_owned(),
            timer.id.clone(),
        ]);
    }
    rows
}

fn why(story: &TimerStory) -> String {
    let mut told = vec![stand(story)];
    told.extend(origin(story));
    if let Some(timer) = &story.timer {
        told.push(prospect(timer));
    }
    told.extend(
        story.standing.hold.as_ref().map(|reason| format!("A supervisor keeps them off duty: {reason}.")),
    );
    told.join("\n")
}

/// Where the timer stands.
fn stand(story: &TimerStory) -> String {
    let TimerStory { standing: Standing { user, since, .. }, timer, zone, now, .. } = story;
    match timer {
        None if since.is_none() => format!("{user} has never been on duty; no timer is armed."),
        None => format!("{user} has been off duty since {} {zone}; no timer is armed.", wall(*since, zone)),
        Some(Timer { due_at, state: TimerState::Armed, .. }) => {
            let (due, left) = (wall(Some(*due_at), zone), span(*due_at - *now));
            format!("{user} is on duty until {due} {zone}: {left} from now.")
        }
        Some(Timer { due_at, state: TimerState::Overdue, .. }) => {
            let (due, late) = (wall(Some(*due_at), zone), span(*now - *due_at));
            format!("{user} has been off duty since {due} {zone}: the time was up, {late} ago.")
        }
    }
}

/// What brought it there.
fn origin(story: &TimerStory) -> Option<String> {
    let event = story.event.as_ref()?;
    let at = wall(Some(event.at), &story.zone);
    let Some(call) = &event.cause.call else {
        let reason = story.standing.reason.as_ref().map_or("", Reason::as_str);
        return Some(match story.standing.source {
            Some(Source::Timer) if story.timer.is_none() => format!("The time was up; noticed at {at}."),
            Some(Source::Timer | Source::Admin | Source::Api | Source::Phone | Source::Schedule) | None => {
                format!("Set at {at} by {}, reason {reason}.", event.cause.actor)
            }
        });
    };
    let keys = story.keys.as_ref().map_or_else(String::new, |keys| format!("key {keys} "));
    let caller = story.caller.as_ref().map_or_else(String::new, |caller| format!(" from {caller}"));
    let turn = event.cause.turn.map_or_else(String::new, |turn| format!(", turn {turn}"));
    Some(format!("Set at {at} by {keys}on a call{caller} ({call}{turn})."))
}

/// What it will do.
fn prospect(timer: &Timer) -> String {
    match timer.state {
        TimerState::Armed => format!(
            "Then they go off duty with reason `expired`; a menu that they have open at that moment holds this \
             back for at most {} seconds.",
            MENU_GRACE.num_seconds()
        ),
        TimerState::Overdue => "The event is written as soon as a server runs.".to_owned(),
    }
}

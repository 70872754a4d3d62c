//! The admin's commands. A command reads its arguments, asks `app` (or, as a phone, the server itself), and
//! writes data to stdout and talk to stderr; no rule of the product lives here.

mod apply;
mod audit;
mod availability;
mod backup;
mod calendar;
pub mod call;
mod completions;
mod coverage;
mod demo;
mod desk;
mod doctor;
mod event;
mod export;
mod file;
mod flow;
mod folder;
mod hours;
mod man;
mod mapping;
mod migrate;
mod r#move;
mod openapi;
mod output;
pub mod phone;
mod policy;
mod presence;
mod prompt;
mod report;
mod schedule;
mod serve;
mod status;
mod tenant;
mod timer;
mod token;
mod top;
mod user;
mod webhook;
mod when;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::cli::desk::Desk;
use crate::config::{ConfigError, Settings};
use crate::domain::ids::Slug;
use crate::telemetry::TelemetryError;

/// The line that agents call to go on duty
#[derive(Debug, Parser)]
#[command(name = "dutyline", version, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    settings: Settings,

    /// Whose users, prompts, flows and numbers are meant
    #[arg(long, global = true, env = "DUTYLINE_TENANT", value_name = "NAME", default_value = "default")]
    tenant: Slug,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Serve(serve::Args),
    Migrate(migrate::Args),
    Move(r#move::Args),
    Flow(flow::Args),
    /// Tenants: organisations, each with its own users, prompts, flows and numbers
    #[command(subcommand)]
    Tenant(tenant::Action),
    /// Users, and the numbers at which they are reached
    #[command(subcommand)]
    User(user::Action),
    /// Mappings: which flow answers which calls
    #[command(subcommand)]
    Mapping(mapping::Action),
    /// Who is on duty, and until when
    #[command(subcommand)]
    Presence(presence::Action),
    /// What users say of themselves, now and later: availabilities
    #[command(subcommand)]
    Availability(availability::Action),
    /// How users stand for a call, and what they serve
    #[command(subcommand)]
    Status(status::Action),
    /// Hours of work
    #[command(subcommand)]
    Schedule(schedule::Action),
    /// Calendars to subscribe to: who is on duty and at work
    #[command(subcommand)]
    Calendar(calendar::Action),
    /// What the tenant has decided about presence: labels, wrap-up, quick availabilities
    #[command(subcommand)]
    Policy(policy::Action),
    /// How users spent their time, how calls went, how many were on duty
    #[command(subcommand)]
    Report(report::Action),
    /// Timers: the ends of duty windows
    #[command(subcommand)]
    Timer(timer::Action),
    /// Tokens: who may do what over the API
    #[command(subcommand)]
    Token(token::Action),
    /// Webhooks: endpoints of others that events are sent to
    #[command(subcommand)]
    Webhook(webhook::Action),
    Top(top::Args),
    Coverage(coverage::Args),
    Doctor(doctor::Args),
    Prompt(prompt::Args),
    Export(export::Args),
    Apply(apply::Args),
    Call(call::Args),
    Event(event::Args),
    Audit(audit::Args),
    Backup(backup::Args),
    Openapi(openapi::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Runs one command line. Exit codes: 0 done, 1 refused, 2 usage.
pub async fn run(cli: Cli) -> ExitCode {
    match dispatch(cli).await {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            if is_usage(&error) { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli { settings, tenant, command } = cli;
    let desk = Desk { settings, tenant };
    match command {
        Command::Demo(args) => demo::run(&desk, args).await,
        Command::Migrate(args) => migrate::run(&desk, args).await,
        Command::Move(args) => r#move::run(&desk, args).await,
        Command::Serve(args) => serve::run(&desk, args).await,
        Command::Flow(args) => flow::run(&desk, args).await,
        Command::Tenant(action) => tenant::run(&desk, action).await,
        Command::User(action) => user::run(&desk, action).await,
        Command::Mapping(action) => mapping::run(&desk, action).await,
        Command::Presence(action) => presence::run(&desk, action).await,
        Command::Availability(action) => availability::run(&desk, action).await,
        Command::Status(action) => status::run(&desk, action).await,
        Command::Schedule(action) => schedule::run(&desk, action).await,
        Command::Calendar(action) => calendar::run(&desk, action).await,
        Command::Policy(action) => policy::run(&desk, action).await,
        Command::Report(action) => report::run(&desk, action).await,
        Command::Timer(action) => timer::run(&desk, action).await,
        Command::Token(action) => token::run(&desk, action).await,
        Command::Webhook(action) => webhook::run(&desk, action).await,
        Command::Top(args) => top::run(&desk, args).await,
        Command::Coverage(args) => coverage::run(&desk, args).await,
        Command::Doctor(args) => doctor::run(&desk, args).await,
        Command::Prompt(args) => prompt::run(&desk, args).await,
        Command::Export(args) => export::run(&desk, args).await,
        Command::Apply(args) => apply::run(&desk, args).await,
        Command::Call(args) => call::run(&desk, args).await,
        Command::Event(args) => event::run(&desk, args).await,
        Command::Audit(args) => audit::run(&desk, args).await,
        Command::Backup(args) => backup::run(&desk, args).await,
        Command::Openapi(args) => openapi::run(args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

/// A setting cannot be read, so that nothing was tried.
fn is_usage(error: &anyhow::Error) -> bool {
    let log = error.downcast_ref::<TelemetryError>();
    error.is::<ConfigError>() || matches!(log, Some(TelemetryError::Filter { .. }))
}

/// Whoever read our output has read enough of it.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    kind == Some(io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::*;

    #[test]
    fn the_commands_fit_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_help() {
        fn check(command: &mut Command) {
            assert!(command.get_about().is_some(), "`{}` does not say what it does", command.get_name());
            assert!(!command.render_long_help().to_string().is_empty());
            command.get_subcommands_mut().for_each(check);
        }
        let mut cli = Cli::command();
        cli.build();
        check(&mut cli);
    }

    #[test]
    fn a_setting_that_cannot_be_read_is_usage() {
        let filter = TelemetryError::Filter { filter: "loud".to_owned(), reason: "no such level".to_owned() };
        assert!(is_usage(&filter.into()));
        assert!(is_usage(&ConfigError::NoAuthToken.into()));
        assert!(!is_usage(&TelemetryError::LogTwice.into()));
        assert!(!is_usage(&anyhow::anyhow!("no user `adda`")));
    }

    #[test]
    fn call_is_a_phone_unless_a_subcommand_is_given() {
        for (line, fits) in [
            ("call --from +15062345678 --to +15065550100", true),
            ("call --from +15062345678 --to +15065550100 --keys 9,08#", true),
            ("call list --limit 3 --json", true),
            ("call show call_1", true),
            ("call", false),
            ("call --from +15062345678", false),
            ("call --url http://localhost:8080", false),
            ("call --from +15062345678 list", false),
        ] {
            let parsed = Cli::try_parse_from(["dutyline"].into_iter().chain(line.split(' ')));
            assert_eq!(parsed.is_ok(), fits, "{line}: {parsed:?}");
        }
    }
}

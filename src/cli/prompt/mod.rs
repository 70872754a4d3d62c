//! `dutyline prompt ...`.

mod add;
mod render;

use std::process::ExitCode;

use crate::app::prompts::PromptRecord;
use crate::cli::desk::Desk;
use crate::cli::output::{Format, table, talk};
use crate::domain::ids::{Language, Name};
use crate::flow::prompt::file::FilePrompt;

/// What callers hear: texts, recordings, and lists of them
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Add(add::Args),
    /// List the tenant's own prompts
    List {
        #[command(flatten)]
        format: Format,
    },
    /// Show one of the tenant's own prompts in all its languages
    Show {
        name: Name,
        #[command(flatten)]
        format: Format,
    },
    /// Remove a prompt, unless a flow or a list would miss it
    Remove {
        name: Name,
        /// In this language only [default: in all]
        #[arg(long)]
        language: Option<Language>,
    },
    /// Tell what falls back or sounds wrong on calls; exit with 1 if anything does
    Lint {
        #[command(flatten)]
        format: Format,
    },
    Render(render::Args),
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Add(args) => add::run(desk, args).await?,
        Command::List { format } => list(desk, format).await?,
        Command::Show { name, format } => show(desk, &name, format).await?,
        Command::Remove { name, language } => remove(desk, name, language).await?,
        Command::Lint { format } => return lint(desk, format).await,
        Command::Render(args) => render::run(desk, args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(desk: &Desk, format: Format) -> anyhow::Result<()> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    Ok(format.print(&app.prompts(&tenant.id).await?, |prompts| tabled(prompts))?)
}

async fn show(desk: &Desk, name: &Name, format: Format) -> anyhow::Result<()> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    Ok(format.print(&app.prompt(&tenant.id, name).await?, |prompts| tabled(prompts))?)
}

fn tabled(prompts: &[PromptRecord]) -> comfy_table::Table {
    let mut table = table(["name", "language", "kind", "content"]);
    for PromptRecord { name, language, prompt } in prompts {
        let (kind, content) = match prompt {
            FilePrompt::Say(text) => ("say", text.to_string()),
            FilePrompt::Play { file, presets } if presets.is_empty() => ("play", file.clone()),
            FilePrompt::Play { file, presets } => {
                let presets: Vec<String> = presets.iter().map(|hours| hours.get().to_string()).collect();
                ("play", format!("{file}, of presets {}", presets.join(", ")))
            }
            FilePrompt::List(names) => {
                let names: Vec<&str> = names.iter().map(Name::as_str).collect();
                ("list", names.join(", "))
            }
        };
        table.add_row([name.as_str(), language.as_str(), kind, &content]);
    }
    table
}

async fn remove(desk: &Desk, name: Name, language: Option<Language>) -> anyhow::Result<()> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    for removed in app.remove_prompt(tenant, name, language).await? {
        talk(format!("removed prompt `{}` ({})", removed.name, removed.language));
    }
    Ok(())
}

async fn lint(desk: &Desk, format: Format) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    let issues: Vec<String> = app.lint_prompts(tenant).await?.iter().map(ToString::to_string).collect();
    if !issues.is_empty() || format.is_json() {
        format.tell(&issues, |issues| issues.join("\n"))?;
    }
    if issues.is_empty() {
        talk("nothing falls back, and nothing sounds wrong");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

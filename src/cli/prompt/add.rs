//! `dutyline prompt add`.

use std::path::PathBuf;

use crate::app::prompts::NewContent;
use crate::cli::desk::Desk;
use crate::cli::file;
use crate::cli::hours::hours;
use crate::cli::output::talk;
use crate::domain::ids::{Language, Name};
use crate::domain::time::Hours;
use crate::flow::prompt::template::Template;

/// Add a prompt in one language, or replace it
///
/// A prompt with the name of one of the line's own lines, like `welcome`, is spoken in its place.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What flows and lists call it
    name: Name,

    /// A language tag like `en` or `fr-CA`
    #[arg(long)]
    language: Language,

    #[command(flatten)]
    content: Content,

    /// Hours that the recording speaks of, as `8,24`, so that lint can tell when a flow has others
    #[arg(long, value_name = "HOURS", value_delimiter = ',', value_parser = hours)]
    #[arg(conflicts_with_all = ["say", "list"])]
    presets: Vec<Hours>,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Content {
    /// Words to speak, with placeholders like `{until}`
    #[arg(long, value_name = "TEXT")]
    say: Option<Template>,

    /// A recording, WAV or MP3
    #[arg(long, value_name = "FILE")]
    play: Option<PathBuf>,

    /// Other prompts, spoken one after the other
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    list: Vec<Name>,
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<()> {
    let Args { name, language, content, presets } = args;
    let content = match (content.say, content.play) {
        (Some(text), _) => NewContent::Say(text),
        (None, Some(path)) => NewContent::Play { bytes: file::bytes(&path)?, presets },
        (None, None) => NewContent::List(content.list),
    };
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    app.set_prompt(tenant, language.clone(), name.clone(), content).await?;
    talk(format!("prompt `{name}` ({language}) is set; servers speak it from the next call on"));
    Ok(())
}

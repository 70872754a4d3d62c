//! `dutyline prompt render`.

use chrono::TimeDelta;
use serde::Serialize;

use crate::cli::desk::Desk;
use crate::cli::hours::hours;
use crate::cli::output::Format;
use crate::domain::ids::{Language, Name};
use crate::domain::time::{Hours, Zone};
use crate::flow::prompt::Line;
use crate::flow::prompt::catalogue::Catalogue;
use crate::flow::prompt::speaker::{Args as Filling, Voice};
use crate::flow::prompt::spoken::{Fallback, Spoken};
use crate::flow::reply::Speech;

/// Print what callers would hear, as from a flow
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A prompt, or one of the line's own lines [default: all of the line's own]
    name: Option<Name>,

    /// The caller's language [default: the tenant's]
    #[arg(long)]
    language: Option<Language>,

    /// The caller's time zone [default: the tenant's]
    #[arg(long)]
    zone: Option<Zone>,

    /// When it is spoken, in the caller's zone: `2026-03-08T01:30` [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,

    /// Hours of duty that the caller has left
    #[arg(long, value_name = "HOURS", default_value = "8", value_parser = hours)]
    online_for: Hours,

    /// Hours on the keys of the menu
    #[arg(long, value_name = "HOURS", value_delimiter = ',', value_parser = hours)]
    #[arg(default_value = "8,24,48,72")]
    presets: Vec<Hours>,

    /// The most hours that may be asked for
    #[arg(long, value_name = "HOURS", default_value = "99", value_parser = hours)]
    max_hours: Hours,

    /// The caller's name
    #[arg(long, value_name = "NAME", default_value = "Ada")]
    caller: String,

    /// Why a supervisor keeps the caller off duty
    #[arg(long, value_name = "WORDS", default_value = "training")]
    reason: String,

    #[command(flatten)]
    format: Format,
}

/// One prompt, and what is heard of it.
#[derive(Debug, Serialize)]
struct Rendered {
    name: Name,
    speech: Vec<Speech>,
    /// Why something else is heard than was wanted.
    fallbacks: Vec<String>,
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<()> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    let zone = args.zone.unwrap_or_else(|| tenant.zone.clone());
    let language = args.language.unwrap_or_else(|| tenant.language.clone());
    let now = match &args.at {
        Some(civil) => zone.instant(civil)?,
        None => app.store.clock().now(),
    };
    let catalogue = app.catalogue(tenant).await?;
    let voice = Voice { language: &language, zone: &zone, now };
    let filling = Filling {
        name: Some(&args.caller),
        until: Some(now + TimeDelta::hours(args.online_for.get().into())),
        max: Some(args.max_hours),
        presets: &args.presets,
        reason: Some(&args.reason),
    };
    let names = match args.name {
        Some(name) => vec![name],
        None => Line::ALL.into_iter().filter(|line| !line.is_part()).map(Line::name).collect(),
    };
    let rendered: Vec<Rendered> =
        names.into_iter().map(|name| render(&catalogue, name, &voice, &filling)).collect();
    args.format.tell(&rendered, |rendered| written(rendered))?;
    Ok(())
}

fn render(catalogue: &Catalogue, name: Name, voice: &Voice<'_>, filling: &Filling<'_>) -> Rendered {
    let Spoken { speech, fallbacks } = match Line::named(&name) {
        Some(line) => catalogue.speak(line, None, voice, filling),
        None => catalogue.play(&name, voice, filling),
    };
    let told = |Fallback { prompt, language, why }: &Fallback| format!("`{prompt}` ({language}): {why}");
    Rendered { name, speech, fallbacks: fallbacks.iter().map(told).collect() }
}

fn written(rendered: &[Rendered]) -> String {
    let blocks = rendered.iter().map(|Rendered { name, speech, fallbacks }| {
        let spoken = speech.iter().map(|piece| match piece {
            Speech::Say { text, language } => format!("  says ({language}): {text}\n"),
            Speech::Play(media) => format!("  plays {}\n", media.file_name()),
        });
        let fallbacks = fallbacks.iter().map(|why| format!("  falls back from {why}\n"));
        format!("{name}\n{}", spoken.chain(fallbacks).collect::<String>())
    });
    blocks.collect()
}

//! `dutyline flow simulate`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;

use crate::carrier::twiml::{self, Urls};
use crate::cli::flow::library::{Library, read};
use crate::cli::flow::renderer;
use crate::cli::hours::hours;
use crate::cli::output::{line, talk};
use crate::cli::phone::keypad::{Keypad, Moment, Pace, Press, Script};
use crate::domain::ids::Language;
use crate::domain::phone::{self, E164};
use crate::domain::time::{Hours, Instant, Zone};
use crate::flow::check::check;
use crate::flow::issue::report;
use crate::flow::keys::Keys;
use crate::flow::rehearsal::{Rehearsal, Stage};
use crate::flow::reply::{Gather, Speech};
use crate::flow::script::Caller;
use crate::store::Clock;

/// Run a flow file as on a call, without a server or a database
///
/// Prints what is said, the TwiML, what is decided, and when the caller's duty then ends. Flows that it runs
/// are looked for in the same folder. A prompt that is not one of the line's own is spoken as its name.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A flow file
    file: PathBuf,

    /// Number that calls, as the carrier would send it: `+15062345678`, or a word like `anonymous`
    #[arg(long, value_name = "NUMBER")]
    from: String,

    /// Number that is called
    #[arg(long, value_name = "NUMBER", default_value = "+15065550100")]
    to: E164,

    /// Keys to press: a comma waits for the next prompt, `-` is silence, `!` hangs up: `9,08#`
    #[arg(long, allow_hyphen_values = true, default_value = "", hide_default_value = true)]
    keys: Script,

    /// When the call comes, in the caller's zone: `2026-03-08T01:30` [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,

    /// The caller's time zone
    #[arg(long, default_value = "UTC")]
    zone: Zone,

    /// Hours of duty that the caller has left [default: off duty]
    #[arg(long, value_name = "HOURS", value_parser = hours)]
    online_for: Option<Hours>,

    /// The caller's language
    #[arg(long, default_value = "en")]
    language: Language,

    /// The number that calls is nobody's
    #[arg(long)]
    unknown: bool,
}

/// Where the documents that are printed say that the server is.
const NEXT: &str = "https://ivr.example.com/voice/twilio/turn";
const MEDIA: &str = "https://ivr.example.com/media";

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let source = read(&args.file)?;
    let (flow, issues) = check(&source);
    if !issues.is_empty() {
        talk(report(&args.file.display().to_string(), &source, &issues, &renderer()).trim_end());
    }
    let Some(flow) = flow else { bail!("`{}` has errors; mend them first", args.file.display()) };
    let program = Library::around(&args.file)?.link(Arc::new(flow))?;
    let stage = stage(&args)?;
    line(format!("{}: {} calls {}", wall(stage.at, &args.zone), args.from, args.to))?;
    let mut rehearsal = Rehearsal::begin(&program, stage);
    tell_turn(&rehearsal, "the call comes in")?;
    let mut keypad = Keypad::script(args.keys, Pace::Hurried);
    while let Some(question) = rehearsal.question().cloned() {
        match respond(&mut keypad, &question).await {
            Response::Keys(keys) => {
                rehearsal.press(&keys);
                tell_turn(&rehearsal, &format!("you press {keys}"))?;
            }
            Response::Silence => {
                rehearsal.wait();
                tell_turn(&rehearsal, &format!("you press nothing for {} s", question.timeout_s))?;
            }
            Response::HangUp => break,
        }
        if keypad.is_hung_up() {
            break;
        }
    }
    tell_end(&rehearsal, &args.zone)
}

fn stage(args: &Args) -> anyhow::Result<Stage> {
    let caller = match phone::Caller::read(&args.from, Some(&args.to)) {
        phone::Caller::Withheld => Caller::Withheld,
        phone::Caller::Number(_) if !args.unknown => Caller::Known,
        phone::Caller::Number(_) | phone::Caller::Other(_) => Caller::Unknown,
    };
    Ok(Stage {
        at: args.at.as_ref().map_or_else(|| Ok(Clock::System.now()), |civil| args.zone.instant(civil))?,
        zone: args.zone.clone(),
        language: args.language.clone(),
        caller,
        dialled: Some(args.to.clone()),
        online_for: args.online_for,
        held: None,
    })
}

/// What a person does at one prompt.
enum Response {
    Keys(Keys),
    Silence,
    HangUp,
}

async fn respond(keypad: &mut Keypad, question: &Gather) -> Response {
    let patience = Duration::from_secs(question.timeout_s.into());
    let (mut entered, mut moment) = (String::new(), Moment::Prompt);
    while entered.len() < usize::from(question.max_digits) {
        match keypad.press(moment, patience).await {
            Press::Key(key) => entered.push(key),
            Press::Silence => break,
            Press::HangUp => return Response::HangUp,
        }
        if question.hash_finishes && entered.ends_with('#') {
            break;
        }
        moment = Moment::Gap;
    }
    entered.parse().map_or(Response::Silence, Response::Keys)
}

fn tell_turn(rehearsal: &Rehearsal<'_>, what: &str) -> anyhow::Result<()> {
    let turn = rehearsal.latest();
    line(format!("\n{what}"))?;
    for decided in &turn.decided {
        line(format!("  decided: {decided}"))?;
    }
    for speech in &turn.reply.speech {
        line(format!("  {}", spoken(speech)))?;
    }
    match rehearsal.question() {
        Some(question) => tell_question(question)?,
        None => line("  the line hangs up")?,
    }
    let next = format!("{NEXT}/{}/{}", rehearsal.call(), rehearsal.next_turn());
    let document = twiml::render(&turn.reply, Urls { next: &next, media: MEDIA })?;
    document.lines().try_for_each(|xml| line(format!("    {xml}")))?;
    Ok(())
}

fn tell_question(question: &Gather) -> std::io::Result<()> {
    for speech in &question.prompt {
        line(format!("  {}", spoken(speech)))?;
    }
    let keys = match question.max_digits {
        1 => "1 key".to_owned(),
        most => format!("up to {most} keys"),
    };
    let end = if question.hash_finishes { ", # ends them" } else { "" };
    line(format!("  asks for {keys}{end}; waits {} s", question.timeout_s))
}

fn spoken(speech: &Speech) -> String {
    match speech {
        Speech::Say { text, language } => format!("says ({language}): {text}"),
        Speech::Play(media) => format!("plays {}", media.file_name()),
    }
}

fn tell_end(rehearsal: &Rehearsal<'_>, zone: &Zone) -> anyhow::Result<()> {
    let window = rehearsal.presence().window(rehearsal.now());
    line(match window {
        Some(until) => format!("\ntimer: off duty at {}, {}", wall(until, zone), until.to_rfc3339()),
        None => "\nno timer: the caller is off duty".to_owned(),
    })?;
    Ok(())
}

/// `2026-03-08 01:30 America/Toronto`.
fn wall(at: Instant, zone: &Zone) -> String {
    let local = zone.local(at);
    format!("{:04}-{:02}-{:02} {} {zone}", local.year, local.month, local.day, local.time_of_day())
}

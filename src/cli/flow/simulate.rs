//! `dutyline flow simulate`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use serde::Serialize;

use crate::app::calls::TurnStory;
use crate::app::pins::is_pin;
use crate::carrier::twiml::{self, Urls};
use crate::cli::file;
use crate::cli::flow::library::Library;
use crate::cli::flow::renderer;
use crate::cli::hours::hours;
use crate::cli::output::{Format, talk};
use crate::cli::phone::keypad::{Keypad, Moment, Pace, Press, Script};
use crate::domain::ids::Language;
use crate::domain::phone::{self, E164};
use crate::domain::time::{Hours, Instant, Zone};
use crate::flow::check::check;
use crate::flow::engine::Input;
use crate::flow::issue::report;
use crate::flow::keys::Keys;
use crate::flow::program::Program;
use crate::flow::rehearsal::{Rehearsal, Stage};
use crate::flow::reply::{Gather, Speech, Then};
use crate::flow::script::Caller;
use crate::store::Clock;
use crate::store::steps::Step;

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

    /// A PIN that the caller has, made up: the flow asks for it as it would on the line [default: none]
    #[arg(long, value_name = "DIGITS", value_parser = pin, conflicts_with = "unknown")]
    pin: Option<Keys>,

    #[command(flatten)]
    format: Format,
}

/// The whole call.
#[derive(Debug, Serialize)]
struct Call {
    at: Instant,
    from: String,
    to: E164,
    turns: Vec<Turn>,
    /// When the caller's duty ends; none if they are off duty.
    until: Option<Instant>,
}

/// A turn as `call show` tells it, and the document that carries it.
#[derive(Debug, Serialize)]
struct Turn {
    #[serde(flatten)]
    story: TurnStory,
    twiml: String,
    /// What the person did, for people.
    #[serde(skip)]
    title: String,
}

/// Where the documents that are printed say that the server is.
const NEXT: &str = "https://ivr.example.com/voice/twilio/turn";
const MEDIA: &str = "https://ivr.example.com/media";

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let source = file::text(&args.file)?;
    let (flow, issues) = check(&source);
    if !issues.is_empty() {
        talk(report(&args.file.display().to_string(), &source, &issues, &renderer()).trim_end());
    }
    let Some(flow) = flow else { bail!("`{}` has errors; mend them first", args.file.display()) };
    let program = Library::around(&args.file)?.link(Arc::new(flow))?;
    let stage = stage(&args)?;
    let (turns, until) = play(&program, &stage, args.keys).await?;
    let call = Call { at: stage.at, from: args.from, to: args.to, turns, until };
    Ok(args.format.tell(&call, |call| transcript(call, &args.zone))?)
}

/// Plays the call to its end: its turns, and when the caller's duty then ends.
async fn play(
    program: &Program,
    stage: &Stage,
    keys: Script,
) -> anyhow::Result<(Vec<Turn>, Option<Instant>)> {
    let mut rehearsal = Rehearsal::begin(program, stage);
    let mut turns = vec![turn(&rehearsal, Input::Started, "the call comes in".to_owned())?];
    let mut keypad = Keypad::script(keys, Pace::Hurried);
    while let Some(question) = rehearsal.question().cloned() {
        let Some(input) = respond(&mut keypad, &question).await else { break };
        let title = match &input {
            Input::Keys(keys) => {
                rehearsal.press(keys);
                format!("you press {keys}")
            }
            Input::Silence | Input::Started | Input::Garbled => {
                rehearsal.wait();
                format!("you press nothing for {} s", question.timeout_s)
            }
        };
        turns.push(turn(&rehearsal, input, title)?);
        if keypad.is_hung_up() {
            break;
        }
    }
    Ok((turns, rehearsal.presence().window(rehearsal.now())))
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
        pin: args.pin.clone(),
    })
}

/// Reads a PIN, for clap.
fn pin(text: &str) -> Result<Keys, &'static str> {
    let pin = text.parse().ok().filter(|_| is_pin(text));
    pin.ok_or("give 4 to 12 digits")
}

/// What a person does at one prompt; none if they hang up.
async fn respond(keypad: &mut Keypad, question: &Gather) -> Option<Input> {
    let patience = Duration::from_secs(question.timeout_s.into());
    let (mut entered, mut moment) = (String::new(), Moment::Prompt);
    while entered.len() < usize::from(question.max_digits) {
        match keypad.press(moment, patience).await {
            Press::Key(key) => entered.push(key),
            Press::Silence => break,
            Press::HangUp => return None,
        }
        if question.hash_finishes && entered.ends_with('#') {
            break;
        }
        moment = Moment::Gap;
    }
    Some(entered.parse().map_or(Input::Silence, Input::Keys))
}

/// What the flow did last.
fn turn(rehearsal: &Rehearsal<'_>, input: Input, title: String) -> anyhow::Result<Turn> {
    let latest = rehearsal.latest();
    let next = format!("{NEXT}/{}/{}", rehearsal.call(), rehearsal.next_turn());
    let twiml = twiml::render(&latest.reply, Urls { next: &next, media: MEDIA })?;
    let story = TurnStory::from(Step {
        turn: rehearsal.next_turn() - 1,
        at: rehearsal.now(),
        input,
        decided: latest.decided.clone(),
        reply: latest.reply.clone(),
    });
    Ok(Turn { story, twiml, title })
}

fn transcript(call: &Call, zone: &Zone) -> String {
    let mut lines = vec![format!("{}: {} calls {}", wall(call.at, zone), call.from, call.to)];
    lines.extend(call.turns.iter().flat_map(turn_lines));
    lines.push(match call.until {
        Some(until) => format!("\ntimer: off duty at {}, {}", wall(until, zone), until.to_rfc3339()),
        None => "\nno timer: the caller is off duty".to_owned(),
    });
    lines.join("\n")
}

fn turn_lines(Turn { story, twiml, title }: &Turn) -> Vec<String> {
    let mut lines = vec![String::new(), title.clone()];
    lines.extend(story.decided.iter().map(|decided| format!("  decided: {decided}")));
    lines.extend(story.heard.iter().map(|speech| format!("  {}", spoken(speech))));
    lines.push(match &story.then {
        Then::Gather(question) => asked(question),
        Then::Redirect | Then::HangUp | Then::Reject => "  the line hangs up".to_owned(),
    });
    lines.extend(twiml.lines().map(|xml| format!("    {xml}")));
    lines
}

fn asked(question: &Gather) -> String {
    let keys = match question.max_digits {
        1 => "1 key".to_owned(),
        most => format!("up to {most} keys"),
    };
    let end = if question.hash_finishes { ", # ends them" } else { "" };
    format!("  asks for {keys}{end}; waits {} s", question.timeout_s)
}

fn spoken(speech: &Speech) -> String {
    match speech {
        Speech::Say { text, language } => format!("says ({language}): {text}"),
        Speech::Play(media) => format!("plays {}", media.file_name()),
    }
}

/// `2026-03-08 01:30 America/Toronto`.
fn wall(at: Instant, zone: &Zone) -> String {
    let local = zone.local(at);
    format!("{:04}-{:02}-{:02} {} {zone}", local.year, local.month, local.day, local.time_of_day())
}

//! A phone in the terminal, and the carrier that it hangs on. The carrier's half is strict where carriers
//! are: what it refuses, a caller would hear as "an application error has occurred".
//!
//! It knows the server only by its webhooks, and reads TwiML with another parser than the one that writes
//! it, so that it can find fault.

pub mod answer;
pub mod conversation;
pub mod document;
pub mod exchange;
pub mod heard;
pub mod keypad;
pub mod leg;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Context;
use chrono::Utc;
use reqwest::Url;
use tokio::signal;
use tokio::time::Instant;
use uuid::Uuid;

use crate::cli::desk::Desk;
use crate::cli::phone::conversation::{Conversation, Request, Step, Then};
use crate::cli::phone::exchange::Exchange;
use crate::cli::phone::heard::{Ending, Heard};
use crate::cli::phone::keypad::{Keypad, Pace, Script, stdin_lines};
use crate::cli::phone::leg::{Leg, Stir};
use crate::domain::call::CallStatus;
use crate::domain::ids::{AccountSid, CallSid};

const INBOUND: &str = "/voice/twilio/inbound";
/// Where status callbacks go.
pub(super) const STATUS: &str = "/voice/twilio/status";

/// What the phone dials, and what is pressed on it.
#[derive(Debug, clap::Args)]
#[group(id = "phone")]
pub(super) struct Args {
    /// Number that calls, as the carrier would send it: `+15062345678`, or a word like `anonymous`
    #[arg(long, value_name = "NUMBER")]
    from: String,

    /// Number that is called: `+15065550100`
    #[arg(long, value_name = "NUMBER")]
    to: String,

    /// Keys to press: a comma waits for the next prompt, `-` is silence, `!` hangs up: `9,08#`
    #[arg(long, allow_hyphen_values = true)]
    keys: Option<Script>,

    /// With `--keys`, let silences last as long as on a phone
    #[arg(long, requires = "keys")]
    real_time: bool,

    /// Where the server is reached
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: Url,

    /// How far the carriers vouch for the caller's number (STIR/SHAKEN); left out, they say nothing
    #[arg(long, value_enum, value_name = "LEVEL")]
    stir: Option<Stir>,
}

/// Makes one call and reports its end as the carrier does. An answer that a carrier would refuse is an error.
///
/// `DUTYLINE_PUBLIC_URL` is the address that the carrier signs, where it differs from `--url`.
pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<ExitCode> {
    let twilio = desk.settings.twilio()?;
    let account_sid = twilio.account_sid.unwrap_or_else(any_account);
    let public_url = desk.settings.public_url.as_ref().map(|url| url.as_str().parse()).transpose()?;
    let exchange = Exchange::new(&args.url, public_url.as_ref(), twilio.auth_token)?;
    let pace = if args.real_time { Pace::Real } else { Pace::Hurried };
    let keypad =
        args.keys.map_or_else(|| Keypad::lines(stdin_lines()), |script| Keypad::script(script, pace));
    let leg = Leg { account_sid, call_sid: new_call_sid(), from: args.from, to: args.to, stir: args.stir };
    let started = Instant::now();
    let ended = tokio::select! {
        ended = talk(&exchange, keypad, leg.clone()) => ended,
        interrupted = interrupted() => interrupted,
    };
    // Whatever ended the call, a carrier reports the end.
    let status = ended.as_ref().map_or(CallStatus::Completed, |ending| ending.status());
    let reported = report(&exchange, &leg, status, started.elapsed().as_secs()).await;
    ended?;
    reported?;
    Ok(ExitCode::SUCCESS)
}

async fn talk(exchange: &Exchange, mut keypad: Keypad, leg: Leg) -> anyhow::Result<Ending> {
    let (mut call, mut step) = Conversation::dial(leg, &exchange.address(INBOUND));
    loop {
        match tell(&step.heard) {
            // Nobody is listening any more.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(Ending::YouHungUp),
            told => told?,
        }
        step = match step.then {
            Then::Over(ending) => return Ok(ending),
            Then::Listen { moment, patience } => call.pressed(keypad.press(moment, patience).await)?,
            Then::Post(request) => {
                let next = call.answered(&exchange.post(&request).await?)?;
                if keypad.is_hung_up() { Step::hung_up() } else { next }
            }
        };
    }
}

/// Ctrl-C, at whatever moment, puts the phone down as a person would.
async fn interrupted() -> anyhow::Result<Ending> {
    signal::ctrl_c().await.context("cannot listen for Ctrl-C")?;
    // The call is over, whether or not anybody reads so.
    drop(tell(&[Heard::End(Ending::YouHungUp)]));
    Ok(Ending::YouHungUp)
}

fn tell(heard: &[Heard]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    heard.iter().try_for_each(|heard| writeln!(stdout, "{heard}"))?;
    stdout.flush()
}

/// The status callback (<https://www.twilio.com/docs/voice/api/call-resource#statuscallback>).
async fn report(exchange: &Exchange, leg: &Leg, status: CallStatus, seconds: u64) -> anyhow::Result<()> {
    let (duration, minutes) = (seconds.to_string(), seconds.div_ceil(60).to_string());
    let timestamp = carrier_time();
    let more = [
        ("CallbackSource", "call-progress-events"),
        ("CallDuration", duration.as_str()),
        ("Duration", &minutes),
        ("SequenceNumber", "0"),
        ("Timestamp", &timestamp),
    ];
    let request = Request { url: exchange.address(STATUS), form: leg.form(status, &more) };
    Ok(exchange.post(&request).await?.check_acknowledged()?)
}

/// The account of a carrier that the server was not told of.
pub(super) fn any_account() -> AccountSid {
    format!("AC{:032}", 0).parse().expect("34 letters and digits are a name")
}

#[expect(clippy::disallowed_methods, reason = "the phone plays a carrier, who names calls as it likes")]
pub(super) fn new_call_sid() -> CallSid {
    format!("CA{}", Uuid::new_v4().simple()).parse().expect("34 letters and digits are a name")
}

#[expect(clippy::disallowed_methods, reason = "the phone plays a carrier, whose clock is its own")]
fn carrier_time() -> String {
    Utc::now().to_rfc2822()
}

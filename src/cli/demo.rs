//! `dutyline demo`.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use crate::app::flows::{FlowSource, Publication};
use crate::app::mappings::{NewMapping, Numbers, Version};
use crate::app::users::{NewExtension, NewUser};
use crate::app::{App, Error, draw};
use crate::cli::desk::Desk;
use crate::cli::output::talk;
use crate::cli::serve;
use crate::config::{ConfigError, Settings, TwilioConfig};
use crate::domain::dispatch::{Channel, MappingKind};
use crate::domain::skills::Skills;
use crate::domain::tenant::Tenant;
use crate::store::flows::FlowState;
use crate::telemetry;

/// Try it out: a line with three agents, to be called from a second terminal
///
/// Makes the data folder and the database, publishes the shipped flow, adds three agents and a number, and
/// serves. Nothing in it is faked: calls go through the signed webhook, as a carrier's do.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// The number to dial.
const DUTY_LINE: &str = "+15065550100";

/// Login, name, zone, language, number.
const AGENTS: [[&str; 5]; 3] = [
    ["ada", "Ada Agent", "America/Toronto", "en", "+15062345678"],
    ["luc", "Luc Agent", "Europe/Paris", "fr", "+33199001234"],
    ["eva", "Eva Agent", "Europe/Berlin", "de", "+493023125001"],
];

pub(super) async fn run(desk: &Desk, Args {}: Args) -> anyhow::Result<ExitCode> {
    let server = desk.settings.server()?;
    telemetry::init_log(&desk.settings.log, desk.settings.log_format)?;
    let listener = serve::listen(&server).await?;
    let app = serve::open(desk).await?;
    let (twilio, token_file) = carrier(&desk.settings)?;
    let tenant = app.ensure_default_tenant().await?;
    furnish(&app, &tenant).await?;
    invite(desk, token_file.as_deref());
    serve::serve(app, listener, server, twilio).await
}

/// The account that the settings name, or one of the demo's own, whose token is in the data folder.
fn carrier(settings: &Settings) -> anyhow::Result<(TwilioConfig, Option<PathBuf>)> {
    match settings.twilio() {
        Ok(twilio) => Ok((twilio, None)),
        Err(ConfigError::NoAuthToken) => {
            let file = settings.data.join("demo-auth-token");
            let token =
                keep_token(&file).with_context(|| format!("cannot keep a token in `{}`", file.display()))?;
            let twilio = TwilioConfig { account_sid: None, auth_token: token.into(), auth_token_next: None };
            Ok((twilio, Some(file)))
        }
        Err(error) => Err(error.into()),
    }
}

/// The token in `file`, which is made for its owner alone if it is not there.
fn keep_token(file: &Path) -> std::io::Result<String> {
    if file.exists() {
        return Ok(fs::read_to_string(file)?.trim_end().to_owned());
    }
    let token = draw::secret();
    let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    new.write_all(token.as_bytes())?;
    Ok(token)
}

/// Puts into the tenant what is not there yet.
async fn furnish(app: &App, tenant: &Tenant) -> Result<(), Error> {
    let source = FlowSource {
        path: "flows/timed-presence.toml".to_owned(),
        text: include_str!("../../flows/timed-presence.toml").to_owned(),
    };
    let flow = match app.publish_flow(tenant.clone(), source, FlowState::Published).await? {
        Publication::New(version) | Publication::Unchanged(version) => version.flow,
    };
    for [login, name, zone, language, number] in AGENTS {
        let new = NewUser {
            login: login.parse().expect("a login"),
            name: name.to_owned(),
            zone: Some(zone.parse().expect("a zone")),
            language: Some(language.parse().expect("a tag")),
            agent_code: None,
            skills: Skills::default(),
            pin: None,
            extension: Some(NewExtension { number: number.to_owned(), ext: None, description: None }),
        };
        unless_there(app.add_user(tenant, new).await)?;
    }
    let mapping = NewMapping {
        name: "Duty line".to_owned(),
        description: "Agents call here to go on and off duty".to_owned(),
        channel: Channel::Voice,
        kind: MappingKind::ContactPoint,
        value: DUTY_LINE.to_owned(),
        numbers: Numbers::Checked,
        flow,
        version: Version::Latest,
    };
    unless_there(app.add_mapping(tenant, mapping).await)
}

/// A demo may be run again.
fn unless_there<T>(added: Result<T, Error>) -> Result<(), Error> {
    match added {
        Ok(_) | Err(Error::Exists { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Says what to type into a second terminal.
fn invite(desk: &Desk, token_file: Option<&Path>) {
    let program = std::env::args().next().unwrap_or_else(|| "dutyline".to_owned());
    let token =
        token_file.map_or_else(String::new, |file| format!(" --twilio-auth-token-file {}", file.display()));
    let [_, name, zone, _, number] = AGENTS[0];
    let listen = desk.settings.listen;
    talk(format!(
        "Dutyline answers on http://{listen}. Be {name} ({zone}) and call it from a second terminal:\n\n  \
         {program} call --url http://{listen}{token} --from {number} --to {DUTY_LINE}\n"
    ));
}

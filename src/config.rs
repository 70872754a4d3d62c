//! What the operator sets: every setting is a flag and an environment variable, and each refusal names the
//! setting, its value (never a secret's) and the mend.

pub mod public_url;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::public_url::PublicUrl;
use crate::domain::ids::AccountSid;
use crate::domain::origin::Origin;
use crate::store::Database;
use crate::store::postgres::Limits;
use crate::telemetry::LogFormat;

/// All settings. Those that only some commands need are asked for when they are needed, by
/// [`Settings::server`] and [`Settings::twilio`], and are left out of each command's short help.
#[derive(Debug, Clone, clap::Args)]
pub struct Settings {
    /// Folder of the database and everything else that is kept
    #[arg(long, global = true, env = "DUTYLINE_DATA", value_name = "FOLDER")]
    #[arg(default_value = "dutyline-data", help_heading = "Data")]
    pub data: PathBuf,

    /// Database, `sqlite:PATH` or `postgres://USER@HOST/NAME` [default: sqlite:FOLDER/dutyline.db]
    #[arg(long, global = true, env = "DUTYLINE_DATABASE_URL", value_name = "URL", help_heading = "Data")]
    #[arg(hide_env_values = true)]
    pub database_url: Option<SecretString>,

    /// File that holds the database's URL, which may hold a password
    #[arg(long, global = true, env = "DUTYLINE_DATABASE_URL_FILE", value_name = "FILE")]
    #[arg(hide_short_help = true, help_heading = "Data")]
    pub database_url_file: Option<PathBuf>,

    /// Connections to PostgreSQL at most
    #[arg(long, global = true, env = "DUTYLINE_DATABASE_CONNECTIONS", value_name = "NUMBER")]
    #[arg(value_parser = clap::value_parser!(u32).range(4..=1000), default_value_t = Limits::default().connections)]
    #[arg(hide_short_help = true, help_heading = "Data")]
    pub database_connections: u32,

    /// Seconds that a statement may take in PostgreSQL
    #[arg(long, global = true, env = "DUTYLINE_DATABASE_STATEMENT_TIMEOUT", value_name = "SECONDS")]
    #[arg(value_parser = seconds, default_value = "3", hide_short_help = true, help_heading = "Data")]
    pub database_statement_timeout: Duration,

    /// Seconds that a change waits for another node's in PostgreSQL
    #[arg(long, global = true, env = "DUTYLINE_DATABASE_LOCK_TIMEOUT", value_name = "SECONDS")]
    #[arg(value_parser = seconds, default_value = "2", hide_short_help = true, help_heading = "Data")]
    pub database_lock_timeout: Duration,

    /// Address and port to serve on
    #[arg(long, global = true, env = "DUTYLINE_LISTEN", value_name = "ADDRESS", value_parser = listen_address)]
    #[arg(default_value = "127.0.0.1:8080", hide_short_help = true, help_heading = "Server")]
    pub listen: SocketAddr,

    /// Where the carrier reaches the server; needed unless it listens on a loopback address
    #[arg(long, global = true, env = "DUTYLINE_PUBLIC_URL", value_name = "URL")]
    #[arg(hide_short_help = true, help_heading = "Server")]
    pub public_url: Option<PublicUrl>,

    /// Requests a second that a token may make to the API for long
    #[arg(long, global = true, env = "DUTYLINE_API_RATE", value_name = "NUMBER")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000), default_value_t = 50)]
    #[arg(hide_short_help = true, help_heading = "Server")]
    pub api_rate: u32,

    /// Requests that a token may make to the API at once
    #[arg(long, global = true, env = "DUTYLINE_API_BURST", value_name = "NUMBER")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000), default_value_t = 200)]
    #[arg(hide_short_help = true, help_heading = "Server")]
    pub api_burst: u32,

    /// Sockets that follow events at once
    #[arg(long, global = true, env = "DUTYLINE_SOCKETS", value_name = "NUMBER")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000), default_value_t = 10_000)]
    #[arg(hide_short_help = true, help_heading = "Server")]
    pub sockets: u32,

    /// Origins whose pages may open sockets, with commas between; the public URL's own may always
    #[arg(long, global = true, env = "DUTYLINE_ORIGINS", value_name = "ORIGINS", value_delimiter = ',')]
    #[arg(hide_short_help = true, help_heading = "Server")]
    pub origins: Vec<Origin>,

    /// The Twilio account whose calls are served
    #[arg(long, global = true, env = "DUTYLINE_TWILIO_ACCOUNT_SID", value_name = "SID")]
    #[arg(value_parser = account_sid, hide_short_help = true, help_heading = "Twilio")]
    pub twilio_account_sid: Option<AccountSid>,

    /// The account's auth token, which signs its webhooks; a flag is seen by others on the machine
    #[arg(long, global = true, env = "DUTYLINE_TWILIO_AUTH_TOKEN", value_name = "TOKEN")]
    #[arg(hide_env_values = true, hide_short_help = true, help_heading = "Twilio")]
    pub twilio_auth_token: Option<SecretString>,

    /// File that holds the auth token
    #[arg(long, global = true, env = "DUTYLINE_TWILIO_AUTH_TOKEN_FILE", value_name = "FILE")]
    #[arg(hide_short_help = true, help_heading = "Twilio")]
    pub twilio_auth_token_file: Option<PathBuf>,

    /// The token that is believed too while tokens are rotated
    #[arg(long, global = true, env = "DUTYLINE_TWILIO_AUTH_TOKEN_NEXT", value_name = "TOKEN")]
    #[arg(hide_env_values = true, hide_short_help = true, help_heading = "Twilio")]
    pub twilio_auth_token_next: Option<SecretString>,

    /// File that holds the next auth token
    #[arg(long, global = true, env = "DUTYLINE_TWILIO_AUTH_TOKEN_NEXT_FILE", value_name = "FILE")]
    #[arg(hide_short_help = true, help_heading = "Twilio")]
    pub twilio_auth_token_next_file: Option<PathBuf>,

    /// Where Twilio is asked for calls, which dial commands are
    #[arg(long, global = true, env = "DUTYLINE_TWILIO_API_URL", value_name = "URL", value_parser = api_url)]
    #[arg(default_value = "https://api.twilio.com", hide_short_help = true, help_heading = "Twilio")]
    pub twilio_api_url: PublicUrl,

    /// Networks that webhooks may be sent to though they are not public, like `10.1.0.0/16`; also without TLS
    #[arg(
        long,
        global = true,
        env = "DUTYLINE_WEBHOOK_ALLOW",
        value_name = "NETWORK",
        value_delimiter = ','
    )]
    #[arg(value_parser = network, hide_short_help = true, help_heading = "Webhooks")]
    pub webhook_allow: Vec<IpNet>,

    /// Attempts to deliver to webhooks in a second at most
    #[arg(long, global = true, env = "DUTYLINE_WEBHOOK_RATE", value_name = "NUMBER", default_value = "2000")]
    #[arg(hide_short_help = true, help_heading = "Webhooks")]
    pub webhook_rate: NonZeroU32,

    /// Log lines to write: a level, or targets like `dutyline=debug,sqlx=warn`
    #[arg(long, global = true, env = "DUTYLINE_LOG", value_name = "FILTER", default_value = "info")]
    #[arg(hide_short_help = true, help_heading = "Log")]
    pub log: String,

    /// How log lines are written
    #[arg(long, global = true, env = "DUTYLINE_LOG_FORMAT", value_name = "FORMAT", value_enum)]
    #[arg(default_value = "text", hide_short_help = true, help_heading = "Log")]
    pub log_format: LogFormat,
}

/// Where the server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    pub listen: SocketAddr,
    pub public_url: PublicUrl,
    /// Requests a second that a token may make for long, and at once.
    pub api_rate: u32,
    pub api_burst: u32,
    /// Sockets at once.
    pub sockets: u32,
    /// Of which pages may open sockets.
    pub origins: Vec<Origin>,
}

/// The account at Twilio.
#[derive(Debug, Clone)]
pub struct TwilioConfig {
    /// If set, other accounts' calls are not ours.
    pub account_sid: Option<AccountSid>,
    /// Signs what we send ourselves, and is believed.
    pub auth_token: SecretString,
    /// Believed as well, while tokens are rotated.
    pub auth_token_next: Option<SecretString>,
}

/// By whom and where Twilio is asked for calls.
#[derive(Debug, Clone)]
pub struct CallsConfig {
    pub api_url: PublicUrl,
    pub account_sid: AccountSid,
    pub auth_token: SecretString,
}

/// A setting that cannot be used as it is.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("`DUTYLINE_DATA` `{}` is not UTF-8; choose another folder, or set `DUTYLINE_DATABASE_URL`", .0.display())]
    DataFolder(PathBuf),
    /// The value is not repeated: it may hold a password.
    #[error(
        "`{setting}` is not the URL of a database that we know; give one like \
         `sqlite:/var/lib/dutyline/dutyline.db` or `postgres://dutyline@db.example.com/dutyline`"
    )]
    UnknownDatabase { setting: &'static str },
    #[error(
        "`DUTYLINE_PUBLIC_URL` is not set, and `DUTYLINE_LISTEN` `{listen}` is not a loopback address; \
         set it to the URL under which the carrier reaches this server, like `https://ivr.example.com`"
    )]
    NoPublicUrl { listen: SocketAddr },
    #[error(
        "no auth token; set `DUTYLINE_TWILIO_AUTH_TOKEN`, or `DUTYLINE_TWILIO_AUTH_TOKEN_FILE` to a file that \
         holds it, from the account's page at Twilio"
    )]
    NoAuthToken,
    #[error("both `{setting}` and `{setting}_FILE` are set; unset one")]
    Both { setting: &'static str },
    #[error("`{setting}` is empty; give it a value, or unset it")]
    Empty { setting: &'static str },
    #[error("`{}`, which `{setting}_FILE` names, is empty; write the secret into it", file.display())]
    EmptyFile { setting: &'static str, file: PathBuf },
    #[error("cannot read `{}`, which `{setting}_FILE` names; mend the path or its permissions", file.display())]
    Unreadable { setting: &'static str, file: PathBuf, source: io::Error },
}

impl Settings {
    /// The database, and how it is treated. Reads the file that holds its URL.
    pub fn database(&self) -> Result<Database, ConfigError> {
        let limits = Limits {
            connections: self.database_connections,
            statement: self.database_statement_timeout,
            lock: self.database_lock_timeout,
        };
        Ok(Database { url: self.database_url()?, limits })
    }

    fn database_url(&self) -> Result<String, ConfigError> {
        let (given, file) = (self.database_url.as_ref(), self.database_url_file.as_deref());
        if let Some(url) = known_database("DUTYLINE_DATABASE_URL", given, file)? {
            return Ok(url);
        }
        let file = self.data.join("dutyline.db");
        let file = file.to_str().ok_or_else(|| ConfigError::DataFolder(self.data.clone()))?;
        // In such a URL a `?` begins the options, and `%` a code.
        Ok(format!("sqlite:{}", file.replace('%', "%25").replace('?', "%3F")))
    }

    /// What `serve` needs.
    pub fn server(&self) -> Result<ServerConfig, ConfigError> {
        let listen = self.listen;
        let public_url = match &self.public_url {
            Some(url) => url.clone(),
            None if is_loopback(listen.ip()) => PublicUrl::at(listen),
            None => return Err(ConfigError::NoPublicUrl { listen }),
        };
        let origins = Origin::of_url(public_url.as_str()).into_iter().chain(self.origins.clone()).collect();
        Ok(ServerConfig {
            listen,
            public_url,
            api_rate: self.api_rate,
            api_burst: self.api_burst,
            sockets: self.sockets,
            origins,
        })
    }

    /// What asking for calls needs; none unless both account and auth token are set. Reads the token's file.
    pub fn calls(&self) -> Result<Option<CallsConfig>, ConfigError> {
        let (api_url, account) = (self.twilio_api_url.clone(), self.twilio_account_sid.clone());
        Ok(account.zip(self.auth_token()?).map(|(account_sid, auth_token)| CallsConfig {
            api_url,
            account_sid,
            auth_token,
        }))
    }

    fn auth_token(&self) -> Result<Option<SecretString>, ConfigError> {
        secret(
            "DUTYLINE_TWILIO_AUTH_TOKEN",
            self.twilio_auth_token.as_ref(),
            self.twilio_auth_token_file.as_deref(),
        )
    }

    /// What checks and makes signatures needs. Reads the token files.
    pub fn twilio(&self) -> Result<TwilioConfig, ConfigError> {
        let token = self.auth_token()?;
        let next = secret(
            "DUTYLINE_TWILIO_AUTH_TOKEN_NEXT",
            self.twilio_auth_token_next.as_ref(),
            self.twilio_auth_token_next_file.as_deref(),
        )?;
        Ok(TwilioConfig {
            account_sid: self.twilio_account_sid.clone(),
            auth_token: token.ok_or(ConfigError::NoAuthToken)?,
            auth_token_next: next,
        })
    }
}

/// The database to move to. Reads the file that holds its URL.
pub fn move_to(url: Option<&SecretString>, file: Option<&Path>) -> Result<Database, ConfigError> {
    const SETTING: &str = "DUTYLINE_MOVE_TO";
    let url = known_database(SETTING, url, file)?;
    Ok(Database::from(&url.ok_or(ConfigError::UnknownDatabase { setting: SETTING })?))
}

/// The URL of a database, if one is given.
fn known_database(
    setting: &'static str,
    given: Option<&SecretString>,
    file: Option<&Path>,
) -> Result<Option<String>, ConfigError> {
    let Some(url) = secret(setting, given, file)? else { return Ok(None) };
    let url = url.expose_secret();
    let begins = |beginning: &str| url.strip_prefix(beginning).is_some_and(|rest| !rest.is_empty());
    let is_known = ["sqlite:", "postgres://", "postgresql://"].into_iter().any(begins);
    if is_known { Ok(Some(url.to_owned())) } else { Err(ConfigError::UnknownDatabase { setting }) }
}

/// A secret that is given itself or as a file, whose last line end does not count.
fn secret(
    setting: &'static str,
    given: Option<&SecretString>,
    file: Option<&Path>,
) -> Result<Option<SecretString>, ConfigError> {
    let secret = match (given, file) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err(ConfigError::Both { setting }),
        (Some(secret), None) => secret.clone(),
        (None, Some(file)) => read_secret(file).map_err(|source| ConfigError::Unreadable {
            setting,
            file: file.to_owned(),
            source,
        })?,
    };
    match file {
        _ if !secret.expose_secret().is_empty() => Ok(Some(secret)),
        Some(file) => Err(ConfigError::EmptyFile { setting, file: file.to_owned() }),
        None => Err(ConfigError::Empty { setting }),
    }
}

fn read_secret(file: &Path) -> io::Result<SecretString> {
    let text = std::fs::read_to_string(file)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(SecretString::from(line.strip_suffix('\r').unwrap_or(line)))
}

/// A loopback address, also one that came as IPv4 in IPv6.
fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .filter(|time| *time >= Duration::from_millis(1))
        .ok_or("give a number of seconds, like `3` or `0.5`")
}

fn network(text: &str) -> Result<IpNet, &'static str> {
    let address = || text.parse().ok().map(|address: IpAddr| IpNet::from(address));
    text.parse().ok().or_else(address).ok_or("give an address or a network, like `10.1.2.3` or `10.1.0.0/16`")
}

fn listen_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "give an IP address and a port, like `127.0.0.1:8080` or `[::]:8080`")
}

/// Only its beginning is looked at, which tells an account from a call, a number or a key. A wrong one would
/// turn away every call.
fn account_sid(text: &str) -> Result<AccountSid, &'static str> {
    let sid = text.parse().ok().filter(|_| text.starts_with("AC"));
    sid.ok_or(
        "an account's SID begins with `AC`; set `DUTYLINE_TWILIO_ACCOUNT_SID` to the one on the account's page at \
         Twilio, or leave it out",
    )
}

/// The account's secret goes there, so that it has to be encrypted unless it stays on this machine.
fn api_url(text: &str) -> Result<PublicUrl, &'static str> {
    let here = text.strip_prefix("http://").and_then(|address| address.parse::<SocketAddr>().ok());
    let is_safe = text.starts_with("https://") || here.is_some_and(|address| is_loopback(address.ip()));
    let url = text.parse().ok().filter(|_| is_safe);
    url.ok_or("give an `https` URL without a slash at its end, like `https://api.twilio.com`")
}

#[cfg(test)]
mod tests;

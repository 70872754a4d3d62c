//! What the operator sets: every setting is a flag and an environment variable, and each refusal names the
//! setting, its value (never a secret's) and the mend.

pub mod public_url;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::config::public_url::PublicUrl;
use crate::domain::ids::AccountSid;
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
        Ok(ServerConfig { listen, public_url })
    }

    /// What checks and makes signatures needs. Reads the token files.
    pub fn twilio(&self) -> Result<TwilioConfig, ConfigError> {
        let token = secret(
            "DUTYLINE_TWILIO_AUTH_TOKEN",
            self.twilio_auth_token.as_ref(),
            self.twilio_auth_token_file.as_deref(),
        )?;
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

#[cfg(test)]
mod tests {
    use clap::builder::Resettable;
    use clap::{Args as _, Command, FromArgMatches as _};
    use secrecy::ExposeSecret;

    use super::*;

    fn command() -> Command {
        Settings::augment_args(Command::new("dutyline"))
    }

    /// Parses flags alone: the environment of whoever runs the tests does not count.
    fn parse(flags: &[&str]) -> Result<Settings, String> {
        let command = command().mut_args(|arg| arg.env(Resettable::Reset)).no_binary_name(true);
        let matches = command.try_get_matches_from(flags).map_err(|error| error.to_string())?;
        Settings::from_arg_matches(&matches).map_err(|error| error.to_string())
    }

    fn settings(flags: &[&str]) -> Settings {
        parse(flags).expect("flags that parse")
    }

    #[test]
    fn every_setting_is_also_an_environment_variable() {
        for arg in command().get_arguments() {
            let expected = format!("DUTYLINE_{}", arg.get_id().as_str().to_uppercase());
            assert_eq!(arg.get_env().and_then(|name| name.to_str()), Some(expected.as_str()));
            let long = arg.get_id().as_str().replace('_', "-");
            assert_eq!(arg.get_long(), Some(long.as_str()));
            let is_secret = expected.contains("TOKEN") || expected.contains("DATABASE_URL");
            let secret = is_secret && !expected.ends_with("_FILE");
            assert_eq!(arg.is_hide_env_values_set(), secret, "{expected}");
        }
    }

    #[test]
    fn every_setting_is_in_the_operators_manual() {
        let manual = include_str!("../docs/operations.md");
        for arg in command().get_arguments() {
            let name = arg.get_env().and_then(|name| name.to_str()).expect("an environment variable");
            assert!(manual.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn the_database_is_a_file_in_the_data_folder_unless_named() {
        for (flags, url) in [
            (&[][..], "sqlite:dutyline-data/dutyline.db"),
            (&["--data", "/var/lib/dutyline"], "sqlite:/var/lib/dutyline/dutyline.db"),
            (&["--data", "/srv/50%?"], "sqlite:/srv/50%25%3F/dutyline.db"),
            (&["--database-url", "sqlite:///tmp/a.db?mode=ro"], "sqlite:///tmp/a.db?mode=ro"),
        ] {
            let got = settings(flags).database_url().expect("a URL");
            assert_eq!(got, url);
        }
    }

    #[test]
    fn another_database_is_refused() {
        for url in ["sqlite:", "mysql://me:pw@db/x", "postgres://", "/tmp/a.db"] {
            let refused = settings(&["--database-url", url]).database_url().expect_err(url).to_string();
            assert!(refused.contains("like `sqlite:/var/lib") && !refused.contains("pw"), "{refused}");
        }
    }

    #[test]
    fn the_database_to_move_to_is_given_itself_or_as_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("url");
        std::fs::write(&file, "postgres://me:pw@db/x\n").expect("written");
        let (url, odd) = (SecretString::from("sqlite:new.db"), SecretString::from("mysql://me:pw@db/x"));
        let moved = |url: Option<&SecretString>, file: Option<&Path>| {
            move_to(url, file).map(|database| database.url).map_err(|error| error.to_string())
        };
        assert_eq!(moved(Some(&url), None).as_deref(), Ok("sqlite:new.db"));
        assert_eq!(moved(None, Some(&file)).as_deref(), Ok("postgres://me:pw@db/x"));
        for (refused, why) in [
            (moved(Some(&url), Some(&file)), "both `DUTYLINE_MOVE_TO` and `DUTYLINE_MOVE_TO_FILE` are set"),
            (moved(Some(&odd), None), "`DUTYLINE_MOVE_TO` is not the URL of a database that we know"),
            (moved(None, None), "`DUTYLINE_MOVE_TO` is not the URL of a database that we know"),
        ] {
            let refused = refused.expect_err("refused");
            assert!(refused.starts_with(why) && !refused.contains("pw"), "{refused}");
        }
    }

    #[test]
    fn a_public_url_is_needed_where_others_can_reach_the_server() {
        for (flags, url) in [
            (&[][..], Some("http://127.0.0.1:8080")),
            (&["--listen", "[::1]:80"], Some("http://[::1]:80")),
            (&["--listen", "[::ffff:127.0.0.1]:80"], Some("http://[::ffff:127.0.0.1]:80")),
            (&["--listen", "0.0.0.0:80"], None),
            (&["--listen", "[::]:80"], None),
            (
                &["--listen", "0.0.0.0:80", "--public-url", "https://a.example/ivr"],
                Some("https://a.example/ivr"),
            ),
            (&["--public-url", "https://A.example:443"], Some("https://A.example:443")),
        ] {
            match (settings(flags).server(), url) {
                (Ok(server), Some(url)) => assert_eq!(server.public_url.as_str(), url),
                (Err(ConfigError::NoPublicUrl { .. }), None) => {}
                (got, _) => panic!("{flags:?}: {got:?}"),
            }
        }
    }

    #[test]
    fn an_address_has_a_port() {
        for address in ["", "8080", "127.0.0.1", "localhost:8080", "127.0.0.1:99999"] {
            let refused = parse(&["--listen", address]).expect_err(address);
            assert!(refused.contains(&format!("'{address}' for '--listen")), "{refused}");
            assert!(refused.contains("like `127.0.0.1:8080`"), "{refused}");
        }
    }

    #[test]
    fn an_account_is_told_from_everything_else_by_its_beginning() {
        let whole = format!("AC{:032x}", 0x12ab);
        for sid in ["AC1", &whole] {
            let given = settings(&["--twilio-account-sid", sid]).twilio_account_sid;
            assert_eq!(given.map(String::from).as_deref(), Some(sid));
        }
        for sid in ["", "zz", "ac1", "CA1", " AC1", "AC 1"] {
            let refused = parse(&["--twilio-account-sid", sid]).expect_err(sid);
            assert!(refused.contains(&format!("'{sid}' for '--twilio-account-sid")), "{refused}");
            assert!(refused.contains("set `DUTYLINE_TWILIO_ACCOUNT_SID` to the one on"), "{refused}");
        }
    }

    #[test]
    fn a_token_is_given_itself_or_as_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        for (content, token) in
            [("s3cret", "s3cret"), ("s3cret\n", "s3cret"), ("s3cret\r\n", "s3cret"), (" a\n\n", " a\n")]
        {
            let file = folder.path().join("token");
            std::fs::write(&file, content).expect("written");
            let file = file.to_str().expect("UTF-8");
            let twilio = settings(&["--twilio-auth-token", "first", "--twilio-auth-token-next-file", file])
                .twilio()
                .expect("tokens");
            assert_eq!(twilio.auth_token.expose_secret(), "first");
            assert_eq!(twilio.auth_token_next.as_ref().map(ExposeSecret::expose_secret), Some(token));
        }
    }

    #[test]
    fn a_token_that_cannot_be_used_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let absent = folder.path().join("absent").to_str().expect("UTF-8").to_owned();
        let empty = folder.path().join("empty").to_str().expect("UTF-8").to_owned();
        std::fs::write(&empty, "\n").expect("written");
        for (flags, refusal) in [
            (
                vec!["--twilio-auth-token-file", &empty],
                "which `DUTYLINE_TWILIO_AUTH_TOKEN_FILE` names, is empty",
            ),
            (vec![], "no auth token; set `DUTYLINE_TWILIO_AUTH_TOKEN`"),
            (vec!["--twilio-auth-token-next", "s3cret"], "no auth token; set `DUTYLINE_TWILIO_AUTH_TOKEN`"),
            (vec!["--twilio-auth-token", ""], "`DUTYLINE_TWILIO_AUTH_TOKEN` is empty"),
            (
                vec!["--twilio-auth-token", "s3cret", "--twilio-auth-token-file", &absent],
                "both `DUTYLINE_TWILIO_AUTH_TOKEN` and `DUTYLINE_TWILIO_AUTH_TOKEN_FILE` are set",
            ),
            (vec!["--twilio-auth-token-file", &absent], "which `DUTYLINE_TWILIO_AUTH_TOKEN_FILE` names"),
            (
                vec!["--twilio-auth-token", "s3cret", "--twilio-auth-token-next-file", &absent],
                "which `DUTYLINE_TWILIO_AUTH_TOKEN_NEXT_FILE` names",
            ),
        ] {
            let refused = settings(&flags).twilio().expect_err("refused").to_string();
            assert!(refused.contains(refusal) && !refused.contains("s3cret"), "{refused}");
        }
    }

    #[test]
    fn a_secret_is_never_printed() {
        let settings = settings(&["--twilio-auth-token", "s3cret", "--twilio-auth-token-next", "s3cret"]);
        let printed = format!("{settings:?} {:?}", settings.twilio());
        assert!(!printed.contains("s3cret"), "{printed}");
    }
}

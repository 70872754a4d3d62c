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
    let manual = include_str!("../../docs/operations.md");
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
        (&["--listen", "0.0.0.0:80", "--public-url", "https://a.example/ivr"], Some("https://a.example/ivr")),
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
        (vec!["--twilio-auth-token-file", &empty], "which `DUTYLINE_TWILIO_AUTH_TOKEN_FILE` names, is empty"),
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

#[test]
fn the_accounts_secret_is_sent_nowhere_unencrypted() {
    for (url, is_taken) in [
        ("https://api.twilio.com", true),
        ("https://example.signalwire.com/api/laml", true),
        ("http://127.0.0.1:8080", true),
        ("http://[::1]:8080", true),
        ("http://api.twilio.com", false),
        ("http://10.0.0.1:8080", false),
        ("http://127.0.0.1:8080@example.com", false),
        ("https://api.twilio.com/", false),
        ("https://me:pw@api.twilio.com", false),
        ("api.twilio.com", false),
    ] {
        assert_eq!(parse(&["--twilio-api-url", url]).is_ok(), is_taken, "{url}");
    }
}

#[test]
fn calls_need_an_account_and_its_token() {
    let account = "AC0123456789abcdef0123456789abcdef";
    let calls = |flags: &[&str]| settings(flags).calls().expect("they can be read");
    assert!(calls(&[]).is_none());
    assert!(calls(&["--twilio-account-sid", account]).is_none());
    assert!(calls(&["--twilio-auth-token", "s3cret"]).is_none());
    let whole = calls(&["--twilio-account-sid", account, "--twilio-auth-token", "s3cret"]).expect("both");
    assert_eq!((whole.account_sid.as_str(), whole.api_url.as_str()), (account, "https://api.twilio.com"));
    assert_eq!(whole.auth_token.expose_secret(), "s3cret");
}

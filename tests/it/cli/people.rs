//! Users, numbers and presence from the command line: what is written where, and the exit codes.

use std::ffi::OsStr;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A data folder with a migrated database.
struct Shell(TempDir);

/// What a command wrote, and its exit code.
struct Outcome {
    stdout: String,
    stderr: String,
    code: Option<i32>,
}

impl Shell {
    fn new() -> Self {
        let shell = Self(tempfile::tempdir().expect("a folder"));
        shell.does("migrate");
        shell
    }

    fn run(&self, words: &str, stdin: &str) -> Outcome {
        let words: Vec<String> = words.split(' ').map(|word| word.replace('_', " ")).collect();
        self.run_words(&words, stdin)
    }

    fn run_words<S: AsRef<OsStr>>(&self, words: &[S], stdin: &str) -> Outcome {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dutyline"))
            .args(words)
            .env_clear()
            .env("DUTYLINE_DATA", self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let written = child.stdin.take().expect("a pipe").write_all(stdin.as_bytes());
        // A command that reads nothing may be gone by then.
        drop(written);
        let output = child.wait_with_output().expect("it ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Outcome { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code() }
    }

    /// Runs a command that is to be done; what it wrote to stdout.
    fn does(&self, words: &str) -> String {
        let outcome = self.run(words, "");
        assert_eq!(outcome.code, Some(0), "{words}: {}", outcome.stderr);
        outcome.stdout
    }

    fn reads(&self, words: &str) -> Value {
        serde_json::from_str(&self.does(words)).expect("JSON")
    }
}

#[test]
fn a_list_of_users_has_the_fields_that_scripts_rely_on() {
    let shell = Shell::new();
    shell.does("user add ada --name Ada_Agent --zone America/Toronto --pstn +15062345678");
    let users = shell.reads("user list --json");
    let fields: Vec<&str> = users[0].as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(fields, ["active", "extensions", "language", "login", "name", "zone"]);
    assert_eq!(users[0]["zone"], "America/Toronto");
    assert_eq!(users[0]["extensions"][0]["number"], "+15062345678");
    insta::assert_snapshot!(shell.does("user list"), @r"
    LOGIN  NAME       ZONE             LANGUAGE  ACTIVE  EXTENSIONS
    ada    Ada Agent  America/Toronto  -         yes     +1 506-234-5678
    ");
}

#[test]
fn a_refusal_names_the_mend_on_stderr_and_exits_with_1() {
    let shell = Shell::new();
    shell.does("user add ada --name Ada --pstn +15062345678");
    for (words, why) in [
        ("user show adda", "error: no user `adda`; did you mean `ada`?\n"),
        (
            "user add bob --name Bob --pstn 506-234-5678",
            "error: number_in_use: +15062345678 is an extension of user `ada`; remove it there first\n",
        ),
        (
            "user ext remove ada 2",
            "error: user `ada` has no extension 2; `dutyline user ext list ada` shows those there are\n",
        ),
        (
            "mapping add Duty_line --contact-point +15065550100 --flow lunch",
            "error: flow `lunch` has no published version at all; see `dutyline flow list`\n",
        ),
        (
            "presence set --all-online offline",
            "error: this changes 0 users, and nobody is here to ask; pass `--yes`\n",
        ),
        ("tenant show othr", "error: no tenant `othr`; `dutyline tenant list` shows those there are\n"),
    ] {
        let outcome = shell.run(words, "");
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), why), "{words}");
        assert_eq!(outcome.stdout, "", "{words}");
    }
}

#[test]
fn what_cannot_be_meant_is_usage_and_exits_with_2() {
    let shell = Shell::new();
    for words in [
        "user add Ada --name Ada",
        "user add ada --name Ada --zone Mars/Phobos",
        "presence set ada online",
        "presence set ada online --hours 169",
        "presence set ada hold",
        "presence set online --hours 1",
        "mapping add Duty_line --flow timed-presence",
        "mapping add Duty_line --customer 1 --contact-point 2 --flow timed-presence",
        "tenant set default --region Atlantis",
    ] {
        assert_eq!(shell.run(words, "").code, Some(2), "{words}");
    }
}

#[test]
fn a_database_that_is_not_there_or_is_none_is_named_with_the_mend() {
    let shell = Shell(tempfile::tempdir().expect("a folder"));
    let file = shell.0.path().join("dutyline.db");
    let absent = shell.run("user list", "");
    assert_eq!(
        (absent.code, absent.stderr),
        (
            Some(1),
            format!(
                "error: there is no database `{}`; `dutyline migrate` makes it, and `DUTYLINE_DATA` or \
                 `DUTYLINE_DATABASE_URL` says where it is\n",
                file.display()
            )
        )
    );
    assert!(!file.exists());
    std::fs::write(&file, "a letter, and no database").expect("written");
    for words in ["user list", "migrate"] {
        let damaged = shell.run(words, "");
        assert_eq!(damaged.code, Some(1), "{words}");
        assert!(damaged.stderr.contains("restore a backup"), "{words}: {}", damaged.stderr);
    }
}

#[test]
fn a_database_in_a_folder_that_is_missing_is_named_with_the_mend() {
    let shell = Shell(tempfile::tempdir().expect("a folder"));
    let url = format!("sqlite:{}", shell.0.path().join("missing/n.db").display());
    let unopened = shell.run_words(&["migrate", "--database-url", &url], "");
    let named = format!("error: cannot open the database `{url}`: its file cannot be opened (");
    assert_eq!(unopened.code, Some(1));
    assert!(unopened.stderr.starts_with(&named), "{}", unopened.stderr);
    let mend = "; make its folder and let this user write there, or name another place with `DUTYLINE_DATA` or \
        `DUTYLINE_DATABASE_URL`\n";
    assert!(unopened.stderr.ends_with(mend), "{}", unopened.stderr);
}

#[test]
fn presence_is_set_and_shown() {
    let shell = Shell::new();
    shell.does("user add ada --name Ada --pstn +15062345678");
    shell.does("user add bob --name Bob --pstn +15062345679");
    shell.does("presence set ada online --hours 8");
    let shown = shell.reads("presence show ada --json");
    assert_eq!((&shown["state"], &shown["generation"]), (&Value::from("online"), &Value::from(1)));
    assert_eq!(shell.reads("presence list --json").as_array().map(Vec::len), Some(2));
    let timers = shell.reads("timer list --json");
    assert_eq!(timers[0]["due_at"], shown["until"]);
    let fields: Vec<&str> = timers[0].as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(fields, ["cause", "due_at", "generation", "id", "kind", "state", "user"]);
    let why = shell.does("timer why ada");
    assert!(why.contains("by admin:cli, reason logged_in."), "{why}");
    let id = timers[0]["id"].as_str().expect("an id");
    let by_id = shell.run_words(&["timer", "why", id], "");
    assert_eq!(by_id.stdout.lines().next_back(), why.lines().next_back(), "{}", by_id.stderr);
    assert_eq!(
        shell.run("presence set --all-online offline --dry-run", "").stderr,
        "would change 1 user\n  ada\n"
    );
    shell.does("presence set --all-online offline --yes");
    assert_eq!(shell.reads("presence history ada --json").as_array().map(Vec::len), Some(2));
    assert_eq!(shell.reads("timer list --json"), Value::Array(Vec::new()));
}

#[test]
fn a_pin_is_read_from_stdin() {
    let shell = Shell::new();
    let added = shell.run("user add ada --name Ada --pin-stdin", "1234\r\n");
    assert_eq!(added.code, Some(0), "{}", added.stderr);
    assert_eq!(shell.reads("user show ada --json")["has_pin"], true);
    let short = shell.run("user set ada --pin-stdin", "12\n");
    assert_eq!(
        (short.code, short.stderr.as_str()),
        (Some(1), "error: pin: `***`: a PIN is 4 to 12 digits\n")
    );
    shell.does("user set ada --no-pin");
    assert_eq!(shell.reads("user show ada --json")["has_pin"], false);
}

#[test]
fn users_are_imported_from_stdin_and_faults_are_told_by_line() {
    let shell = Shell::new();
    let good = shell.run("user import -", "login,name\nada,Ada\n");
    assert_eq!((good.code, good.stderr.as_str()), (Some(0), "1 added, 0 changed, 0 as they were\n"));
    let bad = shell.run("user import -", "login,name,pstn\nbob,Bob,12\n");
    assert_eq!(bad.code, Some(1));
    insta::assert_snapshot!(bad.stderr, @r"
    -: line 2, pstn: `12`: Phone number should be in E.164 format, like `+15062345678`.
    error: nothing is imported; mend the rows, or leave them out with `--skip-faulty`
    ");
    insta::assert_snapshot!(shell.does("user export"), @r"
    login,name,zone,language,agent_code,skills,pstn,ext,description,active
    ada,Ada,,,,,,,,true
    ");
}

#[test]
fn users_have_skills_and_are_listed_by_them() {
    let shell = Shell::new();
    shell.does("user add ada --name Ada --skills billing,french");
    shell.does("user add bob --name Bob");
    let skills = |login: &str| shell.reads(&format!("user show {login} --json"))["skills"].clone();
    assert_eq!((skills("ada"), skills("bob")), (json!(["billing", "french"]), json!([])));
    let with = |skill: &str| shell.reads(&format!("user list --json --skill {skill}"));
    assert_eq!((&with("french")[0]["login"], with("spanish")), (&json!("ada"), json!([])));
    assert!(shell.does("user show ada").contains("billing, french"));
    shell.does("user set bob --skills french");
    shell.does("user set ada --skills=");
    assert_eq!((skills("ada"), skills("bob")), (json!([]), json!(["french"])));
    let refused = shell.run("user set bob --skills French", "");
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("`French` is not 1 to 64 of a-z"), "{}", refused.stderr);
}

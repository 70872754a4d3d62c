//! `dutyline migrate`, and what commands say of a database that does not fit.

use std::fs;

use dutyline::store::{Fit, Store};

use super::Shell;
use crate::harness::database::{ask, is_postgres};
use crate::harness::future::{contract, expand};

const DOCTOR: &str = "doctor --offline";

/// Commands and what they say, whatever is the version that this binary knows.
fn session(shell: &Shell, known: i64, commands: &[&str]) -> String {
    let said = commands.iter().map(|command| {
        let said = shell.run(&command.split(' ').collect::<Vec<_>>());
        // The doctor's other findings are about other things.
        let lines = said.lines().skip_while(|line| *command == DOCTOR && !line.contains("schema")).take(2);
        format!("$ {command}\n{}\n", lines.collect::<Vec<_>>().join("\n"))
    });
    let said = said.collect::<String>();
    said.replace(&format!(" {known},"), " K,").replace(&format!(" {known}:"), " K:")
}

#[tokio::test]
async fn commands_work_with_a_neighbours_database_and_refuse_what_they_do_not_understand() {
    let shell = Shell::new();
    let current = Store::check(&shell.url()).await.expect("a database");
    let Fit::Current { version } = current else { panic!("{current}") };
    insta::assert_snapshot!(session(&shell, version, &["migrate --check"]), @r"
    $ migrate --check
    [0]
    stderr: the schema is current
    ");

    expand(&shell.url()).await;
    let commands = ["migrate --check", "migrate", "user add ada --name Ada --pstn +15062345678", DOCTOR];
    insta::assert_snapshot!(session(&shell, version, &commands), @r"
    $ migrate --check
    [0]
    stderr: the schema is at version 9000; this binary knows K, and works with it still
    $ migrate
    [0]
    stderr: the schema is at version 9000; this binary knows K, and works with it still
    $ user add ada --name Ada --pstn +15062345678
    [0]
    stderr: added user `ada`
    $ doctor --offline
    warn  schema: the schema is at version 9000; this binary knows K, and works with it still
          mend: upgrade this dutyline as well
    ");

    contract(&shell.url()).await;
    insta::assert_snapshot!(session(&shell, version, &["migrate --check", "user list", DOCTOR]), @r"
    $ migrate --check
    [1]
    stderr: error: the database's schema is at version 9001, for binaries that know 9000 or newer, and this one knows K: use a newer dutyline
    $ user list
    [1]
    stderr: error: the database's schema is at version 9001, for binaries that know 9000 or newer, and this one knows K: use a newer dutyline
    $ doctor --offline
    fail  database: the database's schema is at version 9001, for binaries that know 9000 or newer, and this one knows K: use a newer dutyline
    ");
    let migrate = session(&shell, version, &["migrate"]);
    assert!(migrate.ends_with("and this one knows K: use a newer dutyline\n"), "{migrate}");
}

#[tokio::test]
async fn a_check_makes_nothing_and_changes_nothing() {
    let shell = Shell::unfurnished();
    let older = "is wanted: run `dutyline migrate`";
    if is_postgres() {
        let said = shell.run(&["migrate", "--check"]);
        assert!(said.starts_with("[1]\n") && said.ends_with(older), "{said}");
        let tables = "select cast(count(*) as text) from pg_tables where schemaname = 'public'";
        assert_eq!(ask(&shell.url(), tables).await, "0");
        return;
    }
    let absent = shell.run(&["migrate", "--check"]);
    assert!(absent.starts_with("[1]\nstderr: error: there is no database"), "{absent}");
    assert!(!shell.path().join("dutyline-data").exists());
    shell.write("dutyline-data/dutyline.db", "");
    let empty = shell.run(&["migrate", "--check"]);
    assert!(empty.starts_with("[1]\n") && empty.ends_with(older), "{empty}");
    let files = fs::read_dir(shell.path().join("dutyline-data")).expect("readable");
    let lengths: Vec<u64> =
        files.map(|file| file.and_then(|file| file.metadata()).expect("a file").len()).collect();
    assert_eq!(lengths, [0]);
}

#[test]
fn a_server_that_cannot_be_reached_is_told_with_the_mend() {
    let shell = Shell::unfurnished();
    let url = "postgres://nobody@127.0.0.1:1/nothing";
    insta::assert_snapshot!(shell.run(&["migrate", "--check", "--database-url", url]), @r"
    [1]
    stderr: error: the database server cannot be reached (error communicating with database: Connection refused (os error 111)); see that it runs and lets this user in, or name another one with `DUTYLINE_DATABASE_URL`
    ");
    assert!(!shell.path().join("dutyline-data").exists());
}

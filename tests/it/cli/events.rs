//! The log on the command line.

use insta::assert_snapshot;

use super::Shell;

#[test]
fn events_are_shown_by_type_and_by_what_they_are_about() {
    let shell = Shell::new();
    for login in ["ada", "bob"] {
        shell.run(&["user", "add", login, "--name", login]);
    }
    shell.run(&["user", "set", "ada", "--name", "Ada Agent"]);
    let told = |wanted: &[&str]| -> Vec<String> {
        let told = shell.run(&[&["event", "tail", "--json"], wanted].concat());
        let lines = told.lines().filter(|line| line.starts_with('{'));
        let events = lines.map(|line| serde_json::from_str::<serde_json::Value>(line).expect("an event"));
        events.map(|event| format!("{} {}", event["type"], event["subject"]).replace('"', "")).collect()
    };
    assert_eq!(
        told(&["--type", "user.*"]),
        ["user.added user:ada", "user.added user:bob", "user.changed user:ada"]
    );
    assert_eq!(told(&["--type", "user.changed,call.*", "--subject", "user:*"]), ["user.changed user:ada"]);
    assert_eq!(told(&["--subject", "user:bob", "--limit", "1", "--after", "0"]), ["user.added user:bob"]);
    assert_snapshot!(shell.run(&["event", "tail", "--type", "user.chang"]), @r"
    [2]
    stderr: error: invalid value 'user.chang' for '--type <TYPES>': `user.chang` is not a type of event like `presence.online`, or the beginning of some and `*`
    stderr:
    stderr: For more information, try '--help'.
    ");
}

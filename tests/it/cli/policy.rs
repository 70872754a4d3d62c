//! `dutyline policy`, and what users choose by it.

use insta::assert_snapshot;

use super::Shell;

const POLICY: &str = r#"
[dial_command]
to = "+15065550160"
from = "+15065550100"

[[labels]]
text = "Quiet"
code = "dnd"
reason_code = "*61"
sink = "dial_command"

[[labels]]
text = "Lunch"
code = 3

[[reason_lists]]
name = "office"
labels = ["Lunch"]

[[reason_lists]]
name = "all"
labels = ["Quiet", "Lunch"]
"#;

#[test]
fn a_policy_is_set_and_users_choose_by_it() {
    let shell = Shell::new();
    shell.run(&["user", "add", "ada", "--name", "Ada"]);
    shell.write("policy.toml", POLICY);
    assert_snapshot!(shell.run(&["policy", "set", "policy.toml"]), @r"
    [0]
    stderr: tenant `default` has this policy from now on
    ");
    assert_snapshot!(shell.run(&["policy", "reasons"]), @r"
    [0]
    LIST    REASONS
    office  Lunch
    all     Quiet, Lunch
    system  logged_in, logged_out, expired, no_extension, admin
    ");
    assert_snapshot!(shell.run(&["availability", "say", "ada", "--label", "Quiet"]), @r"
    [1]
    stderr: error: label: `Quiet`: user `ada` chooses from `Lunch`
    ");
    assert_snapshot!(shell.run(&["status", "set", "ada", "--reason-list", "all"]), @r"
    [0]
    stderr: changed the settings of user `ada`
    ");
    assert_snapshot!(shell.run(&["status", "reasons", "ada"]), @r"
    [0]
    LABEL  CODE  REASON CODE  SINK
    Quiet  dnd   *61          dial_command
    Lunch  away  -            none
    ");
    // What `policy show` writes is a policy.
    let shown = shell.run(&["policy", "show"]);
    shell.write("shown.toml", shown.strip_prefix("[0]").expect("shown"));
    assert!(shell.run(&["policy", "set", "shown.toml"]).starts_with("[0]"), "{shown}");
    assert_eq!(shell.run(&["policy", "show"]), shown);
}

#[test]
fn what_cannot_be_dialled_is_refused_with_its_field() {
    let shell = Shell::new();
    shell.write("policy.toml", &POLICY.replace("*61", "Q"));
    assert_snapshot!(shell.run(&["policy", "set", "policy.toml"]), @r"
    [1]
    stderr: error: labels.reason_code: `Quiet`: its sink is `dial_command`; give it a code that can be dialled: 1 to 32 of 0-9, `*`, `#` and `w`
    ");
}

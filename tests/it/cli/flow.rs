//! `dutyline flow`.

use insta::assert_snapshot;

use super::{Shell, shipped};

/// A flow of one menu.
pub(super) const DUTY: &str = "[flow]\nname = 'duty'\nkind = 'customer'\nstart = 'ask'\n\n\
    [node.ask.timed_presence]\npresets = [8]\nnext = 'bye'\n\n[node.bye.exit]\n";

#[test]
fn the_shipped_flows_and_their_tests_are_in_order() {
    let shell = Shell::new();
    for file in ["timed-presence.toml", "timed-presence.test.toml", "front-desk.toml", "front-desk.test.toml"]
    {
        shell.write(file, &shipped(&format!("flows/{file}")));
    }
    assert_snapshot!(shell.run(&["flow", "check", "."]), @r"
    [0]
    stderr: checked 2 flows, played 22 calls: 0 errors
    ");
}

#[test]
fn a_check_shows_every_error_and_every_test_that_fails() {
    let shell = Shell::new();
    shell.write("bad/duty.toml", &DUTY.replace("'bye'", "'by'").replace("[8]", "[800]"));
    shell.write("good/duty.toml", DUTY);
    shell.write(
        "good/duty.test.toml",
        "flow = 'duty'\n\n[[call]]\nname  = 'one key'\nsteps = [{ presses = '1' }, { hears = 'good night' }]\n",
    );
    assert_snapshot!(shell.run(&["flow", "check", "bad"]), @r"
    [1]
    error: `800` is not a whole number from 1 to 168
     --> bad/duty.toml:7:12
      |
    7 | presets = [800]
      |            ^^^

    error: unknown node `by`
     --> bad/duty.toml:8:8
      |
    8 | next = 'by'
      |        ^^^^
      |
      = help: did you mean `bye`?

    stderr: checked 1 flow, played 0 calls: 2 errors
    ");
    assert_snapshot!(shell.run(&["flow", "check", "good/duty.toml"]), @r"
    [1]
    error: call `one key`: `good night` is not heard
     --> good/duty.test.toml:5:29
      |
    5 | steps = [{ presses = '1' }, { hears = 'good night' }]
      |                             ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: heard: You are now online and available for calls until Monday, 5 PM, UTC.

    stderr: checked 1 flow, played 1 call: 1 error
    ");
    assert_snapshot!(shell.run(&["flow", "check", "none.toml"]), @r"
    [1]
    stderr: error: cannot read `none.toml`: No such file or directory (os error 2)
    ");
    assert_snapshot!(shell.run(&["flow", "check"]).lines().next().unwrap_or_default(), @"[2]");
}

#[test]
fn a_check_tells_scripts_the_file_and_place_of_each_issue() {
    let shell = Shell::new();
    shell.write("bad/duty.toml", &DUTY.replace("'bye'", "'by'"));
    shell.write(
        "bad/desk.toml",
        "[flow]\nname = 'desk'\nkind = 'customer'\nstart = 'run'\n\n\
         [node.run.subflow]\nflow = 'night'\nnext = 'bye'\n\n[node.bye.exit]\n",
    );
    assert_snapshot!(shell.run(&["flow", "check", "--json", "bad"]), @r#"
    [1]
    {
      "flows": 2,
      "calls": 0,
      "errors": 1,
      "issues": [
        {
          "file": "bad/desk.toml",
          "line": null,
          "column": null,
          "severity": "warning",
          "message": "not in this folder: flow `desk`, node `run`: unknown flow `night`; publish it first",
          "hint": null
        },
        {
          "file": "bad/duty.toml",
          "line": 8,
          "column": 8,
          "severity": "error",
          "message": "unknown node `by`",
          "hint": "did you mean `bye`?"
        }
      ]
    }
    "#);
    shell.write("good/duty.toml", DUTY);
    assert_snapshot!(shell.run(&["flow", "check", "--json", "good"]), @r#"
    [0]
    {
      "flows": 1,
      "calls": 0,
      "errors": 0,
      "issues": []
    }
    "#);
}

#[test]
fn a_flow_is_published_listed_shown_and_compared() {
    let shell = Shell::new();
    shell.write("duty.toml", DUTY);
    assert_snapshot!(shell.run(&["flow", "publish", "duty.toml"]), @r"
    [0]
    duty version 1 published
    ");
    assert_snapshot!(shell.run(&["flow", "publish", "duty.toml"]), @r"
    [0]
    duty version 1 is this file already
    ");
    shell.write("duty.toml", &DUTY.replace("[8]", "[8, 24]"));
    assert_snapshot!(shell.run(&["flow", "publish", "duty.toml"]), @r"
    [0]
    duty version 2 published
    ");
    assert_snapshot!(shell.run(&["flow", "publish", "--draft", "duty.toml"]), @r"
    [0]
    duty version 3 kept as a draft
    ");
    assert_snapshot!(shell.run(&["flow", "list"]), @r"
    [0]
    NAME  VERSION  STATE
    duty  1        published
    duty  2        published
    duty  3        draft
    ");
    assert_snapshot!(shell.run(&["flow", "list", "--json"]), @r#"
    [0]
    [
      {
        "name": "duty",
        "version": 1,
        "state": "published"
      },
      {
        "name": "duty",
        "version": 2,
        "state": "published"
      },
      {
        "name": "duty",
        "version": 3,
        "state": "draft"
      }
    ]
    "#);
    assert_eq!(shell.run(&["flow", "show", "duty", "--version", "1"]), format!("[0]\n{}", DUTY.trim_end()));
    assert_snapshot!(shell.run(&["flow", "diff", "duty"]), @r"
    [0]
    --- duty version 1
    +++ duty version 2
    @@ -4,7 +4,7 @@
     start = 'ask'

     [node.ask.timed_presence]
    -presets = [8]
    +presets = [8, 24]
     next = 'bye'

     [node.bye.exit]
    ");
    assert_snapshot!(shell.run(&["flow", "diff", "duty", "duty.toml"]), @r"
    [0]
    stderr: no difference between duty version 2 and duty.toml
    ");
    assert_snapshot!(shell.run(&["flow", "diff", "duty", "--json"]), @r#"
    [0]
    {
      "old": "duty version 1",
      "new": "duty version 2",
      "diff": "--- duty version 1\n+++ duty version 2\n@@ -4,7 +4,7 @@\n start = 'ask'\n \n [node.ask.timed_presence]\n-presets = [8]\n+presets = [8, 24]\n next = 'bye'\n \n [node.bye.exit]\n"
    }
    "#);
    assert_snapshot!(shell.run(&["flow", "diff", "duty", "duty.toml", "--json"]), @r#"
    [0]
    {
      "old": "duty version 2",
      "new": "duty.toml",
      "diff": ""
    }
    "#);
    assert_snapshot!(shell.run(&["flow", "show", "night"]), @r"
    [1]
    stderr: error: no version of the flow `night`; `dutyline flow list` shows those there are
    ");
}

#[test]
fn what_cannot_run_is_not_published() {
    let shell = Shell::new();
    shell.write("bad.toml", &DUTY.replace("'bye'", "'by'"));
    shell.write("desk.toml", &DUTY.replace("presets = [8]", "prompts.welcome = 'hello'"));
    assert_snapshot!(shell.run(&["flow", "publish", "bad.toml"]), @r"
    [1]
    stderr: error: the flow has errors
    stderr:
    stderr: error: unknown node `by`
    stderr:  --> bad.toml:8:8
    stderr:   |
    stderr: 8 | next = 'by'
    stderr:   |        ^^^^
    stderr:   |
    stderr:   = help: did you mean `bye`?
    ");
    assert_snapshot!(shell.run(&["flow", "publish", "desk.toml"]), @r"
    [1]
    stderr: error: flow `duty`, node `ask`: there is no prompt `hello`: add it, or name another
    ");
    assert_eq!(shell.run(&["flow", "list", "--json"]), "[0]\n[]");
}

#[test]
fn the_schema_is_the_shipped_one() {
    let schema = shipped("flows/flow.schema.json");
    assert_eq!(Shell::new().run(&["flow", "schema"]), format!("[0]\n{}", schema.trim_end()));
}

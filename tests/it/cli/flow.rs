//! `dutyline flow`.

use insta::assert_snapshot;

use super::{Shell, shipped};

const DUTY: &str = "[flow]\nname = 'duty'\nkind = 'customer'\nstart = 'ask'\n\n\
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
fn a_simulation_shows_words_documents_decisions_and_the_timer() {
    let shell = Shell::new();
    shell.write("duty.toml", DUTY);
    let call = ["flow", "simulate", "duty.toml", "--from", "+15062345678", "--zone", "America/Toronto"];
    let at = |at: &'static str, keys: &'static str| {
        shell.run(&[&call[..], &["--at", at, "--keys", keys]].concat())
    };
    assert_snapshot!(at("2026-03-08T01:30", "-,9,08#"), @r##"
    [0]
    2026-03-08 01:30 America/Toronto: +15062345678 calls +15065550100

    the call comes in
      says (en-US): Welcome to the duty line. To go online for 8 hours, press 1. To enter a custom number of hours, press 9. To go offline, press 0.
      asks for 1 key; waits 5 s
        <?xml version="1.0" encoding="UTF-8"?>
        <Response>
          <Gather input="dtmf" action="https://ivr.example.com/voice/twilio/turn/call_00000000000000000000000000000000/1" method="POST" numDigits="1" timeout="5" finishOnKey="" actionOnEmptyResult="false">
            <Say language="en-US">Welcome to the duty line. To go online for 8 hours, press 1. To enter a custom number of hours, press 9. To go offline, press 0.</Say>
          </Gather>
          <Redirect method="POST">https://ivr.example.com/voice/twilio/turn/call_00000000000000000000000000000000/1</Redirect>
        </Response>

    you press nothing for 5 s
      decided: silence
      says (en-US): To go online for 8 hours, press 1. To enter a custom number of hours, press 9. To go offline, press 0.
      asks for 1 key; waits 5 s
        <?xml version="1.0" encoding="UTF-8"?>
        <Response>
          <Gather input="dtmf" action="https://ivr.example.com/voice/twilio/turn/call_00000000000000000000000000000000/2" method="POST" numDigits="1" timeout="5" finishOnKey="" actionOnEmptyResult="false">
            <Say language="en-US">To go online for 8 hours, press 1. To enter a custom number of hours, press 9. To go offline, press 0.</Say>
          </Gather>
          <Redirect method="POST">https://ivr.example.com/voice/twilio/turn/call_00000000000000000000000000000000/2</Redirect>
        </Response>

    you press 9
      says (en-US): Please enter the number of hours that you want to be online for, using up to two digits. The most is 99 hours. To go offline, press 0. To go back, press star.
      asks for up to 2 keys, # ends them; waits 5 s
        <?xml version="1.0" encoding="UTF-8"?>
        <Response>
          <Gather input="dtmf" action="https://ivr.example.com/voice/twilio/turn/call_00000000000000000000000000000000/3" method="POST" numDigits="2" timeout="5" finishOnKey="#" actionOnEmptyResult="false">
            <Say language="en-US">Please enter the number of hours that you want to be online for, using up to two digits. The most is 99 hours. To go offline, press 0. To go back, press star.</Say>
          </Gather>
          <Redirect method="POST">https://ivr.example.com/voice/twilio/turn/call_00000000000000000000000000000000/3</Redirect>
        </Response>

    you press 08
      decided: online for 8 h, until 2026-03-08T14:30:05+00:00
      says (en-US): You are now online and available for calls until Sunday, 10:30 AM, Toronto time.
      the line hangs up
        <?xml version="1.0" encoding="UTF-8"?>
        <Response>
          <Say language="en-US">You are now online and available for calls until Sunday, 10:30 AM, Toronto time.</Say>
          <Hangup/>
        </Response>

    timer: off duty at 2026-03-08 10:30 America/Toronto, 2026-03-08T14:30:05+00:00
    "##);
    let night = at("2026-03-08T01:30", "1");
    assert!(
        night.ends_with("timer: off duty at 2026-03-08 10:30 America/Toronto, 2026-03-08T14:30:00+00:00"),
        "{night}"
    );
    assert_snapshot!(at("noon", "1"), @r"
    [1]
    stderr: error: `noon` is not a local time like `2026-03-08T01:30`
    ");
}

#[test]
fn a_simulation_tells_scripts_every_turn() {
    let shell = Shell::new();
    shell.write("duty.toml", DUTY);
    let call = ["flow", "simulate", "duty.toml", "--from", "+15062345678", "--at", "2026-01-05T12:00"];
    let told = shell.run(&[&call[..], &["--keys", "1", "--json"]].concat());
    assert_snapshot!(told, @r#"
    [0]
    {
      "at": "2026-01-05T12:00:00Z",
      "from": "+15062345678",
      "to": "+15065550100",
      "turns": [
        {
          "turn": 0,
          "at": "2026-01-05T12:00:00Z",
          "pressed": "started",
          "decided": [],
          "heard": [
            {
              "say": {
                "text": "Welcome to the duty line. To go online for 8 hours, press 1. To enter a custom number of hours, press 9. To go offline, press 0.",
                "language": "en-US"
              }
            }
          ],
          "then": {
            "gather": {
              "prompt": [
                {
                  "say": {
                    "text": "Welcome to the duty line. To go online for 8 hours, press 1. To enter a custom number of hours, press 9. To go offline, press 0.",
                    "language": "en-US"
                  }
                }
              ],
              "max_digits": 1,
              "hash_finishes": false,
              "timeout_s": 5
            }
          },
          "twiml": "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n  <Gather input=\"dtmf\" action=\"https://ivr.example.com/voice/twilio/turn/call_00000000000000000000000000000000/1\" method=\"POST\" numDigits=\"1\" timeout=\"5\" finishOnKey=\"\" actionOnEmptyResult=\"false\">\n    <Say language=\"en-US\">Welcome to the duty line. To go online for 8 hours, press 1. To enter a custom number of hours, press 9. To go offline, press 0.</Say>\n  </Gather>\n  <Redirect method=\"POST\">https://ivr.example.com/voice/twilio/turn/call_00000000000000000000000000000000/1</Redirect>\n</Response>"
        },
        {
          "turn": 1,
          "at": "2026-01-05T12:00:00Z",
          "pressed": "1",
          "decided": [
            "online for 8 h, until 2026-01-05T20:00:00+00:00"
          ],
          "heard": [
            {
              "say": {
                "text": "You are now online and available for calls until Monday, 8 PM, UTC.",
                "language": "en-US"
              }
            }
          ],
          "then": "hang_up",
          "twiml": "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n  <Say language=\"en-US\">You are now online and available for calls until Monday, 8 PM, UTC.</Say>\n  <Hangup/>\n</Response>"
        }
      ],
      "until": "2026-01-05T20:00:00Z"
    }
    "#);
}

#[test]
fn a_simulated_caller_with_a_pin_is_asked_for_it() {
    let shell = Shell::new();
    shell.write("duty.toml", DUTY);
    let simulate = |pin: &str, keys: &str| {
        let call = ["flow", "simulate", "duty.toml", "--from", "+15062345678", "--at", "2026-01-05T12:00"];
        shell.run(&[&call[..], &["--pin", pin, "--keys", keys]].concat())
    };
    let said = |told: &str| {
        let lines = told.lines().filter(|line| line.starts_with("  says") || line.starts_with("  decided"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let told = simulate("2468", "1357#,2468#,1");
    assert_snapshot!(said(&told), @r"
    says (en-US): Welcome to the duty line. Please enter your PIN, then press the hash key.
    decided: PIN wrong
    says (en-US): Sorry, that is not correct. Please enter your PIN, then press the hash key.
    decided: PIN right
    says (en-US): To go online for 8 hours, press 1. To enter a custom number of hours, press 9. To go offline, press 0.
    decided: online for 8 h, until 2026-01-05T20:00:00+00:00
    says (en-US): You are now online and available for calls until Monday, 8 PM, UTC.
    ");
    assert!(told.ends_with("timer: off duty at 2026-01-05 20:00 UTC, 2026-01-05T20:00:00+00:00"), "{told}");
    for pin in ["", "246", "2468#", "1234567890123"] {
        let refused = simulate(pin, "1");
        assert!(refused.starts_with("[2]") && refused.contains("give 4 to 12 digits"), "{pin}: {refused}");
    }
}

#[test]
fn a_simulated_stranger_is_turned_away_and_who_hangs_up_hears_no_more() {
    let shell = Shell::new();
    shell.write("duty.toml", DUTY);
    let simulate = |options: &[&str]| {
        let call = ["flow", "simulate", "duty.toml", "--at", "2026-01-05T12:00"];
        shell.run(&[&call[..], options].concat())
    };
    for stranger in [&["--from", "anonymous"][..], &["--from", "+15062345678", "--unknown"]] {
        let heard = simulate(stranger);
        assert!(heard.contains("this phone number does not belong to one of our agents"), "{heard}");
        assert!(heard.ends_with("no timer: the caller is off duty"), "{heard}");
    }
    let agent = ["--from", "+15062345678", "--online-for", "4", "--language", "fr"];
    let heard = simulate(&[&agent[..], &["--keys", "!"]].concat());
    assert!(heard.contains("says (fr-FR): Bienvenue"), "{heard}");
    assert!(heard.ends_with("timer: off duty at 2026-01-05 16:00 UTC, 2026-01-05T16:00:00+00:00"), "{heard}");
}

#[test]
fn the_schema_is_the_shipped_one() {
    let schema = shipped("flows/flow.schema.json");
    assert_eq!(Shell::new().run(&["flow", "schema"]), format!("[0]\n{}", schema.trim_end()));
}

//! `dutyline flow simulate`.

use insta::assert_snapshot;

use super::Shell;
use super::flow::DUTY;

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

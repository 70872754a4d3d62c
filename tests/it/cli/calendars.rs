//! `dutyline schedule import` and `export`, and `dutyline calendar`.

use insta::assert_snapshot;

use super::{Shell, shipped};

/// A shell in which Ada works on Mondays and Tuesdays.
fn working() -> Shell {
    let shell = Shell::new();
    shell.run(&["user", "add", "ada", "--name", "Ada"]);
    let rule = |day: &str| format!("[[rules]]\nweekday = \"{day}\"\nstart = \"08:00\"\nend = \"16:00\"\n");
    shell.write("hours.toml", &format!("zone = \"America/Toronto\"\n{}{}", rule("Mon"), rule("Tue")));
    let set = shell.run(&["schedule", "set", "ada", "hours.toml"]);
    assert_eq!(set, "[0]\nstderr: user `ada` has these hours of work from now on");
    shell
}

#[test]
fn a_calendar_is_tried_and_then_taken_in() {
    let shell = working();
    // Far enough ahead, whatever the day is.
    let holidays =
        shipped("tests/it/calendars/holidays.ics").replace(":2026", ":2196").replace(":2027", ":2197");
    shell.write("holidays.ics", &holidays);
    assert_snapshot!(shell.run(&["schedule", "import", "ada", "--holidays", "holidays.ics", "--dry-run"]), @r"
    [0]
    DAY         BEFORE         AFTER
    2196-12-25  as every week  off
    2196-12-31  as every week  off
    2197-01-01  as every week  off
    stderr: the hours of work of user `ada` would change so; left out: 0 cancelled and 1 past events
    ");
    assert!(!shell.run(&["schedule", "show", "ada"]).contains("off"));
    let done = shell.run(&["schedule", "import", "ada", "--holidays", "holidays.ics"]);
    assert!(done.ends_with("have changed so from now on; left out: 0 cancelled and 1 past events"), "{done}");
    let shown = shell.run(&["schedule", "show", "ada"]);
    let exported = shell.run(&["schedule", "export", "ada"]);
    shell.run(&["schedule", "clear", "ada"]);
    shell.write("again.ics", exported.trim_start_matches("[0]\n"));
    let again = shell.run(&["schedule", "import", "ada", "--shifts", "again.ics"]);
    assert!(again.contains("have changed so from now on"), "{again}\n{exported}");
    assert_eq!(shell.run(&["schedule", "show", "ada"]), shown);
    let json = shell.run(&["schedule", "import", "ada", "--shifts", "again.ics", "--dry-run", "--json"]);
    assert!(json.contains("\"rules_added\": []"), "{json}");
}

#[test]
fn a_calendar_that_cannot_be_taken_in_is_refused_by_line() {
    let shell = working();
    let shifts = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:late\nDTSTART:21961225T120000\nDTEND:21961225T200000\n\
                  RRULE:FREQ=MONTHLY\nEND:VEVENT\nEND:VCALENDAR\n";
    shell.write("shifts.ics", shifts);
    assert_snapshot!(shell.run(&["schedule", "import", "ada", "--shifts", "shifts.ics"]), @r"
    [1]
    stderr: error: nothing was changed: event `late` (line 3): RRULE: `FREQ=MONTHLY` cannot be said of hours of work; give the dates as events of their own
    ");
    let both =
        shell.run(&["schedule", "import", "ada", "--shifts", "shifts.ics", "--holidays", "shifts.ics"]);
    assert!(both.starts_with("[2]"), "{both}");
    assert!(shell.run(&["schedule", "import", "ada"]).starts_with("[2]"));
}

#[test]
fn an_address_is_written_once_with_a_token_that_reads_calendars_alone() {
    let shell = working();
    let user = shell.run(&["calendar", "user", "ada"]);
    assert!(
        user.starts_with("[0]\nBEGIN:VCALENDAR\n") && user.contains("SUMMARY:Ada: working hours"),
        "{user}"
    );
    assert!(shell.run(&["calendar", "skill", "french"]).contains("X-WR-CALNAME:french"));
    let public = ["--public-url", "https://ivr.example.com"];
    let words = ["calendar", "link", "Ada's phone", "--user", "ada"];
    let link = shell.run(&[&words[..], &public[..]].concat());
    let address = link.lines().nth(1).expect("an address");
    let token = address
        .strip_prefix("https://ivr.example.com/calendar/")
        .and_then(|rest| rest.strip_suffix("/users/ada.ics"));
    assert!(token.is_some_and(|token| token.starts_with("dl_")), "{link}");
    let wall = shell.run(&["calendar", "link", "wall", "--skill", "french"]);
    assert!(wall.starts_with("[0]\n/calendar/dl_") && wall.contains("/skills/french.ics"), "{wall}");
    let listed = shell.run(&["token", "list"]);
    assert!(listed.contains("agent       calendar.read  ada"), "{listed}");
    assert!(listed.contains("supervisor  calendar.read  -"), "{listed}");
    assert!(shell.run(&["calendar", "link", "nobody's"]).starts_with("[2]"));
}

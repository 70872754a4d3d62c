//! `dutyline webhook`.

use insta::assert_snapshot;
use serde_json::Value;

use super::Shell;

/// What was written, with secrets, identifiers and times made the same.
fn masked(written: &str) -> String {
    let mask = |text: &str, prefix: &str| {
        let piece = |piece: &str| {
            let letters =
                piece.bytes().take_while(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b)).count();
            format!("x{}", &piece[letters..])
        };
        let mut pieces = text.split(prefix);
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.fold(first, |done, next| done + prefix + &piece(next))
    };
    let lines = mask(&mask(written, "whsec_"), "whk_");
    lines.lines().map(without_times).collect::<Vec<_>>().join("\n")
}

/// The line with `TIME` for each instant.
fn without_times(line: &str) -> String {
    let is_date = |word: &&str| word.len() == 10 && word.matches('-').count() == 2;
    let words = line.split(' ').filter(|word| !is_date(word));
    let words = words.map(|word| match word.split_once('Z') {
        Some((time, rest)) if time.len() == 8 && time.matches(':').count() == 2 => format!("TIME{rest}"),
        Some(_) | None => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_webhook_is_added_and_its_secret_alone_goes_to_stdout() {
    let shell = Shell::new();
    shell.run(&["user", "add", "ada", "--name", "Ada"]);
    let words =
        ["webhook", "add", "crm", "https://example.com/events", "--type", "presence.*", "--user", "ada"];
    assert_snapshot!(masked(&shell.run(&words)), @r"
    [0]
    whsec_x
    stderr: webhook `crm` is sent what happens from now on; keep its secret, it is not shown again
    ");
    assert_snapshot!(masked(&shell.run(&["webhook", "list"])), @r"
    [0]
    WEBHOOK  URL                         TYPES       USERS  STATE   CURSOR  WAITING  DEAD
    crm      https://example.com/events  presence.*  ada    active  2       0        0
    ");
    assert_snapshot!(masked(&shell.run(&["webhook", "rotate", "crm", "--overlap", "2"])), @r"
    [0]
    whsec_x
    stderr: webhook `crm` signs with this secret; the older one signs until TIME; keep it now, it is not shown again
    ");
    assert_snapshot!(masked(&shell.run(&["webhook", "show", "crm"])), @r"
    [0]
    crm (whk_x)
    url      https://example.com/events
    tls      verified
    types    presence.*
    users    ada
    state    active
    secrets  since TIME, since TIME until TIME
    cursor   2
    waiting  0
    dead     0
    ");
    for words in [
        &["webhook", "list", "--json"][..],
        &["event", "tail", "--json"],
        &["webhook", "show", "crm", "--json"],
    ] {
        assert!(!shell.run(words).contains("whsec_"), "{words:?}");
    }
}

#[test]
fn a_webhook_is_changed_paused_and_removed() {
    let shell = Shell::new();
    shell.run(&["webhook", "add", "crm", "https://example.com/"]);
    let words = ["webhook", "set", "crm", "--name", "erp", "--type", "user.*", "--insecure-tls", "true"];
    assert_snapshot!(shell.run(&words), @r"
    [0]
    stderr: webhook `erp` is changed
    ");
    assert_snapshot!(shell.run(&["webhook", "pause", "erp"]), @r"
    [0]
    stderr: webhook `erp` is sent nothing until it is resumed
    ");
    let shown = shell.run(&["webhook", "show", "erp", "--json"]);
    let shown: Value = serde_json::from_str(shown.trim_start_matches("[0]\n")).expect("JSON");
    assert_eq!((&shown["active"], &shown["insecure_tls"]), (&Value::from(false), &Value::from(true)));
    assert_eq!(shown["types"], serde_json::json!(["user.*"]));
    shell.run(&["webhook", "set", "erp", "--all-types"]);
    assert_snapshot!(shell.run(&["webhook", "resume", "erp"]), @r"
    [0]
    stderr: webhook `erp` is sent what has happened meanwhile, and what happens
    ");
    assert_snapshot!(shell.run(&["webhook", "list"]), @r"
    [0]
    WEBHOOK  URL                   TYPES  USERS  STATE   CURSOR  WAITING  DEAD
    erp      https://example.com/  all    all    active  1       0        0
    ");
    assert_snapshot!(shell.run(&["webhook", "deliveries", "erp", "--dead"]), @r"
    [0]
    SEQ  EVENT  TYPE  SUBJECT  ATTEMPTS  LAST  NEXT  WHY
    ");
    assert_snapshot!(shell.run(&["webhook", "replay", "erp", "--all"]), @r"
    [0]
    stderr: 0 dead letters are sent again
    ");
    assert_snapshot!(shell.run(&["webhook", "remove", "er"]), @r"
    [1]
    stderr: error: no webhook `er`; did you mean `erp`?
    ");
    assert_snapshot!(shell.run(&["webhook", "remove", "erp"]), @r"
    [0]
    stderr: webhook `erp` is sent nothing any more
    ");
}

#[test]
fn a_trial_says_what_came_of_it() {
    let shell = Shell::new();
    let words = ["webhook", "add", "down", "http://127.0.0.1:9/", "--webhook-allow", "127.0.0.1"];
    assert!(shell.run(&words).starts_with("[0]\nwhsec_"));
    let refused = shell.run(&["webhook", "test", "down"]);
    assert!(refused.starts_with("[1]\nevt_") && refused.contains("without TLS only networks"), "{refused}");
    let down = shell.run(&["webhook", "test", "down", "--json", "--webhook-allow", "127.0.0.1,10.0.0.0/8"]);
    let told: Value = serde_json::from_str(down.trim_start_matches("[1]\n")).expect("JSON");
    assert_eq!(told["delivered"], Value::from(false));
}

#[test]
fn a_webhook_that_cannot_be_meant_is_refused() {
    let shell = Shell::new();
    assert_snapshot!(shell.run(&["webhook", "add", "crm", "https://10.0.0.1/"]), @r"
    [1]
    stderr: error: url: `https://10.0.0.1/`: `10.0.0.1` is not a public address; `DUTYLINE_WEBHOOK_ALLOW` may name its network
    ");
    for words in [
        &["webhook", "add", "crm", "ftp://example.com"][..],
        &["webhook", "add", "crm", "https://me:secret@example.com"],
        &["webhook", "add", "crm", "https://example.com", "--type", "presence"],
        &["webhook", "set", "crm", "--type", "user.*", "--all-types"],
        &["webhook", "replay", "crm"],
        &["webhook", "list", "--webhook-allow", "everywhere"],
        &["webhook", "list", "--webhook-rate", "0"],
    ] {
        assert!(shell.run(words).starts_with("[2]\n"), "{words:?}");
    }
}

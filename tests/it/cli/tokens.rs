//! `dutyline token`.

use insta::assert_snapshot;
use serde_json::Value;

use super::Shell;

/// What was written, with each token's letters made the same.
fn masked(written: &str) -> String {
    let mask = |piece: &str| {
        let letters = piece.bytes().take_while(u8::is_ascii_alphanumeric).count();
        format!("{}{}", "x".repeat(letters), &piece[letters..])
    };
    written.split("dl_").map(mask).collect::<Vec<_>>().join("dl_")
}

#[test]
fn a_token_is_written_once_and_alone_to_stdout() {
    let shell = Shell::new();
    shell.run(&["user", "add", "ada", "--name", "Ada"]);
    let issued = shell.run(&["token", "issue", "ci", "--role", "admin"]);
    assert_snapshot!(masked(&issued), @r"
    [0]
    dl_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    stderr: token `ci` is valid; keep it now, it is not shown again
    ");
    let words = "token issue Ada's_phone --role agent --user ada --right presence.read --expires 2099-12-31T23:59:59Z";
    let words: Vec<String> = words.split(' ').map(|word| word.replace('_', " ")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    assert_snapshot!(masked(&shell.run(&words)), @r"
    [0]
    dl_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    stderr: token `Ada's phone` is valid until 2099-12-31 23:59:59Z; keep it now, it is not shown again
    ");
    assert_snapshot!(masked(&shell.run(&["token", "list"])), @r"
    [0]
    TOKEN        BEGINS      ROLE   RIGHTS         USER  STATE   EXPIRES               LAST USED
    ci           dl_xxxxxxx  admin  the role's     -     active  -                     -
    Ada's phone  dl_xxxxxxx  agent  presence.read  ada   active  2099-12-31 23:59:59Z  -
    ");
    let secret = issued.lines().nth(1).expect("the token");
    for words in [&["token", "list", "--json"][..], &["event", "tail", "--json"], &["audit", "list"]] {
        assert!(!shell.run(words).contains(secret), "{words:?}");
    }
}

#[test]
fn a_list_of_tokens_has_the_fields_that_scripts_rely_on() {
    let shell = Shell::new();
    shell.run(&["token", "issue", "ci", "--role", "owner", "--expires", "90d"]);
    let listed = shell.run(&["token", "list", "--json"]);
    let tokens: Value = serde_json::from_str(listed.trim_start_matches("[0]\n")).expect("JSON");
    let fields: Vec<&str> = tokens[0].as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(
        fields,
        [
            "created_at",
            "expires_at",
            "id",
            "last_used_at",
            "name",
            "revoked_at",
            "rights",
            "role",
            "shown",
            "state",
            "user"
        ]
    );
    assert_eq!((&tokens[0]["name"], &tokens[0]["state"]), (&Value::from("ci"), &Value::from("active")));
}

#[test]
fn a_token_is_revoked_by_its_name() {
    let shell = Shell::new();
    shell.run(&["token", "issue", "ci", "--role", "owner"]);
    assert_snapshot!(shell.run(&["token", "revoke", "cj"]), @r"
    [1]
    stderr: error: no token `cj`; did you mean `ci`?
    ");
    assert_snapshot!(shell.run(&["token", "revoke", "ci"]), @r"
    [0]
    stderr: token `ci` is not valid any more
    ");
    assert_snapshot!(masked(&shell.run(&["token", "list"])), @r"
    [0]
    TOKEN  BEGINS      ROLE   RIGHTS      USER  STATE    EXPIRES  LAST USED
    ci     dl_xxxxxxx  owner  the role's  -     revoked  -        -
    ");
}

#[test]
fn a_token_that_cannot_be_meant_is_refused() {
    let shell = Shell::new();
    assert_snapshot!(shell.run(&["token", "issue", "ci", "--role", "agent"]), @r"
    [1]
    stderr: error: role: `agent`: such a token speaks for one user; name them
    ");
    let over = ["token", "issue", "ci", "--role", "admin", "--expires", "2020-01-01T00:00:00Z"];
    assert_snapshot!(shell.run(&over), @r"
    [1]
    stderr: error: expires: `2020-01-01T00:00:00+00:00`: that is over; name a time to come
    ");
    assert_snapshot!(shell.run(&["token", "issue", "ci", "--role", "supervisor", "--right", "tokens.write"]), @r"
    [1]
    stderr: error: rights: `tokens.write`: role `supervisor` has only presence.read, presence.write, users.read, calls.read, reports.read, events.read, numbers.read, calendar.read
    ");
    for words in [
        &["token", "issue", "ci"][..],
        &["token", "issue", "", "--role", "admin"],
        &["token", "issue", "ci", "--role", "root"],
        &["token", "issue", "ci", "--role", "admin", "--right", "users.delete"],
        &["token", "issue", "ci", "--role", "admin", "--expires", "soon"],
    ] {
        assert!(shell.run(words).starts_with("[2]\n"), "{words:?}");
    }
}

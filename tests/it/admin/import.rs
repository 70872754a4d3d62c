//! Users from tables.

use dutyline::app::users::import::{Faulty, Mode, Report};
use dutyline::app::users::table;
use dutyline::domain::presence::Reason;

use super::{add, login, refused};
use crate::harness::line::{ADA, Line};

async fn import(line: &Line, text: &str, faulty: Faulty, mode: Mode) -> Report {
    let rows = table::read(text.as_bytes()).expect("a table");
    line.app.import_users(&line.tenant, rows, faulty, mode, |_, _| ()).await.expect("the import runs")
}

async fn strict(line: &Line, text: &str) -> Report {
    import(line, text, Faulty::Refuse, Mode::Commit).await
}

fn counts(report: &Report) -> (usize, usize, usize) {
    (report.added, report.changed, report.unchanged)
}

fn faults(report: &Report) -> Vec<String> {
    report.faults.iter().map(ToString::to_string).collect()
}

async fn exported(line: &Line) -> String {
    let users = line.app.users(&line.tenant).await.expect("readable");
    String::from_utf8(table::write(&users)).expect("UTF-8")
}

#[tokio::test]
async fn what_is_exported_imports_to_the_same() {
    let line = Line::open().await;
    strict(&line, "login,name,zone,agent_code,skills,pstn,ext,active\nbob,\"Bob, Jr\",,77,french billing,5062345601,12,no\nbob,\"Bob, Jr\",,77,french billing,5062345602,,no\n").await;
    let text = exported(&line).await;
    insta::assert_snapshot!(text, @r#"
    login,name,zone,language,agent_code,skills,pstn,ext,description,active
    ada,Ada Agent,America/Toronto,,,,+15062345678,,ada,true
    bob,"Bob, Jr",,,77,"billing, french",+15062345601,12,"Bob, Jr",false
    bob,"Bob, Jr",,,77,"billing, french",+15062345602,,"Bob, Jr",false
    "#);
    assert_eq!(counts(&strict(&line, &text).await), (0, 0, 2));
    assert_eq!(line.told().await, ["user.added"]);
}

#[tokio::test]
async fn a_spreadsheets_semicolons_and_byte_order_mark_are_read() {
    let line = Line::open().await;
    let report = strict(&line, "\u{feff}pstn;login;name\r\n+15062345601;bob;Bob\r\n").await;
    assert_eq!(counts(&report), (1, 0, 0));
}

#[tokio::test]
async fn skills_are_imported_as_other_columns_are() {
    let line = Line::open().await;
    for (text, count, skills) in [
        ("login,skills\nada,\"french,billing\"\n", (0, 1, 0), "billing, french"),
        ("login,skills\nada,billing french\n", (0, 0, 1), "billing, french"),
        ("login\nada\n", (0, 0, 1), "billing, french"),
        ("login,skills\nada,\n", (0, 1, 0), ""),
    ] {
        assert_eq!(counts(&strict(&line, text).await), count, "{text}");
        let user = line.app.user(&line.tenant, &login("ada")).await.expect("there");
        assert_eq!(user.skills.to_string(), skills, "{text}");
    }
    let report = strict(&line, "login,skills\nada,French\n").await;
    insta::assert_snapshot!(faults(&report).join("\n"), @"line 2, skills: `French` is not 1 to 64 of a-z, 0-9, `_` and `-`, beginning with a letter");
}

#[tokio::test]
async fn every_fault_is_told_with_its_place_and_nobody_is_imported() {
    let line = Line::open().await;
    let text = "login,name,zone,pstn,ext,active\n\
        bob,Bob,Mars/Phobos,12,,maybe\n\
        Cyd,,,,,\n\
        dan,Dan,,+15062345678,,\n\
        eve,Eve,,+15065550100,,\n\
        fay,Fay,,+15062345601,,\n\
        gus,Gus,,+15062345601,,\n\
        hal,Hal,,+15062345602,x1,\n\
        hal,Al,,+15062345603,,\n\
        ivy,Ivy\n\
        fay,Fay,,,,\n";
    let report = strict(&line, text).await;
    assert!(report.refused);
    insta::assert_snapshot!(faults(&report).join("\n"), @r"
    line 2, zone: `Mars/Phobos` is not an IANA time zone like `America/Toronto`
    line 2, active: `maybe` is neither `true` nor `false`
    line 2, pstn: `12`: Phone number should be in E.164 format, like `+15062345678`.
    line 3, login: `Cyd` is not 1 to 64 of a-z, 0-9, `.`, `_` and `-`, beginning with a letter or digit
    line 3, name: ``: give 1 to 200 letters on one line
    line 4, pstn: number_in_use: +15062345678 is an extension of user `ada`; remove it there first
    line 5, pstn: +15065550100 is a number that calls come in on; an agent reached there would be called in circles
    line 8, ext: `x1`: give 1 to 10 digits
    line 9, name: `Al` differs from line 8, which is the same user
    line 10, row: 2 cells, and the header has 6; mend the commas and quotes
    line 11, login: `fay` stands in line 6 already; remove one
    ");
    assert_eq!(line.app.users(&line.tenant).await.expect("readable").len(), 1);
    assert!(line.told().await.is_empty());
}

#[tokio::test]
async fn the_faulty_are_left_out_and_keep_what_they_had() {
    let line = Line::open().await;
    add(&line, "bob", "+15062345601").await.expect("free");
    // Bob would give his number to Cyd, but his row is faulty.
    let text =
        "login,name,pstn,active\nbob,Bob,+15062345602,maybe\ncyd,Cyd,+15062345601,\ndan,Dan,+15062345603,\n";
    let report = import(&line, text, Faulty::Skip, Mode::Commit).await;
    assert_eq!(counts(&report), (1, 0, 0));
    assert_eq!(
        faults(&report),
        [
            "line 2, active: `maybe` is neither `true` nor `false`",
            "line 3, pstn: number_in_use: +15062345601 is an extension of user `bob`; remove it there first",
        ]
    );
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let line = Line::open().await;
    let text = "login,name\nada,Ada Lovelace\nbob,Bob\n";
    let report = import(&line, text, Faulty::Refuse, Mode::DryRun).await;
    assert_eq!(counts(&report), (1, 1, 0));
    assert!(line.told().await.is_empty());
}

#[tokio::test]
async fn a_missing_column_changes_nothing_and_an_empty_cell_takes_away() {
    let line = Line::open().await;
    assert_eq!(counts(&strict(&line, "login,name\nada,Ada Agent\n").await), (0, 0, 1));
    line.call_from(ADA).await.presses("1").await;
    assert_eq!(counts(&strict(&line, "login,zone,pstn\nada,,\n").await), (0, 1, 0));
    let ada = line.app.user(&line.tenant, &login("ada")).await.expect("there");
    assert_eq!((ada.zone, ada.extensions), (None, Vec::new()));
    assert_eq!(line.presence_reason("ada").await, Some(Reason::NoExtension));
}

#[tokio::test]
async fn numbers_and_codes_change_hands_in_one_import() {
    let line = Line::open().await;
    add(&line, "bob", "+15062345601").await.expect("free");
    let swapped = "login,pstn,agent_code\nada,+15062345601,1111\nbob,+15062345678,2222\n";
    assert_eq!(counts(&strict(&line, swapped).await), (0, 2, 0));
    let back = "login,pstn,agent_code\nada,+15062345678,2222\nbob,+15062345601,1111\n";
    assert_eq!(counts(&strict(&line, back).await), (0, 2, 0));
}

#[tokio::test]
async fn many_rows_are_one_unit_of_work_with_an_event_each() {
    let line = Line::open().await;
    let row = |n| format!("u{n},User {n},+1506{}", 2_300_000 + n);
    let rows: Vec<String> = (0..500).map(row).collect();
    let report = strict(&line, &format!("login,name,pstn\n{}\n", rows.join("\n"))).await;
    assert_eq!(counts(&report), (500, 0, 0));
    let seqs: Vec<u64> = line.events().await.iter().map(|event| event.seq).collect();
    assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "no gap between units of text");
    assert_eq!(line.told().await.len(), 500);
}

#[test]
fn a_file_that_is_no_table_of_users_is_refused() {
    for (text, why) in [
        ("", "header: ``: begin the file with a line that names its columns, `login` among them"),
        (
            "name\nada\n",
            "header: `name`: begin the file with a line that names its columns, `login` among them",
        ),
        ("login,login\n", "header: `login`: the column is there twice; remove one"),
        (
            "login,phone\n",
            "header: `phone`: there is no such column; there are login, name, zone, language, agent_code, skills, \
             pstn, ext, description, active",
        ),
    ] {
        assert_eq!(refused(table::read(text.as_bytes())), why);
    }
    assert!(refused(table::read(b"login\n\xff\n")).contains("save the file as UTF-8 text"));
}

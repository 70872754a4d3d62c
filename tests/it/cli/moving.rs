//! `dutyline move`, from SQLite to SQLite.

use insta::assert_snapshot;

use super::Shell;

#[test]
fn everything_moves_from_sqlite_and_the_way_on_is_told() {
    let shell = Shell::new();
    shell.run(&["user", "add", "ada", "--name", "Ada", "--pstn", "+15062345678"]);
    assert_snapshot!(shell.run(&["move", "--to", "sqlite:new.db"]), @r"
    [0]
    TABLE           ROWS
    tenants         1
    outbox_heads    1
    events          2
    users           1
    extensions      1
    presence        0
    schedules       0
    segments        0
    open_segments   0
    ledgers         0
    media           0
    prompts         0
    flow_versions   0
    mappings        0
    calls           0
    pin_attempts    0
    secrets         1
    tokens          0
    request_claims  0
    tickets         0
    webhooks        0
    deliveries      0
    stderr: copying `sqlite:dutyline-data/dutyline.db` to `sqlite:new.db`
    stderr: hint: stop the servers first; while this runs they can save nothing, and what they save later stays in the old database
    stderr: copied 7 rows to `sqlite:new.db`; the old database is as it was
    stderr: hint: set `DUTYLINE_DATABASE_URL` to the new database, look with `dutyline doctor`, start the servers
    ");
    assert_snapshot!(shell.run(&["user", "list", "--database-url", "sqlite:new.db"]), @r"
    [0]
    LOGIN  NAME  ZONE  LANGUAGE  SKILLS  ACTIVE  EXTENSIONS
    ada    Ada   -     -         -       yes     +1 506-234-5678
    ");
    shell.write("url", "sqlite:newer.db\n");
    let json = shell.run(&["move", "--to-file", "url", "--json"]);
    assert!(json.contains("\n  {\n    \"table\": \"users\",\n    \"rows\": 1\n  },"), "{json}");
}

#[test]
fn a_move_on_sqlite_that_cannot_be_is_refused() {
    let shell = Shell::new();
    assert!(shell.run(&["move", "--to", "sqlite:new.db"]).starts_with("[0]"));
    assert_snapshot!(shell.run(&["move", "--to", "sqlite:new.db"]), @r"
    [1]
    stderr: copying `sqlite:dutyline-data/dutyline.db` to `sqlite:new.db`
    stderr: hint: stop the servers first; while this runs they can save nothing, and what they save later stays in the old database
    stderr: error: `sqlite:new.db` is not empty, its table `tenants` has rows; name a database that is new or empty
    ");
    assert_snapshot!(shell.run(&["move", "--data", "none", "--to", "sqlite:newer.db"]), @r"
    [1]
    stderr: copying `sqlite:none/dutyline.db` to `sqlite:newer.db`
    stderr: hint: stop the servers first; while this runs they can save nothing, and what they save later stays in the old database
    stderr: error: the old database cannot be read: there is no database `none/dutyline.db`; `dutyline migrate` makes it, and `DUTYLINE_DATA` or `DUTYLINE_DATABASE_URL` says where it is
    ");
    assert_snapshot!(shell.run(&["move", "--to", "mysql://me:s3cret@db/x"]), @r"
    [2]
    stderr: error: `DUTYLINE_MOVE_TO` is not the URL of a database that we know; give one like `sqlite:/var/lib/dutyline/dutyline.db` or `postgres://dutyline@db.example.com/dutyline`
    ");
    assert_snapshot!(shell.run(&["move"]), @r"
    [2]
    stderr: error: the following required arguments were not provided:
    stderr:   <--to <URL>|--to-file <FILE>>
    stderr:
    stderr: Usage: dutyline move <--to <URL>|--to-file <FILE>>
    stderr:
    stderr: For more information, try '--help'.
    ");
}

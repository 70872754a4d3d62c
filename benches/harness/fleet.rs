//! A line with very many agents, all of them on duty, and with what they did before.

use std::process::{Command, Stdio};

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

/// The number that agents dial.
pub(crate) const LINE: &str = "+12125550100";

/// The telephone of the agent in that place.
pub(crate) fn number(place: usize) -> String {
    format!("+1{}", 2_122_000_000 + place)
}

/// Makes a line of so many agents, each of whom has been through so many changes of presence, and called once.
pub(crate) async fn populate(database_url: &str, agents: usize, changes: usize) {
    let first = number(0);
    for command in [
        &["migrate"][..],
        &["flow", "publish", "flows/timed-presence.toml"],
        &["user", "add", "agent0", "--name", "Agent", "--pstn", &first],
        &["mapping", "add", "Duty line", "--contact-point", LINE, "--flow", "timed-presence"],
        &["presence", "set", "agent0", "online", "--hours", "168"],
    ] {
        dutyline(database_url, command);
    }
    for statement in statements(agents, changes) {
        run(database_url, statement).await;
    }
}

/// Runs a command, and hands back what it prints.
pub(crate) fn dutyline(database_url: &str, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dutyline"));
    command.args(arguments).env("DUTYLINE_DATABASE_URL", database_url).stderr(Stdio::null());
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{arguments:?}");
    output.stdout
}

/// What makes of one agent many, in words of both engines.
fn statements(agents: usize, changes: usize) -> Vec<String> {
    let agents_but_one = agents - 1;
    let count =
        |to: usize| format!("with recursive n(i) as (select 1 union all select i + 1 from n where i < {to})");
    // Identifiers are of one length, and rise as the places do.
    let id = |kind| format!("'{kind}_00000000000000000000000' || substr(cast(1000000000 + i as text), 2)");
    let (user, extension, event) = (id("usr"), id("ext"), id("evt"));
    let number = "'+1' || cast(2122000000 + i as text)";
    vec![
        format!(
            "{} insert into users select u.tenant_id, {user}, 'agent' || i, u.name, u.zone, u.language, \
             u.agent_code, u.pin_hash, u.pin_wrong, u.pin_locked_until, u.active, u.revision, u.created_at, \
             u.skills \
             from users u, n where u.login = 'agent0'",
            count(agents_but_one)
        ),
        format!(
            "{} insert into extensions select x.tenant_id, {extension}, {user}, {number}, x.ext, x.description, \
             x.position, {number}, x.active from extensions x, n",
            count(agents_but_one)
        ),
        format!(
            "{} insert into presence select p.tenant_id, {user}, p.state, p.generation, p.since, p.until + i, p.at, \
             p.source, p.reason, p.call_id, p.hold, p.plan, p.desk, p.turns_at, p.edge_at from presence p, n",
            count(agents_but_one)
        ),
        format!(
            "{} insert into events select e.tenant_id, h.seq + i, {event}, e.at, e.type, 'user:agent' || (i % {agents}), \
             e.data, e.cause, null from events e, outbox_heads h, n where e.type = 'presence.online'",
            count(agents * changes)
        ),
        format!("update outbox_heads set seq = seq + {}", agents * changes),
        // Nobody counts their time.
        "insert into ledgers select tenant_id, seq from outbox_heads".to_owned(),
        format!(
            "{} insert into calls select t.tenant_id, 'call_00000000000000000000' || \
             substr(cast(1000000000000 + (i * 2654435761) % 999999999989 as text), 2), \
             'AC00000000000000000000000000000001', 'CA' || i, {number}, '{LINE}', {user}, 'timed-presence', 1, \
             '{{\"frames\":[],\"asked\":\"nothing\",\"tries\":0,\"identity\":\"known\",\"proven\":false}}', 2, \
             null, 'completed', null, 'online', h.at - i, h.at - i, '[]' from tenants t, n, \
             (select max(at) - 1000000000 as at from events) h",
            count(agents_but_one)
        ),
    ]
}

/// Runs a statement on the database, and makes it known to whoever plans others.
pub(crate) async fn run(database_url: &str, statement: String) {
    let statement = AssertSqlSafe(statement);
    if database_url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(database_url).await.expect("a database");
        connection.execute("pragma synchronous = off").await.expect("a setting");
        sqlx::raw_sql(statement).execute(&mut connection).await.expect("rows");
        connection.execute("pragma wal_checkpoint(truncate)").await.expect("a checkpoint");
    } else {
        let mut connection = PgConnection::connect(database_url).await.expect("a database");
        sqlx::raw_sql(statement).execute(&mut connection).await.expect("rows");
        connection.execute("analyze").await.expect("statistics");
    }
}

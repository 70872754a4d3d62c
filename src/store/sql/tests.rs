use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqlSafeStr, SqliteConnection};

use tempfile::TempDir;

use super::{ALL, HAS_SCHEMA, TIME, Twofold};
use crate::store::{Clock, Store, cluster};

/// So few, since each is one more to keep alike.
const TWOFOLD: [Twofold; 2] = [HAS_SCHEMA, TIME];

#[test]
fn every_statement_names_its_columns() {
    // A neighbour's migrations add some (I32).
    for (name, text) in ALL {
        assert!(!text.replace("count(*)", "").contains('*'), "{name}");
        for insert in text.split("insert into ").skip(1) {
            assert_eq!(insert.split(' ').nth(1).and_then(|list| list.chars().next()), Some('('), "{name}");
        }
    }
}

/// A migrated database, in a folder that has to live as long.
async fn on_sqlite() -> (TempDir, SqliteConnection) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("line.db").display());
    drop(Store::open(&url, Clock::System).await.expect("a migrated database"));
    let connection = SqliteConnection::connect(&url).await.expect("a connection");
    (folder, connection)
}

#[tokio::test]
async fn every_statement_fits_the_schema_on_sqlite() {
    let (_folder, mut connection) = on_sqlite().await;
    let twofold = TWOFOLD.iter().map(|question| ("twofold", question.sqlite));
    for (name, text) in ALL.iter().copied().chain(twofold) {
        if let Err(error) = connection.prepare(AssertSqlSafe(text).into_sql_str()).await {
            panic!("{name}: {error}");
        }
    }
}

#[tokio::test]
async fn every_statement_fits_the_schema_on_postgresql() {
    let Some(cluster) = cluster::unless_missing() else { return };
    let url = cluster.database();
    drop(Store::open(&url, Clock::System).await.expect("a migrated database"));
    let mut connection = PgConnection::connect(&url).await.expect("a connection");
    let twofold = TWOFOLD.iter().map(|question| ("twofold", question.postgres));
    for (name, text) in ALL.iter().copied().chain(twofold) {
        if let Err(error) = connection.prepare(AssertSqlSafe(text).into_sql_str()).await {
            panic!("{name}: {error}");
        }
    }
}

/// What SQLite does for a statement, step by step.
async fn plan(connection: &mut SqliteConnection, text: &str) -> Vec<String> {
    let question = AssertSqlSafe(format!("explain query plan {text}"));
    let steps: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(question).fetch_all(connection).await.expect("a plan");
    steps.into_iter().map(|(_, _, _, step)| step).collect()
}

#[tokio::test]
async fn what_is_asked_for_all_the_time_is_found_by_its_index() {
    let (_folder, mut connection) = on_sqlite().await;
    for (name, step) in [
        ("CALLS", "c USING INDEX calls_started (tenant_id=? AND started_at<?)"),
        ("USERS_AFTER", "u USING INDEX users_login (tenant_id=? AND login>?)"),
        ("EXTENSIONS_BETWEEN", "u USING INDEX users_login (tenant_id=? AND login>? AND login<?)"),
        ("BOARD_AFTER", "u USING INDEX users_login (tenant_id=? AND login>?)"),
        ("CANDIDATES", "p USING COVERING INDEX presence_due (tenant_id=? AND until>?)"),
        ("CANDIDATES", "p USING COVERING INDEX presence_turning (tenant_id=? AND turns_at>?)"),
        ("TURNING", "p USING INDEX presence_turning (tenant_id=? AND turns_at<?)"),
        ("AT_EDGE", "p USING INDEX presence_edges (tenant_id=? AND edge_at<?)"),
        ("LOST_CALLS", "c USING INDEX calls_live (tenant_id=? AND ended_at=? AND started_at<?)"),
        ("DUE", "c USING COVERING INDEX calls_open_menus (tenant_id=? AND menu_since<?)"),
        ("DUE", "p USING INDEX presence_due (tenant_id=? AND until<?)"),
        ("EVENTS_AFTER", "e USING INDEX sqlite_autoindex_events_1 (tenant_id=? AND seq>?)"),
        ("KEPT_ENTRIES", "e USING INDEX sqlite_autoindex_events_1 (tenant_id=? AND seq>? AND seq<?)"),
        ("KEEP_EVENTS_BEHIND", "e USING INDEX sqlite_autoindex_events_1 (tenant_id=? AND seq<?)"),
        ("PRESENCE_EVENTS_OF", "e USING INDEX events_subject (tenant_id=? AND subject=?)"),
        (
            "COUNT_WRONG_PINS",
            "pin_attempts USING INDEX pin_attempts_dialled (tenant_id=? AND dialled=? AND at>?)",
        ),
        ("TOKEN_BY_DIGEST", "k USING INDEX tokens_digest (digest=?)"),
        ("OLD_STEPS", "c USING COVERING INDEX calls_started (tenant_id=? AND started_at>? AND started_at<?)"),
        (
            "FORGET_STEPS",
            "calls USING COVERING INDEX calls_started (tenant_id=? AND started_at>? AND started_at<?)",
        ),
        ("OLD_CALLS", "c USING INDEX calls_started (tenant_id=? AND started_at<?)"),
        ("FORGET_CALLS", "calls USING INDEX calls_started (tenant_id=? AND started_at<?)"),
        ("FORGET_EVENTS", "events USING COVERING INDEX sqlite_autoindex_events_1 (tenant_id=? AND seq<?)"),
    ] {
        let (_, text) = ALL.iter().find(|(other, _)| *other == name).expect("a statement");
        let plan = plan(&mut connection, text).await;
        assert!(plan.contains(&format!("SEARCH {step}")), "{name}: {plan:#?}");
    }
}

#[tokio::test]
async fn only_what_counts_everything_looks_through_a_table_that_grows() {
    let (_folder, mut connection) = on_sqlite().await;
    let mut found = Vec::new();
    for (name, text) in ALL {
        let growing = ["c", "calls", "e", "events", "p", "presence", "u", "users", "x", "extensions", "a"];
        let looks_through = |step: &String| {
            step.strip_prefix("SCAN ")
                .is_some_and(|rest| growing.contains(&rest.split(' ').next().unwrap_or(rest)))
        };
        if plan(&mut connection, text).await.iter().any(looks_through) {
            found.push(*name);
        }
    }
    // How many windows are open, once a minute; whether `doctor`'s caller is known.
    assert_eq!(found, ["ARMED", "EXTENSION_WITH_NUMBER"]);
}

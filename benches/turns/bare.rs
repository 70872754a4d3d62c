//! The bare database: what a deciding key writes, with nothing of ours in between.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tokio::task::JoinSet;

/// Tenant, agent and call.
type Called = (String, String, String);

const CALLS: &str = "select tenant_id, user_id, call_id from calls where user_id is not null limit 10000";

/// Durable transactions a second over so many connections. SQLite lets only one of them write.
pub(crate) async fn presses(url: &str, connections: usize, time: Duration) -> f64 {
    let count = if url.starts_with("sqlite:") {
        one_after_the_other(url, time).await
    } else {
        all_at_once(url, connections, time).await
    };
    f64::from(count) / time.as_secs_f64()
}

async fn one_after_the_other(url: &str, time: Duration) -> u32 {
    let mut connection = SqliteConnection::connect(url).await.expect("a database");
    connection.execute("pragma synchronous = full").await.expect("a setting");
    let calls: Vec<Called> = sqlx::query_as(CALLS).fetch_all(&mut connection).await.expect("calls");
    let (begun, mut count) = (Instant::now(), 0);
    for (tenant, user, call) in calls.iter().cycle() {
        if begun.elapsed() >= time {
            break;
        }
        count += 1;
        let press = format!(
            "begin immediate; \
             select 1 from calls where call_id = '{call}'; \
             update presence set generation = generation + 1, until = until + 1 \
             where tenant_id = '{tenant}' and user_id = '{user}'; \
             update calls set turn = turn + 1 where call_id = '{call}'; \
             insert into events select tenant_id, -{count} * 2 - seq, event_id, at, type, subject, data, cause, hash \
             from events where tenant_id = '{tenant}' and seq in (1, 2); \
             commit"
        );
        connection.execute(AssertSqlSafe(press)).await.expect("it is written");
    }
    connection.execute("delete from events where seq < 0").await.expect("they are gone");
    count
}

async fn all_at_once(url: &str, connections: usize, time: Duration) -> u32 {
    let mut connection = PgConnection::connect(url).await.expect("a database");
    connection
        .execute("drop function if exists press; drop sequence if exists press_seq")
        .await
        .expect("gone");
    connection.execute(include_str!("press.sql")).await.expect("a function");
    let calls: Vec<Called> = sqlx::query_as(CALLS).fetch_all(&mut connection).await.expect("calls");
    let (begun, mut tasks) = (Instant::now(), JoinSet::new());
    for place in 0..connections {
        let mine: Vec<Called> = calls.iter().skip(place).step_by(connections).cloned().collect();
        let mut connection = PgConnection::connect(url).await.expect("a connection");
        tasks.spawn(async move {
            let mut count = 0;
            for (tenant, user, call) in mine.iter().cycle() {
                if begun.elapsed() >= time {
                    break;
                }
                let press = sqlx::query("select press($1, $2, $3)").bind(tenant).bind(user).bind(call);
                press.execute(&mut connection).await.expect("it is written");
                count += 1;
            }
            count
        });
    }
    let count = tasks.join_all().await.into_iter().sum();
    connection.execute("delete from events where seq >= 1000000000").await.expect("they are gone");
    count
}

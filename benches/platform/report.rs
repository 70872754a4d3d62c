//! A report of how many users spent their time, over the API and at the command line.

use std::time::{Duration, Instant};

use chrono::{Days, NaiveTime, Utc};
use dutyline::app::App;
use dutyline::store::Clock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::database::{Database, Engine};
use crate::harness::fleet::{self, dutyline};
use crate::harness::follower::owner;
use crate::harness::server::Server;
use crate::sample::Sample;

#[derive(Debug, clap::Args)]
pub(crate) struct Terms {
    #[arg(long, default_value_t = 1000)]
    users: usize,
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=390))]
    days: u16,
    /// Stretches of one user's day
    #[arg(long, default_value_t = 16)]
    stretches: usize,
    /// So often each report is asked for
    #[arg(long, default_value_t = 5)]
    times: usize,
}

pub(crate) async fn run(engine: Engine, terms: &Terms) {
    let database = Database::on(engine);
    fleet::populate(&database.url, terms.users, 1).await;
    // It is over before the fleet went on duty.
    let first = Utc::now().date_naive() - Days::new(u64::from(terms.days) + 1);
    let (from, to) = (first.to_string(), (first + Days::new(u64::from(terms.days) - 1)).to_string());
    let begin = first.and_time(NaiveTime::MIN).and_utc().timestamp_millis();
    fleet::run(&database.url, stretches(terms, begin)).await;
    let app = App::open(&database.url, Clock::System).await.expect("a database");
    let tenant = app.ensure_default_tenant().await.expect("a tenant");
    let token = owner(&app, &tenant).await;
    let server = Server::start(&database.url);
    println!(
        "{} users, {} days, {} stretches\n",
        terms.users,
        terms.days,
        terms.users * usize::from(terms.days) * terms.stretches
    );
    println!("| Report of time | p50, p99, at most, ms | MiB |\n|-|-|-|");
    let path = format!("/v1/reports/time?from={from}&to={to}");
    for kind in ["application/json", "text/csv"] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: line\r\nconnection: close\r\naccept: {kind}\r\n\
             authorization: Bearer {}\r\n\r\n",
            token.expose()
        );
        let (mut took, mut length) = (Vec::new(), 0);
        for _ in 0..terms.times {
            let asked = Instant::now();
            length = fetch(&server, &request).await;
            took.push(asked.elapsed());
        }
        row(&format!("`GET /v1/reports/time`, {kind}"), took, length);
    }
    let (mut took, mut length) = (Vec::new(), 0);
    for _ in 0..terms.times {
        let asked = Instant::now();
        length = dutyline(&database.url, &["report", "time", "--from", &from, "--to", &to]).len();
        took.push(asked.elapsed());
    }
    row("`dutyline report time`", took, length);
    println!("| the server's memory (PSS) | | {:.0} |", server.pss_mib());
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
fn row(name: &str, took: Vec<Duration>, length: usize) {
    let sample: Sample = took.into_iter().collect();
    println!("| {name} | {sample} | {:.1} |", length as f64 / 1_048_576.0);
}

/// So many bytes are answered.
async fn fetch(server: &Server, request: &str) -> usize {
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
    answer.len()
}

/// Each user's days, from `begin` on, in stretches of one length, of which the last is off duty and the others are spent
/// in turn in four ways.
fn stretches(Terms { users, days, stretches, .. }: &Terms, begin: i64) -> String {
    let (each, length) = (usize::from(*days) * stretches, 86_400_000 / stretches);
    format!(
        "with recursive n(i) as (select 0 union all select i + 1 from n where i < {each} * {users} - 1), \
         s(login, place, began_at) as (select 'agent' || (i / {each}), i % {stretches}, \
         {begin} + cast(i % {each} as bigint) * {length} from n), \
         w(login, way, began_at) as (select login, case place when {stretches} - 1 then 4 else place % 4 end, began_at from s) \
         insert into segments select t.tenant_id, w.login, w.began_at, w.began_at + {length}, \
         case w.way when 4 then 'offline' else 'online' end, case w.way when 4 then 'expired' else 'logged_in' end, \
         case w.way when 3 then 'away' else 'available' end, case w.way when 3 then 'Lunch' end, \
         case w.way when 1 then 'talking' when 2 then 'wrap_up' else 'idle' end from w, tenants t"
    )
}

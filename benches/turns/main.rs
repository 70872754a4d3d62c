//! Webhooks against a running server on a real disk, step by step through calls: how many a second, and how long
//! each takes; beside them, the flat answer of the same server and the bare database. Prints rows for
//! `docs/performance.md`.
//!
//! `cargo bench --bench turns -- [AGENTS...]`; PostgreSQL is measured where it is installed.

#![expect(clippy::disallowed_methods, reason = "it is time that is measured")]
#![expect(clippy::print_stdout, reason = "the figures are what this is for")]

mod bare;
mod carrier;
#[path = "../../tests/it/harness/postgres.rs"]
#[expect(dead_code, unreachable_pub, reason = "it serves the tests as well")]
mod cluster;
#[path = "../harness/mod.rs"]
#[expect(dead_code, reason = "other benchmarks ask for more")]
mod harness;

use std::mem;
use std::time::Duration;

use carrier::{Outcome, fresh, load};
use cluster::Cluster;
use harness::fleet;
use harness::line::Step;
use harness::server::Server;

/// Each measurement.
const TIME: Duration = Duration::from_secs(3);
const CONNECTIONS: [usize; 4] = [1, 8, 64, 256];
/// Changes of presence behind each agent.
const CHANGES: usize = 10;

#[tokio::main]
async fn main() {
    // `cargo bench` asks for it; whoever merely runs all targets does not mean to wait.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mut sizes: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    if sizes.is_empty() {
        sizes.push(10_000);
    }
    println!("| Engine | Agents | At once | Flat | Bare | First | Menu | Key | Replay | Status |");
    println!("|-|-|-|-|-|-|-|-|-|-|");
    for agents in sizes {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("line.db").display());
        measure("SQLite", &url, agents).await;
        if cluster::programs().is_some() {
            let cluster = Cluster::start(&["shared_buffers = 1GB", "max_wal_size = 4GB"]);
            measure("PostgreSQL", &cluster.database(), agents).await;
        }
    }
}

/// Prints a row for each number of connections, and one for the server.
async fn measure(engine: &str, url: &str, agents: usize) {
    fleet::populate(url, agents, CHANGES).await;
    let server = Server::start(url);
    let start = server.start;
    // What a line is like that has been open for a while.
    calls(&server, agents, 32, 0).await;
    for (round, connections) in (1..).zip(CONNECTIONS) {
        let flat = load(server.address, agents, Step::Flat, fresh(0), connections, TIME).await;
        let bare = bare::presses(url, connections, TIME).await;
        let steps = calls(&server, agents, connections, round * 10_000_000).await;
        let cells: Vec<String> = steps.iter().map(cell).collect();
        println!(
            "| {engine} | {agents} | {connections} | {} | {bare:.0} | {} |",
            cell(&flat),
            cells.join(" | ")
        );
    }
    println!("| {engine} | {agents} | ready after {} ms, {:.0} MiB |", start.as_millis(), server.pss_mib());
}

/// Takes new calls through all steps.
async fn calls(server: &Server, agents: usize, connections: usize, first: usize) -> Vec<Outcome> {
    let (mut calls, mut outcomes) = (fresh(first), Vec::new());
    for step in [Step::First, Step::Key("7"), Step::Key("1"), Step::Replay("1"), Step::Completed] {
        let outcome = load(server.address, agents, step, mem::take(&mut calls), connections, TIME).await;
        calls.clone_from(&outcome.calls);
        outcomes.push(outcome);
    }
    outcomes
}

/// Answers a second, and how long half of them and 99 of 100 took at most.
fn cell(outcome: &Outcome) -> String {
    let millis = |percent| outcome.percentile(percent).as_secs_f64() * 1000.0;
    format!("{:.0} ({:.1}, {:.1})", outcome.rate(), millis(50), millis(99))
}

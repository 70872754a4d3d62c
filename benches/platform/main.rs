//! The presence platform under load, on a real disk: how soon others are told of presences that change, and whether
//! calls notice; how long pages of lists and reports take. Prints tables for `docs/performance.md`.
//!
//! `cargo bench --bench platform -- transitions|lists|report --help`

#![expect(clippy::disallowed_methods, reason = "it is time that is measured")]
#![expect(clippy::print_stdout, reason = "the figures are what this is for")]

#[path = "../../tests/it/harness/postgres.rs"]
#[expect(dead_code, unreachable_pub, reason = "it serves the tests as well")]
mod cluster;
mod database;
#[path = "../harness/mod.rs"]
#[expect(dead_code, reason = "other benchmarks ask for more")]
mod harness;
mod lists;
mod report;
mod sample;
mod transitions;

use clap::{Parser, Subcommand};
use database::Engine;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    load: Load,
    #[arg(long, global = true, value_enum, default_value = "sqlite")]
    engine: Engine,
    /// What `cargo bench` adds
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

#[derive(Debug, Subcommand)]
enum Load {
    /// Calls that put agents on duty and off it, with nobody who listens, and with webhooks and sockets
    Transitions(transitions::Terms),
    /// First pages of lists, and pages in the middle
    Lists(lists::Terms),
    /// A report of many users' time
    Report(report::Terms),
}

#[tokio::main]
async fn main() {
    // `cargo bench` asks for it; whoever merely runs all targets does not mean to wait.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let Arguments { load, engine, bench: _ } = Arguments::parse();
    match load {
        Load::Transitions(terms) => transitions::run(engine, &terms).await,
        Load::Lists(terms) => lists::run(engine, &terms).await,
        Load::Report(terms) => report::run(engine, &terms).await,
    }
}

//! The `dutyline` binary.

use std::process::ExitCode;

use clap::Parser;
use dutyline::cli::{self, Cli};
use mimalloc::MiMalloc;

/// Rows are made on SQLite's thread and dropped on another, over which the C library's allocator makes threads
/// wait for each other. SQLite itself uses this one too.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let provider = rustls::crypto::ring::default_provider().install_default();
    debug_assert!(provider.is_ok(), "nothing installs one before main does");
    cli::run(Cli::parse()).await
}

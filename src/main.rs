//! The `dutyline` binary.

use std::process::ExitCode;

use clap::Parser;
use dutyline::cli::{self, Cli};

#[tokio::main]
async fn main() -> ExitCode {
    let provider = rustls::crypto::ring::default_provider().install_default();
    debug_assert!(provider.is_ok(), "nothing installs one before main does");
    cli::run(Cli::parse()).await
}

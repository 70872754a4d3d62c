//! `dutyline openapi`.

use std::process::ExitCode;

use crate::cli::output;
use crate::http::v1;

/// Print the document that describes the REST API, `OpenAPI` 3.1
///
/// The server serves the same at `/v1/openapi.json`, and a page to try it on at `/v1/docs`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(Args {}: Args) -> anyhow::Result<ExitCode> {
    output::line(v1::document().to_pretty_json()?)?;
    Ok(ExitCode::SUCCESS)
}

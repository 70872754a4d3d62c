//! `dutyline flow check`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;

use crate::cli::flow::library::{Library, is_test, read, test_of, toml_files};
use crate::cli::flow::renderer;
use crate::cli::output::{line, talk};
use crate::flow::check::check;
use crate::flow::issue::{Issue, Severity, report};
use crate::flow::program::LinkError;
use crate::flow::rehearsal::script::run as rehearse;
use crate::flow::script::{self, Script};

/// Show everything that is wrong with flow files, and run their tests
///
/// The tests of `NAME.toml` are the calls in `NAME.test.toml` beside it. No database and no server is needed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Flow files, files of tests, or folders of them
    #[arg(required = true, value_name = "FILE|FOLDER")]
    paths: Vec<PathBuf>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut tally = Tally::default();
    for path in files(&args.paths)? {
        if is_test(&path) { check_tests(&path, &mut tally)? } else { check_flow(&path, &mut tally)? }
    }
    let Tally { flows, calls, errors } = tally;
    talk(format!(
        "checked {}, played {}: {}",
        count(flows, "flow"),
        count(calls, "call"),
        count(errors, "error")
    ));
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What was done, and how much of it went wrong.
#[derive(Debug, Default)]
struct Tally {
    flows: usize,
    calls: usize,
    errors: usize,
}

/// Every file that the paths stand for, once.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let found = if path.is_dir() {
            toml_files(path)?
        } else {
            [path.clone()].into_iter().chain(test_of(path)).collect()
        };
        if found.is_empty() {
            bail!("no flow file in `{}`; their names end in `.toml`", path.display());
        }
        for file in found {
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }
    Ok(files)
}

fn check_flow(path: &Path, tally: &mut Tally) -> anyhow::Result<()> {
    let source = read(path)?;
    let (flow, issues) = check(&source);
    tally.flows += 1;
    tell(path, &source, &issues, tally)?;
    let Some(flow) = flow else { return Ok(()) };
    match Library::around(path)?.link(Arc::new(flow)) {
        Ok(_) => Ok(()),
        // It may be published already: whether it is, publishing tells.
        Err(why @ LinkError::UnknownFlow { .. }) => {
            Ok(line(format!("warning: {}: not in this folder: {why}\n", path.display()))?)
        }
        Err(why @ (LinkError::Circle(_) | LinkError::TooDeep(_))) => {
            tally.errors += 1;
            Ok(line(format!("error: {}: {why}\n", path.display()))?)
        }
    }
}

fn check_tests(path: &Path, tally: &mut Tally) -> anyhow::Result<()> {
    let source = read(path)?;
    let (script, mut issues) = script::parse(&source);
    if let Some(script) = script {
        tally.calls += script.calls.len();
        issues.extend(play(path, &script)?);
    }
    Ok(tell(path, &source, &issues, tally)?)
}

fn play(path: &Path, script: &Script) -> anyhow::Result<Vec<Issue>> {
    let library = Library::around(path)?;
    let Some(flow) = library.flow(&script.flow) else {
        let message = format!("there is no flow `{}` without errors in this folder", script.flow);
        return Ok(vec![Issue::error(0..0, message)]);
    };
    Ok(match library.link(flow) {
        Ok(program) => rehearse(script, &program),
        Err(why) => vec![Issue::error(0..0, why.to_string())],
    })
}

fn tell(path: &Path, source: &str, issues: &[Issue], tally: &mut Tally) -> io::Result<()> {
    tally.errors += issues.iter().filter(|issue| issue.severity == Severity::Error).count();
    if issues.is_empty() {
        return Ok(());
    }
    line(report(&path.display().to_string(), source, issues, &renderer()).trim_end().to_owned())?;
    line("")
}

/// `1 flow`, `2 flows`.
fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

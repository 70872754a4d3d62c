//! `dutyline flow check`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use serde::Serialize;

use crate::cli::file;
use crate::cli::flow::library::{Library, is_test, test_of, toml_files};
use crate::cli::flow::renderer;
use crate::cli::output::{Format, line, talk};
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

    #[command(flatten)]
    format: Format,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut tally = Tally::default();
    for path in files(&args.paths)? {
        let found =
            if is_test(&path) { check_tests(path, &mut tally)? } else { check_flow(path, &mut tally)? };
        if !args.format.is_json() {
            tell(&found)?;
        }
        tally.take(found);
    }
    if args.format.is_json() {
        line(serde_json::to_string_pretty(&tally)?)?;
    } else {
        talk(&tally);
    }
    Ok(if tally.errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What was done, and what is wrong.
#[derive(Debug, Default, Serialize)]
struct Tally {
    flows: usize,
    calls: usize,
    errors: usize,
    issues: Vec<Placed>,
}

/// An issue, as scripts read it. One with a file as a whole has no line.
#[derive(Debug, Serialize)]
struct Placed {
    file: String,
    line: Option<usize>,
    column: Option<usize>,
    severity: Severity,
    message: String,
    hint: Option<String>,
}

/// What is wrong with a file.
#[derive(Debug)]
struct Found {
    path: PathBuf,
    source: String,
    issues: Vec<Issue>,
    /// Why the flow does not run with those beside it, which is no place's fault.
    unlinked: Option<Issue>,
}

impl Tally {
    fn take(&mut self, found: Found) {
        let Found { path, source, issues, unlinked } = found;
        let placed = issues.into_iter().map(|issue| {
            let (line, column) = issue.place(&source);
            Placed { line: Some(line), column: Some(column), ..Placed::nowhere(&path, issue) }
        });
        self.issues.extend(placed);
        self.issues.extend(unlinked.map(|issue| Placed::nowhere(&path, issue)));
        self.errors = self.issues.iter().filter(|issue| issue.severity == Severity::Error).count();
    }
}

impl Placed {
    fn nowhere(path: &Path, issue: Issue) -> Self {
        let Issue { severity, message, span: _, hint } = issue;
        Self { file: path.display().to_string(), line: None, column: None, severity, message, hint }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [flows, calls, errors] =
            [(self.flows, "flow"), (self.calls, "call"), (self.errors, "error")].map(count);
        write!(f, "checked {flows}, played {calls}: {errors}")
    }
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

fn check_flow(path: PathBuf, tally: &mut Tally) -> anyhow::Result<Found> {
    let source = file::text(&path)?;
    let (flow, issues) = check(&source);
    tally.flows += 1;
    let unlinked = match flow {
        Some(flow) => Library::around(&path)?.link(Arc::new(flow)).err().as_ref().map(unlinked),
        None => None,
    };
    Ok(Found { path, source, issues, unlinked })
}

fn unlinked(why: &LinkError) -> Issue {
    match why {
        // It may be published already: whether it is, publishing tells.
        LinkError::UnknownFlow { .. } => Issue::warning(0..0, format!("not in this folder: {why}")),
        LinkError::Circle(_) | LinkError::TooDeep(_) => Issue::error(0..0, why.to_string()),
    }
}

fn check_tests(path: PathBuf, tally: &mut Tally) -> anyhow::Result<Found> {
    let source = file::text(&path)?;
    let (script, mut issues) = script::parse(&source);
    if let Some(script) = script {
        tally.calls += script.calls.len();
        issues.extend(play(&path, &script)?);
    }
    Ok(Found { path, source, issues, unlinked: None })
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

fn tell(found: &Found) -> io::Result<()> {
    let Found { path, source, issues, unlinked } = found;
    let path = path.display().to_string();
    if !issues.is_empty() {
        line(report(&path, source, issues, &renderer()).trim_end())?;
        line("")?;
    }
    let Some(Issue { severity, message, .. }) = unlinked else { return Ok(()) };
    let severity = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    line(format!("{severity}: {path}: {message}"))
}

/// `1 flow`, `2 flows`.
fn count((number, noun): (usize, &str)) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

//! What is wrong with a file that people wrote, and where. A check collects all issues before it answers, so
//! that a file is mended in one go.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::Serialize;

/// A place in a file: bytes from its start.
pub type Span = Range<usize>;

/// Issues that a report shows; nobody reads more, and each costs a pass over the file.
const MAX_SHOWN: usize = 100;

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    pub severity: Severity,
    pub message: String,
    pub span: Span,
    /// How to mend it.
    pub hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, but hardly as its author meant it.
    Warning,
}

impl Issue {
    pub fn error(span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, message: message.into(), span, hint: None }
    }

    pub fn warning(span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, message: message.into(), span, hint: None }
    }

    /// Where it begins in `source`: line and column, both from 1, columns in characters.
    pub fn place(&self, source: &str) -> (usize, usize) {
        let before = &source[..self.span.start];
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }

    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Hints at the one of `known` that `written` was probably meant to be.
    #[must_use]
    pub fn did_you_mean<'a>(self, written: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(written, known) {
            Some(name) => self.hint(format!("did you mean `{name}`?")),
            None => self,
        }
    }
}

/// Whether none of the issues forbids using the file.
pub fn is_usable(issues: &[Issue]) -> bool {
    issues.iter().all(|issue| match issue.severity {
        Severity::Error => false,
        Severity::Warning => true,
    })
}

/// What the issues say, on one line, where there is no file to point into.
pub fn brief(issues: &[Issue]) -> String {
    issues.iter().map(|issue| issue.message.as_str()).collect::<Vec<_>>().join("; ")
}

/// The issues as a compiler would print them: message, path, line, column, the line and a caret under it.
pub fn report(path: &str, source: &str, issues: &[Issue], renderer: &Renderer) -> String {
    let shown = issues.iter().take(MAX_SHOWN).map(|issue| rendered(path, source, issue, renderer) + "\n\n");
    let left = issues.len().saturating_sub(MAX_SHOWN);
    let rest = (left > 0).then(|| format!("... and {left} more\n"));
    shown.chain(rest).collect()
}

fn rendered(path: &str, source: &str, issue: &Issue, renderer: &Renderer) -> String {
    let level = match issue.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let place = AnnotationKind::Primary.span(issue.span.clone());
    let group = level
        .primary_title(&issue.message)
        .element(Snippet::source(source).path(path).annotation(place))
        .elements(issue.hint.as_ref().map(|hint| Level::HELP.message(hint)));
    renderer.render(&[group])
}

/// Of the names the one nearest to `written`, if it is near at all: one slip of the finger in three letters.
pub fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(written, name), name))
        .filter(|(slips, name)| *slips <= name.len().div_ceil(3))
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issues_in_brief_are_their_messages() {
        let issues =
            [Issue::error(0..1, "unknown node `brek`"), Issue::warning(2..3, "node `x` is never reached")];
        assert_eq!(brief(&issues), "unknown node `brek`; node `x` is never reached");
    }

    #[test]
    fn a_place_is_a_line_and_a_column_as_editors_count_them() {
        let source = "a = 1\n\u{fc} = \u{e9}b\n";
        for (span, place) in
            [(0..1, (1, 1)), (4..5, (1, 5)), (6..8, (2, 1)), (13..14, (2, 6)), (15..15, (3, 1))]
        {
            assert_eq!(Issue::error(span.clone(), "").place(source), place, "{span:?}");
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_understood_and_a_stranger_is_not() {
        let names = ["break", "bye", "duty"];
        for (written, meant) in
            [("brek", Some("break")), ("bey", Some("bye")), ("dutty", Some("duty")), ("lunch", None)]
        {
            assert_eq!(nearest(written, names), meant, "{written}");
        }
    }

    #[test]
    fn a_report_shows_the_place_and_the_mend() {
        let source = "start = \"dutty\"\n";
        let issue = Issue::error(8..15, "unknown node `dutty`").did_you_mean("dutty", ["duty"]);
        insta::assert_snapshot!(report("a.toml", source, &[issue], &Renderer::plain()), @r#"
        error: unknown node `dutty`
         --> a.toml:1:9
          |
        1 | start = "dutty"
          |         ^^^^^^^
          |
          = help: did you mean `duty`?
        "#);
    }

    #[test]
    fn a_report_ends_where_nobody_reads_on() {
        let issues = vec![Issue::warning(0..1, "a letter"); 103];
        let report = report("a.toml", "x", &issues, &Renderer::plain());
        assert_eq!(report.matches("warning: a letter").count(), 100);
        assert!(report.ends_with("... and 3 more\n"), "{report}");
    }
}

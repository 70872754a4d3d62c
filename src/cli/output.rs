//! How commands write: data to stdout, as a table for people or as JSON for scripts; talk to stderr. A
//! reader who closes the pipe early is no error of ours, so nothing here panics over it.

use std::fmt::Display;
use std::io::{self, Write};

use comfy_table::Table;
use serde::Serialize;

use crate::domain::time::Instant;

/// How a read is written.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Format {
    /// Write JSON, for scripts
    #[arg(long)]
    json: bool,
}

impl Format {
    /// Whether a script reads, which wants also nothing to be written as such.
    pub(super) fn is_json(self) -> bool {
        self.json
    }

    /// Writes `value` as JSON, or as the table that `table` makes of it.
    pub(super) fn print<T: Serialize + ?Sized>(
        self,
        value: &T,
        table: impl FnOnce(&T) -> Table,
    ) -> io::Result<()> {
        if self.json { line(serde_json::to_string_pretty(value)?) } else { line(unpadded(&table(value))) }
    }

    /// Writes `value` as JSON, or as the text that `text` makes of it.
    pub(super) fn tell<T: Serialize + ?Sized>(
        self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> io::Result<()> {
        if self.json { line(serde_json::to_string_pretty(value)?) } else { line(text(value)) }
    }

    /// Writes one item of a stream: a JSON object on a line, or a line of text.
    pub(super) fn item<T: Serialize + ?Sized>(
        self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> io::Result<()> {
        if self.json { line(serde_json::to_string(value)?) } else { line(text(value)) }
    }
}

/// A table with a head and no lines around it.
pub(super) fn table(head: impl IntoIterator<Item = &'static str>) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(head.into_iter().map(str::to_uppercase));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
}

/// An instant for people: UTC, without the fraction of a second.
pub(super) fn to_second(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// The table without the blanks that fill up its last column.
fn unpadded(table: &Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// Data.
pub(super) fn line(text: impl Display) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", text.to_string().trim_end())
}

/// Talk.
pub(super) fn talk(text: impl Display) {
    // Nobody listens on a closed stderr, and there is nowhere else to say so.
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// Why a command was refused.
pub(super) fn complain(error: &anyhow::Error) {
    talk(format!("error: {error:#}"));
}

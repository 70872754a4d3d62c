//! Commands as they are typed, by what they write and how they exit.

mod apply;
mod audit;
mod calendars;
mod events;
mod flow;
mod migrate;
mod moving;
mod people;
mod phone;
mod policy;
mod prompt;
mod simulate;
mod tokens;
mod webhooks;

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::harness::database;

/// A data folder with a migrated database, and a shell in it.
struct Shell {
    folder: TempDir,
    database: Option<(&'static str, String)>,
}

impl Shell {
    fn new() -> Self {
        let shell = Self::unfurnished();
        assert_eq!(shell.run(&["migrate"]), "[0]\nstderr: the schema is current");
        shell
    }

    /// The same without a database, or with an empty one where a server has to have it.
    fn unfurnished() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), database: database::setting() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the database is.
    fn url(&self) -> String {
        let file = || format!("sqlite:{}", self.path().join("dutyline-data/dutyline.db").display());
        self.database.as_ref().map_or_else(file, |(_, url)| url.clone())
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    /// The exit code, what was written to stdout, and what to stderr.
    fn run(&self, arguments: &[&str]) -> String {
        let run = Command::new(env!("CARGO_BIN_EXE_dutyline"))
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .envs(self.database.clone())
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs");
        let lines = |prefix: &str, bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).expect("UTF-8");
            let lines: Vec<String> =
                text.lines().map(|line| format!("\n{}", format!("{prefix}{line}").trim_end())).collect();
            lines.concat()
        };
        let code = run.status.code().expect("no signal");
        format!("[{code}]{}{}", lines("", run.stdout), lines("stderr: ", run.stderr))
    }
}

/// A file of the repository.
fn shipped(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("it is shipped")
}

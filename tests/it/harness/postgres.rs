//! A PostgreSQL server of this process's own: a temporary cluster on a free port, gone with the process.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where Debian and its kin keep the server's programs, which are not on the path there.
const DEBIANS: &str = "/usr/lib/postgresql";

/// The user as whom the server runs where we are root, whom it refuses to serve.
const UNPRIVILEGED: &str = "postgres";

/// Ends the server when standard input ends, which is when whoever started it does, however that comes.
const KEEPER: &str = r#"trap "" HUP INT TERM; read -r _; "$@"; rm -rf "$0""#;

/// A running server.
#[derive(Debug)]
pub struct Cluster {
    bin: PathBuf,
    folder: PathBuf,
    port: u16,
    databases: AtomicU32,
    /// Holds the other end of its standard input.
    _keeper: Child,
}

/// Set where PostgreSQL has to be there, so that nobody believes to have tested what was skipped.
const WANTED: &str = "DUTYLINE_TEST_POSTGRES";

/// The server that tests share; none, which is said aloud, where PostgreSQL is not installed and need not be.
pub fn unless_missing() -> Option<&'static Cluster> {
    let is_missing = programs().is_none();
    assert!(!is_missing || env::var_os(WANTED).is_none(), "PostgreSQL is not installed");
    if is_missing {
        // Past the test runner, which would swallow it.
        let note = "skipped: PostgreSQL is not installed; on Debian: apt-get install postgresql";
        writeln!(io::stderr(), "{note}").expect("stderr is open");
        return None;
    }
    Some(shared())
}

pub fn programs() -> Option<PathBuf> {
    let debians =
        fs::read_dir(DEBIANS).into_iter().flatten().flatten().map(|version| version.path().join("bin"));
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = env::split_paths(&path).chain(debians);
    folders.find(|folder| {
        ["initdb", "pg_ctl", "postgres", "psql"].iter().all(|program| folder.join(program).exists())
    })
}

/// The server that tests share which do not harm it. What it keeps need not outlive the machine.
pub fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(|| Cluster::start(&["fsync = off", "full_page_writes = off"]))
}

impl Cluster {
    /// Starts a server with lines of `postgresql.conf`.
    pub fn start(settings: &[&str]) -> Self {
        let bin = programs().expect("PostgreSQL is installed");
        let folder = tempfile::tempdir().expect("a folder").keep();
        if is_root() {
            ran(Command::new("chown").arg(UNPRIVILEGED).arg(&folder));
        }
        let data = folder.join("data");
        let locale =
            ["--auth=trust", "--username=dutyline", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
        ran(unprivileged(&bin.join("initdb")).args(locale).arg(&data));
        let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
        let port = free.port();
        let config = format!(
            "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n\
             max_connections = 400\n{}\n",
            settings.join("\n")
        );
        let file = OpenOptions::new().append(true).open(data.join("postgresql.conf"));
        file.expect("a file").write_all(config.as_bytes()).expect("written");
        let keeper = keeper(&bin, &folder);
        let cluster = Self { bin, folder, port, databases: AtomicU32::default(), _keeper: keeper };
        cluster.boot();
        cluster
    }

    /// A new and empty database; where it is.
    pub fn database(&self) -> String {
        let name = format!("line_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.psql("postgres", &format!("create database {name}"));
        self.url(&name)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://dutyline@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs SQL and gives what it prints.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        ran(Command::new(self.bin.join("psql")).args(["-XAtq", "-c", sql, &self.url(database)]))
    }

    /// Ends the server as a crash would.
    pub fn crash(&self) {
        ran(&mut stop(&self.bin, &self.folder));
    }

    /// Stops every process of the server where it stands: connections are accepted, and nothing answers.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets the server go on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = fs::read_to_string(self.folder.join("data/postmaster.pid")).expect("it runs");
        let pid = pid.lines().next().expect("a process");
        // Its children first or last does not matter: no child is born without it.
        ran(Command::new("kill").args([&format!("-{signal}"), pid]));
        ran(Command::new("pkill").args([&format!("-{signal}"), "--parent", pid]));
    }

    /// Starts the server on what its disk holds.
    pub fn boot(&self) {
        let mut start = unprivileged(&self.bin.join("pg_ctl"));
        start
            .args(["start", "--silent", "--wait", "--log=/dev/null", "--pgdata"])
            .arg(self.folder.join("data"));
        ran(start.stdin(Stdio::null()));
    }
}

fn keeper(bin: &Path, folder: &Path) -> Child {
    let stop = stop(bin, folder);
    let mut keeper = Command::new("sh");
    keeper.args(["-c", KEEPER]).arg(folder).arg(stop.get_program()).args(stop.get_args());
    keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
}

fn stop(bin: &Path, folder: &Path) -> Command {
    let mut stop = unprivileged(&bin.join("pg_ctl"));
    stop.args(["stop", "--silent", "--mode=immediate", "--pgdata"]).arg(folder.join("data"));
    stop
}

/// A program that runs as somebody who is not root.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", UNPRIVILEGED, "--regid", UNPRIVILEGED, "--clear-groups", "--"]).arg(program);
    command.current_dir("/");
    command
}

fn is_root() -> bool {
    ran(Command::new("id").arg("-u")).trim() == "0"
}

/// Runs a command to its end, which must be a good one; what it printed.
#[track_caller]
fn ran(command: &mut Command) -> String {
    // A server that it starts would keep pipes open: those are files.
    let (mut out, err) =
        (tempfile::tempfile().expect("a file"), tempfile::NamedTempFile::new().expect("a file"));
    let status = command
        .stdout(out.try_clone().expect("a file"))
        .stderr(err.reopen().expect("a file"))
        .status()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {}", fs::read_to_string(err.path()).unwrap_or_default());
    let mut printed = String::new();
    out.rewind().expect("a file");
    out.read_to_string(&mut printed).expect("UTF-8");
    printed
}

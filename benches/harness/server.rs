//! A `dutyline serve` of one's own.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What the server takes for the carrier's secret.
pub(crate) const TOKEN: &str = "12345";

/// A running server, which dies with this.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    /// From its start to its first good `/readyz`.
    pub(crate) start: Duration,
}

impl Server {
    pub(crate) fn start(database_url: &str) -> Self {
        Self::start_with(database_url, &[])
    }

    /// One that has these settings in its environment.
    pub(crate) fn start_with(database_url: &str, settings: &[(&str, &str)]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let begun = Instant::now();
        let process = Command::new(env!("CARGO_BIN_EXE_dutyline"))
            .arg("serve")
            .env("DUTYLINE_DATABASE_URL", database_url)
            .env("DUTYLINE_LISTEN", address.to_string())
            .env("DUTYLINE_PUBLIC_URL", format!("http://{address}"))
            .env("DUTYLINE_TWILIO_AUTH_TOKEN", TOKEN)
            .env("DUTYLINE_LOG", "error")
            .envs(settings.iter().copied())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the server starts");
        while !is_ready(address) {
            sleep(Duration::from_millis(1));
        }
        Self { process, address, start: begun.elapsed() }
    }

    /// Processor time that it has used so far.
    pub(crate) fn worked(&self) -> Duration {
        worked(self.process.id())
    }

    /// Memory that is its own, with its share of what it shares, in MiB.
    pub(crate) fn pss_mib(&self) -> f64 {
        let path = format!("/proc/{}/smaps_rollup", self.process.id());
        let rollup = std::fs::read_to_string(path).expect("Linux tells");
        let pss = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).expect("a line of PSS");
        let kib: u32 = pss.trim().trim_end_matches(" kB").parse().expect("a number");
        f64::from(kib) / 1024.0
    }
}

/// Processor time that a process has used so far, the kernel's on its behalf included.
pub(crate) fn worked(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("Linux tells");
    // The command's name, in brackets, may hold anything.
    let (_, numbers) = stat.rsplit_once(')').expect("a name");
    let ticks = numbers.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.map(|ticks| ticks.parse::<u64>().expect("a number")).sum();
    // Linux tells in hundredths of a second, whatever its own clock does.
    Duration::from_millis(ticks * 10)
}

fn is_ready(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: line\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        io::Result::Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

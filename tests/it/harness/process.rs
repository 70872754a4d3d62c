//! The real server as a process of its own, and webhooks over a real socket.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use dutyline::carrier::twilio::signature;

use super::database;
use super::line::encode;

const TOKEN: &str = "12345";

/// A data folder, and where its server listens.
pub struct Deployment {
    pub data: PathBuf,
    database: Option<(&'static str, String)>,
    world: Vec<(&'static str, String)>,
    pub listen: SocketAddr,
}

impl Deployment {
    pub fn new(data: &Path) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
        Self { data: data.to_owned(), database: database::setting(), world: Vec::new(), listen: free }
    }

    /// Another node, on the database at `url`.
    pub fn on(data: &Path, url: &str) -> Self {
        Self { database: Some((database::SETTING, url.to_owned())), ..Self::new(data) }
    }

    /// The same in another environment.
    pub fn with(self, world: &[(&'static str, &str)]) -> Self {
        Self { world: world.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(), ..self }
    }

    pub fn dutyline(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dutyline"));
        command
            .env("DUTYLINE_DATA", &self.data)
            .envs(self.database.clone())
            .envs(self.world.clone())
            .env("DUTYLINE_LISTEN", self.listen.to_string())
            .env("DUTYLINE_TWILIO_AUTH_TOKEN", TOKEN)
            // Tests ask faster than clients do.
            .env("DUTYLINE_API_RATE", "10000")
            .env("DUTYLINE_API_BURST", "100000")
            .env("DUTYLINE_LOG", "error");
        command
    }

    /// Runs a command to its end, which must be a good one.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.dutyline().args(args).output().expect("it runs");
        let stderr = String::from_utf8_lossy(&stderr);
        assert!(status.success(), "dutyline {args:?}: {stderr}");
        String::from_utf8(stdout).expect("UTF-8")
    }

    /// Starts the server and waits until it is ready.
    pub fn serve(&self) -> Server {
        let server = self.start();
        while !self.get("/readyz").is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            std::thread::yield_now();
        }
        server
    }

    pub fn start(&self) -> Server {
        Server(self.dutyline().arg("serve").stderr(Stdio::inherit()).spawn().expect("it starts"))
    }

    /// Waits until the server says so; its answer then.
    pub fn comes_to_say(&self, path: &str, words: &str) -> String {
        loop {
            if let Ok(answer) = self.get(path)
                && answer.contains(words)
            {
                return answer;
            }
            std::thread::yield_now();
        }
    }

    fn get(&self, path: &str) -> std::io::Result<String> {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nhost: line\r\nconnection: close\r\n\r\n"), || ())
    }

    /// Posts a signed form to one of the server's own addresses; calls `sent` before it waits for the answer.
    pub fn post(&self, url: &str, form: &[(String, String)], sent: impl FnOnce()) -> std::io::Result<String> {
        let signature = signature::sign(&TOKEN.to_owned().into(), url, form);
        let (path, body) = (&url[self.url().len()..], encode(form));
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: line\r\nconnection: close\r\nx-twilio-signature: {signature}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let answer = self.exchange(&request, sent)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(body.trim_end().ends_with("</Response>"), "{answer}");
        Ok(body.to_owned())
    }

    fn exchange(&self, request: &str, sent: impl FnOnce()) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(self.listen)?;
        stream.write_all(request.as_bytes())?;
        sent();
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.listen)
    }
}

/// A running server, which dies with this.
pub struct Server(Child);

impl Server {
    /// As if the power went: no goodbye, no flush.
    pub fn kill(&mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it ends");
    }
}

impl Server {
    /// Waits until it ends by itself; its exit code.
    pub fn ended(mut self) -> Option<i32> {
        self.0.wait().expect("it ends").code()
    }

    /// As if the machine stood still.
    pub fn stop(&self) {
        self.signal("-STOP");
    }

    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.0.id().to_string()]).status();
        assert!(sent.expect("it runs").success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

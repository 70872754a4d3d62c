//! Pages of lists, the first and one in the middle, asked for one after the other. A list is flat if they take as long
//! with a million users as with a thousand.

use std::fmt::Write as _;
use std::time::Instant;

use dutyline::app::App;
use dutyline::store::Clock;
use serde::Deserialize;

use crate::database::{Database, Engine};
use crate::harness::fleet;
use crate::harness::follower::owner;
use crate::harness::line::Line;
use crate::harness::server::Server;
use crate::sample::Sample;

#[derive(Debug, clap::Args)]
pub(crate) struct Terms {
    /// Numbers of users, the smallest first
    #[arg(default_values_t = [1000, 1_000_000])]
    users: Vec<usize>,
    /// So often each page is asked for
    #[arg(long, default_value_t = 500)]
    times: usize,
}

const LISTS: [&str; 5] = ["users", "presence", "timers", "events", "calls"];

/// Pages that are asked for before it counts.
const WARM_UP: usize = 20;

/// Changes of presence behind each user: one, so that there are about as many events as users.
const CHANGES: usize = 1;

#[derive(Debug, Deserialize)]
struct Page {
    next: String,
}

pub(crate) async fn run(engine: Engine, terms: &Terms) {
    let mut found: Vec<Vec<Sample>> = Vec::new();
    let (mut head, mut rule) = ("| Page |".to_owned(), "|-|".to_owned());
    for &users in &terms.users {
        found.push(measure(engine, users, terms.times).await);
        write!(head, " {users} users: p50, p99, at most, ms |").expect("memory takes it");
        rule.push_str("-|");
    }
    println!("{head} p50, times the first |\n{rule}-|");
    let pages =
        LISTS.iter().flat_map(|list| [format!("`/v1/{list}`, first"), format!("`/v1/{list}`, middle")]);
    for (place, page) in pages.enumerate() {
        let samples: Vec<&Sample> = found.iter().map(|samples| &samples[place]).collect();
        let cells: Vec<String> = samples.iter().map(ToString::to_string).collect();
        let ratio = samples[samples.len() - 1].ratio(samples[0], 50);
        println!("| {page} | {} | {ratio:.2} |", cells.join(" | "));
    }
}

/// The first page and one in the middle, of each list.
async fn measure(engine: Engine, users: usize, times: usize) -> Vec<Sample> {
    let database = Database::on(engine);
    fleet::populate(&database.url, users, CHANGES).await;
    let app = App::open(&database.url, Clock::System).await.expect("a database");
    let tenant = app.ensure_default_tenant().await.expect("a tenant");
    let token = owner(&app, &tenant).await;
    let allowance = [("DUTYLINE_API_RATE", "10000"), ("DUTYLINE_API_BURST", "100000")];
    let server = Server::start_with(&database.url, &allowance);
    let mut client = Client { line: Line::connect(server.address).await, token: token.expose().to_owned() };
    let mut samples = Vec::new();
    for list in LISTS {
        let middle = format!("&after={}", client.middle(list, users).await);
        for cursor in [String::new(), middle] {
            let path = format!("{list}?limit=100{cursor}");
            client.times(&path, WARM_UP).await;
            samples.push(client.times(&path, times).await);
        }
    }
    samples
}

struct Client {
    line: Line,
    token: String,
}

impl Client {
    async fn ask(&mut self, path: &str) -> String {
        let token = &self.token;
        let request =
            format!("GET /v1/{path} HTTP/1.1\r\nhost: line\r\nauthorization: Bearer {token}\r\n\r\n");
        self.line.ask(&request).await
    }

    async fn times(&mut self, path: &str, times: usize) -> Sample {
        let mut took = Vec::with_capacity(times);
        for _ in 0..times {
            let asked = Instant::now();
            self.ask(path).await;
            took.push(asked.elapsed());
        }
        took.into_iter().collect()
    }

    /// Where the page in the middle of a list begins behind. The fleet's names are so even, and its calls come one a
    /// millisecond, that it can be told without going through half of the list.
    async fn middle(&mut self, list: &str, users: usize) -> String {
        match list {
            "events" => (users * CHANGES / 2).to_string(),
            "calls" => {
                let page = self.ask("calls?limit=1").await;
                let Page { next } = serde_json::from_str(&page).expect("a page");
                let (at, call) = next.split_once('.').expect("when the call began, and its name");
                let at: usize = at.parse().expect("a number of milliseconds");
                format!("{}.{call}", at - users / 2)
            }
            _ => "agent5".to_owned(),
        }
    }
}

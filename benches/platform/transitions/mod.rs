//! Agents go on duty and off it at a steady rate, whether the line keeps up or not: first with nobody who listens, then
//! with webhooks and sockets that share the users among them. Of the webhooks some are dead: they take no connection, or
//! never answer on one.

mod callers;
mod endpoints;
mod watchers;

use std::time::{Duration, Instant};

use dutyline::app::App;
use dutyline::domain::ids::Login;
use dutyline::store::Clock;

use crate::database::{Database, Engine};
use crate::harness::fleet;
use crate::harness::server::{Server, worked};
use callers::{Callers, Rung};
use endpoints::Endpoints;
use watchers::Watchers;

#[derive(Debug, clap::Args)]
pub(crate) struct Terms {
    #[arg(long, default_value_t = 10_000)]
    users: usize,
    /// Transitions a second, each in a call of its own of three webhooks
    #[arg(long, default_value_t = 1000)]
    rate: u32,
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Webhook endpoints, the dead ones included
    #[arg(long, default_value_t = 50)]
    webhooks: usize,
    #[arg(long, default_value_t = 1)]
    dead: usize,
    #[arg(long, default_value_t = 100)]
    sockets: usize,
    /// Endpoints, and sockets, that follow each user
    #[arg(long, default_value_t = 1)]
    followers: usize,
    /// What they follow, with commas between. One event tells of each transition in `presence.*`, another in `UserStatus`
    #[arg(long, default_value = "presence.*")]
    types: String,
}

/// Before it counts.
const WARM_UP: u32 = 5;

/// What is on its way when the calls have ended is waited for so long.
const FAREWELL: Duration = Duration::from_secs(5);

pub(crate) async fn run(engine: Engine, terms: &Terms) {
    let database = Database::on(engine);
    fleet::populate(&database.url, terms.users, 1).await;
    let app = App::open(&database.url, Clock::System).await.expect("a database");
    let settings = [("DUTYLINE_WEBHOOK_ALLOW", "127.0.0.0/8"), ("DUTYLINE_WEBHOOK_RATE", "100000")];
    let server = Server::start_with(&database.url, &settings);
    let mut callers = Callers::new(server.address, terms.users);
    callers.call(terms.rate, WARM_UP).await;
    let alone = observed(&server, callers.call(terms.rate, terms.seconds)).await;
    let endpoints = Endpoints::open(&app, terms).await;
    let watchers = Watchers::open(&app, server.address, terms).await;
    callers.call(terms.rate, WARM_UP).await;
    tokio::time::sleep(FAREWELL).await;
    endpoints.forget();
    watchers.forget();
    let followed = observed(&server, callers.call(terms.rate, terms.seconds)).await;
    tokio::time::sleep(FAREWELL).await;
    print(terms, &alone, &followed);
    let calls = terms.rate * terms.seconds;
    endpoints.print(callers.last(calls), terms);
    watchers.print(calls, terms);
    println!("| the server's memory (PSS), MiB | | {:.0} |", server.pss_mib());
}

/// Calls, and what they cost.
struct Observed {
    rung: Rung,
    /// Processors in use on average, by the server and by all that asks and listens.
    server: f64,
    load: f64,
}

async fn observed(server: &Server, calling: impl Future<Output = Rung>) -> Observed {
    let work = || [server.worked(), worked(std::process::id())];
    let (before, begun) = (work(), Instant::now());
    let rung = calling.await;
    let (after, elapsed) = (work(), begun.elapsed().as_secs_f64());
    let [server, load] =
        [0, 1].map(|place| after[place].saturating_sub(before[place]).as_secs_f64() / elapsed);
    Observed { rung, server, load }
}

fn print(terms: &Terms, alone: &Observed, followed: &Observed) {
    let Terms { users, rate, seconds, webhooks, dead, sockets, followers, types } = terms;
    println!(
        "{users} users, {rate} transitions a second for {seconds} s; {webhooks} webhooks, of which {dead} dead, and \
         {sockets} sockets follow `{types}`, {followers} of each kind each user\n"
    );
    println!("| | nobody listens | with webhooks and sockets | p99, times the first |\n|-|-|-|-|");
    println!("| transitions a second | {:.0} | {:.0} |", alone.rung.rate(), followed.rung.rate());
    let steps = ["call comes in", "deciding key", "call ends", "voice webhooks, all"];
    for (step, (one, other)) in steps.iter().zip(alone.rung.steps().iter().zip(followed.rung.steps())) {
        println!("| {step}: p50, p99, at most, ms | {one} | {other} | {:.2} |", other.ratio(one, 99));
    }
    println!("| processors, the server's | {:.2} | {:.2} |", alone.server, followed.server);
    println!("| processors, the load's | {:.2} | {:.2} |", alone.load, followed.load);
}

/// The user in that place, as the fleet calls them.
fn login(place: usize) -> Login {
    format!("agent{place}").parse().expect("a login")
}

/// The users whom one of so many follows: each user has `followers`, next to each other.
fn followed(which: usize, of: usize, terms: &Terms) -> impl Iterator<Item = usize> {
    let followers = terms.followers;
    (0..terms.users).filter(move |user| (which + of - user % of) % of < followers)
}

//! A hundred thousand agents on duty, on the real clock and a real disk: how late windows end, how long it takes to end
//! all of them at once, and what a server costs that waits for them. Prints rows for `docs/performance.md`.

#![expect(clippy::disallowed_methods, reason = "it is time that is measured")]
#![expect(clippy::print_stdout, reason = "the figures are what this is for")]

#[expect(dead_code, reason = "another benchmark asks the server for more")]
mod harness;

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use dutyline::app::App;
use dutyline::domain::event::Event;
use dutyline::domain::ids::{ExtensionId, UserId};
use dutyline::domain::presence::{Presence, State};
use dutyline::domain::skills::Skills;
use dutyline::domain::tenant::Tenant;
use dutyline::domain::time;
use dutyline::domain::user::{Extension, User};
use dutyline::store::{Clock, Scope, StoreError};
use dutyline::worker;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use harness::server::Server;

const AGENTS: usize = 100_000;
/// Windows that end within one second.
const DUE: usize = 10_000;
/// Windows that have ended while no server ran.
const OVERDUE: usize = 10_000;
/// How often the log is looked at, by which lateness is measured too long at most.
const LOOK: Duration = Duration::from_millis(1);

#[tokio::main]
async fn main() {
    // `cargo bench` asks for it; whoever merely runs all targets does not mean to wait.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let fleet = Fleet::open().await;
    println!("| Timers, {AGENTS} agents online | |\n|-|-|");
    let mut late = fleet.lateness().await;
    late.sort();
    println!("| {DUE} windows end within 1 s: late by, p50 | {} ms |", late[DUE / 2].num_milliseconds());
    println!("| p99 | {} ms |", late[DUE * 99 / 100].num_milliseconds());
    println!("| the latest | {} ms |", late[DUE - 1].num_milliseconds());
    println!("| {AGENTS} overdue windows settled in | {:.2} s |", fleet.settling().await.as_secs_f64());
    let server = fleet.start().await;
    println!("| `dutyline serve`, start to ready, {OVERDUE} overdue | {} ms |", server.start.as_millis());
    tokio::time::sleep(Duration::from_secs(3)).await;
    println!("| its memory (PSS) | {:.1} MiB |", server.pss_mib());
}

/// A database full of agents.
struct Fleet {
    app: App,
    tenant: Tenant,
    folder: TempDir,
}

impl Fleet {
    async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let app = App::open(&url(&folder), Clock::System).await.expect("a new database");
        let tenant = app.ensure_default_tenant().await.expect("a tenant");
        let fleet = Self { app, tenant, folder };
        let tenant = fleet.tenant.clone();
        fleet
            .write(move |tx| {
                for place in 0..AGENTS {
                    tx.insert_user(&tenant, &user(place), None);
                }
            })
            .await;
        fleet
    }

    async fn write(&self, writes: impl FnOnce(&mut dutyline::store::Tx<'_>) + Send + 'static) {
        let unit = self.app.store.write::<(), StoreError, _>(Scope::of(&self.tenant), |tx| {
            Box::pin(async move {
                writes(tx);
                Ok(())
            })
        });
        unit.await.expect("it is written");
    }

    /// Puts everybody on duty.
    async fn put_on_duty(&self, generation: u64, until: impl Fn(usize) -> time::Instant + Send + 'static) {
        let tenant = self.tenant.id.clone();
        let since = self.app.store.clock().now() - TimeDelta::hours(24);
        self.write(move |tx| {
            for place in 0..AGENTS {
                let state = State::Online { since, until: until(place) };
                let presence = Presence { state, generation, at: Some(since), ..Presence::default() };
                tx.save_presence(&tenant, &user(place).id, &presence);
            }
        })
        .await;
    }

    /// How long after its end the end of each window was there to be read by others.
    async fn lateness(&self) -> Vec<TimeDelta> {
        let first = self.app.store.clock().now() + TimeDelta::seconds(20);
        let gap = TimeDelta::seconds(1) / i32::try_from(DUE).expect("small");
        self.put_on_duty(1, move |place| {
            let later =
                if place < DUE { gap * i32::try_from(place).expect("small") } else { TimeDelta::hours(8) };
            first + later
        })
        .await;
        assert!(
            self.app.store.clock().now() < first,
            "the disk is too slow for the figures to mean anything"
        );
        let stop = CancellationToken::new();
        let worker = tokio::spawn(worker::timers::run(self.app.clone(), stop.clone()));
        let (mut late, mut seen) = (Vec::with_capacity(DUE), 0);
        while late.len() < DUE {
            tokio::time::sleep(LOOK).await;
            let tenant = self.tenant.clone();
            let events = self.app.store.read::<_, StoreError, _>(|tx| {
                Box::pin(async move { tx.events_after(&tenant, seen, 10_000).await })
            });
            let (events, heard) = (events.await.expect("the log is read"), self.app.store.clock().now());
            for envelope in events {
                seen = envelope.seq;
                if let Event::PresenceOffline(ending) = envelope.event {
                    late.push(heard - ending.ended);
                }
            }
        }
        stop.cancel();
        worker.await.expect("it ends");
        late
    }

    async fn settling(&self) -> Duration {
        let over = self.app.store.clock().now() - TimeDelta::hours(1);
        self.put_on_duty(3, move |_| over).await;
        let begun = Instant::now();
        let fired = self.app.fire_due().await.expect("the timers run");
        assert_eq!(fired.count, AGENTS);
        begun.elapsed()
    }

    /// A server that finds some of the windows overdue.
    async fn start(&self) -> Server {
        let now = self.app.store.clock().now();
        let hours = |place| if place < OVERDUE { -1 } else { 8 };
        self.put_on_duty(5, move |place| now + TimeDelta::hours(hours(place))).await;
        Server::start(&url(&self.folder))
    }
}

fn url(folder: &TempDir) -> String {
    format!("sqlite:{}", folder.path().join("dutyline.db").display())
}

fn user(place: usize) -> User {
    let number = u128::try_from(place).expect("small");
    User {
        id: UserId::from_bits(number),
        login: format!("agent{place}").parse().expect("a login"),
        name: format!("Agent {place}"),
        zone: None,
        language: None,
        agent_code: None,
        skills: Skills::default(),
        has_pin: false,
        active: true,
        extensions: vec![Extension {
            id: ExtensionId::from_bits(number),
            number: format!("+1506{:07}", 2_000_000 + place).parse().expect("a number"),
            ext: None,
            description: String::new(),
        }],
    }
}

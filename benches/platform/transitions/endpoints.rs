//! Endpoints that are sent what becomes of some users each, and note when.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use chrono::Utc;
use dutyline::app::App;
use dutyline::app::webhooks::{Egress, NewWebhook};
use dutyline::domain::time::Instant;
use dutyline::domain::webhook::address::Allowed;
use dutyline::domain::webhook::filter::Filter;
use serde::Deserialize;
use tokio::net::{TcpListener, TcpSocket};

use super::{Terms, followed, login};
use crate::sample::Sample;

/// What of an event is looked at.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    pub(super) seq: u64,
    pub(super) at: Instant,
}

impl Told {
    /// How long ago the event happened.
    pub(super) fn age(&self) -> Duration {
        (Utc::now() - self.at).to_std().unwrap_or_default()
    }
}

/// Endpoint, event, and how late it was.
type Heard = (usize, u64, Duration);

pub(super) struct Endpoints {
    heard: Arc<Mutex<Vec<Heard>>>,
    /// They listen, and take no connection: the kernel takes the first few for them, and nobody answers there.
    dead: Vec<TcpListener>,
}

impl Endpoints {
    /// Adds them to the line. The first ones are dead.
    pub(super) async fn open(app: &App, terms: &Terms) -> Self {
        let local = "127.0.0.0/8".parse().expect("a network");
        let egress = Egress { allowed: Allowed::new(vec![local]), ..Egress::default() };
        let app = app.clone().sending_by(egress);
        let tenant = app.ensure_default_tenant().await.expect("a tenant");
        let mut endpoints = Self { heard: Arc::default(), dead: Vec::new() };
        let living = endpoints.serve().await;
        for which in 0..terms.webhooks {
            let url = if which < terms.dead { endpoints.bury() } else { format!("{living}/{which}") };
            let users = followed(which, terms.webhooks, terms).map(login).collect();
            let types = terms.types.split(',').map(|pattern| pattern.parse().expect("types")).collect();
            let new = NewWebhook {
                name: format!("bench{which}").parse().expect("a name"),
                url: url.parse().expect("a URL"),
                filter: Filter { types: Some(types), users: Some(users) },
                insecure_tls: false,
            };
            app.add_webhook(&tenant, new).await.expect("added");
        }
        endpoints
    }

    /// Listens for all that live; where.
    async fn serve(&self) -> String {
        let router = Router::new().route("/{which}", post(hear)).with_state(Arc::clone(&self.heard));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        format!("http://{address}")
    }

    /// One that is never answered at; where.
    fn bury(&mut self) -> String {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
        let address = socket.local_addr().expect("an address");
        self.dead.push(socket.listen(1).expect("it listens"));
        format!("http://{address}")
    }

    /// What was heard so far does not count.
    pub(super) fn forget(&self) {
        self.heard().clear();
    }

    /// How late they were told, at the first attempt that reached them, and of how many transitions of their users.
    pub(super) fn print(&self, transitions: impl Iterator<Item = usize>, terms: &Terms) {
        let is_followed = |user: &usize| {
            let living = |nth| (user + nth) % terms.webhooks >= terms.dead;
            (0..terms.followers).filter(|nth| living(*nth)).count()
        };
        let due: usize = transitions.map(|user| is_followed(&user)).sum();
        let mut heard = self.heard().clone();
        heard.sort_unstable();
        let attempts = heard.len();
        heard.dedup_by_key(|(which, seq, _)| (*which, *seq));
        let late: Sample = heard.iter().map(|(_, _, late)| *late).collect();
        println!("| webhooks late by: p50, p99, at most, ms | | {late} |");
        println!(
            "| events sent, to endpoints that live | | {} of {due} transitions, in {attempts} attempts |",
            late.count()
        );
    }

    fn heard(&self) -> MutexGuard<'_, Vec<Heard>> {
        lock(&self.heard)
    }
}

fn lock(heard: &Mutex<Vec<Heard>>) -> MutexGuard<'_, Vec<Heard>> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn hear(
    State(heard): State<Arc<Mutex<Vec<Heard>>>>,
    Path(which): Path<usize>,
    body: Bytes,
) -> StatusCode {
    let told: Told = serde_json::from_slice(&body).expect("an event");
    let age = told.age();
    lock(&heard).push((which, told.seq, age));
    StatusCode::NO_CONTENT
}

//! Sockets that follow what becomes of some users each, and note when.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dutyline::app::App;
use futures_util::StreamExt as _;
use tokio_tungstenite::tungstenite::Message;

use super::endpoints::Told;
use super::{Terms, followed, login};
use crate::harness::follower::{Socket, open, owner};
use crate::sample::Sample;

#[derive(Debug, Default)]
struct Seen {
    late: Vec<Duration>,
    /// How sockets ended, before all was over.
    closed: Vec<String>,
}

pub(super) struct Watchers(Arc<Mutex<Seen>>);

impl Watchers {
    pub(super) async fn open(app: &App, address: SocketAddr, terms: &Terms) -> Self {
        let tenant = app.ensure_default_tenant().await.expect("a tenant");
        let token = owner(app, &tenant).await;
        let access = app.authenticate(&token).await.expect("believed");
        let watchers = Self(Arc::default());
        for which in 0..terms.sockets {
            let subjects = followed(which, terms.sockets, terms).map(|user| format!("user:{}", login(user)));
            let subjects: Vec<String> = subjects.collect();
            let query = format!("&type={}&subject={}", terms.types, subjects.join(","));
            let socket = open(app, &access, address, &query).await;
            tokio::spawn(watch(socket, Arc::clone(&watchers.0)));
        }
        watchers
    }

    /// What was seen so far does not count.
    pub(super) fn forget(&self) {
        *lock(&self.0) = Seen::default();
    }

    pub(super) fn print(&self, transitions: u32, terms: &Terms) {
        let seen = lock(&self.0);
        let late: Sample = seen.late.iter().copied().collect();
        let due = transitions as usize * terms.followers.min(terms.sockets);
        println!("| sockets late by: p50, p99, at most, ms | | {late} |");
        println!("| events sent, to sockets | | {} of {due} transitions |", late.count());
        println!("| sockets closed by the server | | {} {:?} |", seen.closed.len(), seen.closed.first());
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn watch(mut socket: Socket, seen: Arc<Mutex<Seen>>) {
    let why = loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                let told: Told = serde_json::from_str(&text).expect("an event");
                let age = told.age();
                lock(&seen).late.push(age);
            }
            Some(Ok(Message::Close(frame))) => {
                break frame.map_or_else(String::new, |frame| frame.to_string());
            }
            Some(Ok(_)) => {}
            Some(Err(why)) => break why.to_string(),
            None => break String::new(),
        }
    };
    lock(&seen).closed.push(why);
}

//! Webhooks: what reaches whom, in which order, and what becomes of what does not.

mod dialling;
mod failing;
mod guard;
mod nodes;
mod reaching;
mod second_opinion;
mod tls;
mod working;

use std::collections::HashSet;
use std::sync::Arc;

use chrono::TimeDelta;
use dutyline::app::App;
use dutyline::app::webhooks::stay::Stay;
use dutyline::app::webhooks::{Egress, NewWebhook, WebhookStanding};
use dutyline::domain::event::{Entry, Event, EventCause};
use dutyline::domain::ids::EventId;
use dutyline::domain::tenant::Tenant;
use dutyline::domain::webhook::address::Allowed;
use dutyline::domain::webhook::filter::Filter;
use dutyline::domain::webhook::secret::Secret;
use dutyline::domain::webhook::{Delivery, DeliveryState};
use dutyline::store::{Clock, Scope, StoreError};
use futures_util::future::try_join_all;
use tokio_util::sync::CancellationToken;

use crate::harness::database::Database;

/// A node that may send to this machine, on a database of its own or another node's.
struct Node {
    app: App,
    tenant: Tenant,
    clock: Clock,
    database: Arc<Database>,
}

fn egress() -> Egress {
    let loopback = "127.0.0.0/8".parse().expect("a network");
    Egress { allowed: Allowed::new([loopback]), ..Egress::default() }
}

impl Node {
    async fn new() -> Self {
        let noon = "2026-01-05T12:00:00Z".parse().expect("an instant");
        Self::at(Clock::set_to(noon)).await
    }

    async fn at(clock: Clock) -> Self {
        Self::on(Arc::new(Database::new()), clock).await
    }

    async fn on(database: Arc<Database>, clock: Clock) -> Self {
        let app = App::open(&database.url, clock.clone()).await.expect("a database").sending_by(egress());
        let tenant = app.ensure_default_tenant().await.expect("a tenant");
        Self { app, tenant, clock, database }
    }

    /// Another node on the same database.
    async fn another(&self) -> Self {
        Self::on(Arc::clone(&self.database), self.clock.clone()).await
    }

    fn pass(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    /// Adds an endpoint that is sent what happens to users.
    async fn hook(&self, name: &str, url: &str) -> Secret {
        self.hook_for(name, url, &["presence.*"], &[]).await
    }

    async fn hook_for(&self, name: &str, url: &str, types: &[&str], users: &[&str]) -> Secret {
        let new = NewWebhook {
            name: name.parse().expect("a name"),
            url: url.parse().expect("a URL"),
            filter: filter(types, users),
            insecure_tls: false,
        };
        self.app.add_webhook(&self.tenant, new).await.expect("added").1
    }

    /// Something happens to each of these users, in that order; the place of the last in the log.
    async fn happens_to(&self, users: &[&str]) -> u64 {
        let tenant = self.tenant.id.clone();
        let users: Vec<String> = users.iter().map(|user| (*user).to_owned()).collect();
        let unit = self.app.store.write::<_, StoreError, _>(Scope::of(&self.tenant), move |tx| {
            Box::pin(async move {
                let first = tx.last_seq(&tenant).await? + 1;
                let entry = |(seq, user): (u64, &String)| {
                    let event = Event::PresenceUnchanged { generation: seq };
                    let entry =
                        Entry { subject: format!("user:{user}"), event, cause: EventCause::actor("test") };
                    (EventId::from_bits(seq.into()), entry)
                };
                tx.append(&tenant, (first..).zip(&users).map(entry));
                tx.last_seq(&tenant).await
            })
        });
        unit.await.expect("it happens")
    }

    /// Sends all that is due, and what follows upon it.
    async fn delivers(&self) {
        send_all(&self.app).await;
    }

    async fn webhook(&self, name: &str) -> WebhookStanding {
        self.app.webhook(&self.tenant, name).await.expect("it is there")
    }

    async fn waiting(&self, name: &str) -> Vec<Delivery> {
        self.listed(name, DeliveryState::Waiting).await
    }

    async fn dead(&self, name: &str) -> Vec<Delivery> {
        self.listed(name, DeliveryState::Dead).await
    }

    async fn listed(&self, name: &str, state: DeliveryState) -> Vec<Delivery> {
        self.app.deliveries(&self.tenant, name, state, 0, 1000).await.expect("a list")
    }
}

pub(crate) async fn send_all(app: &App) {
    let never = CancellationToken::new();
    loop {
        let turns = app.begin_turns(&HashSet::new()).await.expect("begun");
        if turns.is_empty() {
            return;
        }
        try_join_all(turns.into_iter().map(|turn| app.take_turn_at(turn, Stay::NONE, &never)))
            .await
            .expect("sent");
        // What a turn wrote is seen by readers when it is on the disk.
        app.store.settle().await.expect("written");
    }
}

fn filter(types: &[&str], users: &[&str]) -> Filter {
    Filter {
        types: (!types.is_empty()).then(|| types.iter().map(|kind| kind.parse().expect("a type")).collect()),
        users: (!users.is_empty()).then(|| users.iter().map(|user| user.parse().expect("a login")).collect()),
    }
}

//! Use cases: load, decide, save. Knows the store and the rules; must not know carriers, HTTP or the
//! command line as ways in, which all come in through here and so share one set of rules.

pub mod apply;
pub mod audit;
pub mod availability;
pub mod backup;
mod cache;
pub mod calendars;
pub mod calls;
mod claims;
pub mod coverage;
pub mod dispatch;
pub mod doctor;
pub mod draw;
pub mod error;
pub mod events;
pub mod flows;
pub mod health;
mod ledger;
mod line;
pub mod mappings;
pub mod pins;
pub mod presence;
pub mod prompts;
mod recent;
pub mod reports;
pub mod schedules;
mod startup;
pub mod telling;
mod tenancy;
pub mod tenants;
pub mod tickets;
pub mod timers;
pub mod tokens;
mod turn_key;
pub mod upkeep;
pub mod users;
pub mod voice;
pub mod webhooks;

use std::sync::Arc;

pub use error::Error;

use crate::app::cache::Cache;
use crate::app::telling::Telling;
use crate::app::turn_key::TurnKey;
use crate::app::webhooks::{Dispatch, Egress};
use crate::domain::event::{Change, Entry, Event, EventCause};
use crate::domain::ids::TenantId;
use crate::store::{Clock, Database, Store, StoreError, Tx};

/// Everything that callers, admins and workers can ask for.
#[derive(Debug, Clone)]
pub struct App {
    pub store: Store,
    cache: Arc<Cache>,
    turn_key: TurnKey,
    dispatch: Arc<Dispatch>,
    telling: Arc<Telling>,
}

impl App {
    /// Opens the database and brings its schema up to date.
    pub async fn open(database: impl Into<Database>, clock: Clock) -> Result<Self, StoreError> {
        Self::on(Store::open(database, clock).await?).await
    }

    /// Opens a database that was migrated before.
    pub async fn open_existing(database: impl Into<Database>, clock: Clock) -> Result<Self, StoreError> {
        Self::on(Store::open_existing(database, clock).await?).await
    }

    async fn on(store: Store) -> Result<Self, StoreError> {
        let turn_key = TurnKey::load(&store).await?;
        let dispatch = Arc::new(Dispatch::new(Egress::default()));
        let store = store.on_behalf_of(ADMIN);
        Ok(Self { store, cache: Arc::default(), turn_key, dispatch, telling: Arc::default() })
    }

    /// The same, sending to where and as fast as the operator says.
    #[must_use]
    pub fn sending_by(self, egress: Egress) -> Self {
        Self { dispatch: Arc::new(Dispatch::new(egress)), ..self }
    }

    /// The same, asked by somebody else than an admin at the command line: `token:board`.
    #[must_use]
    pub fn on_behalf_of(&self, actor: &str) -> Self {
        Self { store: self.store.on_behalf_of(actor), ..self.clone() }
    }
}

/// Who an admin at the command line is, in the log.
const ADMIN: &str = "admin:cli";

/// Logs one event about `subject`.
fn log(tx: &mut Tx<'_>, tenant: &TenantId, subject: impl Into<String>, event: Event, cause: EventCause) {
    let entry = Entry { subject: subject.into(), event, cause };
    tx.append(tenant, [(draw::event_id(), entry)]);
}

/// Logs what whoever asked for the unit of work did to `subject`.
fn log_deed(tx: &mut Tx<'_>, tenant: &TenantId, subject: impl Into<String>, event: Event) {
    let cause = tx.cause();
    log(tx, tenant, subject, event, cause);
}

/// A record before and after an admin's change.
fn change<T: serde::Serialize>(before: Option<&T>, after: Option<&T>) -> Change {
    let value = |record| serde_json::to_value(record).expect("records are plain data");
    Change { before: before.map(value).unwrap_or_default(), after: after.map(value).unwrap_or_default() }
}

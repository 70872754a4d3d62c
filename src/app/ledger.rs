//! Reads on in the log of events and keeps what it tells of users' time. Nothing waits for it: what a server has not
//! read yet is read before the next report.

use std::collections::BTreeMap;

use super::App;
use crate::domain::event::Envelope;
use crate::domain::ids::Login;
use crate::domain::ledger::{self, Open, Turn};
use crate::domain::tenant::Tenant;
use crate::store::{Scope, StoreError, Tx};

/// Events that one unit of work reads at most; calls are let in between.
const AT_ONCE: u32 = 256;

impl App {
    /// Reads every tenant's log to its end.
    pub async fn keep_time(&self) -> Result<(), StoreError> {
        for tenant in self.tenants().await? {
            self.keep_time_of(&tenant).await?;
        }
        Ok(())
    }

    pub(super) async fn keep_time_of(&self, tenant: &Tenant) -> Result<(), StoreError> {
        while self.has_unread(tenant).await? {
            let about = tenant.clone();
            let unit = self
                .store
                .write(Scope::of(tenant), move |tx| Box::pin(async move { read_on(tx, &about).await }));
            unit.await?;
        }
        Ok(())
    }

    /// Looks without holding up whoever writes.
    async fn has_unread(&self, tenant: &Tenant) -> Result<bool, StoreError> {
        let tenant = tenant.id.clone();
        let look = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move { Ok(tx.ledger(&tenant).await? < tx.last_seq(&tenant).await?) })
        });
        look.await
    }
}

/// Takes in the next events.
async fn read_on(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<(), StoreError> {
    let read = tx.ledger(&tenant.id).await?;
    let events = tx.events_after(tenant, read, AT_ONCE).await?;
    let Some(last) = events.last().map(|event| event.seq) else { return Ok(()) };
    let mut open: BTreeMap<Login, Option<Open>> = BTreeMap::new();
    for event in events {
        let Some(login) = whose(&event) else { continue };
        if !open.contains_key(&login) {
            open.insert(login.clone(), tx.open_segment(&tenant.id, &login).await?);
        }
        let stretch = open.get_mut(&login).expect("it was put there");
        let (over, next) = match ledger::follow(stretch.as_ref(), &event.event, event.at) {
            Turn::Stays => continue,
            Turn::Goes(over, next) => (over, Some(next)),
            Turn::Ends(over) => (over, None),
        };
        *stretch = next;
        if let Some(segment) = over {
            tx.insert_segment(&tenant.id, &login, &segment);
        }
    }
    for (login, open) in open {
        match open {
            Some(open) => tx.save_open_segment(&tenant.id, &login, &open),
            None => tx.delete_open_segment(&tenant.id, &login),
        }
    }
    tx.save_ledger(&tenant.id, last);
    Ok(())
}

/// The user whom an event is about.
fn whose(event: &Envelope) -> Option<Login> {
    event.subject.strip_prefix("user:")?.parse().ok()
}

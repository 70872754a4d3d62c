//! Reads on in the log of events and keeps what it tells of users' time. Nothing waits for it: what a server has not
//! read yet is read before the next report.

use std::collections::BTreeMap;

use super::App;
use crate::domain::event::Envelope;
use crate::domain::ids::{Login, TenantId};
use crate::domain::ledger::{self, Open, Segment, Turn};
use crate::domain::tenant::Tenant;
use crate::store::{Scope, StoreError, Tx};

/// Events of which one unit of work writes what they come to; calls are let in between.
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
        while let Some(page) = self.read_on(tenant).await? {
            let of = tenant.id.clone();
            let unit = self.store.write::<_, StoreError, _>(Scope::of(tenant), move |tx| {
                Box::pin(async move {
                    // Otherwise somebody else has kept it meanwhile.
                    if tx.ledger(&of).await? == page.behind {
                        page.keep(tx, &of);
                    }
                    Ok(())
                })
            });
            unit.await?;
        }
        Ok(())
    }

    /// What the next events come to, if there are any. Whoever writes is not held up by it.
    async fn read_on(&self, tenant: &Tenant) -> Result<Option<Page>, StoreError> {
        let tenant = tenant.clone();
        let unit =
            self.store.read::<_, StoreError, _>(|tx| Box::pin(async move { Page::read(tx, &tenant).await }));
        unit.await
    }
}

/// What some events behind those that were kept come to.
struct Page {
    behind: u64,
    last: u64,
    over: Vec<(Login, Segment)>,
    /// None for whose time is not counted any more.
    open: BTreeMap<Login, Option<Open>>,
}

impl Page {
    async fn read(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<Option<Self>, StoreError> {
        // The place comes first: if it is the same when the page is kept, so is all that was read behind it.
        let behind = tx.ledger(&tenant.id).await?;
        let events = tx.events_after(tenant, behind, AT_ONCE).await?;
        let Some(last) = events.last().map(|event| event.seq) else { return Ok(None) };
        let mut page = Self { behind, last, over: Vec::new(), open: BTreeMap::new() };
        for event in events {
            let Some(login) = whose(&event) else { continue };
            if !page.open.contains_key(&login) {
                page.open.insert(login.clone(), tx.open_segment(&tenant.id, &login).await?);
            }
            page.follow(login, &event);
        }
        Ok(Some(page))
    }

    fn follow(&mut self, login: Login, event: &Envelope) {
        let stretch = self.open.get_mut(&login).expect("it was put there");
        let (over, next) = match ledger::follow(stretch.as_ref(), &event.event, event.at) {
            Turn::Stays => return,
            Turn::Goes(over, next) => (over, Some(next)),
            Turn::Ends(over) => (over, None),
        };
        *stretch = next;
        self.over.extend(over.map(|segment| (login, segment)));
    }

    fn keep(self, tx: &mut Tx<'_>, tenant: &TenantId) {
        for (login, segment) in &self.over {
            tx.insert_segment(tenant, login, segment);
        }
        for (login, open) in &self.open {
            match open {
                Some(open) => tx.save_open_segment(tenant, login, open),
                None => tx.delete_open_segment(tenant, login),
            }
        }
        tx.save_ledger(tenant, self.last);
    }
}

/// The user whom an event is about.
fn whose(event: &Envelope) -> Option<Login> {
    event.subject.strip_prefix("user:")?.parse().ok()
}

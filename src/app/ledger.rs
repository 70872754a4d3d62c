//! Reads on in the log of events and keeps what it tells of users' time. Nothing waits for it: what a server has not
//! read yet is read before the next report.

use std::collections::{BTreeMap, BTreeSet};

use super::App;
use crate::domain::event::Envelope;
use crate::domain::ids::{Login, TenantId};
use crate::domain::ledger::{self, Open, Segment, Turn};
use crate::domain::tenant::Tenant;
use crate::store::{Scope, StoreError, Tx};

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
        let id = tenant.id.clone();
        // The place comes first: if it is the same when the page is kept, so is all that was read behind it.
        let place = self.store.read(|tx| Box::pin(async move { tx.ledger(&id).await }));
        let behind: u64 = place.await?;
        let told = self.told_after(tenant, behind).await?;
        let Some(last) = told.last().map(|told| told.seq()) else { return Ok(None) };
        let id = tenant.id.clone();
        let events: Vec<(Login, &Envelope)> =
            told.iter().filter_map(|told| Some((whose(&told.envelope)?, &told.envelope))).collect();
        let logins: BTreeSet<Login> = events.iter().map(|(login, _)| login.clone()).collect();
        let open = self.store.read(|tx| Box::pin(async move { tx.open_segments_of(&id, logins).await }));
        let mut page = Page { behind, last, over: Vec::new(), open: open.await? };
        for (login, event) in events {
            page.follow(login, event);
        }
        Ok(Some(page))
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

//! Callers who were recognised before. Who they are and what they meet is as it was then, unless a revision says
//! that it has changed since.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::route::Route;
use crate::domain::dispatch::{Contact, MappingKind};
use crate::domain::phone::E164;
use crate::domain::presence::Presence;
use crate::domain::user::Agent;

/// What callers met, by their numbers.
#[derive(Debug, Default)]
pub(in crate::app) struct Callers(Mutex<HashMap<E164, Box<Route>>>);

/// Callers remembered at most. When there are more, all are forgotten.
const MOST: usize = 20_000;

impl Callers {
    /// What the caller met when they last dialled the number.
    pub(super) fn recall(&self, contact: &Contact) -> Option<Route> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let route = known.get(contact.caller.number()?)?;
        (route.way.mapping.value == contact.value(MappingKind::ContactPoint)).then(|| Route::clone(route))
    }

    /// Remembers what the caller met, without their presence, which will be another.
    pub(super) fn remember(&self, contact: &Contact, route: &Route) {
        let Some(number) = contact.caller.number().filter(|_| route.revisions.is_some()) else { return };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        let agent = route.agent.clone().map(|agent| Agent { presence: Presence::default(), ..agent });
        known.insert(number.clone(), Box::new(Route { agent, ..route.clone() }));
    }

    pub(in crate::app) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::app::tenancy::{Tenancy, Way};
    use crate::app::{App, tenants};
    use crate::domain::dispatch::{Channel, Direction, Mapping};
    use crate::domain::ids::MappingId;
    use crate::domain::phone::Caller;
    use crate::domain::tenant::Tenant;
    use crate::flow::engine::Identity;
    use crate::store::arrivals::Revisions;
    use crate::store::{Clock, Scope, StoreError};

    use super::*;

    async fn tenancy(app: &App, tenant: &Tenant) -> Arc<Tenancy> {
        let found = app.tenant(&tenant.slug).await.expect("a tenant");
        let app_too = app.clone();
        let read = app.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move { app_too.cache.tenancy(tx, &found.id, found.revision).await })
        });
        read.await.expect("readable")
    }

    fn way(value: &str) -> Arc<Way> {
        let mapping = Mapping {
            id: MappingId::from_bits(1),
            name: "main".to_owned(),
            description: String::new(),
            channel: Channel::Voice,
            kind: MappingKind::ContactPoint,
            value: value.to_owned(),
            flow: "line".parse().expect("a name"),
            version: None,
            active: true,
        };
        Arc::new(Way { mapping, version: Some(1) })
    }

    #[tokio::test]
    async fn what_was_set_up_before_is_not_kept_for_those_who_called_then() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("line.db").display());
        let app = App::open(&url, Clock::System).await.expect("a database");
        let tenant = app.add_tenant(tenants::fresh("acme".parse().expect("a slug"))).await.expect("added");
        let dialled = "+15065550100".parse().expect("a number");
        let contact = Contact {
            account: "AC1".parse().expect("an account"),
            caller: Caller::read("+15062345678", Some(&dialled)),
            dialled,
            direction: Direction::Inbound,
        };
        let route = Route {
            tenancy: tenancy(&app, &tenant).await,
            way: way("+15065550100"),
            version: 1,
            identity: Identity::Known,
            agent: None,
            revisions: Some(Revisions { tenant: 0, user: 0 }),
        };
        app.cache.callers.remember(&contact, &route);
        assert!(app.cache.callers.recall(&contact).is_some());
        let before = Arc::downgrade(&route.tenancy);
        drop(route);
        let renamed = Tenant { name: "Acme & Sons".to_owned(), ..tenant.clone() };
        app.store
            .write::<_, StoreError, _>(Scope::of(&tenant), move |tx| {
                tx.save_tenant(&renamed);
                Box::pin(async { Ok(()) })
            })
            .await
            .expect("kept");
        tenancy(&app, &tenant).await;
        assert!(before.upgrade().is_none());
    }
}

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
}

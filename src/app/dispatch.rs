//! What a call would meet, without there being one.

use std::sync::Arc;

use serde::Serialize;

use super::App;
use super::voice::{Route, route};
use crate::domain::call::LookupMiss;
use crate::domain::dispatch::Contact;
use crate::domain::ids::{CallId, Login, Name, Slug};
use crate::flow::engine::Identity;
use crate::store::StoreError;

/// What a call would meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dispatch {
    pub tenant: Slug,
    pub mapping: String,
    pub flow: Name,
    pub version: u32,
    /// The version that the mapping names, where that is not the one that would run (D43).
    pub wanted: Option<u32>,
    /// The agent who would be calling.
    pub user: Option<Login>,
    /// Why the caller would be nobody.
    pub miss: Option<LookupMiss>,
}

impl App {
    /// What a call would meet; none if nobody would answer it (D41). Decided as for the call itself.
    pub async fn dispatch(&self, contact: Contact) -> Result<Option<Dispatch>, StoreError> {
        let none = CallId::from_bits(0);
        let cache = Arc::clone(&self.cache);
        let found = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move {
                let arrivals = tx.arrivals(&contact, &none).await?;
                route(tx, &cache, arrivals, &contact).await
            })
        });
        let Some(Route { tenancy, way, version, identity, agent, .. }) = found.await? else {
            return Ok(None);
        };
        Ok(Some(Dispatch {
            tenant: tenancy.tenant.slug.clone(),
            mapping: way.mapping.name.clone(),
            flow: way.mapping.flow.clone(),
            version,
            wanted: way.mapping.version.filter(|wanted| *wanted != version),
            user: agent.map(|agent| agent.login),
            miss: match identity {
                Identity::Nobody(miss) => Some(miss),
                Identity::Known | Identity::Shared => None,
            },
        }))
    }
}

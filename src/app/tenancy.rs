//! What admins have set up for a tenant, as a server remembers it until the tenant's revision rises.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::dispatch::Mapping;
use crate::domain::ids::{MappingId, TenantId};
use crate::domain::tenant::Tenant;
use crate::flow::prompt::catalogue::Catalogue;
use crate::store::{StoreError, Tx};

/// A tenant at one revision. Its mappings are looked up when calls first come in by them.
#[derive(Debug)]
pub(super) struct Tenancy {
    pub(super) tenant: Tenant,
    pub(super) catalogue: Catalogue,
    ways: Mutex<HashMap<MappingId, Arc<Way>>>,
}

/// Where calls go that come in by a mapping.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) mapping: Mapping,
    /// The version of the flow that answers, if any is published.
    pub(super) version: Option<u32>,
}

impl Tenancy {
    pub(super) async fn load(tx: &mut Tx<'_>, tenant: &TenantId) -> Result<Self, StoreError> {
        let found = tx.tenant_by_id(tenant).await?;
        let tenant = found.ok_or_else(|| StoreError::corrupt("tenants", tenant.as_str(), "gone"))?;
        let (entries, media) = (tx.prompts(&tenant.id).await?, tx.media_names().await?);
        let catalogue = Catalogue::new(tenant.language.clone(), entries, &media).map_err(|issues| {
            let why: Vec<String> = issues.iter().map(ToString::to_string).collect();
            StoreError::corrupt("prompts", tenant.slug.as_str(), why.join("; "))
        })?;
        Ok(Self { tenant, catalogue, ways: Mutex::default() })
    }

    /// Where the mapping leads; none if it is gone meanwhile.
    pub(super) async fn way(
        &self,
        tx: &mut Tx<'_>,
        mapping: &MappingId,
    ) -> Result<Option<Arc<Way>>, StoreError> {
        let ways = || self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(way) = ways().get(mapping) {
            return Ok(Some(Arc::clone(way)));
        }
        let Some((mapping, version)) = tx.mapping_in_force(&self.tenant.id, mapping).await? else {
            return Ok(None);
        };
        let id = mapping.id.clone();
        let way = Arc::new(Way { mapping, version });
        ways().insert(id, Arc::clone(&way));
        Ok(Some(way))
    }
}

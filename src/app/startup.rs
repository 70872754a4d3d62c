//! What must hold before calls are answered.

use super::{App, Error};
use crate::domain::dispatch::Mapping;
use crate::domain::tenant::Tenant;
use crate::store::{StoreError, Tx};

impl App {
    /// Refuses unless every active mapping leads to a flow that can run.
    pub async fn check_flows(&self) -> Result<(), Error> {
        let app = self.clone();
        let read = self.store.read(|tx| {
            Box::pin(async move {
                for tenant in tx.tenants().await? {
                    for mapping in tx.mappings(&tenant.id).await?.iter().filter(|mapping| mapping.active) {
                        app.check_flow(tx, &tenant, mapping).await?;
                    }
                }
                Ok(())
            })
        });
        read.await
    }

    async fn check_flow(&self, tx: &mut Tx<'_>, tenant: &Tenant, mapping: &Mapping) -> Result<(), Error> {
        let pinned = match mapping.version {
            Some(version) => tx.flow(&tenant.id, &mapping.flow, version).await?,
            None => None,
        };
        let found = match pinned {
            Some(flow) => Some(flow),
            None => tx.latest_flow(&tenant.id, &mapping.flow).await?,
        };
        let Some(found) = found else {
            return Err(Error::Unrunnable {
                mapping: mapping.name.clone(),
                why: format!("flow `{}` has no published version", mapping.flow),
            });
        };
        match self.cache.program(tx, &tenant.id, &found.flow, found.version).await {
            Ok(_) => Ok(()),
            Err(StoreError::Corrupt { why, .. }) => Err(Error::Unrunnable {
                mapping: mapping.name.clone(),
                why: format!("flow `{}` {}: {why}", found.flow, found.version),
            }),
            Err(error) => Err(error.into()),
        }
    }
}

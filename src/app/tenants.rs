//! Tenants. The one called `default` is always there.

use super::{ADMIN, App, Error, change, draw, log};
use crate::domain::event::{Event, EventCause};
use crate::domain::ids::Slug;
use crate::domain::tenant::Tenant;
use crate::domain::time::Zone;
use crate::store::StoreError;

/// The tenant that commands mean who name none.
pub fn default_slug() -> Slug {
    "default".parse().expect("`default` is a short name")
}

/// A tenant as it begins: English, UTC, and numbers as North America writes them.
pub fn fresh(slug: Slug) -> Tenant {
    Tenant {
        id: draw::tenant_id(),
        name: slug.to_string(),
        slug,
        region: "US".parse().expect("a region"),
        zone: Zone::utc(),
        language: "en".parse().expect("a tag"),
        shared_lines: false,
        revision: 0,
    }
}

impl App {
    /// Makes the tenant `default` unless it is there.
    pub async fn ensure_default_tenant(&self) -> Result<Tenant, Error> {
        if let Some(tenant) = self.find_tenant(default_slug()).await? {
            return Ok(tenant);
        }
        self.add_tenant(fresh(default_slug())).await
    }

    pub async fn find_tenant(&self, slug: Slug) -> Result<Option<Tenant>, StoreError> {
        self.store.read(|tx| Box::pin(async move { tx.tenant(&slug).await })).await
    }

    /// The tenant, or an error that says where to look.
    pub async fn tenant(&self, slug: &Slug) -> Result<Tenant, Error> {
        self.find_tenant(slug.clone()).await?.ok_or_else(|| Error::NotFound {
            what: "tenant",
            name: slug.to_string(),
            mend: "`dutyline tenant list` shows those there are",
        })
    }

    pub async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        self.store.read(|tx| Box::pin(tx.tenants())).await
    }

    pub async fn add_tenant(&self, tenant: Tenant) -> Result<Tenant, Error> {
        let unit = self.store.write(|tx| {
            Box::pin(async move {
                if tx.tenant(&tenant.slug).await?.is_some() {
                    return Err(Error::Exists { what: "tenant", name: tenant.slug.to_string() });
                }
                tx.insert_tenant(&tenant);
                let event = Event::TenantAdded(change(None, Some(&tenant)));
                log(tx, &tenant.id, format!("tenant:{}", tenant.slug), event, EventCause::actor(ADMIN));
                Ok(tenant)
            })
        });
        unit.await
    }
}

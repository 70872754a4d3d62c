//! Tenants. The one called `default` is always there.

use std::collections::BTreeMap;

use super::line::{Room, line};
use super::{App, Error, change, draw, log_deed, webhooks};
use crate::domain::event::Event;
use crate::domain::ids::{Language, Slug};
use crate::domain::phone::Region;
use crate::domain::policy::Policy;
use crate::domain::tenant::Tenant;
use crate::domain::time::Zone;
use crate::domain::user::Extension;
use crate::store::{Scope, StoreError, Tx};

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
        policy: Policy::default(),
        revision: 0,
    }
}

impl App {
    /// Makes the tenant `default` unless it is there.
    pub async fn ensure_default_tenant(&self) -> Result<Tenant, Error> {
        if let Some(tenant) = self.find_tenant(default_slug()).await? {
            return Ok(tenant);
        }
        match self.add_tenant(fresh(default_slug())).await {
            // Another process was faster.
            Err(Error::Exists { .. } | Error::Store(StoreError::Conflict(_))) => {
                self.tenant(&default_slug()).await
            }
            added => added,
        }
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

    /// The tenants behind `after`, by slug, at most `limit`.
    pub async fn tenants_after(&self, after: Option<Slug>, limit: u32) -> Result<Vec<Tenant>, StoreError> {
        self.store.read(|tx| Box::pin(async move { tx.tenants_after(after.as_ref(), limit).await })).await
    }

    pub async fn add_tenant(&self, tenant: Tenant) -> Result<Tenant, Error> {
        let tenant = named(tenant)?;
        let unit = self.store.write(Scope::of(&tenant), |tx| {
            Box::pin(async move {
                if tx.tenant(&tenant.slug).await?.is_some() {
                    return Err(Error::Exists { what: "tenant", name: tenant.slug.to_string() });
                }
                tx.insert_tenant(&tenant);
                let event = Event::TenantAdded(change(None, Some(&tenant)));
                log_deed(tx, &tenant.id, format!("tenant:{}", tenant.slug), event);
                Ok(tenant)
            })
        });
        unit.await
    }

    /// Changes a tenant; what the patch leaves out stays.
    pub async fn change_tenant(&self, slug: Slug, patch: TenantPatch) -> Result<Tenant, Error> {
        self.change_seen_tenant(slug, None, patch).await
    }

    /// As [`App::change_tenant`], and only if it is at the revision that was `seen`, if any was.
    pub async fn change_seen_tenant(
        &self,
        slug: Slug,
        seen: Option<u64>,
        patch: TenantPatch,
    ) -> Result<Tenant, Error> {
        let tenants = self.tenants().await?;
        let unknown = || {
            let known = tenants.iter().map(|tenant| tenant.slug.as_str());
            Error::unknown("tenant", slug.as_str(), known, "dutyline tenant list")
        };
        let found = tenants.iter().find(|tenant| tenant.slug == slug).ok_or_else(unknown)?;
        let (scope, id) = (Scope::of(found), found.id.clone());
        let unit = self.store.write(scope, move |tx| {
            Box::pin(async move {
                let before = tx.tenant_by_id(&id).await?.expect("tenants are never removed");
                if seen.is_some_and(|seen| seen != before.revision) {
                    return Err(outdated(&before));
                }
                let after = named(patch.apply(before.clone()))?;
                replace(tx, &before, &after).await?;
                Ok(tx.tenant_by_id(&id).await?.expect("it was saved"))
            })
        });
        unit.await
    }
}

const NAME: Room = Room { least: 1, most: 200 };

/// The tenant, if its name is one.
fn named(tenant: Tenant) -> Result<Tenant, Error> {
    Ok(Tenant { name: line("name", &tenant.name, NAME)?, ..tenant })
}

fn outdated(current: &Tenant) -> Error {
    let told = serde_json::to_value(current).expect("a tenant is plain data");
    Error::Outdated { what: "tenant", name: current.slug.to_string(), current: Box::new(told) }
}

/// Saves a tenant as it is to be.
pub(super) async fn replace(tx: &mut Tx<'_>, before: &Tenant, after: &Tenant) -> Result<(), Error> {
    after.policy.check().map_err(|why| Error::invalid(why.field(), why.value(), why.to_string()))?;
    if before.shared_lines != after.shared_lines {
        redraw_lines(tx, before, after).await?;
    }
    webhooks::follow(tx, after).await?;
    tx.save_tenant(after);
    let event = Event::TenantChanged(change(Some(before), Some(after)));
    log_deed(tx, &after.id, format!("tenant:{}", after.slug), event);
    Ok(())
}

/// What of a tenant is to change.
#[derive(Debug, Clone, Default)]
pub struct TenantPatch {
    pub name: Option<String>,
    pub region: Option<Region>,
    pub zone: Option<Zone>,
    pub language: Option<Language>,
    pub shared_lines: Option<bool>,
    pub policy: Option<Policy>,
}

impl TenantPatch {
    /// The tenant as it is to be.
    pub fn apply(self, tenant: Tenant) -> Tenant {
        Tenant {
            name: self.name.unwrap_or(tenant.name),
            region: self.region.unwrap_or(tenant.region),
            zone: self.zone.unwrap_or(tenant.zone),
            language: self.language.unwrap_or(tenant.language),
            shared_lines: self.shared_lines.unwrap_or(tenant.shared_lines),
            policy: self.policy.unwrap_or(tenant.policy),
            ..tenant
        }
    }
}

/// Writes anew what must be unique of each user's numbers, unless two users would have the same.
async fn redraw_lines(tx: &mut Tx<'_>, before: &Tenant, after: &Tenant) -> Result<(), Error> {
    let users = tx.users(&after.id).await?;
    let mut holders = BTreeMap::new();
    for user in users.iter().filter(|user| user.active) {
        for extension in &user.extensions {
            let number = extension.number.clone();
            match holders.insert(extension.line(after.shared_lines), &user.login) {
                Some(other) if *other != user.login => {
                    let (one, other) = (other.clone(), user.login.clone());
                    return Err(Error::SharedNumber { number, one, other });
                }
                Some(_) => return Err(Error::NumberInUse { number, holder: user.login.clone() }),
                None => {}
            }
        }
    }
    let is_redrawn =
        |extension: &Extension| extension.line(before.shared_lines) != extension.line(after.shared_lines);
    for user in users.iter().filter(|user| user.extensions.iter().any(is_redrawn)) {
        tx.save_user(after, user);
    }
    Ok(())
}

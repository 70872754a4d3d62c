//! Dispatch mappings: which flow answers which calls. What could not run is refused here, so that a call
//! never meets it.

mod check;
mod version;

use super::{App, Error, change, draw, log_deed};
use crate::domain::dispatch::{Channel, Mapping, MappingKind};
use crate::domain::event::Event;
use crate::domain::ids::Name;
use crate::domain::tenant::Tenant;
use crate::store::{Scope, StoreError, Tx};
use check::{check, description, free_name, normal};

pub use version::{BadVersion, Version};

/// A mapping to be added, active from the start.
#[derive(Debug, Clone)]
pub struct NewMapping {
    pub name: String,
    pub description: String,
    pub channel: Channel,
    pub kind: MappingKind,
    /// What calls are compared with, as a person types it.
    pub value: String,
    pub flow: Name,
    pub version: Version,
    pub numbers: Numbers,
}

/// What of a mapping is to change; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct MappingPatch {
    pub name: Option<String>,
    pub description: Option<String>,
    pub channel: Option<Channel>,
    pub value: Option<(String, Numbers)>,
    pub flow: Option<Name>,
    pub version: Option<Version>,
    pub active: Option<bool>,
}

/// Which mappings are to answer calls from now on, or not to.
#[derive(Debug, Clone)]
pub struct Switch {
    /// By name or identifier; all there are, if none.
    pub mappings: Option<Vec<String>>,
    pub active: bool,
    /// Change nothing, and say which would be changed.
    pub is_dry_run: bool,
}

/// What numbers may look like (A1.18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Numbers {
    /// As telephone numbers.
    #[default]
    Checked,
    /// As they are typed: for SIP addresses and what else a carrier may send.
    AsTyped,
}

impl App {
    /// The tenant's mappings, by name.
    pub async fn mappings(&self, tenant: &Tenant) -> Result<Vec<Mapping>, StoreError> {
        let tenant = tenant.id.clone();
        self.store.read(|tx| Box::pin(async move { tx.mappings(&tenant).await })).await
    }

    /// The tenant's mappings behind the name `after`, by name, at most `limit`.
    pub async fn mappings_after(
        &self,
        tenant: &Tenant,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<Mapping>, StoreError> {
        let (tenant, after) = (tenant.id.clone(), after.unwrap_or_default());
        self.store.read(|tx| Box::pin(async move { tx.mappings_after(&tenant, &after, limit).await })).await
    }

    /// A mapping by its name or identifier.
    pub async fn mapping(&self, tenant: &Tenant, name: &str) -> Result<Mapping, Error> {
        let (tenant, name) = (tenant.clone(), name.to_owned());
        self.store.read(|tx| Box::pin(async move { find(tx, &tenant, &name).await })).await
    }

    pub async fn add_mapping(&self, tenant: &Tenant, new: NewMapping) -> Result<Mapping, Error> {
        let tenant = tenant.clone();
        let unit = self.store.write(Scope::of(&tenant), move |tx| {
            Box::pin(async move {
                let mapping = Mapping {
                    id: draw::mapping_id(),
                    name: free_name(tx, &tenant, new.name, None).await?,
                    description: description(&new.description)?,
                    channel: new.channel,
                    kind: new.kind,
                    value: normal(new.kind, &new.value, new.numbers, &tenant)?,
                    flow: new.flow,
                    version: new.version.into(),
                    active: true,
                };
                check(tx, &tenant, &mapping).await?;
                tx.save_mapping(&tenant.id, &mapping);
                let event = Event::MappingAdded(change(None, Some(&mapping)));
                log_change(tx, &tenant, &mapping.name, event);
                Ok(mapping)
            })
        });
        unit.await
    }

    pub async fn change_mapping(
        &self,
        tenant: &Tenant,
        name: &str,
        patch: MappingPatch,
    ) -> Result<Mapping, Error> {
        let (tenant, name) = (tenant.clone(), name.to_owned());
        let unit = self.store.write(Scope::of(&tenant), |tx| {
            Box::pin(async move {
                let before = find(tx, &tenant, &name).await?;
                let after = apply(tx, &tenant, &before, patch).await?;
                if after.active {
                    check(tx, &tenant, &after).await?;
                }
                tx.save_mapping(&tenant.id, &after);
                let event = Event::MappingChanged(change(Some(&before), Some(&after)));
                log_change(tx, &tenant, &after.name, event);
                Ok(after)
            })
        });
        unit.await
    }

    /// Lets mappings answer calls, or keeps them from it, all or none; those that this changes, as they are then.
    pub async fn switch_mappings(&self, tenant: &Tenant, switch: Switch) -> Result<Vec<Mapping>, Error> {
        let tenant = tenant.clone();
        let unit = self.store.write(Scope::of(&tenant), move |tx| {
            Box::pin(async move {
                let Switch { mappings, active, is_dry_run } = switch;
                let mut changed = chosen(tx, &tenant, mappings).await?;
                changed.retain(|mapping| mapping.active != active);
                for mapping in &mut changed {
                    let before = mapping.clone();
                    mapping.active = active;
                    if active {
                        check(tx, &tenant, mapping).await?;
                    }
                    if is_dry_run {
                        continue;
                    }
                    tx.save_mapping(&tenant.id, mapping);
                    let event = Event::MappingChanged(change(Some(&before), Some(mapping)));
                    log_change(tx, &tenant, &mapping.name, event);
                }
                Ok(changed)
            })
        });
        unit.await
    }

    pub async fn remove_mapping(&self, tenant: &Tenant, name: &str) -> Result<(), Error> {
        let (tenant, name) = (tenant.clone(), name.to_owned());
        let unit = self.store.write(Scope::of(&tenant), |tx| {
            Box::pin(async move {
                let mapping = find(tx, &tenant, &name).await?;
                delete(tx, &tenant, &mapping);
                Ok(())
            })
        });
        unit.await
    }
}

/// Removes a mapping.
pub(super) fn delete(tx: &mut Tx<'_>, tenant: &Tenant, mapping: &Mapping) {
    tx.delete_mapping(&tenant.id, &mapping.id);
    log_change(tx, tenant, &mapping.name, Event::MappingRemoved(change(Some(mapping), None)));
}

/// Saves a mapping as a file describes it: a new one, or in the place of what was there `before`.
pub(super) async fn put(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    before: Option<&Mapping>,
    mut after: Mapping,
) -> Result<(), Error> {
    after.name = free_name(tx, tenant, after.name, Some(&after.id)).await?;
    if before.is_none_or(|before| before.value != after.value) {
        after.value = normal(after.kind, &after.value, Numbers::Checked, tenant)?;
    }
    if after.active {
        check(tx, tenant, &after).await?;
    }
    tx.save_mapping(&tenant.id, &after);
    let change = change(before, Some(&after));
    let event = if before.is_some() { Event::MappingChanged(change) } else { Event::MappingAdded(change) };
    log_change(tx, tenant, &after.name, event);
    Ok(())
}

async fn apply(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    before: &Mapping,
    patch: MappingPatch,
) -> Result<Mapping, Error> {
    let before = before.clone();
    let name = match patch.name {
        Some(name) => free_name(tx, tenant, name, Some(&before.id)).await?,
        None => before.name,
    };
    let value = match patch.value {
        Some((value, numbers)) => normal(before.kind, &value, numbers, tenant)?,
        None => before.value,
    };
    Ok(Mapping {
        name,
        value,
        description: match patch.description {
            Some(text) => description(&text)?,
            None => before.description,
        },
        channel: patch.channel.unwrap_or(before.channel),
        flow: patch.flow.unwrap_or(before.flow),
        version: patch.version.map_or(before.version, Version::into),
        active: patch.active.unwrap_or(before.active),
        ..before
    })
}

/// Those with the names or identifiers, each once; all there are, if none is given.
async fn chosen(tx: &mut Tx<'_>, tenant: &Tenant, names: Option<Vec<String>>) -> Result<Vec<Mapping>, Error> {
    let Some(names) = names else { return Ok(tx.mappings(&tenant.id).await?) };
    let mut chosen: Vec<Mapping> = Vec::new();
    for name in names {
        let mapping = find(tx, tenant, &name).await?;
        if chosen.iter().all(|other| other.id != mapping.id) {
            chosen.push(mapping);
        }
    }
    Ok(chosen)
}

async fn find(tx: &mut Tx<'_>, tenant: &Tenant, name: &str) -> Result<Mapping, Error> {
    // No text in PostgreSQL has that letter.
    if !name.contains('\0')
        && let Some(mapping) = tx.mapping(&tenant.id, name).await?
    {
        return Ok(mapping);
    }
    let mappings = tx.mappings(&tenant.id).await?;
    if let Some(mapping) = mappings.iter().find(|mapping| mapping.id.as_str() == name) {
        return Ok(mapping.clone());
    }
    let known = mappings.iter().map(|mapping| mapping.name.as_str());
    Err(Error::unknown("mapping", name, known, "dutyline mapping list"))
}

fn log_change(tx: &mut Tx<'_>, tenant: &Tenant, name: &str, event: Event) {
    log_deed(tx, &tenant.id, format!("mapping:{name}"), event);
}

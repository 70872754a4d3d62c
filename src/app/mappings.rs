//! Dispatch mappings: which flow answers which calls. What could not run is refused here, so that a call
//! never meets it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;

use super::line::{Room, line};
use super::voice::{Route, route};
use super::{App, Error, change, draw, log_deed};
use crate::domain::call::LookupMiss;
use crate::domain::dispatch::{Channel, Contact, Direction, Mapping, MappingKind};
use crate::domain::event::Event;
use crate::domain::ids::{AccountSid, CallId, Login, MappingId, Name, Slug};
use crate::domain::phone::E164;
use crate::domain::tenant::Tenant;
use crate::flow::engine::Identity;
use crate::store::flows::FlowState;
use crate::store::{Scope, StoreError, Tx};

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

/// Which version of its flow a mapping runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// Whichever is the latest published one when a call comes in.
    #[default]
    Latest,
    Fixed(u32),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither `latest` nor the number of a version")]
pub struct BadVersion(String);

impl FromStr for Version {
    type Err = BadVersion;
    fn from_str(text: &str) -> Result<Self, BadVersion> {
        match text {
            "latest" => Ok(Self::Latest),
            number => number.parse().map(Self::Fixed).map_err(|_| BadVersion(text.to_owned())),
        }
    }
}

impl From<Version> for Option<u32> {
    fn from(version: Version) -> Self {
        match version {
            Version::Latest => None,
            Version::Fixed(number) => Some(number),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Fixed(number) => number.fmt(f),
        }
    }
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
                    description: line("description", &new.description, DESCRIPTION)?,
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
            Some(text) => line("description", &text, DESCRIPTION)?,
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

const NAME: Room = Room { least: 1, most: 100 };
const DESCRIPTION: Room = Room { least: 0, most: 500 };
const VALUE: Room = Room { least: 1, most: 200 };

/// The name, if it is one and no other mapping has it.
async fn free_name(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    name: String,
    own: Option<&MappingId>,
) -> Result<String, Error> {
    let name = line("name", &name, NAME)?;
    match tx.mapping(&tenant.id, &name).await? {
        Some(other) if own != Some(&other.id) => Err(Error::Exists { what: "mapping", name: other.name }),
        Some(_) | None => Ok(name),
    }
}

/// The value in the one form in which calls are compared with it.
fn normal(kind: MappingKind, value: &str, numbers: Numbers, tenant: &Tenant) -> Result<String, Error> {
    let value = value.trim();
    let refuse = |why: String| Error::invalid(kind.as_str(), value, why);
    match (kind, numbers) {
        (MappingKind::ContactPoint | MappingKind::Customer, Numbers::Checked) => {
            let number = E164::from_human(value, tenant.region).map_err(|_| {
                refuse("not a telephone number like `+15065550100`; `--force` takes it as it is".to_owned())
            })?;
            Ok(number.to_string())
        }
        (MappingKind::ContactPoint | MappingKind::Customer, Numbers::AsTyped) => {
            line(kind.as_str(), value, VALUE)
        }
        (MappingKind::Source, _) => {
            value.parse::<AccountSid>().map(String::from).map_err(|why| refuse(why.to_string()))
        }
        (MappingKind::Direction, _) => {
            let direction = value.parse::<Direction>().map_err(|why| refuse(why.to_string()))?;
            Ok(direction.to_string())
        }
    }
}

/// Whether an active mapping can be as it is (D42, D43, D55).
async fn check(tx: &mut Tx<'_>, tenant: &Tenant, mapping: &Mapping) -> Result<(), Error> {
    if !mapping.channel.is_supported() {
        return Err(Error::UnsupportedChannel(mapping.channel.as_str()));
    }
    check_rule(tx, tenant, mapping).await?;
    check_version(tx, tenant, mapping).await?;
    if mapping.kind == MappingKind::ContactPoint
        && let Ok(number) = mapping.value.parse::<E164>()
        && let Some(holder) = tx.extension_with_number(number.as_str()).await?
    {
        return Err(Error::NumberInUse { number, holder });
    }
    Ok(())
}

async fn check_rule(tx: &mut Tx<'_>, tenant: &Tenant, mapping: &Mapping) -> Result<(), Error> {
    let rule = || format!("{} `{}` for {}", mapping.kind, mapping.value, mapping.channel);
    let others = tx.mappings(&tenant.id).await?;
    let same = others.into_iter().find(|other| {
        other.active
            && other.id != mapping.id
            && (other.kind, other.channel) == (mapping.kind, mapping.channel)
            && other.value == mapping.value
    });
    if let Some(other) = same {
        return Err(Error::MappingConflict { rule: rule(), holder: format!("`{}`", other.name) });
    }
    if mapping.kind == MappingKind::ContactPoint
        && let Some(slug) = tx.contact_point_holder(&mapping.value, mapping.channel, &mapping.id).await?
    {
        return Err(Error::MappingConflict { rule: rule(), holder: format!("tenant `{slug}`") });
    }
    Ok(())
}

async fn check_version(tx: &mut Tx<'_>, tenant: &Tenant, mapping: &Mapping) -> Result<(), Error> {
    let found = match mapping.version {
        Some(version) => tx.flow(&tenant.id, &mapping.flow, version).await?,
        None => tx.latest_flow(&tenant.id, &mapping.flow).await?,
    };
    match found.map(|found| found.state) {
        Some(FlowState::Published) => Ok(()),
        Some(FlowState::Draft) | None => Err(Error::NoSuchVersion {
            flow: mapping.flow.clone(),
            version: mapping.version.map_or_else(|| "at all".to_owned(), |version| version.to_string()),
        }),
    }
}

fn log_change(tx: &mut Tx<'_>, tenant: &Tenant, name: &str, event: Event) {
    log_deed(tx, &tenant.id, format!("mapping:{name}"), event);
}

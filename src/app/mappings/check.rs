//! Whether a mapping can be as it is wanted.

use super::Numbers;
use crate::app::Error;
use crate::app::line::{Room, line};
use crate::domain::dispatch::{Direction, Mapping, MappingKind};
use crate::domain::ids::{AccountSid, MappingId};
use crate::domain::phone::E164;
use crate::domain::tenant::Tenant;
use crate::store::Tx;
use crate::store::flows::FlowState;

const NAME: Room = Room { least: 1, most: 100 };
const DESCRIPTION: Room = Room { least: 0, most: 500 };
const VALUE: Room = Room { least: 1, most: 200 };

/// The name, if it is one and no other mapping has it.
pub(super) async fn free_name(
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

pub(super) fn description(text: &str) -> Result<String, Error> {
    line("description", text, DESCRIPTION)
}

/// The value in the one form in which calls are compared with it.
pub(super) fn normal(
    kind: MappingKind,
    value: &str,
    numbers: Numbers,
    tenant: &Tenant,
) -> Result<String, Error> {
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
pub(super) async fn check(tx: &mut Tx<'_>, tenant: &Tenant, mapping: &Mapping) -> Result<(), Error> {
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

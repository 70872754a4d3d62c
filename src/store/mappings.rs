//! Dispatch mappings.

use std::collections::BTreeSet;

use sqlx::FromRow;

use super::error::StoreError;
use super::rows::{count, parse};
use super::sql;
use super::tx::Tx;
use crate::domain::dispatch::{Channel, Mapping};
use crate::domain::ids::{Login, MappingId, Slug, TenantId};
use crate::domain::phone::E164;

impl Tx<'_> {
    /// All of the tenant's mappings, by name.
    pub async fn mappings(&mut self, tenant: &TenantId) -> Result<Vec<Mapping>, StoreError> {
        let rows: Vec<MappingRow> = self.all(sql::MAPPINGS, [tenant.as_str().into()]).await?;
        rows.into_iter().map(Mapping::try_from).collect()
    }

    /// The tenant's mappings behind the name `after`, by name, at most `limit`.
    pub async fn mappings_after(
        &mut self,
        tenant: &TenantId,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Mapping>, StoreError> {
        let values = [tenant.as_str().into(), after.into(), limit.into()];
        let rows: Vec<MappingRow> = self.all(sql::MAPPINGS_AFTER, values).await?;
        rows.into_iter().map(Mapping::try_from).collect()
    }

    pub async fn mapping(&mut self, tenant: &TenantId, name: &str) -> Result<Option<Mapping>, StoreError> {
        let row: Option<MappingRow> =
            self.one(sql::MAPPING_BY_NAME, [tenant.as_str().into(), name.into()]).await?;
        row.map(Mapping::try_from).transpose()
    }

    /// A mapping and the version of its flow that calls run: the one that it names if that is published, else
    /// the newest one that is.
    pub async fn mapping_in_force(
        &mut self,
        tenant: &TenantId,
        mapping: &MappingId,
    ) -> Result<Option<(Mapping, Option<u32>)>, StoreError> {
        let values = [tenant.as_str().into(), mapping.as_str().into()];
        let row: Option<InForceRow> = self.one(sql::MAPPING_IN_FORCE, values).await?;
        let Some(InForceRow { mapping, runs }) = row else { return Ok(None) };
        let mapping = Mapping::try_from(mapping)?;
        let version = runs.map(|n| count("flow_versions", mapping.flow.as_str(), n)).transpose()?;
        Ok(Some((mapping, version)))
    }

    pub fn save_mapping(&mut self, tenant: &TenantId, mapping: &Mapping) {
        let values = [
            tenant.as_str().into(),
            mapping.id.as_str().into(),
            mapping.name.as_str().into(),
            mapping.description.as_str().into(),
            mapping.channel.as_str().into(),
            mapping.kind.as_str().into(),
            mapping.value.as_str().into(),
            mapping.flow.as_str().into(),
            mapping.version.into(),
            mapping.active.into(),
        ];
        self.push(sql::SAVE_MAPPING, values);
        self.touch_tenant(tenant);
    }

    pub fn delete_mapping(&mut self, tenant: &TenantId, mapping: &MappingId) {
        self.push(sql::DELETE_MAPPING, [tenant.as_str().into(), mapping.as_str().into()]);
        self.touch_tenant(tenant);
    }

    /// The tenant that has an active contact point on `number`, other than the mapping `but`.
    pub async fn contact_point_holder(
        &mut self,
        number: &str,
        channel: Channel,
        but: &MappingId,
    ) -> Result<Option<Slug>, StoreError> {
        let values = [number.into(), channel.as_str().into(), but.as_str().into()];
        let row: Option<(String,)> = self.one(sql::CONTACT_POINT_HOLDER, values).await?;
        row.map(|(slug,)| parse("tenants", number, slug)).transpose()
    }

    /// Whether calls to `number` come to us (D55).
    pub async fn is_contact_point(&mut self, number: &E164) -> Result<bool, StoreError> {
        let row: Option<(i32,)> = self.one(sql::CONTACT_POINT, [number.as_str().into()]).await?;
        Ok(row.is_some())
    }

    /// Every number on which calls come to us, of all tenants (D55).
    pub async fn contact_points(&mut self) -> Result<BTreeSet<String>, StoreError> {
        let rows: Vec<(String,)> = self.all(sql::CONTACT_POINTS, []).await?;
        Ok(rows.into_iter().map(|(value,)| value).collect())
    }

    /// An active user, of any tenant, who is reached at `number` (D55).
    pub async fn extension_with_number(&mut self, number: &str) -> Result<Option<Login>, StoreError> {
        let row: Option<(String,)> = self.one(sql::EXTENSION_WITH_NUMBER, [number.into()]).await?;
        row.map(|(login,)| parse("users", number, login)).transpose()
    }
}

#[derive(Debug, FromRow)]
struct InForceRow {
    #[sqlx(flatten)]
    mapping: MappingRow,
    runs: Option<i64>,
}

#[derive(Debug, FromRow)]
struct MappingRow {
    mapping_id: String,
    mapping_name: String,
    description: String,
    channel: String,
    kind: String,
    value: String,
    flow: String,
    version: Option<i64>,
    active: bool,
}

impl TryFrom<MappingRow> for Mapping {
    type Error = StoreError;
    fn try_from(row: MappingRow) -> Result<Self, StoreError> {
        let at = row.mapping_id.clone();
        Ok(Self {
            id: parse("mappings", &at, row.mapping_id)?,
            name: row.mapping_name,
            description: row.description,
            channel: parse("mappings", &at, row.channel)?,
            kind: parse("mappings", &at, row.kind)?,
            value: row.value,
            flow: parse("mappings", &at, row.flow)?,
            version: row.version.map(|number| count("mappings", &at, number)).transpose()?,
            active: row.active,
        })
    }
}

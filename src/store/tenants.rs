//! Tenants, and what the nodes of a deployment share.

use super::error::StoreError;
use super::rows::{TenantRow, json_unless_default};
use super::sql;
use super::tx::Tx;
use crate::domain::ids::{Slug, TenantId};
use crate::domain::tenant::Tenant;

impl Tx<'_> {
    pub async fn tenants(&mut self) -> Result<Vec<Tenant>, StoreError> {
        let rows: Vec<TenantRow> = self.all(sql::TENANTS, []).await?;
        rows.into_iter().map(Tenant::try_from).collect()
    }

    /// The tenants behind `after`, by slug, at most `limit`; from the first on if there is none.
    pub async fn tenants_after(
        &mut self,
        after: Option<&Slug>,
        limit: u32,
    ) -> Result<Vec<Tenant>, StoreError> {
        let values = [after.map_or("", Slug::as_str).into(), limit.into()];
        let rows: Vec<TenantRow> = self.all(sql::TENANTS_AFTER, values).await?;
        rows.into_iter().map(Tenant::try_from).collect()
    }

    pub async fn tenant_by_id(&mut self, id: &TenantId) -> Result<Option<Tenant>, StoreError> {
        let row: Option<TenantRow> = self.one(sql::TENANT_BY_ID, [id.as_str().into()]).await?;
        row.map(Tenant::try_from).transpose()
    }

    pub async fn tenant(&mut self, slug: &Slug) -> Result<Option<Tenant>, StoreError> {
        let row: Option<TenantRow> = self.one(sql::TENANT_BY_SLUG, [slug.as_str().into()]).await?;
        row.map(Tenant::try_from).transpose()
    }

    pub fn insert_tenant(&mut self, tenant: &Tenant) {
        let values = [
            tenant.id.as_str().into(),
            tenant.slug.as_str().into(),
            tenant.name.as_str().into(),
            tenant.region.to_string().into(),
            tenant.zone.name().into(),
            tenant.language.as_str().into(),
            tenant.shared_lines.into(),
            json_unless_default(&tenant.policy).into(),
            self.now().into(),
        ];
        self.push(sql::INSERT_TENANT, values);
        self.push(sql::INSERT_HEAD, [tenant.id.as_str().into()]);
    }

    /// Saves all but the identifier and the slug.
    pub fn save_tenant(&mut self, tenant: &Tenant) {
        let values = [
            tenant.id.as_str().into(),
            tenant.name.as_str().into(),
            tenant.region.to_string().into(),
            tenant.zone.name().into(),
            tenant.language.as_str().into(),
            tenant.shared_lines.into(),
            json_unless_default(&tenant.policy).into(),
        ];
        self.push(sql::UPDATE_TENANT, values);
    }

    /// Tells servers that what admins have set up for the tenant has changed.
    pub(super) fn touch_tenant(&mut self, tenant: &TenantId) {
        self.push(sql::TOUCH_TENANT, [tenant.as_str().into()]);
    }

    pub async fn secret(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        let row: Option<(String,)> = self.one(sql::SECRET, [name.into()]).await?;
        Ok(row.map(|(value,)| value))
    }

    /// Keeps a secret unless there is one of that name.
    pub fn insert_secret(&mut self, name: &str, value: &str) {
        self.push(sql::INSERT_SECRET, [name.into(), value.into()]);
    }
}

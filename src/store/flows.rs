//! Versions of flows. A published one never changes.

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::error::StoreError;
use super::rows::{count, instant, parse};
use super::sql;
use super::tx::Tx;
use crate::domain::ids::{Name, TenantId};
use crate::domain::time::Instant;

/// A flow's source under a version number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowVersion {
    pub flow: Name,
    /// From 1, drafts and published versions alike.
    pub version: u32,
    pub state: FlowState,
    /// The TOML text, as it was published.
    pub source: String,
    /// The version of every flow that it runs, directly or through others, fixed when it was published.
    pub uses: BTreeMap<Name, u32>,
    pub created_at: Instant,
}

spelled!(
    /// Whether mappings may use a version (A1.12).
    FlowState, "one of draft, published", {
        Draft = "draft",
        Published = "published",
    }
);

impl Tx<'_> {
    /// Every version of every flow, by name and number.
    pub async fn flows(&mut self, tenant: &TenantId) -> Result<Vec<FlowVersion>, StoreError> {
        let rows: Vec<FlowRow> = self.all(sql::FLOWS, [tenant.as_str().into()]).await?;
        rows.into_iter().map(FlowVersion::try_from).collect()
    }

    /// The versions behind `after`, by name and number, at most `limit`; from the first on if there is none.
    pub async fn flows_after(
        &mut self,
        tenant: &TenantId,
        after: Option<&(Name, u32)>,
        limit: u32,
    ) -> Result<Vec<FlowVersion>, StoreError> {
        let (flow, version) = after.map_or(("", 0), |(flow, version)| (flow.as_str(), *version));
        let values = [tenant.as_str().into(), flow.into(), version.into(), limit.into()];
        let rows: Vec<FlowRow> = self.all(sql::FLOWS_AFTER, values).await?;
        rows.into_iter().map(FlowVersion::try_from).collect()
    }

    pub async fn flow(
        &mut self,
        tenant: &TenantId,
        flow: &Name,
        version: u32,
    ) -> Result<Option<FlowVersion>, StoreError> {
        let values = [tenant.as_str().into(), flow.as_str().into(), version.into()];
        let row: Option<FlowRow> = self.one(sql::FLOW, values).await?;
        row.map(FlowVersion::try_from).transpose()
    }

    /// The newest published version.
    pub async fn latest_flow(
        &mut self,
        tenant: &TenantId,
        flow: &Name,
    ) -> Result<Option<FlowVersion>, StoreError> {
        let row: Option<FlowRow> =
            self.one(sql::LATEST_FLOW, [tenant.as_str().into(), flow.as_str().into()]).await?;
        row.map(FlowVersion::try_from).transpose()
    }

    pub fn insert_flow(&mut self, tenant: &TenantId, flow: &FlowVersion) {
        let values = [
            tenant.as_str().into(),
            flow.flow.as_str().into(),
            flow.version.into(),
            flow.state.as_str().into(),
            flow.source.as_str().into(),
            serde_json::to_string(&flow.uses).expect("names and numbers are plain data").into(),
            flow.created_at.into(),
        ];
        self.push(sql::INSERT_FLOW, values);
        self.touch_tenant(tenant);
    }
}

#[derive(Debug, FromRow)]
struct FlowRow {
    flow: String,
    version: i64,
    state: String,
    source: String,
    uses: String,
    created_at: i64,
}

impl TryFrom<FlowRow> for FlowVersion {
    type Error = StoreError;
    fn try_from(row: FlowRow) -> Result<Self, StoreError> {
        let at = format!("{} {}", row.flow, row.version);
        Ok(Self {
            flow: parse("flow_versions", &at, row.flow)?,
            version: count("flow_versions", &at, row.version)?,
            state: parse("flow_versions", &at, row.state)?,
            source: row.source,
            uses: serde_json::from_str(&row.uses)
                .map_err(|why| StoreError::corrupt("flow_versions", &at, why))?,
            created_at: instant("flow_versions", &at, row.created_at)?,
        })
    }
}

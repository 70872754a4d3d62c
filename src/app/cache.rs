//! What a server need not read and check again on every turn: linked flows, whose versions never change, and
//! what is set up for a tenant, until the tenant's revision says that it did.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use crate::app::recent::Recent;
use crate::app::tenancy::Tenancy;
use crate::app::voice::Callers;
use crate::domain::ids::{Name, TenantId};
use crate::flow::check;
use crate::flow::issue::brief;
use crate::flow::model::Flow;
use crate::flow::program::Program;
use crate::store::{StoreError, Tx};

#[derive(Debug, Default)]
pub(super) struct Cache {
    programs: Mutex<HashMap<(TenantId, Name, u32), Arc<Program>>>,
    tenancies: Mutex<HashMap<TenantId, Arc<Tenancy>>>,
    pub(super) callers: Callers,
    /// Dialled numbers that nobody answers and that were told of.
    pub(super) unmatched: Recent,
    /// Calls that began and that may not be in the database yet.
    pub(super) begun: Recent,
}

impl Cache {
    /// A published version of a flow, linked with the versions it was published with.
    pub(super) async fn program(
        &self,
        tx: &mut Tx<'_>,
        tenant: &TenantId,
        flow: &Name,
        version: u32,
    ) -> Result<Arc<Program>, StoreError> {
        let key = (tenant.clone(), flow.clone(), version);
        if let Some(program) = get(&self.programs, &key) {
            return Ok(program);
        }
        let program = Arc::new(load(tx, tenant, flow, version).await?);
        put(&self.programs, key, &program);
        Ok(program)
    }

    /// What is set up for the tenant, at the revision or a later one.
    pub(super) async fn tenancy(
        &self,
        tx: &mut Tx<'_>,
        tenant: &TenantId,
        revision: u64,
    ) -> Result<Arc<Tenancy>, StoreError> {
        if let Some(tenancy) = get(&self.tenancies, tenant)
            && tenancy.tenant.revision == revision
        {
            return Ok(tenancy);
        }
        let tenancy = Arc::new(Tenancy::load(tx, tenant).await?);
        put(&self.tenancies, tenant.clone(), &tenancy);
        // They hold on to what they met, which nobody meets again.
        self.callers.forget();
        Ok(tenancy)
    }
}

async fn load(tx: &mut Tx<'_>, tenant: &TenantId, flow: &Name, version: u32) -> Result<Program, StoreError> {
    let (root, uses) = checked(tx, tenant, flow, version).await?;
    let mut linked = BTreeMap::new();
    for (name, version) in &uses {
        linked.insert(name.clone(), checked(tx, tenant, name, *version).await?.0);
    }
    Program::link(root, |name| linked.get(name).cloned())
        .map_err(|why| StoreError::corrupt("flow_versions", format!("{flow} {version}"), why))
}

async fn checked(
    tx: &mut Tx<'_>,
    tenant: &TenantId,
    flow: &Name,
    version: u32,
) -> Result<(Arc<Flow>, BTreeMap<Name, u32>), StoreError> {
    let row = format!("{flow} {version}");
    let found = tx.flow(tenant, flow, version).await?;
    let found = found.ok_or_else(|| StoreError::corrupt("flow_versions", &row, "gone"))?;
    let (flow, issues) = check::check(&found.source);
    let flow = flow.ok_or_else(|| StoreError::corrupt("flow_versions", &row, brief(&issues)))?;
    Ok((Arc::new(flow), found.uses))
}

fn get<K: std::hash::Hash + Eq, V: Clone>(map: &Mutex<HashMap<K, V>>, key: &K) -> Option<V> {
    map.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
}

fn put<K: std::hash::Hash + Eq, V: Clone>(map: &Mutex<HashMap<K, V>>, key: K, value: &V) {
    map.lock().unwrap_or_else(PoisonError::into_inner).insert(key, value.clone());
}

//! Which flow answers a call, and who is calling.

use std::sync::Arc;

use crate::app::cache::Cache;
use crate::app::tenancy::{Tenancy, Way};
use crate::domain::call::LookupMiss;
use crate::domain::dispatch::{self, Contact, MappingKind};
use crate::domain::phone::Caller;
use crate::domain::user::Agent;
use crate::flow::engine::Identity;
use crate::store::arrivals::{Arrival, Candidate, Revisions};
use crate::store::{StoreError, Tx};

/// Which flow answers a call, and who is calling.
#[derive(Debug, Clone)]
pub(in crate::app) struct Route {
    pub(in crate::app) tenancy: Arc<Tenancy>,
    pub(in crate::app) way: Arc<Way>,
    pub(in crate::app) version: u32,
    pub(in crate::app) identity: Identity,
    pub(in crate::app) agent: Option<Agent>,
    /// While they are the same, so is the rest but for the agent's presence; none where that is not sure.
    pub(super) revisions: Option<Revisions>,
}

/// A mapping that fits, for each user who has the caller's number.
struct Fit {
    tenancy: Arc<Tenancy>,
    /// The tenant's revision when the fit was found; the tenancy may be a later one.
    revision: u64,
    way: Arc<Way>,
    candidate: Option<Candidate>,
}

/// Chooses among what was found.
pub(in crate::app) async fn route(
    tx: &mut Tx<'_>,
    cache: &Cache,
    arrivals: Vec<Arrival>,
    contact: &Contact,
) -> Result<Option<Route>, StoreError> {
    let mut fits = Vec::with_capacity(arrivals.len());
    for Arrival { tenant, revision, mapping, candidate, .. } in arrivals {
        let tenancy = cache.tenancy(tx, &tenant, revision).await?;
        if let Some(way) = tenancy.way(tx, &mapping).await? {
            fits.push(Fit { tenancy, revision, way, candidate });
        }
    }
    Ok(choose(fits, contact))
}

/// The dialled number says whose call it is (D33); without a contact point for it the mappings must all be
/// one tenant's.
fn choose(mut fits: Vec<Fit>, contact: &Contact) -> Option<Route> {
    let by_number = fits.iter().find(|fit| fit.way.mapping.kind == MappingKind::ContactPoint);
    let is_one_tenants =
        |first: &&Fit| fits.iter().all(|fit| fit.tenancy.tenant.id == first.tenancy.tenant.id);
    let owner = Arc::clone(&by_number.or_else(|| fits.first().filter(is_one_tenants))?.tenancy);
    fits.retain(|fit| fit.tenancy.tenant.id == owner.tenant.id);
    let mapping = dispatch::choose(fits.iter().map(|fit| &fit.way.mapping), contact)?.id.clone();
    fits.retain(|fit| fit.way.mapping.id == mapping);
    let Fit { tenancy, revision, way, .. } = fits.first()?;
    let (tenancy, revision, way) = (Arc::clone(tenancy), *revision, Arc::clone(way));
    let candidates = fits.into_iter().filter_map(|fit| fit.candidate).collect();
    let (identity, candidate) = identify(candidates, &contact.caller, tenancy.tenant.shared_lines);
    // Nothing else decides where the only user who may have a number gets by a number that is the tenant's own.
    let is_sure = way.mapping.kind == MappingKind::ContactPoint
        && !tenancy.tenant.shared_lines
        && tenancy.tenant.revision == revision;
    let user = candidate.as_ref().filter(|_| is_sure).map(|candidate| candidate.revision);
    let revisions = user.map(|user| Revisions { tenant: revision, user });
    let agent = candidate.map(|candidate| candidate.agent);
    Some(Route { version: way.version?, tenancy, way, identity, agent, revisions })
}

/// The one active user with the number, or why nobody (D30 to D35); `candidates` have it, active or not.
fn identify(
    candidates: Vec<Candidate>,
    caller: &Caller,
    shared_lines: bool,
) -> (Identity, Option<Candidate>) {
    let is_known = !candidates.is_empty();
    let mut active = candidates.into_iter().filter(|candidate| candidate.is_active);
    let nobody = |miss| (Identity::Nobody(miss), None);
    match (active.next(), active.next()) {
        (Some(candidate), None) => (Identity::Known, Some(candidate)),
        (Some(_), Some(_)) if shared_lines => (Identity::Shared, None),
        (Some(_), Some(_)) => nobody(LookupMiss::Ambiguous),
        (None, _) => match caller {
            Caller::Withheld => nobody(LookupMiss::Withheld),
            Caller::Other(_) => nobody(LookupMiss::NoNumber),
            Caller::Number(_) if is_known => nobody(LookupMiss::Inactive),
            Caller::Number(_) => nobody(LookupMiss::NoAgent),
        },
    }
}

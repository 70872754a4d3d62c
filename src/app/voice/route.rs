//! Which flow answers a call, and who may be calling.

use crate::domain::call::LookupMiss;
use crate::domain::dispatch::{self, Contact, Mapping};
use crate::domain::phone::Caller;
use crate::domain::tenant::Tenant;
use crate::domain::user::Agent;
use crate::flow::engine::Identity;
use crate::store::calls::Arrival;

/// Which flow answers a call, and who may be calling.
pub(in crate::app) struct Route {
    pub(in crate::app) tenant: Tenant,
    pub(in crate::app) mapping: Mapping,
    pub(in crate::app) version: u32,
    /// Users with the caller's number, and whether they are active.
    candidates: Vec<(Agent, bool)>,
}

/// Chooses among what was found. The dialled number says whose call it is (D33); without a contact point
/// for it the mappings must all be one tenant's.
pub(in crate::app) fn route(arrivals: Vec<Arrival>, contact: &Contact) -> Option<Route> {
    let owner = arrivals
        .iter()
        .find(|arrival| arrival.mapping.kind == dispatch::MappingKind::ContactPoint)
        .or_else(|| {
            arrivals.first().filter(|first| arrivals.iter().all(|other| other.tenant.id == first.tenant.id))
        })?
        .tenant
        .clone();
    let own: Vec<Arrival> = arrivals.into_iter().filter(|arrival| arrival.tenant.id == owner.id).collect();
    let mapping = dispatch::choose(own.iter().map(|arrival| &arrival.mapping), contact)?.clone();
    let (of_mapping, _): (Vec<Arrival>, Vec<Arrival>) =
        own.into_iter().partition(|arrival| arrival.mapping.id == mapping.id);
    let version = of_mapping.first().and_then(|first| first.pinned.or(first.latest))?;
    let candidates = of_mapping.into_iter().filter_map(|arrival| arrival.agent).collect();
    Some(Route { tenant: owner, mapping, version, candidates })
}

/// Who is calling: the one active user with the number, or why nobody (D30 to D35).
pub(in crate::app) fn identify(route: &Route, caller: &Caller) -> (Identity, Option<Agent>) {
    let mut active = route.candidates.iter().filter(|(_, is_active)| *is_active).map(|(agent, _)| agent);
    let nobody = |miss| (Identity::Nobody(miss), None);
    match (active.next(), active.next()) {
        (Some(agent), None) => (Identity::Known, Some(agent.clone())),
        (Some(_), Some(_)) if route.tenant.shared_lines => (Identity::Shared, None),
        (Some(_), Some(_)) => nobody(LookupMiss::Ambiguous),
        (None, _) => match caller {
            Caller::Withheld => nobody(LookupMiss::Withheld),
            Caller::Other(_) => nobody(LookupMiss::NoNumber),
            Caller::Number(_) if route.candidates.is_empty() => nobody(LookupMiss::NoAgent),
            Caller::Number(_) => nobody(LookupMiss::Inactive),
        },
    }
}

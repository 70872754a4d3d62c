//! A tenant: one organisation and its defaults.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{Language, Slug, TenantId};
use crate::domain::phone::Region;
use crate::domain::policy::Policy;
use crate::domain::time::Zone;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Tenant {
    pub id: TenantId,
    pub slug: Slug,
    pub name: String,
    /// Whose national numbers admins may type.
    pub region: Region,
    /// The zone of users who have none of their own (D27).
    pub zone: Zone,
    /// The language of users who have none of their own, and of callers nobody knows.
    pub language: Language,
    /// Whether users may share a number and differ by extension; callers from it say who they are by
    /// agent code (D34).
    pub shared_lines: bool,
    /// What it has decided about presence.
    #[serde(default)]
    pub policy: Policy,
    /// Rises with every change of the tenant, its prompts, flows or mappings.
    #[serde(skip, default)]
    pub revision: u64,
}

/// A tenant for tests.
#[cfg(test)]
pub(crate) fn acme() -> Tenant {
    Tenant {
        id: TenantId::from_bits(1),
        slug: "acme".parse().expect("a slug"),
        name: "Acme".to_owned(),
        region: "CA".parse().expect("a region"),
        zone: Zone::utc(),
        language: "en".parse().expect("a tag"),
        shared_lines: false,
        policy: Policy::default(),
        revision: 0,
    }
}

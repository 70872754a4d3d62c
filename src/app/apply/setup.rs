//! A tenant's setup: everything that an admin sets, in the terms of files. Identifiers, PINs, presence and
//! users who left are no part of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::app::flows;
use crate::domain::dispatch::{Channel, Mapping, MappingKind};
use crate::domain::ids::{AgentCode, Language, Login, Name};
use crate::domain::phone::{E164, Region};
use crate::domain::policy::Policy;
use crate::domain::skills::Skills;
use crate::domain::tenant::Tenant;
use crate::domain::time::Zone;
use crate::domain::user::User;
use crate::flow::prompt::catalogue::Content;
use crate::store::{StoreError, Tx};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    pub tenant: TenantSetup,
    /// Those who are active.
    pub users: BTreeMap<Login, UserSetup>,
    pub prompts: BTreeMap<(Language, Name), Content>,
    /// The source of the latest published version.
    pub flows: BTreeMap<Name, String>,
    pub mappings: BTreeMap<String, MappingSetup>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantSetup {
    pub name: String,
    pub region: Region,
    pub zone: Zone,
    pub language: Language,
    #[serde(default)]
    pub shared_lines: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub policy: Policy,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserSetup {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_code: Option<AgentCode>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub skills: Skills,
    #[serde(rename = "extension", default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<ExtensionSetup>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtensionSetup {
    pub number: E164,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ext: Option<String>,
    /// The user's name, if empty (A1.3).
    #[serde(default)]
    pub description: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingSetup {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(default = "voice")]
    pub channel: Channel,
    pub kind: MappingKind,
    pub value: String,
    pub flow: Name,
    /// The latest one, if none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    #[serde(default = "yes")]
    pub active: bool,
}

fn voice() -> Channel {
    Channel::Voice
}

fn yes() -> bool {
    true
}

/// The setup as it stands in the database.
pub(super) async fn load(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<Setup, StoreError> {
    let users = tx.users(&tenant.id).await?;
    let prompts = tx.prompts(&tenant.id).await?;
    let versions = tx.flows(&tenant.id).await?;
    let mappings = tx.mappings(&tenant.id).await?;
    let flows = flows::latest_published(&versions);
    Ok(Setup {
        tenant: TenantSetup::from(tenant),
        users: users
            .into_iter()
            .filter(|user| user.active)
            .map(|user| (user.login.clone(), user.into()))
            .collect(),
        prompts: prompts.into_iter().map(|entry| ((entry.language, entry.name), entry.content)).collect(),
        flows: flows.into_iter().map(|(name, version)| (name.clone(), version.source.clone())).collect(),
        mappings: mappings.into_iter().map(|mapping| (mapping.name.clone(), mapping.into())).collect(),
    })
}

impl From<&Tenant> for TenantSetup {
    fn from(tenant: &Tenant) -> Self {
        Self {
            name: tenant.name.clone(),
            region: tenant.region,
            zone: tenant.zone.clone(),
            language: tenant.language.clone(),
            shared_lines: tenant.shared_lines,
            policy: tenant.policy.clone(),
        }
    }
}

impl From<User> for UserSetup {
    fn from(user: User) -> Self {
        let User { name, zone, language, agent_code, skills, extensions, .. } = user;
        let extensions = extensions
            .into_iter()
            .map(|extension| ExtensionSetup {
                number: extension.number,
                ext: extension.ext,
                description: extension.description,
            })
            .collect();
        Self { name, zone, language, agent_code, skills, extensions }
    }
}

impl From<Mapping> for MappingSetup {
    fn from(mapping: Mapping) -> Self {
        let Mapping { description, channel, kind, value, flow, version, active, .. } = mapping;
        Self { description, channel, kind, value, flow, version, active }
    }
}

//! Carries out a plan in one unit of work, with the rules of the single commands. What one record gives up
//! is free for another one of the same plan, whichever comes first.

use std::collections::BTreeMap;

use crate::app::apply::folder::Wanted;
use crate::app::apply::plan::{Delta, Step};
use crate::app::apply::setup::{MappingSetup, TenantSetup, UserSetup};
use crate::app::users::{NewExtension, WantedUser};
use crate::app::{Error, flows, mappings, prompts, tenants, users};
use crate::domain::dispatch::Mapping;
use crate::domain::ids::{Login, Name};
use crate::domain::tenant::Tenant;
use crate::domain::user::User;
use crate::flow::check::check;
use crate::flow::prompt::catalogue::{Content, Entry};
use crate::store::Tx;
use crate::store::flows::FlowState;

pub(super) async fn carry_out(
    tx: &mut Tx<'_>,
    tenant: Tenant,
    wanted: &Wanted,
    steps: &[Step],
) -> Result<(), Error> {
    let tenant = set_tenant(tx, tenant, steps).await?;
    set_prompts(tx, &tenant, wanted, steps).await?;
    publish_flows(tx, &tenant, steps).await?;
    let mappings = free_mappings(tx, &tenant, steps).await?;
    set_users(tx, &tenant, steps).await?;
    set_mappings(tx, &tenant, &mappings, steps).await?;
    let removed: Vec<&Name> = steps.iter().filter_map(removed_prompt).collect();
    prompts::refuse_missing(tx, &tenant, &removed).await
}

async fn set_tenant(tx: &mut Tx<'_>, before: Tenant, steps: &[Step]) -> Result<Tenant, Error> {
    for step in steps {
        if let Step::Tenant { to, .. } = step {
            let TenantSetup { name, region, zone, language, shared_lines, policy } = to.clone();
            let after = Tenant { name, region, zone, language, shared_lines, policy, ..before.clone() };
            tenants::replace(tx, &before, &after).await?;
            return Ok(after);
        }
    }
    Ok(before)
}

/// The catalogue is looked at once they are all set: halfway it may not hold together.
async fn set_prompts(tx: &mut Tx<'_>, tenant: &Tenant, wanted: &Wanted, steps: &[Step]) -> Result<(), Error> {
    for step in steps {
        let Step::Prompt { language, name, delta } = step else { continue };
        let entry = |content: &Content| Entry {
            language: language.clone(),
            name: name.clone(),
            content: content.clone(),
        };
        let (before, after) = match delta {
            Delta::Add(to) => (None, to),
            Delta::Replace { from, to } => (Some(entry(from)), to),
            Delta::Remove(from) => {
                prompts::delete(tx, tenant, &entry(from));
                continue;
            }
        };
        let audio = match after {
            Content::Play { media, .. } => wanted.audio.get(media).cloned(),
            Content::Say(_) | Content::List(_) => None,
        };
        prompts::save(tx, tenant, before.as_ref(), &entry(after), audio);
    }
    prompts::checked_catalogue(tx, tenant).await.map(drop)
}

fn removed_prompt(step: &Step) -> Option<&Name> {
    match step {
        Step::Prompt { name, delta: Delta::Remove(_), .. } => Some(name),
        Step::Prompt { .. }
        | Step::Tenant { .. }
        | Step::Flow { .. }
        | Step::User { .. }
        | Step::Mapping { .. } => None,
    }
}

async fn publish_flows(tx: &mut Tx<'_>, tenant: &Tenant, steps: &[Step]) -> Result<(), Error> {
    for step in steps {
        let Step::Flow { to, .. } = step else { continue };
        let flow = check(to).0.expect("a setup is read with checked flows alone");
        flows::publish(tx, tenant, flow, to.clone(), FlowState::Published).await?;
    }
    Ok(())
}

/// Removes mappings, and takes those that change out of the way; all as they were before.
async fn free_mappings(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    steps: &[Step],
) -> Result<BTreeMap<String, Mapping>, Error> {
    let mut mappings = BTreeMap::new();
    for mapping in tx.mappings(&tenant.id).await? {
        mappings.insert(mapping.name.clone(), mapping);
    }
    for step in steps {
        let Step::Mapping { name, delta } = step else { continue };
        let Some(mapping) = mappings.get(name) else { continue };
        match delta {
            Delta::Add(_) => {}
            Delta::Replace { .. } => {
                tx.save_mapping(&tenant.id, &Mapping { active: false, ..mapping.clone() });
            }
            Delta::Remove(_) => mappings::delete(tx, tenant, mapping),
        }
    }
    Ok(mappings)
}

async fn set_mappings(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    before: &BTreeMap<String, Mapping>,
    steps: &[Step],
) -> Result<(), Error> {
    for step in steps {
        let Step::Mapping { name, delta: Delta::Add(to) | Delta::Replace { to, .. } } = step else {
            continue;
        };
        let before = before.get(name);
        let MappingSetup { description, channel, kind, value, flow, version, active } = to.clone();
        let id = before.map_or_else(crate::app::draw::mapping_id, |before| before.id.clone());
        let name = name.clone();
        let after = Mapping { id, name, description, channel, kind, value, flow, version, active };
        mappings::put(tx, tenant, before, after).await?;
    }
    Ok(())
}

async fn set_users(tx: &mut Tx<'_>, tenant: &Tenant, steps: &[Step]) -> Result<(), Error> {
    let mut users: BTreeMap<Login, User> = BTreeMap::new();
    for user in tx.users(&tenant.id).await? {
        users.insert(user.login.clone(), user);
    }
    for step in steps {
        let Step::User { login, delta } = step else { continue };
        let Some(user) = users.get(login) else { continue };
        match delta {
            Delta::Add(_) => {}
            Delta::Replace { to, .. } => tx.save_user(tenant, &without_what_goes(user, to)),
            Delta::Remove(_) => users::deactivate(tx, tenant, user).await?,
        }
    }
    for step in steps {
        let Step::User { login, delta: Delta::Add(to) | Delta::Replace { to, .. } } = step else { continue };
        users::put(tx, tenant, users.get(login), wanted_user(login, to)).await?;
    }
    Ok(())
}

/// The user with those numbers alone that they keep, and without a code that they give up.
fn without_what_goes(user: &User, to: &UserSetup) -> User {
    let mut user = user.clone();
    user.agent_code = user.agent_code.filter(|code| to.agent_code.as_ref() == Some(code));
    user.extensions.retain(|own| {
        to.extensions.iter().any(|wanted| wanted.number == own.number && wanted.ext == own.ext)
    });
    user
}

fn wanted_user(login: &Login, to: &UserSetup) -> WantedUser {
    let UserSetup { name, zone, language, agent_code, skills, extensions } = to.clone();
    let extensions = extensions
        .into_iter()
        .map(|extension| NewExtension {
            number: extension.number.to_string(),
            ext: extension.ext,
            description: Some(extension.description),
        })
        .collect();
    WantedUser { login: login.clone(), name, zone, language, agent_code, skills, extensions }
}

//! Users as a file describes them: all of a user at once, but for the PIN, which no file holds.

use super::extensions::MOST_EXTENSIONS;
use super::{NewExtension, check_claims, checked_name, end_duty_if_gone, log_change, user_event};
use crate::app::{Error, change, draw};
use crate::domain::event::Event;
use crate::domain::ids::{AgentCode, Language, Login};
use crate::domain::skills::Skills;
use crate::domain::tenant::Tenant;
use crate::domain::time::Zone;
use crate::domain::user::{Extension, User};
use crate::store::Tx;

/// An active user.
#[derive(Debug, Clone)]
pub(in crate::app) struct WantedUser {
    pub(in crate::app) login: Login,
    pub(in crate::app) name: String,
    pub(in crate::app) zone: Option<Zone>,
    pub(in crate::app) language: Option<Language>,
    pub(in crate::app) agent_code: Option<AgentCode>,
    pub(in crate::app) skills: Skills,
    pub(in crate::app) extensions: Vec<NewExtension>,
}

/// Makes a user as wanted: a new one, or the one that was there `before`, who keeps their PIN.
pub(in crate::app) async fn put(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    before: Option<&User>,
    wanted: WantedUser,
) -> Result<(), Error> {
    let name = checked_name(&wanted.name)?;
    if wanted.extensions.len() > MOST_EXTENSIONS {
        let why = format!("a user has at most {MOST_EXTENSIONS} numbers; leave some out");
        return Err(Error::invalid("extension", wanted.login.as_str(), why));
    }
    let known = before.map(|user| user.extensions.as_slice()).unwrap_or_default();
    let read = wanted.extensions.into_iter().map(|new| Ok(same(known, new.read(tenant, &name)?)));
    let user = User {
        id: before.map_or_else(draw::user_id, |user| user.id.clone()),
        extensions: read.collect::<Result<_, Error>>()?,
        login: wanted.login,
        name,
        zone: wanted.zone,
        language: wanted.language,
        agent_code: wanted.agent_code,
        skills: wanted.skills,
        has_pin: before.is_some_and(|user| user.has_pin),
        active: true,
    };
    check_claims(tx, tenant, &user).await?;
    match before {
        None => {
            tx.insert_user(tenant, &user, None);
            log_change(tx, tenant, &user.login, Event::UserAdded(change(None, Some(&user))));
            Ok(())
        }
        Some(before) => {
            tx.save_user(tenant, &user);
            log_change(tx, tenant, &user.login, user_event(before, &user));
            end_duty_if_gone(tx, tenant, before, &user).await
        }
    }
}

/// Takes a user out of service, and off duty in the same moment (D37).
pub(in crate::app) async fn deactivate(tx: &mut Tx<'_>, tenant: &Tenant, user: &User) -> Result<(), Error> {
    let after = User { active: false, ..user.clone() };
    tx.save_user(tenant, &after);
    log_change(tx, tenant, &user.login, user_event(user, &after));
    end_duty_if_gone(tx, tenant, user, &after).await
}

/// The extension under the identifier that it has already, if it was there.
fn same(known: &[Extension], extension: Extension) -> Extension {
    let before = known.iter().find(|old| old.number == extension.number && old.ext == extension.ext);
    let id = before.map_or(extension.id, |old| old.id.clone());
    Extension { id, ..extension }
}

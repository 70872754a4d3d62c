//! Users. A number leads to one active user of the tenant at most, so that a caller is never mistaken for
//! another (A1.4, I18).

mod extensions;
pub mod import;
mod put;
pub mod table;

use secrecy::SecretString;

pub use extensions::NewExtension;
pub(super) use put::{WantedUser, deactivate, put};

use super::presence::end_duty;
use super::{App, Error, change, draw, log_deed, pins};
use crate::domain::edit::Edit;
use crate::domain::event::{Change, Event};
use crate::domain::ids::{AgentCode, Language, Login};
use crate::domain::presence::Reason;
use crate::domain::skills::Skills;
use crate::domain::tenant::Tenant;
use crate::domain::time::Zone;
use crate::domain::user::User;
use crate::store::{Scope, StoreError, Tx};

/// A user to be added, active from the start.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub login: Login,
    pub name: String,
    pub zone: Option<Zone>,
    pub language: Option<Language>,
    pub agent_code: Option<AgentCode>,
    pub skills: Skills,
    pub pin: Option<SecretString>,
    pub extension: Option<NewExtension>,
}

/// What of a user is to change; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    pub name: Option<String>,
    pub zone: Option<Edit<Zone>>,
    pub language: Option<Edit<Language>>,
    pub agent_code: Option<Edit<AgentCode>>,
    pub skills: Option<Skills>,
    pub pin: Option<Edit<SecretString>>,
    pub active: Option<bool>,
}

impl App {
    /// All users of a tenant, by login.
    pub async fn users(&self, tenant: &Tenant) -> Result<Vec<User>, StoreError> {
        let tenant = tenant.id.clone();
        self.store.read(|tx| Box::pin(async move { tx.users(&tenant).await })).await
    }

    /// At most `limit` users, by login, of those behind `after`.
    pub async fn users_after(
        &self,
        tenant: &Tenant,
        after: Option<&Login>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        let (tenant, after) = (tenant.id.clone(), after.cloned());
        let page = self
            .store
            .read(|tx| Box::pin(async move { tx.users_after(&tenant, after.as_ref(), limit).await }));
        page.await
    }

    pub async fn user(&self, tenant: &Tenant, login: &Login) -> Result<User, Error> {
        let (tenant, login) = (tenant.clone(), login.clone());
        self.store.read(|tx| Box::pin(async move { find(tx, &tenant, &login).await })).await
    }

    pub async fn add_user(&self, tenant: &Tenant, new: NewUser) -> Result<User, Error> {
        let tenant = tenant.clone();
        let pin_hash = new.pin.as_ref().map(pins::hash).transpose()?;
        let unit = self.store.write(Scope::of(&tenant), |tx| {
            Box::pin(async move {
                if tx.user(&tenant.id, &new.login).await?.is_some() {
                    return Err(Error::Exists { what: "user", name: new.login.to_string() });
                }
                let name = checked_name(&new.name)?;
                let extension = new.extension.map(|extension| extension.read(&tenant, &name)).transpose()?;
                let user = User {
                    id: draw::user_id(),
                    login: new.login,
                    name,
                    zone: new.zone,
                    language: new.language,
                    agent_code: new.agent_code,
                    skills: new.skills,
                    has_pin: pin_hash.is_some(),
                    active: true,
                    extensions: extension.into_iter().collect(),
                };
                check_claims(tx, &tenant, &user).await?;
                tx.insert_user(&tenant, &user, pin_hash.as_deref());
                log_change(tx, &tenant, &user.login, Event::UserAdded(change(None, Some(&user))));
                Ok(user)
            })
        });
        unit.await
    }

    /// A user, and at which revision.
    pub async fn user_at(&self, tenant: &Tenant, login: &Login) -> Result<(User, u64), Error> {
        let (tenant, login) = (tenant.clone(), login.clone());
        self.store.read(|tx| Box::pin(async move { at_revision(tx, &tenant, &login).await })).await
    }

    /// Changes a user. One who becomes active again must still be alone with their numbers.
    pub async fn change_user(&self, tenant: &Tenant, login: &Login, patch: UserPatch) -> Result<User, Error> {
        Ok(self.change_user_at(tenant, login, None, patch).await?.0)
    }

    /// As [`App::change_user`], and only if they are at the revision that was `seen`, if any was; their revision then.
    pub async fn change_user_at(
        &self,
        tenant: &Tenant,
        login: &Login,
        seen: Option<u64>,
        patch: UserPatch,
    ) -> Result<(User, u64), Error> {
        let (tenant, login) = (tenant.clone(), login.clone());
        let pin = patch.pin.clone().map(Edit::value);
        let pin_hash = pin.map(|pin| pin.as_ref().map(pins::hash).transpose()).transpose()?;
        let unit = self.store.write(Scope::of(&tenant), move |tx| {
            Box::pin(async move {
                let (before, revision) = at_revision(tx, &tenant, &login).await?;
                if seen.is_some_and(|seen| seen != revision) {
                    return Err(outdated(&before));
                }
                let after = patch.apply(before.clone())?;
                if after.active {
                    check_claims(tx, &tenant, &after).await?;
                }
                if after == before && pin_hash.is_none() {
                    return Ok((after, revision));
                }
                tx.save_user(&tenant, &after);
                if let Some(pin_hash) = pin_hash {
                    tx.save_pin(&tenant.id, &after.id, pin_hash.as_deref());
                }
                log_change(tx, &tenant, &login, user_event(&before, &after));
                end_duty_if_gone(tx, &tenant, &before, &after).await?;
                at_revision(tx, &tenant, &login).await
            })
        });
        unit.await
    }

    /// Takes a user out of service, and off duty in the same moment (D37).
    pub async fn deactivate_user(&self, tenant: &Tenant, login: &Login) -> Result<User, Error> {
        self.change_user(tenant, login, UserPatch { active: Some(false), ..UserPatch::default() }).await
    }
}

impl UserPatch {
    fn apply(self, user: User) -> Result<User, Error> {
        Ok(User {
            name: self.name.as_deref().map(checked_name).transpose()?.unwrap_or(user.name),
            zone: self.zone.map_or(user.zone, Edit::value),
            language: self.language.map_or(user.language, Edit::value),
            agent_code: self.agent_code.map_or(user.agent_code, Edit::value),
            skills: self.skills.unwrap_or(user.skills),
            has_pin: self.pin.map_or(user.has_pin, |pin| pin.value().is_some()),
            active: self.active.unwrap_or(user.active),
            ..user
        })
    }
}

/// The revision is the older of the two, if somebody writes in between: what is seen is then taken for outdated, and
/// never for newer than it is.
async fn at_revision(tx: &mut Tx<'_>, tenant: &Tenant, login: &Login) -> Result<(User, u64), Error> {
    let revision = tx.user_revision(&tenant.id, login).await?.unwrap_or_default();
    Ok((find(tx, tenant, login).await?, revision))
}

fn outdated(current: &User) -> Error {
    let told = serde_json::to_value(current).expect("a user is plain data");
    Error::Outdated { what: "user", name: current.login.to_string(), current: Box::new(told) }
}

/// The user, or an error that names the nearest login.
pub(super) async fn find(tx: &mut Tx<'_>, tenant: &Tenant, login: &Login) -> Result<User, Error> {
    if let Some(user) = tx.user(&tenant.id, login).await? {
        return Ok(user);
    }
    let users = tx.users(&tenant.id).await?;
    let known = users.iter().map(|user| user.login.as_str());
    Err(Error::unknown("user", login.as_str(), known, "dutyline user list"))
}

/// Names longer than this are not names; they would be spoken to callers.
const LONGEST_NAME: usize = 200;

fn checked_name(name: &str) -> Result<String, Error> {
    let trimmed = name.trim();
    if trimmed.is_empty() || trimmed.chars().count() > LONGEST_NAME || trimmed.contains(char::is_control) {
        return Err(Error::invalid(
            "name",
            name.escape_debug().to_string(),
            "give 1 to 200 letters on one line",
        ));
    }
    Ok(trimmed.to_owned())
}

/// Whether the user may have the numbers and the agent code that they claim.
async fn check_claims(tx: &mut Tx<'_>, tenant: &Tenant, user: &User) -> Result<(), Error> {
    if let Some(code) = &user.agent_code
        && let Some(holder) = tx.code_holder(&tenant.id, code).await?
        && holder != user.login
    {
        return Err(Error::CodeInUse { code: code.to_string(), holder });
    }
    for (position, extension) in user.extensions.iter().enumerate() {
        let (line, number) = (extension.line(tenant.shared_lines), extension.number.clone());
        if tx.is_contact_point(&number).await? {
            return Err(Error::NumberIsOurs(number));
        }
        let own = user.extensions.iter().take(position).any(|own| own.line(tenant.shared_lines) == line);
        if own {
            return Err(Error::NumberInUse { number, holder: user.login.clone() });
        }
        if let Some(holder) = tx.line_holder(&tenant.id, &line, &user.id).await? {
            return Err(Error::NumberInUse { number, holder });
        }
    }
    Ok(())
}

/// Ends the duty of a user who was deactivated or lost their last number (D36, D37).
async fn end_duty_if_gone(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    before: &User,
    after: &User,
) -> Result<(), Error> {
    if before.active && !after.active {
        end_duty(tx, tenant, &after.id, Reason::Deactivated).await
    } else if !before.extensions.is_empty() && after.extensions.is_empty() {
        end_duty(tx, tenant, &after.id, Reason::NoExtension).await
    } else {
        Ok(())
    }
}

fn user_event(before: &User, after: &User) -> Event {
    let change: Change = change(Some(before), Some(after));
    if before.active && !after.active { Event::UserDeactivated(change) } else { Event::UserChanged(change) }
}

fn log_change(tx: &mut Tx<'_>, tenant: &Tenant, login: &Login, event: Event) {
    log_deed(tx, &tenant.id, format!("user:{login}"), event);
}

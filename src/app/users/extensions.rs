//! The numbers at which users are reached, in order; the first is the one that calls are sent to (A1.6).

use super::{check_claims, end_duty_if_gone, find, log_change};
use crate::app::line::{Room, line};
use crate::app::{App, Error, change, draw};
use crate::domain::event::Event;
use crate::domain::ids::Login;
use crate::domain::phone::E164;
use crate::domain::tenant::Tenant;
use crate::domain::user::{Extension, User};
use crate::store::Scope;

/// An extension as a person types it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewExtension {
    /// In E.164 form or as the tenant's region writes numbers (A1.2).
    pub number: String,
    /// 1 to 10 digits to dial once the number has answered.
    pub ext: Option<String>,
    /// The user's name, if none (A1.3).
    pub description: Option<String>,
}

/// Digits to dial behind a number at most.
const LONGEST_EXT: usize = 10;

const DESCRIPTION: Room = Room { least: 1, most: 200 };

/// Users have a desk phone, a mobile, a home; more are a mistake.
pub(super) const MOST_EXTENSIONS: usize = 20;

impl NewExtension {
    /// Reads what was typed, for the user called `name`.
    pub(super) fn read(self, tenant: &Tenant, name: &str) -> Result<Extension, Error> {
        let number = E164::from_human(&self.number, tenant.region)?;
        number.check_is_line()?;
        let ext = self.ext.filter(|ext| !ext.is_empty());
        if let Some(ext) = &ext
            && (ext.len() > LONGEST_EXT || !ext.bytes().all(|b| b.is_ascii_digit()))
        {
            return Err(Error::invalid("ext", ext, "give 1 to 10 digits"));
        }
        let description = self.description.filter(|text| !text.trim().is_empty());
        let description = line("description", description.as_deref().unwrap_or(name), DESCRIPTION)?;
        Ok(Extension { id: draw::extension_id(), number, ext, description })
    }
}

impl App {
    /// Puts a number behind those that the user has.
    pub async fn add_extension(
        &self,
        tenant: &Tenant,
        login: &Login,
        new: NewExtension,
    ) -> Result<User, Error> {
        self.change_extensions(tenant, login, |tenant, user| {
            if user.extensions.len() >= MOST_EXTENSIONS {
                return Err(Error::invalid("pstn", new.number, "the user has 20 numbers; remove one first"));
            }
            let extension = new.read(tenant, &user.name)?;
            user.extensions.push(extension.clone());
            Ok(Event::ExtensionAdded(change(None, Some(&extension))))
        })
        .await
    }

    /// Moves the extension at position `from`, counted from 1, to position `to`.
    pub async fn move_extension(
        &self,
        tenant: &Tenant,
        login: &Login,
        from: usize,
        to: usize,
    ) -> Result<User, Error> {
        self.change_extensions(tenant, login, move |_, user| {
            let before = user.extensions.clone();
            let extension = take(user, from)?;
            if to == 0 || to > before.len() {
                return Err(Error::NoExtension { user: user.login.clone(), position: to });
            }
            user.extensions.insert(to - 1, extension);
            Ok(Event::ExtensionMoved(change(Some(&before), Some(&user.extensions))))
        })
        .await
    }

    /// Removes the extension at position `at`, counted from 1; the next one takes its place (A1.6).
    pub async fn remove_extension(&self, tenant: &Tenant, login: &Login, at: usize) -> Result<User, Error> {
        self.change_extensions(tenant, login, move |_, user| {
            let extension = take(user, at)?;
            Ok(Event::ExtensionRemoved(change(Some(&extension), None)))
        })
        .await
    }

    async fn change_extensions<F>(&self, tenant: &Tenant, login: &Login, edit: F) -> Result<User, Error>
    where
        F: FnOnce(&Tenant, &mut User) -> Result<Event, Error> + Send + 'static,
    {
        let (tenant, login) = (tenant.clone(), login.clone());
        let unit = self.store.write(Scope::of(&tenant), |tx| {
            Box::pin(async move {
                let before = find(tx, &tenant, &login).await?;
                let mut after = before.clone();
                let event = edit(&tenant, &mut after)?;
                if after.active {
                    check_claims(tx, &tenant, &after).await?;
                }
                tx.save_user(&tenant, &after);
                log_change(tx, &tenant, &login, event);
                end_duty_if_gone(tx, &tenant, &before, &after).await?;
                Ok(after)
            })
        });
        unit.await
    }
}

fn take(user: &mut User, position: usize) -> Result<Extension, Error> {
    if position == 0 || position > user.extensions.len() {
        return Err(Error::NoExtension { user: user.login.clone(), position });
    }
    Ok(user.extensions.remove(position - 1))
}

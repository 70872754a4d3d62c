//! Users and their extensions.

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::error::StoreError;
use super::rows::{count, json_or_default, json_unless_default, parse, parse_some};
use super::sql;
use super::tx::Tx;
use crate::domain::ids::{AgentCode, Language, Login, TenantId, UserId};
use crate::domain::tenant::Tenant;
use crate::domain::time::Zone;
use crate::domain::user::{Extension, User};

impl Tx<'_> {
    /// All users of a tenant with their extensions, by login.
    pub async fn users(&mut self, tenant: &TenantId) -> Result<Vec<User>, StoreError> {
        let rows: Vec<UserRow> = self.all(sql::USERS, [tenant.as_str().into()]).await?;
        let extensions: Vec<ExtensionRow> = self.all(sql::EXTENSIONS, [tenant.as_str().into()]).await?;
        with_extensions(rows, extensions)
    }

    /// At most `limit` users of those behind a login.
    pub async fn users_after(
        &mut self,
        tenant: &TenantId,
        after: Option<&Login>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        let after = after.map_or("", Login::as_str);
        let values = [tenant.as_str().into(), after.into(), limit.into()];
        let rows: Vec<UserRow> = self.all(sql::USERS_AFTER, values).await?;
        let Some(last) = rows.last() else { return Ok(Vec::new()) };
        let values = [tenant.as_str().into(), after.into(), last.login.as_str().into()];
        let extensions: Vec<ExtensionRow> = self.all(sql::EXTENSIONS_BETWEEN, values).await?;
        with_extensions(rows, extensions)
    }

    pub async fn user(&mut self, tenant: &TenantId, login: &Login) -> Result<Option<User>, StoreError> {
        let row: Option<UserRow> =
            self.one(sql::USER_BY_LOGIN, [tenant.as_str().into(), login.as_str().into()]).await?;
        let Some(row) = row else { return Ok(None) };
        let extensions =
            self.all(sql::EXTENSIONS_OF, [tenant.as_str().into(), row.user_id.as_str().into()]).await?;
        row.user(extensions).map(Some)
    }

    /// Which revision of the user there is: it rises with each of their changes.
    pub async fn user_revision(
        &mut self,
        tenant: &TenantId,
        login: &Login,
    ) -> Result<Option<u64>, StoreError> {
        let values = [tenant.as_str().into(), login.as_str().into()];
        let row: Option<(i64,)> = self.one(sql::USER_REVISION, values).await?;
        row.map(|(revision,)| count("users", login.as_str(), revision)).transpose()
    }

    /// The active user who has the agent code.
    pub async fn code_holder(
        &mut self,
        tenant: &TenantId,
        code: &AgentCode,
    ) -> Result<Option<Login>, StoreError> {
        let row: Option<UserRow> =
            self.one(sql::USER_BY_CODE, [tenant.as_str().into(), code.as_str().into()]).await?;
        row.map(|row| parse("users", &row.user_id, row.login)).transpose()
    }

    /// The active user, other than `but`, who has the line.
    pub async fn line_holder(
        &mut self,
        tenant: &TenantId,
        line: &str,
        but: &UserId,
    ) -> Result<Option<Login>, StoreError> {
        let values = [tenant.as_str().into(), line.into(), but.as_str().into()];
        let row: Option<(String,)> = self.one(sql::LINE_HOLDER, values).await?;
        row.map(|(login,)| parse("users", line, login)).transpose()
    }

    pub fn insert_user(&mut self, tenant: &Tenant, user: &User, pin_hash: Option<&str>) {
        let values = [
            tenant.id.as_str().into(),
            user.id.as_str().into(),
            user.login.as_str().into(),
            user.name.as_str().into(),
            user.zone.as_ref().map(Zone::name).into(),
            user.language.as_ref().map(Language::as_str).into(),
            user.agent_code.as_ref().map(AgentCode::as_str).into(),
            pin_hash.into(),
            user.active.into(),
            self.now().into(),
            json_unless_default(&user.skills).into(),
        ];
        self.push(sql::INSERT_USER, values);
        self.insert_extensions(tenant, user);
    }

    /// Saves all but the identifier, the login and the PIN.
    pub fn save_user(&mut self, tenant: &Tenant, user: &User) {
        let values = [
            tenant.id.as_str().into(),
            user.id.as_str().into(),
            user.name.as_str().into(),
            user.zone.as_ref().map(Zone::name).into(),
            user.language.as_ref().map(Language::as_str).into(),
            user.agent_code.as_ref().map(AgentCode::as_str).into(),
            user.active.into(),
            json_unless_default(&user.skills).into(),
        ];
        self.push(sql::UPDATE_USER, values);
        self.push(sql::DELETE_EXTENSIONS, [tenant.id.as_str().into(), user.id.as_str().into()]);
        self.insert_extensions(tenant, user);
    }

    /// Sets or takes away the PIN, given as its Argon2id hash, and forgives what was wrong before.
    pub fn save_pin(&mut self, tenant: &TenantId, user: &UserId, pin_hash: Option<&str>) {
        self.push(sql::UPDATE_PIN, [tenant.as_str().into(), user.as_str().into(), pin_hash.into()]);
    }

    fn insert_extensions(&mut self, tenant: &Tenant, user: &User) {
        for (position, extension) in user.extensions.iter().enumerate() {
            let values = [
                tenant.id.as_str().into(),
                extension.id.as_str().into(),
                user.id.as_str().into(),
                extension.number.as_str().into(),
                extension.ext.as_deref().into(),
                extension.description.as_str().into(),
                (position as u64).into(),
                extension.line(tenant.shared_lines).into(),
                user.active.into(),
            ];
            self.push(sql::INSERT_EXTENSION, values);
        }
    }
}

fn with_extensions(rows: Vec<UserRow>, extensions: Vec<ExtensionRow>) -> Result<Vec<User>, StoreError> {
    let mut by_user: BTreeMap<String, Vec<ExtensionRow>> = BTreeMap::new();
    for extension in extensions {
        by_user.entry(extension.user_id.clone()).or_default().push(extension);
    }
    let user = |row: UserRow| {
        let extensions = by_user.remove(&row.user_id).unwrap_or_default();
        row.user(extensions)
    };
    rows.into_iter().map(user).collect()
}

#[derive(Debug, FromRow)]
struct UserRow {
    user_id: String,
    login: String,
    name: String,
    zone: Option<String>,
    language: Option<String>,
    agent_code: Option<String>,
    skills: Option<String>,
    has_pin: bool,
    active: bool,
}

impl UserRow {
    fn user(self, extensions: Vec<ExtensionRow>) -> Result<User, StoreError> {
        let at = self.user_id.clone();
        Ok(User {
            id: parse("users", &at, self.user_id)?,
            login: parse("users", &at, self.login)?,
            name: self.name,
            zone: parse_some("users", &at, self.zone)?,
            language: parse_some("users", &at, self.language)?,
            agent_code: parse_some("users", &at, self.agent_code)?,
            skills: json_or_default("users", &at, self.skills.as_deref())?,
            has_pin: self.has_pin,
            active: self.active,
            extensions: extensions.into_iter().map(Extension::try_from).collect::<Result<_, _>>()?,
        })
    }
}

#[derive(Debug, FromRow)]
struct ExtensionRow {
    user_id: String,
    extension_id: String,
    e164: String,
    ext: Option<String>,
    description: String,
}

impl TryFrom<ExtensionRow> for Extension {
    type Error = StoreError;
    fn try_from(row: ExtensionRow) -> Result<Self, StoreError> {
        let at = row.extension_id.clone();
        Ok(Self {
            id: parse("extensions", &at, row.extension_id)?,
            number: parse("extensions", &at, row.e164)?,
            ext: row.ext,
            description: row.description,
        })
    }
}

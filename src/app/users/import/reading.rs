//! Rows into users. Collects every fault of a row, so that a file is mended in one go.

use std::collections::HashMap;

use super::{Fault, Replacement, Row};
use crate::app::users::{NewExtension, UserPatch, checked_name};
use crate::app::{Error, draw};
use crate::domain::edit::Edit;
use crate::domain::ids::Login;
use crate::domain::skills::Skills;
use crate::domain::tenant::Tenant;
use crate::domain::user::{Extension, User};

/// The rows of each login, in the order of the file.
pub(super) fn groups(rows: &[Row]) -> Vec<Vec<&Row>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<Vec<&Row>> = Vec::new();
    for row in rows {
        let place = *places.entry(row.login.trim()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups
}

/// One user, read from their rows.
pub(super) fn replacement(
    tenant: &Tenant,
    before: Option<&User>,
    rows: &[&Row],
) -> Result<Replacement, Vec<Fault>> {
    let mut reader = Reader { faults: Vec::new(), line: rows[0].line };
    let user = reader.user(rows[0], before);
    for row in &rows[1..] {
        reader.same_user(rows[0], row);
    }
    for row in rows {
        reader.whole(row);
    }
    let name = user.as_ref().map_or("", |user| user.name.as_str());
    let extensions = reader.extensions(tenant, name, rows);
    match (user, reader.faults.is_empty()) {
        (Some(user), true) => {
            let extensions = extensions.map_or(user.extensions.clone(), |typed| keep_ids(before, typed));
            let after = User { extensions, ..user };
            Ok(Replacement {
                before: before.cloned(),
                after,
                lines: rows.iter().map(|row| row.line).collect(),
            })
        }
        (Some(_) | None, _) => Err(reader.faults),
    }
}

/// A number that the user has already keeps its identifier, so that the same file twice changes nothing.
fn keep_ids(before: Option<&User>, typed: Vec<Extension>) -> Vec<Extension> {
    let had = before.map_or(&[][..], |user| &user.extensions);
    let kept = |typed: Extension| {
        let same = had.iter().find(|had| had.number == typed.number && had.ext == typed.ext);
        Extension { id: same.map_or(typed.id.clone(), |same| same.id.clone()), ..typed }
    };
    typed.into_iter().map(kept).collect()
}

/// Reads cells and collects what is wrong with them.
struct Reader {
    faults: Vec<Fault>,
    line: u64,
}

impl Reader {
    fn fault(&mut self, column: &'static str, why: impl Into<String>) {
        self.faults.push(Fault { line: self.line, column, why: why.into() });
    }

    fn keep<T, E: ToString>(&mut self, column: &'static str, read: Result<T, E>) -> Option<T> {
        read.map_err(|why| self.fault(column, why.to_string())).ok()
    }

    /// A cell that may be empty; none if the file has no such column or the cell is faulty.
    fn cell<T>(&mut self, column: &'static str, cell: Option<&String>) -> Option<Edit<T>>
    where
        T: std::str::FromStr<Err: ToString>,
    {
        match cell.map(|text| text.trim()) {
            None => None,
            Some("") => Some(Edit::Clear),
            Some(text) => self.keep(column, text.parse()).map(Edit::Set),
        }
    }

    fn user(&mut self, row: &Row, before: Option<&User>) -> Option<User> {
        let login = self.keep("login", row.login.trim().parse::<Login>());
        let name = row.name.as_ref().filter(|name| before.is_none() || !name.trim().is_empty());
        let patch = UserPatch {
            name: name.and_then(|name| self.keep("name", checked_name(name).map_err(|why| words(&why)))),
            zone: self.cell("zone", row.zone.as_ref()),
            language: self.cell("language", row.language.as_ref()),
            agent_code: self.cell("agent_code", row.agent_code.as_ref()),
            skills: row.skills.as_ref().and_then(|cell| self.keep("skills", cell.parse())),
            pin: None,
            active: row.active.as_ref().and_then(|cell| self.keep("active", activity(cell))),
        };
        let base = before.cloned().or_else(|| login.map(fresh))?;
        if before.is_none() && row.name.is_none() {
            self.fault("name", "the column is missing, and the user is new; add it");
        }
        patch.apply(base).ok()
    }

    fn whole(&mut self, row: &Row) {
        self.line = row.line;
        if let Some(why) = &row.broken {
            self.fault("row", why.clone());
        }
    }

    /// Rows of one user must not disagree about more than the number.
    fn same_user(&mut self, first: &Row, row: &Row) {
        let about = |row: &Row| {
            [
                ("name", row.name.clone()),
                ("zone", row.zone.clone()),
                ("language", row.language.clone()),
                ("agent_code", row.agent_code.clone()),
                ("skills", row.skills.clone()),
                ("active", row.active.clone()),
            ]
        };
        self.line = row.line;
        if row.pstn.as_ref().is_none_or(|pstn| pstn.trim().is_empty()) {
            let why = format!("`{}` stands in line {} already; remove one", row.login.trim(), first.line);
            self.fault("login", why);
        }
        for ((column, one), (_, other)) in about(first).into_iter().zip(about(row)) {
            if one != other {
                let other = other.unwrap_or_default();
                let why = format!("`{other}` differs from line {}, which is the same user", first.line);
                self.fault(column, why);
            }
        }
    }

    /// The user's numbers; none if the file has no such column.
    fn extensions(&mut self, tenant: &Tenant, name: &str, rows: &[&Row]) -> Option<Vec<Extension>> {
        let mut extensions: Vec<Extension> = Vec::new();
        for row in rows {
            self.line = row.line;
            let number = row.pstn.as_ref()?.trim().to_owned();
            if number.is_empty() {
                continue;
            }
            let ext = row.ext.as_ref().map(|ext| ext.trim().to_owned());
            let typed = NewExtension { number, ext, description: row.description.clone() };
            let extension = match typed.read(tenant, name) {
                Ok(extension) => extension,
                Err(why) => {
                    let column = if matches!(why, Error::Invalid { .. }) { "ext" } else { "pstn" };
                    self.fault(column, words(&why));
                    continue;
                }
            };
            extensions.push(extension);
        }
        Some(extensions)
    }
}

/// An error without the name of its field: a fault tells the column already.
fn words(error: &Error) -> String {
    if let Error::Invalid { value, why, .. } = error {
        format!("`{value}`: {why}")
    } else {
        error.to_string()
    }
}

fn fresh(login: Login) -> User {
    User {
        id: draw::user_id(),
        name: login.to_string(),
        login,
        zone: None,
        language: None,
        agent_code: None,
        skills: Skills::default(),
        has_pin: false,
        active: true,
        extensions: Vec::new(),
    }
}

fn activity(cell: &str) -> Result<bool, String> {
    match cell.trim().to_ascii_lowercase().as_str() {
        "" | "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(format!("`{cell}` is neither `true` nor `false`")),
    }
}

//! Users from a table, all in one unit of work. A row is a user with one number; more rows with the same
//! login are that user's further numbers, in order. A column that is there says how it is to be, an empty
//! cell that there is none; a column that is missing changes nothing.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use super::{Edit, NewExtension, UserPatch, checked_name, end_duty_if_gone, log_change, user_event};
use crate::app::{App, Error, change, draw};
use crate::domain::event::Event;
use crate::domain::ids::Login;
use crate::domain::tenant::Tenant;
use crate::domain::user::{Extension, User};
use crate::store::Tx;

/// A row as it stands in the file; none where the file has no such column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Where it stands in the file, from 1.
    pub line: u64,
    /// What is wrong with the row as a whole, if anything is.
    pub broken: Option<String>,
    pub login: String,
    pub name: Option<String>,
    pub zone: Option<String>,
    pub language: Option<String>,
    pub agent_code: Option<String>,
    pub pstn: Option<String>,
    pub ext: Option<String>,
    pub description: Option<String>,
    pub active: Option<String>,
}

/// A cell that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub line: u64,
    pub column: &'static str,
    /// What is wrong with which value, and how to mend it.
    pub why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, {}: {}", self.line, self.column, self.why)
    }
}

/// What becomes of the users in rows with faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Faulty {
    /// One faulty row, and nobody is imported.
    Refuse,
    Skip,
}

/// Whether to do it or only to say what would be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Commit,
    DryRun,
}

/// What came, or would come, of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub added: usize,
    pub changed: usize,
    pub unchanged: usize,
    /// By line.
    pub faults: Vec<Fault>,
    /// Whether the faults kept everybody out.
    pub refused: bool,
}

/// Users written at once, so that the texts that go to the database stay short.
const AT_ONCE: usize = 50;

impl App {
    /// Imports rows; `progress` is told how many users are written and of how many.
    pub async fn import_users<P>(
        &self,
        tenant: &Tenant,
        rows: Vec<Row>,
        on_fault: Faulty,
        mode: Mode,
        progress: P,
    ) -> Result<Report, Error>
    where
        P: Fn(usize, usize) + Send + 'static,
    {
        let tenant = tenant.clone();
        let unit = self.store.write(move |tx| {
            Box::pin(async move {
                let known = Known { users: tx.users(&tenant.id).await?, ours: tx.contact_points().await? };
                let plan = Plan::new(&tenant, &known, &rows, on_fault);
                let refused = on_fault == Faulty::Refuse && !plan.faults.is_empty();
                let report = plan.report(refused);
                if !refused && mode == Mode::Commit {
                    write(tx, &tenant, plan.changes, progress).await?;
                }
                Ok(report)
            })
        });
        unit.await
    }
}

/// What an import is checked against.
struct Known {
    users: Vec<User>,
    /// Numbers that calls come in on (D55).
    ours: BTreeSet<String>,
}

/// A user as they were, if they were, and as they are to be.
struct Replacement {
    before: Option<User>,
    after: User,
    /// Where each number stands in the file.
    lines: Vec<u64>,
}

impl Replacement {
    /// Whether others may take something that was this user's.
    fn lets_go(&self, before: &User) -> bool {
        before.agent_code != self.after.agent_code || before.extensions != self.after.extensions
    }
}

struct Plan {
    changes: Vec<Replacement>,
    unchanged: usize,
    faults: Vec<Fault>,
}

impl Plan {
    fn new(tenant: &Tenant, known: &Known, rows: &[Row], on_fault: Faulty) -> Self {
        let users: HashMap<&str, &User> =
            known.users.iter().map(|user| (user.login.as_str(), user)).collect();
        let mut faults = Vec::new();
        let mut replacements = Vec::new();
        for rows in groups(rows) {
            let before = users.get(rows[0].login.trim()).copied();
            match replacement(tenant, before, &rows) {
                Ok(replacement) => replacements.push(replacement),
                Err(found) => faults.extend(found),
            }
        }
        // Who is left out keeps what they had, which others may have counted upon: look again.
        loop {
            let clashes = clashes(tenant, known, &replacements);
            let lines: BTreeSet<u64> = clashes.iter().map(|fault| fault.line).collect();
            faults.extend(clashes);
            if lines.is_empty() || on_fault == Faulty::Refuse {
                break;
            }
            replacements.retain(|replacement| replacement.lines.iter().all(|line| !lines.contains(line)));
        }
        faults.sort_by_key(|fault| fault.line);
        let (changes, same): (Vec<_>, Vec<_>) = replacements
            .into_iter()
            .partition(|replacement| replacement.before.as_ref() != Some(&replacement.after));
        Self { changes, unchanged: same.len(), faults }
    }

    fn report(&self, refused: bool) -> Report {
        let added = self.changes.iter().filter(|change| change.before.is_none()).count();
        Report {
            added,
            changed: self.changes.len() - added,
            unchanged: self.unchanged,
            faults: self.faults.clone(),
            refused,
        }
    }
}

/// The rows of each login, in the order of the file.
fn groups(rows: &[Row]) -> Vec<Vec<&Row>> {
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
fn replacement(tenant: &Tenant, before: Option<&User>, rows: &[&Row]) -> Result<Replacement, Vec<Fault>> {
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

/// Numbers and agent codes that two active users would have, or that are not for agents.
fn clashes(tenant: &Tenant, known: &Known, replacements: &[Replacement]) -> Vec<Fault> {
    let replaced: BTreeSet<&Login> =
        replacements.iter().map(|replacement| &replacement.after.login).collect();
    let staying = known.users.iter().filter(|user| user.active && !replaced.contains(&user.login));
    let mut claims = Claims { tenant, lines: HashMap::new(), codes: HashMap::new(), faults: Vec::new() };
    for user in staying {
        claims.stake(user, None);
    }
    for replacement in replacements.iter().filter(|replacement| replacement.after.active) {
        claims.stake(&replacement.after, Some(&replacement.lines));
        for (extension, line) in replacement.after.extensions.iter().zip(&replacement.lines) {
            if known.ours.contains(extension.number.as_str()) {
                let why = Error::NumberIsOurs(extension.number.clone()).to_string();
                claims.faults.push(Fault { line: *line, column: "pstn", why });
            }
        }
    }
    claims.faults
}

/// Who has which number and which agent code; the first to come keeps it.
struct Claims<'a> {
    tenant: &'a Tenant,
    lines: HashMap<String, Login>,
    codes: HashMap<String, Login>,
    faults: Vec<Fault>,
}

impl Claims<'_> {
    /// Claims what is the user's; `lines` is where it stands in the file, if it comes from there.
    fn stake(&mut self, user: &User, lines: Option<&[u64]>) {
        let place = |index: usize| lines.and_then(|lines| lines.get(index).or(lines.first()));
        if let Some(code) = user.agent_code.as_ref().map(ToString::to_string)
            && let Some(holder) = self.codes.insert(code.clone(), user.login.clone())
            && let Some(line) = place(0)
        {
            let why = Error::CodeInUse { code, holder }.to_string();
            self.faults.push(Fault { line: *line, column: "agent_code", why });
        }
        for (index, extension) in user.extensions.iter().enumerate() {
            let holder = self.lines.insert(extension.line(self.tenant.shared_lines), user.login.clone());
            if let Some(holder) = holder
                && let Some(line) = place(index)
            {
                let why = Error::NumberInUse { number: extension.number.clone(), holder }.to_string();
                self.faults.push(Fault { line: *line, column: "pstn", why });
            }
        }
    }
}

async fn write<P>(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    changes: Vec<Replacement>,
    progress: P,
) -> Result<(), Error>
where
    P: Fn(usize, usize) + Send,
{
    // Numbers and codes that change hands are let go before anybody takes them.
    for change in &changes {
        if let Some(before) = change.before.as_ref().filter(|before| change.lets_go(before)) {
            tx.save_user(tenant, &User { agent_code: None, extensions: Vec::new(), ..before.clone() });
            tx.flush().await?;
        }
    }
    let count = changes.len();
    for (done, Replacement { before, after, .. }) in changes.into_iter().enumerate() {
        if done % AT_ONCE == 0 {
            tx.flush().await?;
            progress(done, count);
        }
        match before {
            None => {
                tx.insert_user(tenant, &after, None);
                log_change(tx, tenant, &after.login, Event::UserAdded(change(None, Some(&after))));
            }
            Some(before) => {
                tx.save_user(tenant, &after);
                log_change(tx, tenant, &after.login, user_event(&before, &after));
                end_duty_if_gone(tx, tenant, &before, &after).await?;
            }
        }
    }
    progress(count, count);
    Ok(())
}

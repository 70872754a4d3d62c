//! Users from a table, all in one unit of work. A row is a user with one number; more rows with the same
//! login are that user's further numbers, in order. A column that is there says how it is to be, an empty
//! cell that there is none; a column that is missing changes nothing.

mod claims;
mod reading;

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use self::claims::clashes;
use self::reading::{groups, replacement};

use super::{end_duty_if_gone, log_change, user_event};
use crate::app::{App, Error, change};
use crate::domain::event::Event;
use crate::domain::tenant::Tenant;
use crate::domain::user::User;
use crate::store::{Scope, StoreError, Tx};

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
    pub skills: Option<String>,
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
        match mode {
            Mode::DryRun => {
                let read = self.store.read(|tx| {
                    Box::pin(async move { Ok(plan(tx, &tenant, &rows, on_fault).await?.report()) })
                });
                read.await
            }
            Mode::Commit => {
                let unit = self.store.write(Scope::of(&tenant), move |tx| {
                    Box::pin(async move {
                        let plan = plan(tx, &tenant, &rows, on_fault).await?;
                        let report = plan.report();
                        if !report.refused {
                            write(tx, &tenant, plan.changes, progress).await?;
                        }
                        Ok(report)
                    })
                });
                unit.await
            }
        }
    }
}

async fn plan(tx: &mut Tx<'_>, tenant: &Tenant, rows: &[Row], on_fault: Faulty) -> Result<Plan, StoreError> {
    let known = Known { users: tx.users(&tenant.id).await?, ours: tx.contact_points().await? };
    Ok(Plan::new(tenant, &known, rows, on_fault))
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
    /// Whether the faults keep everybody out.
    refused: bool,
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
        let refused = on_fault == Faulty::Refuse && !faults.is_empty();
        Self { changes, unchanged: same.len(), faults, refused }
    }

    fn report(&self) -> Report {
        let added = self.changes.iter().filter(|change| change.before.is_none()).count();
        Report {
            added,
            changed: self.changes.len() - added,
            unchanged: self.unchanged,
            faults: self.faults.clone(),
            refused: self.refused,
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

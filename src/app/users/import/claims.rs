//! What only one active user may have, checked for the tenant as it would be after the import.

use std::collections::{BTreeSet, HashMap};

use super::{Fault, Known, Replacement};
use crate::app::Error;
use crate::domain::ids::Login;
use crate::domain::tenant::Tenant;
use crate::domain::user::User;

/// Numbers and agent codes that two active users would have, or that are not for agents.
pub(super) fn clashes(tenant: &Tenant, known: &Known, replacements: &[Replacement]) -> Vec<Fault> {
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

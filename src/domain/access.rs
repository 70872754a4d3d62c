//! Who may do what over the API (D70). Only an owner may do what is not written down here for their role.

use std::collections::BTreeSet;

use crate::domain::ids::{Login, TokenId};
use crate::domain::tenant::Tenant;

spelled!(
    /// What one may be allowed to do.
    Right,
    "one of presence.read, presence.write, users.read, users.write, setup.read, setup.write, calls.read, \
     reports.read, events.read, audit.read, tokens.write, tenants.write, numbers.read, terminals.write, \
     webhooks.read, webhooks.write, calendar.read", {
        /// See who is on duty, and until when.
        PresenceRead = "presence.read",
        /// Send agents on and off duty, and hold them off it.
        PresenceWrite = "presence.write",
        /// See users, and where they are reached.
        UsersRead = "users.read",
        /// Add, change and deactivate users.
        UsersWrite = "users.write",
        /// See the tenant, its flows, prompts and mappings.
        SetupRead = "setup.read",
        /// Change them, and so what callers hear.
        SetupWrite = "setup.write",
        /// See calls, and what was pressed and decided in them.
        CallsRead = "calls.read",
        /// See how long agents were on duty.
        ReportsRead = "reports.read",
        /// Follow the log of events.
        EventsRead = "events.read",
        /// See what admins did.
        AuditRead = "audit.read",
        /// Issue and revoke tokens, and so become anybody.
        TokensWrite = "tokens.write",
        /// See all tenants and add some, as an owner of the one that runs the deployment.
        TenantsWrite = "tenants.write",
        /// See telephone numbers whole; others see them masked.
        NumbersRead = "numbers.read",
        /// Report calls as facts, as a telephone system does that is trusted.
        TerminalsWrite = "terminals.write",
        /// See where events are sent, and what was not delivered.
        WebhooksRead = "webhooks.read",
        /// Send all events, telephone numbers in them, wherever one likes.
        WebhooksWrite = "webhooks.write",
        /// See when users are on duty and at work, as a calendar. As the only right of a token it may stand in an address.
        CalendarRead = "calendar.read",
    }
);

spelled!(
    /// What a token is for.
    Role, "one of agent, supervisor, admin, owner", {
        /// One agent's own presence, and nobody else's.
        Agent = "agent",
        /// Looks after agents while they are on duty.
        Supervisor = "supervisor",
        /// Does everything but let others in.
        Admin = "admin",
        Owner = "owner",
    }
);

impl Role {
    /// All that the role may do. An agent may do it to themselves alone.
    pub fn rights(self) -> &'static [Right] {
        match self {
            Self::Agent => &[Right::PresenceRead, Right::PresenceWrite, Right::CalendarRead],
            Self::Supervisor => &[
                Right::PresenceRead,
                Right::PresenceWrite,
                Right::UsersRead,
                Right::CallsRead,
                Right::ReportsRead,
                Right::EventsRead,
                Right::NumbersRead,
                Right::CalendarRead,
            ],
            Self::Admin => &[
                Right::PresenceRead,
                Right::PresenceWrite,
                Right::UsersRead,
                Right::UsersWrite,
                Right::SetupRead,
                Right::SetupWrite,
                Right::CallsRead,
                Right::ReportsRead,
                Right::EventsRead,
                Right::AuditRead,
                Right::NumbersRead,
                Right::TerminalsWrite,
                Right::WebhooksRead,
                Right::WebhooksWrite,
                Right::CalendarRead,
            ],
            Self::Owner => Right::ALL,
        }
    }

    pub fn has(self, right: Right) -> bool {
        self.rights().contains(&right)
    }
}

/// What the bearer of a token may do, and in whose name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Nothing of another tenant is within reach.
    pub tenant: Tenant,
    pub token: TokenId,
    role: Role,
    /// A part of the role's.
    rights: BTreeSet<Right>,
    user: Option<Login>,
}

/// The bearer may not do this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token does not give the right `{right}` to this")]
pub struct Denied {
    pub right: Right,
}

impl Access {
    /// What the role allows, and of that what `given` names, if anything was.
    pub fn new(
        tenant: Tenant,
        token: TokenId,
        (role, given): (Role, Option<&BTreeSet<Right>>),
        user: Option<Login>,
    ) -> Self {
        let is_given = |right: &Right| given.is_none_or(|given| given.contains(right));
        let rights = role.rights().iter().copied().filter(is_given).collect();
        Self { tenant, token, role, rights, user }
    }

    pub fn role(&self) -> Role {
        self.role
    }

    /// In the order in which they are declared.
    pub fn rights(&self) -> impl Iterator<Item = Right> {
        self.rights.iter().copied()
    }

    /// The agent for whom an agent's token speaks.
    pub fn user(&self) -> Option<&Login> {
        self.user.as_ref()
    }

    /// Whether the right is all that the bearer has (D70).
    pub fn has_only(&self, right: Right) -> bool {
        self.rights.iter().eq([&right])
    }

    /// Whether the right is the bearer's, to whatever there is in the tenant. An agent's never is.
    pub fn may(&self, right: Right) -> bool {
        match self.role {
            Role::Agent => false,
            Role::Supervisor | Role::Admin | Role::Owner => self.rights.contains(&right),
        }
    }

    /// Whether the right is the bearer's to this user, be it as one of all or as themselves.
    pub fn may_touch(&self, user: &Login, right: Right) -> bool {
        self.may(right) || (self.user.as_ref() == Some(user) && self.rights.contains(&right))
    }

    /// As [`Access::may`], for `?`.
    pub fn require(&self, right: Right) -> Result<(), Denied> {
        if self.may(right) { Ok(()) } else { Err(Denied { right }) }
    }

    /// As [`Access::may_touch`], for `?`.
    pub fn require_of(&self, user: &Login, right: Right) -> Result<(), Denied> {
        if self.may_touch(user, right) { Ok(()) } else { Err(Denied { right }) }
    }

    /// Who the bearer is in the log (D73). An identifier: names are given to other tokens again.
    pub fn actor(&self) -> String {
        format!("token:{}", self.token)
    }
}

#[cfg(test)]
mod tests;

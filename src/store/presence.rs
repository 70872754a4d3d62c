//! Presence rows, and the deadlines that are their `until`.

use sqlx::FromRow;

use super::error::StoreError;
use super::rows::{
    AgentRow, CountRow, PresenceRow, count, in_list, instant, json_or_default, json_unless_default, parse,
};
use super::sql;
use super::tx::Tx;
use crate::domain::ids::{CallId, Login, Skill, TenantId, UserId};
use crate::domain::presence::{MENU_GRACE, Presence, State};
use crate::domain::time::Instant;
use crate::domain::user::{Agent, Candidate};

/// A presence of which something is due.
#[derive(Debug)]
pub struct Due {
    pub user: UserId,
    pub login: Login,
    pub presence: Presence,
    /// Since when a menu of theirs has been open that was open when the window ended (D25).
    pub menu_since: Option<Instant>,
    /// Whether they have hours of work, which count again when the window is over (D28).
    pub has_hours: bool,
}

impl Tx<'_> {
    pub fn save_presence(&mut self, tenant: &TenantId, user: &UserId, presence: &Presence) {
        let (state, since, until) = match presence.state {
            State::Offline { since } => ("offline", since, None),
            State::Online { since, until } => ("online", Some(since), Some(until)),
        };
        let cause = presence.cause.as_ref();
        let values = [
            tenant.as_str().into(),
            user.as_str().into(),
            state.into(),
            presence.generation.into(),
            since.into(),
            until.into(),
            presence.at.unwrap_or(self.now()).into(),
            cause.map(|cause| cause.source.as_str()).into(),
            cause.map(|cause| cause.reason.as_str()).into(),
            cause.and_then(|cause| cause.call.as_ref()).map(CallId::as_str).into(),
            presence.hold.as_deref().into(),
            json_unless_default(&presence.plan).into(),
            json_unless_default(&presence.desk).into(),
            presence.turns_at().into(),
        ];
        self.push_row(user.as_str(), sql::SAVE_PRESENCE, values);
    }

    /// The tenant's presences of which something else than the window's end is due, the longest due first, at most
    /// `limit`.
    pub async fn turning(&mut self, tenant: &TenantId, limit: u32) -> Result<Vec<Due>, StoreError> {
        let values = [tenant.as_str().into(), self.now().into(), limit.into()];
        let rows: Vec<TurningRow> = self.all(sql::TURNING, values).await?;
        rows.into_iter().map(Due::try_from).collect()
    }

    /// Who has something due at the store's now, also where an open menu still holds it.
    pub async fn tenants_with_due(&mut self) -> Result<Vec<TenantId>, StoreError> {
        let rows: Vec<(String,)> = self.all(sql::TENANTS_WITH_DUE, [self.now().into()]).await?;
        rows.into_iter().map(|(tenant,)| parse("presence", "", tenant)).collect()
    }

    /// The tenant's windows that are over at the store's now, the longest over first, at most `limit`; without
    /// those that an open menu still holds.
    pub async fn due(&mut self, tenant: &TenantId, limit: u32) -> Result<Vec<Due>, StoreError> {
        let now = self.now();
        let values = [tenant.as_str().into(), now.into(), (now - MENU_GRACE).into(), limit.into()];
        let rows: Vec<DueRow> = self.all(sql::DUE, values).await?;
        rows.into_iter().map(Due::try_from).collect()
    }

    /// The next end of a window after the store's now, or the next moment at which a held one may end.
    pub async fn next_deadline(&mut self) -> Result<Option<Instant>, StoreError> {
        let now = self.now();
        let values = [now.into(), (now - MENU_GRACE).into(), MENU_GRACE.num_milliseconds().into()];
        let row: Option<UntilRow> = self.one(sql::NEXT_DEADLINE, values).await?;
        let until = row.and_then(|row| row.until).map(|until| instant("presence", "min(until)", until));
        until.transpose()
    }

    /// How many windows are open or overdue.
    pub async fn armed(&mut self) -> Result<u64, StoreError> {
        let row: Option<CountRow> = self.one(sql::ARMED, []).await?;
        count("presence", "count", row.map_or(0, |row| row.count))
    }

    /// Every active agent with their presence, and inactive ones who are still on duty.
    pub async fn board(&mut self, tenant: &TenantId) -> Result<Vec<Agent>, StoreError> {
        let rows: Vec<AgentRow> = self.all(sql::BOARD, [tenant.as_str().into()]).await?;
        rows.into_iter().filter_map(|row| row.agent().transpose()).collect()
    }

    /// The same, at most `limit` of those behind a login, and of those with a skill if one is given.
    pub async fn board_after(
        &mut self,
        tenant: &TenantId,
        after: Option<&Login>,
        skill: Option<&Skill>,
        limit: u32,
    ) -> Result<Vec<Agent>, StoreError> {
        let after = after.map_or("", Login::as_str);
        let values = [tenant.as_str().into(), after.into(), limit.into(), in_list(skill).into()];
        let rows: Vec<AgentRow> = self.all(sql::BOARD_AFTER, values).await?;
        rows.into_iter().filter_map(|row| row.agent().transpose()).collect()
    }

    /// Active users with a number whose windows go on behind `at`, or who have something before them.
    pub async fn candidates(&mut self, tenant: &TenantId, at: Instant) -> Result<Vec<Candidate>, StoreError> {
        let rows: Vec<CandidateRow> = self.all(sql::CANDIDATES, [tenant.as_str().into(), at.into()]).await?;
        rows.into_iter().map(Candidate::try_from).collect()
    }

    pub async fn agent_by_id(
        &mut self,
        tenant: &TenantId,
        user: &UserId,
    ) -> Result<Option<Agent>, StoreError> {
        let row: Option<AgentRow> =
            self.one(sql::AGENT_BY_ID, [tenant.as_str().into(), user.as_str().into()]).await?;
        row.map_or(Ok(None), AgentRow::agent)
    }
}

#[derive(Debug, FromRow)]
struct CandidateRow {
    user_id: String,
    login: String,
    name: String,
    skills: Option<String>,
    e164: String,
    ext: Option<String>,
    #[sqlx(flatten)]
    presence: PresenceRow,
}

impl TryFrom<CandidateRow> for Candidate {
    type Error = StoreError;
    fn try_from(row: CandidateRow) -> Result<Self, StoreError> {
        let of = row.user_id;
        Ok(Self {
            user: parse("users", &of, row.login)?,
            name: row.name,
            skills: json_or_default("users", &of, row.skills.as_deref())?,
            number: parse("extensions", &of, row.e164)?,
            ext: row.ext,
            presence: row.presence.of_user(&of)?,
        })
    }
}

#[derive(Debug, FromRow)]
struct UntilRow {
    until: Option<i64>,
}

#[derive(Debug, FromRow)]
struct DueRow {
    #[sqlx(flatten)]
    turning: TurningRow,
    menu_since: Option<i64>,
}

/// A user and their presence, of which something is due.
#[derive(Debug, FromRow)]
pub(super) struct TurningRow {
    pub(super) user_id: String,
    login: String,
    #[sqlx(flatten)]
    presence: PresenceRow,
    pub(super) edge_at: Option<i64>,
}

impl TryFrom<TurningRow> for Due {
    type Error = StoreError;
    fn try_from(row: TurningRow) -> Result<Self, StoreError> {
        let of = row.user_id.clone();
        Ok(Self {
            presence: row.presence.of_user(&of)?,
            menu_since: None,
            has_hours: row.edge_at.is_some(),
            login: parse("users", &of, row.login)?,
            user: parse("presence", &of, row.user_id)?,
        })
    }
}

impl TryFrom<DueRow> for Due {
    type Error = StoreError;
    fn try_from(row: DueRow) -> Result<Self, StoreError> {
        let menu_since = row.menu_since.map(|at| instant("calls", "menu_since", at)).transpose()?;
        Ok(Self { menu_since, ..Self::try_from(row.turning)? })
    }
}

//! Users' hours of work, and their edges, which are deadlines of the presence that they change.

use sqlx::FromRow;

use super::error::StoreError;
use super::presence::{Due, TurningRow};
use super::rows::{instant, parse};
use super::sql;
use super::tx::Tx;
use crate::domain::ids::{Login, TenantId, UserId};
use crate::domain::schedule::Schedule;
use crate::domain::time::Instant;

/// A user whose hours of work begin or end.
#[derive(Debug)]
pub struct AtEdge {
    pub due: Due,
    pub at: Instant,
    /// None if it was taken away since the edge was noted.
    pub schedule: Option<Schedule>,
}

impl Tx<'_> {
    pub async fn schedule(
        &mut self,
        tenant: &TenantId,
        user: &UserId,
    ) -> Result<Option<Schedule>, StoreError> {
        let row: Option<(String,)> =
            self.one(sql::SCHEDULE_OF, [tenant.as_str().into(), user.as_str().into()]).await?;
        row.map(|(text,)| read(user.as_str(), &text)).transpose()
    }

    /// At most `limit` users with a schedule, by login, of those behind one.
    pub async fn schedules_after(
        &mut self,
        tenant: &TenantId,
        after: Option<&Login>,
        limit: u32,
    ) -> Result<Vec<(Login, Schedule)>, StoreError> {
        let values = [tenant.as_str().into(), after.map_or("", Login::as_str).into(), limit.into()];
        let rows: Vec<(String, String)> = self.all(sql::SCHEDULES, values).await?;
        let read = |(login, text): (String, String)| {
            Ok((parse("users", "login", login.clone())?, read(&login, &text)?))
        };
        rows.into_iter().map(read).collect()
    }

    pub fn save_schedule(&mut self, tenant: &TenantId, user: &UserId, schedule: &Schedule) {
        let text = serde_json::to_string(schedule).expect("a schedule is plain data");
        self.push(sql::SAVE_SCHEDULE, [tenant.as_str().into(), user.as_str().into(), text.into()]);
    }

    pub fn delete_schedule(&mut self, tenant: &TenantId, user: &UserId) {
        self.push(sql::DELETE_SCHEDULE, [tenant.as_str().into(), user.as_str().into()]);
    }

    /// Notes a user's next edge.
    pub fn save_edge(&mut self, tenant: &TenantId, user: &UserId, edge: Option<Instant>) {
        let values = [tenant.as_str().into(), user.as_str().into(), self.now().into(), edge.into()];
        self.push_row(user.as_str(), sql::SAVE_EDGE, values);
    }

    /// The tenant's users at an edge of their hours, the longest there first, at most `limit`.
    pub async fn at_edge(&mut self, tenant: &TenantId, limit: u32) -> Result<Vec<AtEdge>, StoreError> {
        let values = [tenant.as_str().into(), self.now().into(), limit.into()];
        let rows: Vec<EdgeRow> = self.all(sql::AT_EDGE, values).await?;
        rows.into_iter().map(AtEdge::try_from).collect()
    }
}

#[derive(Debug, FromRow)]
struct EdgeRow {
    #[sqlx(flatten)]
    turning: TurningRow,
    schedule: Option<String>,
}

impl TryFrom<EdgeRow> for AtEdge {
    type Error = StoreError;
    fn try_from(EdgeRow { turning, schedule }: EdgeRow) -> Result<Self, StoreError> {
        let of = turning.user_id.clone();
        let at = turning
            .edge_at
            .ok_or_else(|| StoreError::corrupt("presence", &of, "an edge without its time"))?;
        Ok(Self {
            at: instant("presence", &of, at)?,
            schedule: schedule.as_deref().map(|text| read(&of, text)).transpose()?,
            due: Due::try_from(turning)?,
        })
    }
}

fn read(row: &str, text: &str) -> Result<Schedule, StoreError> {
    serde_json::from_str(text).map_err(|why| StoreError::corrupt("schedules", row, why))
}

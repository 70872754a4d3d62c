//! How users spend their time, as the log told it so far.

use sqlx::FromRow;

use super::error::StoreError;
use super::rows::{count, in_list, instant, parse, parse_some};
use super::sql;
use super::tx::Tx;
use crate::domain::ids::{Login, Skill, TenantId};
use crate::domain::ledger::{Occupation, Open, Segment};
use crate::domain::presence_code::LabelText;
use crate::domain::time::Instant;

/// Users from one login to another.
#[derive(Debug, Clone)]
pub struct Between {
    pub first: Login,
    pub last: Login,
}

impl Tx<'_> {
    /// How far the tenant's log has been read.
    pub async fn ledger(&mut self, tenant: &TenantId) -> Result<u64, StoreError> {
        let row: Option<(i64,)> = self.one(sql::LEDGER, [tenant.as_str().into()]).await?;
        row.map_or(Ok(0), |(seq,)| count("ledgers", tenant.as_str(), seq))
    }

    pub fn save_ledger(&mut self, tenant: &TenantId, seq: u64) {
        self.push_row(tenant.as_str(), sql::SAVE_LEDGER, [tenant.as_str().into(), seq.into()]);
    }

    pub async fn open_segment(
        &mut self,
        tenant: &TenantId,
        login: &Login,
    ) -> Result<Option<Open>, StoreError> {
        let values = [tenant.as_str().into(), login.as_str().into()];
        let row: Option<(String,)> = self.one(sql::OPEN_SEGMENT, values).await?;
        row.map(|(open,)| read(login.as_str(), &open)).transpose()
    }

    pub fn save_open_segment(&mut self, tenant: &TenantId, login: &Login, open: &Open) {
        let text = serde_json::to_string(open).expect("a stretch is plain data");
        self.push_row(
            login.as_str(),
            sql::SAVE_OPEN_SEGMENT,
            [tenant.as_str().into(), login.as_str().into(), text.into()],
        );
    }

    pub fn delete_open_segment(&mut self, tenant: &TenantId, login: &Login) {
        self.push(sql::DELETE_OPEN_SEGMENT, [tenant.as_str().into(), login.as_str().into()]);
    }

    pub fn insert_segment(&mut self, tenant: &TenantId, login: &Login, segment: &Segment) {
        let Occupation { duty, reason, state, label, activity } = &segment.occupation;
        let values = [
            tenant.as_str().into(),
            login.as_str().into(),
            segment.from.into(),
            segment.to.into(),
            duty.as_str().into(),
            reason.as_deref().into(),
            state.as_str().into(),
            label.as_ref().map(LabelText::as_str).into(),
            activity.as_str().into(),
        ];
        self.push_row(login.as_str(), sql::INSERT_SEGMENT, values);
    }

    /// Stretches of some users that reach into `[from, to)`, in the order of logins and times.
    pub async fn segments(
        &mut self,
        tenant: &TenantId,
        users: &Between,
        (from, to): (Instant, Instant),
    ) -> Result<Vec<(Login, Segment)>, StoreError> {
        let (first, last) = (users.first.as_str(), users.last.as_str());
        let values = [tenant.as_str().into(), first.into(), last.into(), from.into(), to.into()];
        let rows: Vec<SegmentRow> = self.all(sql::SEGMENTS, values).await?;
        rows.into_iter().map(SegmentRow::segment).collect()
    }

    /// The open stretches of some users, by login.
    pub async fn open_segments(
        &mut self,
        tenant: &TenantId,
        users: &Between,
    ) -> Result<Vec<(Login, Open)>, StoreError> {
        let values = [tenant.as_str().into(), users.first.as_str().into(), users.last.as_str().into()];
        let rows: Vec<(String, String)> = self.all(sql::OPEN_SEGMENTS, values).await?;
        let open = |(login, open): (String, String)| {
            Ok((parse("open_segments", "login", login.clone())?, read(&login, &open)?))
        };
        rows.into_iter().map(open).collect()
    }

    /// From when to when users, or those with a skill, were on duty, as far as it reaches into `[from, to)` and is over.
    pub async fn duties(
        &mut self,
        tenant: &TenantId,
        skill: Option<&Skill>,
        (from, to): (Instant, Instant),
    ) -> Result<Vec<(Instant, Instant)>, StoreError> {
        let values = [tenant.as_str().into(), from.into(), to.into(), in_list(skill).into()];
        let rows: Vec<(i64, i64)> = self.all(sql::DUTIES, values).await?;
        let moment = |millis| instant("segments", "duties", millis);
        rows.into_iter().map(|(began, ended)| Ok((moment(began)?, moment(ended)?))).collect()
    }

    /// The open stretches of all users, or of those with a skill.
    pub async fn all_open_segments(
        &mut self,
        tenant: &TenantId,
        skill: Option<&Skill>,
    ) -> Result<Vec<Open>, StoreError> {
        let values = [tenant.as_str().into(), in_list(skill).into()];
        let rows: Vec<(String, String)> = self.all(sql::ALL_OPEN_SEGMENTS, values).await?;
        rows.into_iter().map(|(login, open)| read(&login, &open)).collect()
    }
}

#[derive(Debug, FromRow)]
struct SegmentRow {
    login: String,
    began_at: i64,
    ended_at: i64,
    duty: String,
    reason: Option<String>,
    state: String,
    label: Option<String>,
    activity: String,
}

impl SegmentRow {
    fn segment(self) -> Result<(Login, Segment), StoreError> {
        let of = self.login.clone();
        let occupation = Occupation {
            duty: parse("segments", &of, self.duty)?,
            reason: self.reason,
            state: parse("segments", &of, self.state)?,
            label: parse_some("segments", &of, self.label)?,
            activity: parse("segments", &of, self.activity)?,
        };
        let (from, to) = (instant("segments", &of, self.began_at)?, instant("segments", &of, self.ended_at)?);
        Ok((parse("segments", &of, self.login)?, Segment { occupation, from, to }))
    }
}

fn read(row: &str, open: &str) -> Result<Open, StoreError> {
    serde_json::from_str(open).map_err(|why| StoreError::corrupt("open_segments", row, why))
}

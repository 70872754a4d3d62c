//! How users spend their time, as the log told it so far.

use std::collections::BTreeMap;

use super::error::StoreError;
use super::rows::{count, in_list, instant, parse, parse_some};
use super::sql;
use super::tx::Tx;
use crate::domain::ids::{Login, Skill, TenantId};
use crate::domain::ledger::{Occupation, Open, Segment};
use crate::domain::presence_code::LabelText;
use crate::domain::time::Instant;

/// Users from one login to another, or those of them who have a skill.
#[derive(Debug, Clone)]
pub struct Between {
    pub first: Login,
    pub last: Login,
    pub skill: Option<Skill>,
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

    /// The open stretch of each of these users, of those who have one.
    pub async fn open_segments_of(
        &mut self,
        tenant: &TenantId,
        logins: impl IntoIterator<Item = Login>,
    ) -> Result<BTreeMap<Login, Option<Open>>, StoreError> {
        let mut open: BTreeMap<_, _> = logins.into_iter().map(|login| (login, None)).collect();
        let questions =
            open.keys().map(|login| [0_i64.into(), tenant.as_str().into(), login.as_str().into()]);
        let rows: Vec<(i64, String, String)> = self.all_of_each(sql::OPEN_SEGMENT, questions).await?;
        for (_, login, stretch) in rows {
            let stretch = read(&login, &stretch)?;
            open.insert(parse("open_segments", "login", login)?, Some(stretch));
        }
        Ok(open)
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
        let values = [tenant.as_str().into(), login.as_str().into()];
        self.push_row(login.as_str(), sql::DELETE_OPEN_SEGMENT, values);
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

    /// Each user's stretches that reach into `[from, to)`, by login, of those who have any.
    pub async fn segments(
        &mut self,
        tenant: &TenantId,
        users: &Between,
        (from, to): (Instant, Instant),
    ) -> Result<Vec<(Login, Vec<Segment>)>, StoreError> {
        let (first, last) = (users.first.as_str(), users.last.as_str());
        let skill = in_list(users.skill.as_ref());
        let values =
            [tenant.as_str().into(), first.into(), last.into(), from.into(), to.into(), skill.into()];
        let rows: Vec<(String, String)> = self.all(sql::SEGMENTS, values).await?;
        let stretches = |(login, lines): (String, String)| {
            let segments = lines.lines().map(|line| segment(&login, line));
            let segments = segments.collect::<Result<Vec<Segment>, StoreError>>()?;
            Ok((parse("segments", "login", login)?, segments))
        };
        rows.into_iter().map(stretches).collect()
    }

    /// The open stretches of some users, by login.
    pub async fn open_segments(
        &mut self,
        tenant: &TenantId,
        users: &Between,
    ) -> Result<Vec<(Login, Open)>, StoreError> {
        let (first, last) = (users.first.as_str(), users.last.as_str());
        let values =
            [tenant.as_str().into(), first.into(), last.into(), in_list(users.skill.as_ref()).into()];
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

/// Reads a stretch from a line of [`sql::SEGMENTS`].
fn segment(login: &str, line: &str) -> Result<Segment, StoreError> {
    let mut columns = line.split('\t');
    let mut column = || columns.next().unwrap_or_default().to_owned();
    let moment = |text: String| {
        let millis = text.parse().map_err(|why| StoreError::corrupt("segments", login, why))?;
        instant("segments", login, millis)
    };
    let some = |text: String| (!text.is_empty()).then_some(text);
    Ok(Segment {
        from: moment(column())?,
        to: moment(column())?,
        occupation: Occupation {
            duty: parse("segments", login, column())?,
            reason: some(column()),
            state: parse("segments", login, column())?,
            label: parse_some("segments", login, some(column()))?,
            activity: parse("segments", login, column())?,
        },
    })
}

fn read(row: &str, open: &str) -> Result<Open, StoreError> {
    serde_json::from_str(open).map_err(|why| StoreError::corrupt("open_segments", row, why))
}

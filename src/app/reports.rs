//! How users spent their time, how calls went, and how many were on duty.

use std::collections::BTreeMap;

use chrono::{Days, TimeDelta};
use serde::Serialize;

use super::{App, Error};
use crate::domain::attendance::{Attendance, Span};
use crate::domain::availability::State;
use crate::domain::ids::{Login, Name, Skill};
use crate::domain::ledger::{Activity, Occupation, Segment, Tally, midnight};
use crate::domain::presence::Duty;
use crate::domain::presence_code::LabelText;
use crate::domain::tenant::Tenant;
use crate::domain::time::{Date, Instant, Zone};
use crate::domain::user::User;
use crate::store::segments::Between;
use crate::store::{StoreError, Tx};

/// Whole days, the last one included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    from: Date,
    to: Date,
}

/// How many days a report is about at most.
pub const LONGEST: i64 = 400;

/// How long one user spent with one thing on one day of their zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TimeSpent {
    pub user: Login,
    #[schema(value_type = String, format = Date)]
    pub day: Date,
    pub duty: Duty,
    pub state: State,
    pub label: Option<LabelText>,
    /// Why they were on duty or off it.
    pub reason: Option<String>,
    pub activity: Activity,
    pub seconds: i64,
}

/// Calls of one day of the tenant's zone that went alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CallsCounted {
    #[schema(value_type = String, format = Date)]
    pub day: Date,
    pub flow: Name,
    /// The carrier's status.
    pub status: String,
    pub outcome: Option<String>,
    pub calls: u64,
}

/// How many users were on duty at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct OnDuty {
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    pub users: u64,
}

impl Period {
    pub fn new(from: Date, to: Date) -> Result<Self, Error> {
        if to < from {
            return Err(Error::invalid("to", to.to_string(), "name a day that is not before `from`"));
        }
        if (to - from).num_days() >= LONGEST {
            return Err(Error::invalid(
                "to",
                to.to_string(),
                format!("ask for at most {LONGEST} days at once"),
            ));
        }
        Ok(Self { from, to })
    }

    /// In the calendar of a zone.
    fn within(self, zone: &Zone) -> (Instant, Instant) {
        (midnight(zone, self.from), midnight(zone, self.to + Days::new(1)))
    }

    /// In the calendar of any zone.
    fn anywhere(self) -> (Instant, Instant) {
        let (from, to) = self.within(&Zone::utc());
        (from - TimeDelta::days(1), to + TimeDelta::days(1))
    }

    fn days(self) -> impl Iterator<Item = Date> {
        self.from.iter_days().take_while(move |day| *day <= self.to)
    }
}

/// Users of whom a report is read at once.
const AT_ONCE: u32 = 100;

impl App {
    /// How the next users behind `after` spent their time, or those who have a skill today; by login and day, up to now.
    /// With the last of these users, none if there are no more.
    pub async fn time_spent(
        &self,
        tenant: &Tenant,
        period: Period,
        skill: Option<&Skill>,
        after: Option<&Login>,
    ) -> Result<(Vec<TimeSpent>, Option<Login>), StoreError> {
        if after.is_none() {
            self.keep_time_of(tenant).await?;
        }
        let (tenant, skill, after) = (tenant.clone(), skill.cloned(), after.cloned());
        let unit = self.store.read(|tx| {
            Box::pin(async move {
                let users = tx.users_after(&tenant.id, after.as_ref(), skill.as_ref(), AT_ONCE).await?;
                let (Some(first), Some(last)) = (users.first(), users.last()) else {
                    return Ok((Vec::new(), None));
                };
                let between = Between { first: first.login.clone(), last: last.login.clone(), skill };
                let last = Some(last.login.clone());
                Ok((spent(tx, &tenant, period, &users, between).await?, last))
            })
        });
        unit.await
    }

    /// How one user spent their time.
    pub async fn time_spent_by(
        &self,
        tenant: &Tenant,
        period: Period,
        login: &Login,
    ) -> Result<Vec<TimeSpent>, Error> {
        self.keep_time_of(tenant).await?;
        let (tenant, login) = (tenant.clone(), login.clone());
        let unit = self.store.read::<_, Error, _>(|tx| {
            Box::pin(async move {
                let user = super::users::find(tx, &tenant, &login).await?;
                let alone = Between { first: login.clone(), last: login, skill: None };
                Ok(spent(tx, &tenant, period, &[user], alone).await?)
            })
        });
        unit.await
    }

    /// How calls went, by day of the tenant's zone.
    pub async fn calls_counted(
        &self,
        tenant: &Tenant,
        period: Period,
    ) -> Result<Vec<CallsCounted>, StoreError> {
        let tenant = tenant.clone();
        let unit = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move {
                let mut counted = Vec::new();
                for day in period.days() {
                    let whole = Period { from: day, to: day }.within(&tenant.zone);
                    for row in tx.calls_by_outcome(&tenant.id, whole).await? {
                        let (flow, status, outcome, calls) = row;
                        counted.push(CallsCounted { day, flow, status, outcome, calls });
                    }
                }
                Ok(counted)
            })
        });
        unit.await
    }

    /// How many were on duty at the beginning of each step of a period in the tenant's zone, up to now: of all, or of those
    /// who have a skill today.
    pub async fn on_duty(
        &self,
        tenant: &Tenant,
        period: Period,
        skill: Option<&Skill>,
        step: TimeDelta,
    ) -> Result<Vec<OnDuty>, StoreError> {
        self.keep_time_of(tenant).await?;
        let (tenant, skill) = (tenant.clone(), skill.cloned());
        let unit = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move {
                let (from, to) = period.within(&tenant.zone);
                let to = to.min(tx.now() + TimeDelta::milliseconds(1));
                let mut duties = tx.duties(&tenant.id, skill.as_ref(), (from, to)).await?;
                let open = tx.all_open_segments(&tenant.id, skill.as_ref()).await?;
                let on_duty = open.into_iter().filter(|open| open.occupation.duty == Duty::Online);
                duties.extend(on_duty.map(|open| (open.since, to)));
                Ok(series(&duties, (from, to), step))
            })
        });
        unit.await
    }
}

/// How many are on duty at each step.
fn series(duties: &[Span], (from, to): Span, step: TimeDelta) -> Vec<OnDuty> {
    let attendance = Attendance::of(duties);
    let steps = std::iter::successors(Some(from), |at| Some(*at + step)).take_while(|at| *at < to);
    steps.map(|at| OnDuty { at, users: attendance.at(at) as u64 }).collect()
}

async fn spent(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    period: Period,
    users: &[User],
    between: Between,
) -> Result<Vec<TimeSpent>, StoreError> {
    let segments = tx.segments(&tenant.id, &between, period.anywhere()).await?;
    let mut segments: BTreeMap<Login, Vec<Segment>> = segments.into_iter().collect();
    let now = tx.now();
    for (login, open) in tx.open_segments(&tenant.id, &between).await? {
        segments.entry(login).or_default().extend(open.until(now));
    }
    let mut rows = Vec::new();
    for user in users {
        let zone = user.zone.as_ref().unwrap_or(&tenant.zone);
        let own = segments.remove(&user.login).unwrap_or_default();
        rows.extend(tallied(&user.login, &own, zone, period));
    }
    Ok(rows)
}

fn tallied(login: &Login, segments: &[Segment], zone: &Zone, period: Period) -> Vec<TimeSpent> {
    let mut tally = Tally::within(zone, period.within(zone));
    for segment in segments {
        tally.add(segment);
    }
    let row =
        |(day, Occupation { duty, reason, state, label, activity }, millis): (Date, Occupation, i64)| {
            let (user, seconds) = (login.clone(), (millis + 500) / 1000);
            TimeSpent { user, day, duty, state, label, reason, activity, seconds }
        };
    tally.rows().map(row).collect()
}

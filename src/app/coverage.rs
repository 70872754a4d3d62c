//! When too few will be on duty: told to whoever asks, and logged some hours ahead.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{App, log};
use crate::domain::attendance::Span;
use crate::domain::coverage::{self, Gap};
use crate::domain::demand::{Demand, HoursAhead};
use crate::domain::event::{Event, EventCause};
use crate::domain::ids::{Login, Skill};
use crate::domain::outlook;
use crate::domain::schedule::Schedule;
use crate::domain::skills::Skills;
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::domain::user::Agent;
use crate::store::{Scope, StoreError, Tx};

impl App {
    /// When fewer will be on duty than are wanted, by windows, what is said beforehand and hours of work.
    pub async fn coverage(&self, tenant: &Tenant, demand: Demand) -> Result<Vec<Gap>, StoreError> {
        let tenant = tenant.clone();
        let outlook = self.store.read(|tx| Box::pin(async move { look_ahead(tx, &tenant).await })).await?;
        Ok(outlook.gaps(&demand))
    }

    /// Logs the next gap of each demand that a tenant has, once. How many were logged.
    pub async fn tell_gaps(&self) -> Result<usize, StoreError> {
        let mut told = 0;
        for tenant in self.tenants().await? {
            if tenant.policy.coverage.is_empty() {
                continue;
            }
            let about = tenant.clone();
            let look = self.store.read(|tx| Box::pin(async move { untold(tx, &about).await }));
            for (skill, gap) in look.await? {
                told += usize::from(self.tell_gap(tenant.clone(), skill, gap).await?);
            }
        }
        Ok(told)
    }

    /// Logs a gap, unless another node was faster.
    async fn tell_gap(&self, tenant: Tenant, skill: Option<Skill>, gap: Gap) -> Result<bool, StoreError> {
        let unit = self.store.write::<_, StoreError, _>(Scope::of(&tenant), move |tx| {
            Box::pin(async move {
                let subject = subject(&tenant, skill.as_ref());
                let last = tx.last_gap(&tenant, &subject).await?;
                let is_new = coverage::untold(&[gap], last).is_some();
                if is_new {
                    let event = Event::CoverageGap { gap, skill };
                    log(tx, &tenant.id, subject, event, EventCause::actor("timer"));
                }
                Ok(is_new)
            })
        });
        unit.await
    }
}

/// What a gap is about: gaps of one demand follow on one another.
fn subject(tenant: &Tenant, skill: Option<&Skill>) -> String {
    match skill {
        None => format!("coverage:{}", tenant.slug),
        Some(skill) => format!("coverage:{}/{skill}", tenant.slug),
    }
}

/// The next gap of each of the tenant's demands, if it has come near enough and has not been told.
async fn untold(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<Vec<(Option<Skill>, Gap)>, StoreError> {
    let (outlook, mut untold) = (look_ahead(tx, tenant).await?, Vec::new());
    for demand in &tenant.policy.coverage {
        let last = tx.last_gap(tenant, &subject(tenant, demand.skill.as_ref())).await?;
        // To its end: a gap that goes on is not another one for each hour that comes into sight.
        let mut gaps = outlook.gaps(&Demand { hours_ahead: HoursAhead::MOST, ..demand.clone() });
        gaps.retain(|gap| gap.from <= outlook.until(demand.hours_ahead));
        untold.extend(coverage::untold(&gaps, last).map(|gap| (demand.skill.clone(), gap)));
    }
    Ok(untold)
}

/// When a tenant's users will be there for calls.
struct Outlook {
    now: Instant,
    users: Vec<(Skills, Vec<Span>)>,
}

impl Outlook {
    fn until(&self, hours_ahead: HoursAhead) -> Instant {
        self.now + TimeDelta::hours(hours_ahead.get().into())
    }

    fn gaps(&self, demand: &Demand) -> Vec<Gap> {
        let wanted = self.users.iter().filter(|(skills, _)| skills.fit(demand.skill.as_ref()));
        let spans: Vec<Span> = wanted.flat_map(|(_, spans)| spans.iter().copied()).collect();
        coverage::gaps(&spans, (self.now, self.until(demand.hours_ahead)), demand.users.get().into())
    }
}

async fn look_ahead(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<Outlook, StoreError> {
    let schedules: BTreeMap<Login, Schedule> =
        tx.schedules_after(&tenant.id, None, u32::MAX).await?.into_iter().collect();
    let default = tenant.policy.default_availability;
    let mut outlook = Outlook { now: tx.now(), users: Vec::new() };
    let ahead = (outlook.now, outlook.until(HoursAhead::MOST));
    for Agent { login, skills, presence, .. } in tx.board(&tenant.id).await? {
        let there = outlook::outlook(&presence, schedules.get(&login), default, ahead);
        outlook.users.push((skills, there));
    }
    Ok(outlook)
}

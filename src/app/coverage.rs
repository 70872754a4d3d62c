//! When too few will be on duty: told to whoever asks, and logged some hours ahead.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{App, log};
use crate::domain::coverage::{self, Gap};
use crate::domain::demand::{Demand, HoursAhead};
use crate::domain::event::{Event, EventCause};
use crate::domain::ids::Login;
use crate::domain::outlook::outlook;
use crate::domain::schedule::Schedule;
use crate::domain::tenant::Tenant;
use crate::store::{Scope, StoreError, Tx};

impl App {
    /// When fewer will be on duty than are wanted, by windows, what is said beforehand and hours of work.
    pub async fn coverage(&self, tenant: &Tenant, demand: Demand) -> Result<Vec<Gap>, StoreError> {
        let tenant = tenant.clone();
        self.store.read(|tx| Box::pin(async move { gaps(tx, &tenant, demand).await })).await
    }

    /// Logs the next gap of each tenant that has said how many should be on duty, once. How many were logged.
    pub async fn tell_gaps(&self) -> Result<usize, StoreError> {
        let mut told = 0;
        for tenant in self.tenants().await? {
            let Some(demand) = tenant.policy.coverage else { continue };
            let about = tenant.clone();
            let look = self.store.read::<_, StoreError, _>(|tx| {
                Box::pin(async move {
                    let last = tx.last_gap(&about, &subject(&about)).await?;
                    // To its end: a gap that goes on is not another one for each hour that comes into sight.
                    let to_the_end = Demand { hours_ahead: HoursAhead::MOST, ..demand };
                    let mut gaps = gaps(tx, &about, to_the_end).await?;
                    let ahead = tx.now() + TimeDelta::hours(demand.hours_ahead.get().into());
                    gaps.retain(|gap| gap.from <= ahead);
                    Ok(coverage::untold(&gaps, last))
                })
            });
            if let Some(gap) = look.await? {
                told += usize::from(self.tell_gap(tenant, gap).await?);
            }
        }
        Ok(told)
    }

    /// Logs a gap, unless another node was faster.
    async fn tell_gap(&self, tenant: Tenant, gap: Gap) -> Result<bool, StoreError> {
        let unit = self.store.write::<_, StoreError, _>(Scope::of(&tenant), move |tx| {
            Box::pin(async move {
                let last = tx.last_gap(&tenant, &subject(&tenant)).await?;
                let is_new = coverage::untold(&[gap], last).is_some();
                if is_new {
                    log(
                        tx,
                        &tenant.id,
                        subject(&tenant),
                        Event::CoverageGap(gap),
                        EventCause::actor("timer"),
                    );
                }
                Ok(is_new)
            })
        });
        unit.await
    }
}

fn subject(tenant: &Tenant) -> String {
    format!("coverage:{}", tenant.slug)
}

async fn gaps(tx: &mut Tx<'_>, tenant: &Tenant, demand: Demand) -> Result<Vec<Gap>, StoreError> {
    let from = tx.now();
    let ahead = (from, from + TimeDelta::hours(demand.hours_ahead.get().into()));
    let schedules: BTreeMap<Login, Schedule> =
        tx.schedules_after(&tenant.id, None, u32::MAX).await?.into_iter().collect();
    let default = tenant.policy.default_availability;
    let mut spans = Vec::new();
    for agent in tx.board(&tenant.id).await? {
        spans.extend(outlook(&agent.presence, schedules.get(&agent.login), default, ahead));
    }
    Ok(coverage::gaps(&spans, ahead, demand.users.get().into()))
}

//! Hours of work: kept for users, and what their edges make of availabilities (A2.7).

use super::presence::{Change, save_presence};
use super::{App, Error, change, draw, log_deed, users};
use crate::domain::availability::Availability;
use crate::domain::event::{Event, EventCause};
use crate::domain::ids::Login;
use crate::domain::presence::{self, Cause, Command, Presence, Reason, Source};
use crate::domain::schedule::{Edge, Schedule};
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::domain::user::User;
use crate::store::schedules::AtEdge;
use crate::store::{Scope, StoreError, Tx};

impl App {
    pub async fn schedule(&self, tenant: &Tenant, login: &Login) -> Result<Option<Schedule>, Error> {
        let (tenant, login) = (tenant.clone(), login.clone());
        let unit = self.store.read(|tx| {
            Box::pin(async move {
                let user = users::find(tx, &tenant, &login).await?;
                Ok::<_, Error>(tx.schedule(&tenant.id, &user.id).await?)
            })
        });
        unit.await
    }

    /// At most `limit` users with hours of work, by login, of those behind `after`.
    pub async fn schedules_after(
        &self,
        tenant: &Tenant,
        after: Option<&Login>,
        limit: u32,
    ) -> Result<Vec<(Login, Schedule)>, StoreError> {
        let (tenant, after) = (tenant.id.clone(), after.cloned());
        let unit = self
            .store
            .read(|tx| Box::pin(async move { tx.schedules_after(&tenant, after.as_ref(), limit).await }));
        unit.await
    }

    /// Gives a user hours of work, or none. They count from now on.
    pub async fn set_schedule(
        &self,
        tenant: &Tenant,
        login: &Login,
        schedule: Option<Schedule>,
    ) -> Result<(), Error> {
        let (tenant, login) = (tenant.clone(), login.clone());
        let unit = self.store.write(Scope::of(&tenant), |tx| {
            Box::pin(async move {
                let user = users::find(tx, &tenant, &login).await?;
                let before = tx.schedule(&tenant.id, &user.id).await?;
                save(tx, &tenant, &user, (before.as_ref(), schedule.as_ref()));
                Ok(())
            })
        });
        unit.await
    }
}

/// Gives a user other hours of work than they had before, or none.
pub(super) fn save(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    user: &User,
    (before, after): (Option<&Schedule>, Option<&Schedule>),
) {
    if before == after {
        return;
    }
    match after {
        Some(schedule) => tx.save_schedule(&tenant.id, &user.id, schedule),
        None => tx.delete_schedule(&tenant.id, &user.id),
    }
    tx.save_edge(&tenant.id, &user.id, after.is_some().then(|| tx.now()));
    log_deed(tx, &tenant.id, format!("user:{}", user.login), Event::ScheduleSet(change(before, after)));
}

/// Takes a user over an edge of their hours of work, and notes the next one.
pub(super) fn pass(tx: &mut Tx<'_>, tenant: &Tenant, edge: AtEdge) {
    let AtEdge { due, at, schedule } = edge;
    if let Some(schedule) = &schedule
        && let Some(said) = said_at(&due.presence, schedule, at)
    {
        let cause = Cause { source: Source::Schedule, reason: Reason::LoggedOut, call: None };
        let decided = presence::decide(&due.presence, &Command::Say(said), &cause, due.menu_since, tx.now());
        // Who has said too much already keeps what they have said.
        if let Ok((after, transitions)) = decided {
            let change = Change { before: &due.presence, after: &after, transitions: &transitions };
            save_presence(tx, tenant, (&due.user, &due.login), change, &EventCause::actor("schedule"));
        }
    }
    let next = schedule.and_then(|schedule| schedule.next_edge(at)).map(|(at, _)| at);
    tx.save_edge(&tenant.id, &due.user, next);
}

/// What the hours of work make of a user's availability at an edge, or when they count again after a window (D28).
fn said_at(presence: &Presence, schedule: &Schedule, at: Instant) -> Option<Availability> {
    Edge::of(schedule.is_working(at)).says(presence, draw::availability_id(), at)
}

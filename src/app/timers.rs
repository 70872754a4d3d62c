//! Windows end when their time is up. Safe without: every reader treats a window that is over as closed
//! (I5); this turns that into the event, once for each window, whoever else tries.

use chrono::TimeDelta;
use metrics::{gauge, histogram};

use serde::Serialize;

use super::presence::{Change, Standing, agent, save_presence};
use super::{App, Error, schedules};
use crate::domain::event::{Envelope, Event, EventCause};
use crate::domain::ids::{Login, TenantId};
use crate::domain::presence::{self, Cause, Transition};
use crate::domain::tenant::Tenant;
use crate::domain::time::{Instant, Zone};
use crate::domain::user::Agent;
use crate::store::presence::Due;
use crate::store::{Scope, StoreError, Tx};
use crate::telemetry;

/// Windows that one unit of work ends at most; calls are let in between. A power of two, as the rows of a statement are.
const AT_ONCE: u32 = 256;

/// What came of firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fired {
    /// Windows that were ended, and all else that was due.
    pub count: usize,
    /// When the next thing is due, as far as is known now.
    pub next: Option<Instant>,
}

/// What time alone will do to a user's presence. There is no table of timers: the deadline is the window's own, or that
/// of whatever else it ends, so that the two cannot disagree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Timer {
    pub id: String,
    pub kind: TimerKind,
    pub user: Login,
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Instant,
    pub state: TimerState,
    /// The generation of the presence that it changes; it is void for every later one (I3).
    pub generation: u64,
    /// Why the window is open, if it is a window that ends.
    pub cause: Option<Cause>,
}

spelled!(
    /// What a timer does.
    TimerKind, "one of duty_end, availability_turn, wrap_up_end", {
        /// A window ends.
        DutyEnd = "duty_end",
        /// Something that was said begins or ends.
        AvailabilityTurn = "availability_turn",
        /// A wrap-up ends.
        WrapUpEnd = "wrap_up_end",
    }
);

spelled!(
    /// Where a timer stands.
    TimerState, "one of armed, overdue", {
        Armed = "armed",
        /// The time is up, and every reader takes it so; the event is yet to be written.
        Overdue = "overdue",
    }
);

impl Timer {
    /// An agent's timers that have not fired.
    pub fn of(agent: &Agent, now: Instant) -> impl Iterator<Item = Self> {
        let others = [
            (TimerKind::AvailabilityTurn, agent.presence.said_turns_at()),
            (TimerKind::WrapUpEnd, agent.presence.wrap_up_ends_at()),
        ];
        let others = others.into_iter().filter_map(move |(kind, due_at)| {
            let timer = Self::at(due_at?, kind, agent, now);
            Some(Self { id: format!("{}_{kind}", timer.id), ..timer })
        });
        Self::of_window(agent, now).into_iter().chain(others)
    }

    /// The timer of an agent whose window has not been ended.
    pub fn of_window(agent: &Agent, now: Instant) -> Option<Self> {
        let timer = Self::at(agent.presence.deadline()?, TimerKind::DutyEnd, agent, now);
        Some(Self { cause: agent.presence.cause.clone(), ..timer })
    }

    fn at(due_at: Instant, kind: TimerKind, agent: &Agent, now: Instant) -> Self {
        let (generation, hex) = (agent.presence.generation, agent.id.as_str().trim_start_matches("usr_"));
        Self {
            id: format!("tmr_{hex}_{generation}"),
            kind,
            user: agent.login.clone(),
            due_at,
            state: if now < due_at { TimerState::Armed } else { TimerState::Overdue },
            generation,
            cause: None,
        }
    }
}

/// All that led to where an agent's timer stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimerStory {
    pub standing: Standing,
    pub timer: Option<Timer>,
    /// The event that made the presence what it is.
    pub event: Option<Envelope>,
    /// The keys that were pressed to bring it about.
    pub keys: Option<String>,
    /// The telephone that they were pressed on.
    pub caller: Option<String>,
    /// The agent's zone, in which times are told.
    pub zone: Zone,
    pub now: Instant,
}

/// Events of one agent that are looked through for the one that set the timer: only a hold and its release
/// can have come since.
const LOOK_BACK: u32 = 50;

impl App {
    /// The tenant's timers, the next one due first.
    pub async fn timers(&self, tenant: &Tenant) -> Result<Vec<Timer>, StoreError> {
        let tenant = tenant.id.clone();
        let board = self
            .store
            .read::<_, StoreError, _>(|tx| Box::pin(async move { Ok((tx.board(&tenant).await?, tx.now())) }));
        let (agents, now) = board.await?;
        let mut timers: Vec<Timer> = agents.iter().flat_map(|agent| Timer::of(agent, now)).collect();
        timers.sort_by(|one, other| (one.due_at, &one.user).cmp(&(other.due_at, &other.user)));
        Ok(timers)
    }

    /// At most `limit` agents behind `after`, by login, and the timers that they have.
    pub async fn timers_after(
        &self,
        tenant: &Tenant,
        after: Option<&Login>,
        limit: u32,
    ) -> Result<Vec<(Login, Vec<Timer>)>, StoreError> {
        let (tenant, after) = (tenant.id.clone(), after.cloned());
        let page = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move {
                let agents = tx.board_after(&tenant, after.as_ref(), None, limit).await?;
                let timers = |agent: Agent| (agent.login.clone(), Timer::of(&agent, tx.now()).collect());
                Ok(agents.into_iter().map(timers).collect())
            })
        });
        page.await
    }

    /// Why a timer stands where it does: an agent's, or the one with an id, which has a login's form.
    pub async fn timer_story(&self, tenant: &Tenant, whose: &Login) -> Result<TimerStory, Error> {
        let timers = self.timers(tenant).await?;
        let named = timers.into_iter().find(|timer| timer.id == whose.as_str());
        let (tenant, login) = (tenant.clone(), named.map_or_else(|| whose.clone(), |timer| timer.user));
        self.store.read(|tx| Box::pin(async move { tell(tx, &tenant, &login).await })).await
    }
}

async fn tell(tx: &mut Tx<'_>, tenant: &Tenant, login: &Login) -> Result<TimerStory, Error> {
    let (agent, now) = (agent(tx, tenant, login).await?, tx.now());
    let events = tx.presence_events_of(tenant, &format!("user:{login}"), LOOK_BACK).await?;
    let event = events.into_iter().find(|event| {
        matches!(
            event.event,
            Event::PresenceOnline(_) | Event::PresenceExtended(_) | Event::PresenceOffline(_)
        )
    });
    let (mut keys, mut caller) = (None, None);
    if let Some(EventCause { call: Some(call), turn, .. }) = event.as_ref().map(|event| &event.cause)
        && let Some(call) = tx.call(&tenant.id, call).await?
    {
        let step = turn.map_or(Ok(None), |turn| call.steps.of_turn(turn))?;
        keys = step.map(|step| step.input.to_string());
        caller = Some(call.caller);
    }
    Ok(TimerStory {
        timer: Timer::of_window(&agent, now),
        zone: agent.zone.clone().unwrap_or_else(|| tenant.zone.clone()),
        standing: Standing::of(agent, now),
        event,
        keys,
        caller,
        now,
    })
}

impl App {
    /// Does all that is due: ends the windows that are over, the longest over first; begins and ends what was said
    /// beforehand; passes the edges of hours of work.
    pub async fn fire_due(&self) -> Result<Fired, StoreError> {
        // Both by one time: what becomes due between it and the last unit is the next, if it was not ended too.
        let read = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move { Ok((tx.tenants_with_due().await?, tx.next_deadline().await?)) })
        });
        let (tenants, next) = read.await?;
        let mut count = 0;
        for tenant in tenants {
            count += self.fire_due_of(tenant).await?;
        }
        Ok(Fired { count, next })
    }

    async fn fire_due_of(&self, tenant: TenantId) -> Result<usize, StoreError> {
        let mut count = 0;
        loop {
            let (scope, tenant) = (Scope::Tenant(tenant.clone()), tenant.clone());
            let unit = self.store.write(scope, |tx| Box::pin(async move { fire(tx, &tenant).await }));
            let fired = unit.await?;
            for lateness in &fired {
                histogram!(telemetry::TIMER_LATENESS_SECONDS).record(lateness.as_seconds_f64());
            }
            count += fired.len();
            if fired.is_empty() {
                return Ok(count);
            }
        }
    }

    /// Tells the metrics how many windows are open.
    pub async fn count_armed(&self) -> Result<u64, StoreError> {
        let armed = self.store.read(|tx| Box::pin(tx.armed())).await?;
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and agents are fewer than 2^52")]
        gauge!(telemetry::TIMERS_ARMED).set(armed as f64);
        Ok(armed)
    }
}

/// Does what of the tenant's is due; how late each was.
async fn fire(tx: &mut Tx<'_>, tenant: &TenantId) -> Result<Vec<TimeDelta>, StoreError> {
    let Some(tenant) = tx.tenant_by_id(tenant).await? else { return Ok(Vec::new()) };
    let mut late = Vec::new();
    let ending = tx.due(&tenant.id, AT_ONCE).await?;
    late.extend(ending.into_iter().filter_map(|due| settle(tx, &tenant, due)));
    let turning = tx.turning(&tenant.id, AT_ONCE).await?;
    late.extend(turning.into_iter().filter_map(|due| settle(tx, &tenant, due)));
    for edge in tx.at_edge(&tenant.id, AT_ONCE).await? {
        late.push(tx.now() - edge.at);
        schedules::pass(tx, &tenant, edge);
    }
    Ok(late)
}

/// Does what is due of one presence; how late that is, if anything was.
fn settle(tx: &mut Tx<'_>, tenant: &Tenant, due: Due) -> Option<TimeDelta> {
    let Due { user, login, presence, menu_since, has_hours } = due;
    let was_due = [presence.deadline(), presence.turns_at()].into_iter().flatten().min()?;
    // The query and the rule say the same; where they should not, the rule wins and nothing is done.
    let (after, transitions) = presence::settle(&presence, presence.generation, menu_since, tx.now())?;
    let change = Change { before: &presence, after: &after, transitions: &transitions };
    save_presence(tx, tenant, (&user, &login), change, &EventCause::actor("timer"));
    // D28: with the end of a window, and with nothing else that was said beforehand.
    let is_over = transitions.iter().any(|transition| matches!(transition, Transition::WentOffline(_)));
    if has_hours && is_over && after.deadline().is_none() {
        tx.save_edge(&tenant.id, &user, Some(tx.now()));
    }
    Some(tx.now() - was_due)
}

//! Who is on duty, as admins see and change it. The same machine decides as on the phone.

use serde::Serialize;

use super::availability::check_choice;
use super::{App, Error, log, users};
use crate::domain::event::{Envelope, Event, EventCause, derived};
use crate::domain::ids::{CallId, Login, Skill, UserId};
use crate::domain::presence::{self, Cause, Command, Duty, Presence, Reason, Source, State, Transition};
use crate::domain::skills::Skills;
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::domain::user::{Agent, Reachable};
use crate::store::{Scope, StoreError, Tx};

/// An agent's presence as it is shown: never on duty past the end of the window (I5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Standing {
    pub user: Login,
    pub name: String,
    pub skills: Skills,
    pub state: Duty,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Instant>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Instant>,
    pub generation: u64,
    pub source: Option<Source>,
    pub reason: Option<Reason>,
    pub call: Option<CallId>,
    /// Why a supervisor keeps the agent off duty, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
}

impl Standing {
    /// What holds at `now`, whether or not the end of a window has been noticed by then.
    pub fn of(agent: Agent, now: Instant) -> Self {
        let Agent { login, name, skills, presence, .. } = agent;
        let Presence { state, generation, cause, hold, .. } = presence;
        let expired = Cause { source: Source::Timer, reason: Reason::Expired, call: None };
        let (duty, since, until, cause) = match state {
            State::Online { since, until } if now < until => (Duty::Online, Some(since), Some(until), cause),
            State::Online { until, .. } => (Duty::Offline, Some(until), None, Some(expired)),
            State::Offline { since } => (Duty::Offline, since, None, cause),
        };
        Self {
            user: login,
            name,
            skills,
            state: duty,
            since,
            until,
            generation,
            source: cause.as_ref().map(|cause| cause.source),
            reason: cause.as_ref().map(|cause| cause.reason.clone()),
            call: cause.and_then(|cause| cause.call),
            hold,
        }
    }
}

spelled!(
    /// What an agent is to be.
    Wanted, "one of online, offline, held, released", {
        /// On duty from now on.
        Online = "online",
        /// Off duty.
        Offline = "offline",
        /// Off duty, and kept off it until released.
        Held = "held",
        /// Free to go on duty again.
        Released = "released",
    }
);

/// Whose presence is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// One agent, if their presence is of this generation still (D39).
    Seen(Login, u64),
    Named(Vec<Login>),
    /// Everybody who is on duty now.
    AllOnline,
}

/// What an admin asks of presences.
#[derive(Debug, Clone)]
pub struct Order {
    pub whom: Whom,
    pub command: Command,
    pub source: Source,
    pub reason: Reason,
}

impl Order {
    /// Of one user, for no reason worth a word.
    pub fn about(login: &Login, command: Command, source: Source) -> Self {
        Self { whom: Whom::Named(vec![login.clone()]), command, source, reason: Reason::LoggedIn }
    }
}

/// What came of an order for one agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How they stand then.
    pub standing: Standing,
    /// They did not before.
    pub has_changed: bool,
}

/// Agents who can be reached that are told of at most.
const MOST_REACHABLE: usize = 1000;

impl App {
    /// Every agent's presence, by login.
    pub async fn presences(&self, tenant: &Tenant) -> Result<Vec<Standing>, StoreError> {
        let tenant = tenant.id.clone();
        let board = self
            .store
            .read::<_, StoreError, _>(|tx| Box::pin(async move { Ok((tx.board(&tenant).await?, tx.now())) }));
        let (agents, now) = board.await?;
        Ok(agents.into_iter().map(|agent| Standing::of(agent, now)).collect())
    }

    /// At most `limit` agents' presences, by login, of those behind `after`, and of those with a skill if one is given.
    pub async fn presences_after(
        &self,
        tenant: &Tenant,
        after: Option<&Login>,
        skill: Option<&Skill>,
        limit: u32,
    ) -> Result<Vec<Standing>, StoreError> {
        let (tenant, after, skill) = (tenant.id.clone(), after.cloned(), skill.cloned());
        let page = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move {
                let agents = tx.board_after(&tenant, after.as_ref(), skill.as_ref(), limit).await?;
                Ok(agents.into_iter().map(|agent| Standing::of(agent, tx.now())).collect())
            })
        });
        page.await
    }

    pub async fn presence(&self, tenant: &Tenant, login: &Login) -> Result<Standing, Error> {
        let (tenant, login) = (tenant.clone(), login.clone());
        let standing = self.store.read(|tx| {
            Box::pin(async move { Ok(Standing::of(agent(tx, &tenant, &login).await?, tx.now())) })
        });
        standing.await
    }

    /// Who can be given a call now, or at another moment by what is said of it, of all or of those with a skill; who has
    /// been on duty longest comes first, and at most a thousand are told.
    pub async fn reachable(
        &self,
        tenant: &Tenant,
        skill: Option<&Skill>,
        at: Option<Instant>,
    ) -> Result<Vec<Reachable>, StoreError> {
        let (tenant, skill) = (tenant.clone(), skill.cloned());
        let unit = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move {
                let (now, default) = (tx.now(), tenant.policy.default_availability);
                let at = at.unwrap_or(now);
                let candidates = tx.candidates(&tenant.id, at).await?;
                let wanted = candidates.into_iter().filter(|one| one.skills.fit(skill.as_ref()));
                let mut found: Vec<Reachable> =
                    wanted.filter_map(|one| one.reachable(default, at, now)).collect();
                found.sort_by(|one, other| (one.since, &one.user).cmp(&(other.since, &other.user)));
                found.truncate(MOST_REACHABLE);
                Ok(found)
            })
        });
        unit.await
    }

    /// The newest changes of an agent's presence, newest first.
    pub async fn presence_history(
        &self,
        tenant: &Tenant,
        login: &Login,
        limit: u32,
    ) -> Result<Vec<Envelope>, Error> {
        let (tenant, login) = (tenant.clone(), login.clone());
        let events = self.store.read::<_, Error, _>(|tx| {
            Box::pin(async move {
                agent(tx, &tenant, &login).await?;
                Ok(tx.presence_events_of(&tenant, &format!("user:{login}"), limit).await?)
            })
        });
        events.await
    }

    /// Whom the order would change (A1.23).
    pub async fn would_change(&self, tenant: &Tenant, order: &Order) -> Result<Vec<Login>, Error> {
        let (tenant, order) = (tenant.clone(), order.clone());
        let decided = self.store.read(|tx| Box::pin(async move { decide(tx, &tenant, &order).await }));
        let changed = decided.await?.into_iter().filter(|decision| !decision.transitions.is_empty());
        Ok(changed.map(|decision| decision.agent.login).collect())
    }

    /// Carries out the order, for all of those it names or for none.
    pub async fn set_presence(&self, tenant: &Tenant, order: Order) -> Result<Vec<Outcome>, Error> {
        let tenant = tenant.clone();
        let unit = self.store.write(Scope::of(&tenant), |tx| {
            Box::pin(async move {
                let decisions = decide(tx, &tenant, &order).await?;
                let (now, cause) = (tx.now(), tx.cause());
                let mut outcomes = Vec::with_capacity(decisions.len());
                for Decision { mut agent, presence, transitions } in decisions {
                    let change =
                        Change { before: &agent.presence, after: &presence, transitions: &transitions };
                    save_presence(tx, &tenant, (&agent.id, &agent.login), change, &cause);
                    agent.presence = presence;
                    let has_changed = !transitions.is_empty();
                    outcomes.push(Outcome { standing: Standing::of(agent, now), has_changed });
                }
                Ok(outcomes)
            })
        });
        unit.await
    }
}

/// What an order comes to for one agent.
struct Decision {
    agent: Agent,
    presence: Presence,
    transitions: Vec<Transition>,
}

/// A reason in one's own words is read out to the agent and shown in lists.
const LONGEST_REASON: usize = 280;

fn check_reason(reason: &Reason) -> Result<(), Error> {
    let words = reason.as_str();
    if words.trim().is_empty() || words.chars().count() > LONGEST_REASON || words.contains(char::is_control) {
        let shown = words.escape_debug().to_string();
        return Err(Error::invalid("reason", shown, "give 1 to 280 letters on one line"));
    }
    Ok(())
}

async fn decide(tx: &mut Tx<'_>, tenant: &Tenant, order: &Order) -> Result<Vec<Decision>, Error> {
    check_reason(&order.reason)?;
    let (now, mut decisions) = (tx.now(), Vec::new());
    for agent in chosen(tx, tenant, &order.whom).await? {
        if order.command.puts_on_duty() {
            check_can_go_online(tx, tenant, &agent).await?;
        }
        check_choice(&agent, tenant, &order.command)?;
        let cause = Cause { source: order.source, reason: order.reason.clone(), call: None };
        let (presence, transitions) = presence::decide(&agent.presence, &order.command, &cause, None, now)
            .map_err(|why| Error::Presence { user: agent.login.clone(), why })?;
        decisions.push(Decision { agent, presence, transitions });
    }
    Ok(decisions)
}

async fn chosen(tx: &mut Tx<'_>, tenant: &Tenant, whom: &Whom) -> Result<Vec<Agent>, Error> {
    match whom {
        Whom::AllOnline => {
            let now = tx.now();
            let board = tx.board(&tenant.id).await?;
            Ok(board.into_iter().filter(|agent| agent.presence.is_online(now)).collect())
        }
        Whom::Seen(login, generation) => {
            let agent = agent(tx, tenant, login).await?;
            if agent.presence.generation != *generation {
                return Err(Error::Stale(Box::new(Standing::of(agent, tx.now()))));
            }
            Ok(vec![agent])
        }
        Whom::Named(logins) => {
            let mut agents: Vec<Agent> = Vec::with_capacity(logins.len());
            for login in logins {
                if agents.iter().all(|agent| agent.login != *login) {
                    agents.push(agent(tx, tenant, login).await?);
                }
            }
            Ok(agents)
        }
    }
}

/// On duty are those who can be called: active users with a number (A1.6).
async fn check_can_go_online(tx: &mut Tx<'_>, tenant: &Tenant, agent: &Agent) -> Result<(), Error> {
    let user = users::find(tx, tenant, &agent.login).await?;
    if !user.active {
        return Err(Error::Inactive(user.login));
    }
    if user.extensions.is_empty() { Err(Error::Unreachable(user.login)) } else { Ok(()) }
}

/// The user with their presence, active or not.
pub(super) async fn agent(tx: &mut Tx<'_>, tenant: &Tenant, login: &Login) -> Result<Agent, Error> {
    let user = users::find(tx, tenant, login).await?;
    let agent = tx.agent_by_id(&tenant.id, &user.id).await?;
    agent.ok_or_else(|| StoreError::corrupt("users", user.id.as_str(), "gone within one unit of work").into())
}

/// Ends the duty of a user who can no longer be called, if they are on duty, and what they have said of duty to come
/// (D36, D37).
pub(super) async fn end_duty(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    user: &UserId,
    reason: Reason,
) -> Result<(), Error> {
    let Some(agent) = tx.agent_by_id(&tenant.id, user).await? else { return Ok(()) };
    let cause = Cause { source: Source::Admin, reason, call: None };
    let to_come = agent.presence.plan.said().iter().filter(|one| one.terms.is_duty());
    let taken_back = to_come.map(|one| Command::Withdraw(one.id.clone()));
    let (mut presence, mut transitions) = (agent.presence.clone(), Vec::new());
    for command in taken_back.chain([Command::GoOffline]) {
        // What time alone has taken back is refused, and is gone.
        if let Ok((after, more)) = presence::decide(&presence, &command, &cause, None, tx.now()) {
            presence = after;
            transitions.extend(more);
        }
    }
    if !transitions.is_empty() {
        let (change, cause) =
            (Change { before: &agent.presence, after: &presence, transitions: &transitions }, tx.cause());
        save_presence(tx, tenant, (&agent.id, &agent.login), change, &cause);
    }
    Ok(())
}

/// What became of a presence, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change<'c> {
    pub(super) before: &'c Presence,
    pub(super) after: &'c Presence,
    pub(super) transitions: &'c [Transition],
}

/// Saves an agent's presence with its events.
pub(super) fn save_presence(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    (user, login): (&UserId, &Login),
    Change { before, after, transitions }: Change<'_>,
    cause: &EventCause,
) {
    let subject = format!("user:{login}");
    if transitions.is_empty() {
        let event = Event::PresenceUnchanged { generation: after.generation };
        return log(tx, &tenant.id, subject, event, cause.clone());
    }
    tx.save_presence(&tenant.id, user, after);
    let told = transitions.iter().cloned().map(Event::from);
    for event in told.chain(derived::of(before, after, &tenant.policy, tx.now())) {
        log(tx, &tenant.id, subject.clone(), event, cause.clone());
    }
}

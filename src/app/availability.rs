//! What users say of themselves beside being on duty, and how they stand for a call. The same machine decides as for
//! duty windows, and the same unit of work carries it out.

use chrono::{SecondsFormat, TimeDelta};
use serde::Serialize;

use super::presence::{Order, Outcome, Standing, Whom, agent};
use super::{App, Error, draw};
use crate::domain::allocation::{self, Reason as Against};
use crate::domain::availability::{self, Availability, Note, State, Terms};
use crate::domain::desk::{Direction, Report, Settings, SettingsPatch, Terminal};
use crate::domain::edit::Edit;
use crate::domain::ids::{AvailabilityId, Login, Name};
use crate::domain::phone::E164;
use crate::domain::presence::{Command, Duty, Reason, Source};
use crate::domain::presence_code::{self, Label, LabelText, PresenceCode};
use crate::domain::quick::Quick;
use crate::domain::reason_list::Listed;
use crate::domain::skills::Skills;
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::domain::user::Agent;
use crate::domain::user_status::{self, UserStatus};
use crate::domain::wrap_up::Length;
use crate::store::StoreError;

/// What a user has said, and what counts of it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Availabilities {
    pub user: Login,
    pub generation: u64,
    /// The state that counts now; available, if nothing is said (A2.3).
    pub state: State,
    /// Which of them counts, if any does.
    pub active: Option<AvailabilityId>,
    /// The duty window among them; the one that starts first comes first.
    pub availabilities: Vec<Availability>,
}

/// How a user stands for a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Status {
    pub user: Login,
    pub status: UserStatus,
    /// Why the user can be given no call (A2.11); nothing, if they can.
    pub reasons: Vec<Against>,
    /// What is shown of them (A3.6).
    pub code: PresenceCode,
    /// Its number, 1 to 7 (A3.1).
    pub code_number: u8,
    /// The label of what they say.
    pub label: Option<LabelText>,
    pub settings: Settings,
    /// Their terminals that have a call (A2.8).
    pub terminals: Vec<Terminal>,
}

/// A user on the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardLine {
    pub user: Login,
    pub name: String,
    pub skills: Skills,
    pub duty: Duty,
    /// What is shown of them (A3.6), and the label of what they say.
    pub code: PresenceCode,
    pub label: Option<LabelText>,
    /// Since when they are in this state, and until when they are on duty.
    pub since: Option<Instant>,
    pub until: Option<Instant>,
    pub reason: String,
    pub hold: Option<String>,
}

impl BoardLine {
    /// `Lunch`, or the code's own word.
    pub fn shown(&self) -> String {
        self.label.as_ref().map_or_else(|| self.code.shown().to_owned(), ToString::to_string)
    }
}

/// What a user may give as the reason of their presence (A1.21).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Choices {
    /// The list that they choose from; none where all choose from all labels.
    pub list: Option<Name>,
    pub labels: Vec<Label>,
    /// The reasons that the system gives by itself.
    pub system: Vec<String>,
}

impl Choices {
    fn of(agent: &Agent, tenant: &Tenant) -> Self {
        let list = tenant.policy.reason_list(agent.presence.desk.settings.reason_list.as_ref());
        let labels = tenant.policy.choices(list).into_iter().cloned().collect();
        Self { list: list.map(|list| list.name.clone()), labels, system: Listed::system().reasons }
    }
}

/// Refuses a label that is not the user's to choose.
pub(super) fn check_choice(agent: &Agent, tenant: &Tenant, command: &Command) -> Result<(), Error> {
    let Some(label) = command.label() else { return Ok(()) };
    let Choices { labels, .. } = Choices::of(agent, tenant);
    if labels.iter().any(|known| known.text == *label) {
        return Ok(());
    }
    let why = format!("user `{}` chooses from {}", agent.login, quoted(&labels));
    Err(Error::invalid("label", label.as_str(), why))
}

fn quoted(labels: &[Label]) -> String {
    let quoted: Vec<String> = labels.iter().map(|label| format!("`{}`", label.text)).collect();
    if quoted.is_empty() { "no labels".to_owned() } else { quoted.join(", ") }
}

/// What is to be said. What is none is left open: the state is that of the label then, and it begins now.
#[derive(Debug, Clone, Default)]
pub struct Saying {
    pub state: Option<State>,
    pub label: Option<LabelText>,
    pub starts_at: Option<Instant>,
    pub until: Option<Until>,
    pub transfer: Option<E164>,
    pub note: Option<Note>,
}

/// When something ends that is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    At(Instant),
    /// So long after it begins.
    After(TimeDelta),
}

impl App {
    pub async fn availabilities(&self, tenant: &Tenant, login: &Login) -> Result<Availabilities, Error> {
        let (agent, now) = self.standing_agent(tenant, login).await?;
        let mut all = agent.presence.availabilities();
        all.sort_by_key(|one| (one.terms.starts_at, one.id.clone()));
        Ok(Availabilities {
            generation: agent.presence.generation,
            state: availability::state(&all, now),
            active: availability::active(&all, now).map(|one| one.id.clone()),
            availabilities: all,
            user: agent.login,
        })
    }

    pub async fn status(&self, tenant: &Tenant, login: &Login) -> Result<Status, Error> {
        let (agent, now) = self.standing_agent(tenant, login).await?;
        Ok(Status::of(agent, tenant, now))
    }

    /// Every agent as the board shows them (A1.24), and the time of which it tells.
    pub async fn board(&self, tenant: &Tenant) -> Result<(Vec<BoardLine>, Instant), StoreError> {
        let id = tenant.id.clone();
        let read = self
            .store
            .read::<_, StoreError, _>(|tx| Box::pin(async move { Ok((tx.board(&id).await?, tx.now())) }));
        let (agents, now) = read.await?;
        let line = |agent: Agent| {
            let code = presence_code::displayed(&agent.presence, &tenant.policy, now);
            let all = agent.presence.availabilities();
            let said = availability::active(&all, now).map(|one| &one.terms);
            let label = said.and_then(|terms| terms.label.clone());
            let said = said.map(|terms| terms.starts_at);
            let Standing { user, name, skills, state: duty, since, until, reason, hold, .. } =
                Standing::of(agent, now);
            let reason = reason.map_or_else(|| "-".to_owned(), String::from);
            let since = since.max(said);
            BoardLine { user, name, skills, duty, code, label, since, until, reason, hold }
        };
        Ok((agents.into_iter().map(line).collect(), now))
    }

    async fn standing_agent(&self, tenant: &Tenant, login: &Login) -> Result<(Agent, Instant), Error> {
        let (tenant, login) = (tenant.clone(), login.clone());
        let unit = self.store.read::<_, Error, _>(|tx| {
            Box::pin(async move { Ok((agent(tx, &tenant, &login).await?, tx.now())) })
        });
        unit.await
    }

    /// Says something of a user, now or of later (A2.5), or says anew what is known by an identifier.
    pub async fn say(
        &self,
        tenant: &Tenant,
        whom: Whom,
        saying: Saying,
        (id, source): (Option<AvailabilityId>, Source),
    ) -> Result<Availability, Error> {
        let now = self.store.read::<_, Error, _>(|tx| Box::pin(async { Ok(tx.now()) })).await?;
        let terms = saying.terms(tenant, now)?;
        let id = id.unwrap_or_else(draw::availability_id);
        let availability = Availability { id, terms, source };
        let reason = availability.terms.label.as_ref().map(|label| Reason::from(label.to_string()));
        let command = Command::Say(availability.clone());
        let order = Order { whom, command, source, reason: reason.unwrap_or(Reason::LoggedIn) };
        self.set_presence(tenant, order).await?;
        Ok(availability)
    }

    pub async fn withdraw(
        &self,
        tenant: &Tenant,
        whom: Whom,
        id: AvailabilityId,
        source: Source,
    ) -> Result<Vec<Outcome>, Error> {
        let order = Order { whom, command: Command::Withdraw(id), source, reason: Reason::LoggedOut };
        self.set_presence(tenant, order).await
    }

    pub async fn adjust(
        &self,
        tenant: &Tenant,
        whom: Whom,
        patch: SettingsPatch,
        source: Source,
    ) -> Result<Vec<Outcome>, Error> {
        if let Some(Edit::Set(set)) = &patch.quick_set
            && tenant.policy.quick_sets.iter().all(|known| known.name() != set)
        {
            return Err(Error::invalid("quick_set", set.to_string(), "name one of the tenant's sets"));
        }
        if let Some(Edit::Set(list)) = &patch.reason_list
            && tenant.policy.reason_lists.iter().all(|known| known.name != *list)
        {
            return Err(Error::invalid("reason_list", list.to_string(), "name one of the tenant's lists"));
        }
        let order = Order { whom, command: Command::Adjust(patch), source, reason: Reason::LoggedIn };
        self.set_presence(tenant, order).await
    }

    /// Takes in what a telephony system says of a user's terminal, and of who has begun its call.
    pub async fn report(
        &self,
        tenant: &Tenant,
        login: &Login,
        report: Report,
        direction: Direction,
    ) -> Result<Vec<Outcome>, Error> {
        let length = tenant.policy.wrap_up;
        let command = match direction {
            Direction::Outgoing if tenant.policy.dialling_out_ends_dnd => {
                Command::DialOut(report, length, draw::availability_id())
            }
            Direction::Outgoing | Direction::Incoming => Command::Report(report, length),
        };
        self.set_presence(tenant, Order::about(login, command, Source::Api)).await
    }

    pub async fn extend_wrap_up(
        &self,
        tenant: &Tenant,
        login: &Login,
        by: Length,
        source: Source,
    ) -> Result<Vec<Outcome>, Error> {
        let command = Command::ExtendWrapUp { by, most: tenant.policy.wrap_up_extensions };
        self.set_presence(tenant, Order::about(login, command, source)).await
    }

    pub async fn end_wrap_up(
        &self,
        tenant: &Tenant,
        login: &Login,
        source: Source,
    ) -> Result<Vec<Outcome>, Error> {
        self.set_presence(tenant, Order::about(login, Command::EndWrapUp, source)).await
    }

    /// The quick availabilities that a user chooses from (A2.6).
    pub async fn quick(&self, tenant: &Tenant, login: &Login) -> Result<Vec<Quick>, Error> {
        let (agent, _) = self.standing_agent(tenant, login).await?;
        let set = tenant.policy.quick_set(agent.presence.desk.settings.quick_set.as_ref());
        Ok(set.entries().to_vec())
    }

    /// The reasons that a user chooses from (A1.21).
    pub async fn choices(&self, tenant: &Tenant, login: &Login) -> Result<Choices, Error> {
        let (agent, _) = self.standing_agent(tenant, login).await?;
        Ok(Choices::of(&agent, tenant))
    }

    /// Chooses the quick availability with a number, from 1 on.
    pub async fn choose_quick(
        &self,
        tenant: &Tenant,
        login: &Login,
        number: usize,
        source: Source,
    ) -> Result<Availability, Error> {
        let set = self.quick(tenant, login).await?;
        let chosen = number.checked_sub(1).and_then(|place| set.into_iter().nth(place));
        let Quick { state, minutes, transfer, note } = chosen.ok_or_else(|| {
            Error::invalid("number", number.to_string(), "choose one of the user's quick availabilities")
        })?;
        let until = minutes.map(|minutes| Until::After(minutes.span()));
        let saying = Saying { state: Some(state), until, transfer, note, ..Saying::default() };
        self.say(tenant, Whom::Named(vec![login.clone()]), saying, (None, source)).await
    }
}

impl Saying {
    fn terms(self, tenant: &Tenant, now: Instant) -> Result<Terms, Error> {
        let Self { state, label, starts_at, until, transfer, note } = self;
        let state = match (&label, state) {
            (Some(label), state) => Some(state_of(tenant, label, state)?),
            (None, state) => state,
        };
        let state = state.ok_or_else(|| Error::invalid("state", "none", "name a state or a label"))?;
        let starts_at = starts_at.unwrap_or(now);
        let ends_at = until.map(|until| match until {
            Until::At(end) => end,
            Until::After(length) => starts_at + length,
        });
        let terms = Terms { state, starts_at, ends_at, transfer, note, label };
        terms.check(now).map_err(|why| {
            let given = if why.field() == "ends_at" { terms.ends_at } else { Some(terms.starts_at) };
            let given = given.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default();
            Error::invalid(why.field(), given, why.to_string())
        })?;
        Ok(terms)
    }
}

/// The state of a label's code, which what is asked for must not gainsay.
fn state_of(tenant: &Tenant, label: &LabelText, asked: Option<State>) -> Result<State, Error> {
    let refused = |why: &str| Error::invalid("label", label.to_string(), why);
    let labels = &tenant.policy.labels;
    let unknown = || refused(&format!("the tenant has {}", quoted(labels)));
    let known = tenant.policy.label(label).ok_or_else(unknown)?;
    let state = known.code.state().ok_or_else(|| refused("only a call puts somebody on a call"))?;
    match asked {
        Some(asked) if asked != state => Err(refused(&format!("it stands for `{state}`, not `{asked}`"))),
        Some(_) | None => Ok(state),
    }
}

impl Status {
    pub fn of(Agent { login, presence, .. }: Agent, tenant: &Tenant, now: Instant) -> Self {
        let default = tenant.policy.default_availability;
        let code = presence_code::displayed(&presence, &tenant.policy, now);
        let all = presence.availabilities();
        Self {
            user: login,
            status: user_status::status(&presence, default, now),
            reasons: allocation::verdict(&presence, default, now).err().unwrap_or_default(),
            code,
            code_number: code.number(),
            label: availability::active(&all, now).and_then(|one| one.terms.label.clone()),
            settings: presence.desk.settings.clone(),
            terminals: presence.desk.terminals().to_vec(),
        }
    }
}

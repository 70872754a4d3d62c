//! A call comes in, presses keys, ends.
//!
//! Where the agent is told that something has happened, the reply waits for the disk. Where a call merely
//! begins or a menu is repeated it does not: a crash may lose that, and the call is led on from what is
//! known (I13, I15).

use chrono::TimeDelta;
use metrics::counter;
use sha2::{Digest, Sha256};

use super::presence::save_presence;
use super::{App, log, pins, tenants};
use crate::app::draw;
use crate::domain::call::{self, CallStatus, LookupMiss, Outcome, Progress};
use crate::domain::dispatch::{self, Contact, Mapping};
use crate::domain::event::{Event, EventCause};
use crate::domain::ids::{AccountSid, AgentCode, CallId, CallSid, Language};
use crate::domain::phone::{Caller, E164};
use crate::domain::tenant::Tenant;
use crate::domain::time::{Instant, Zone};
use crate::domain::trust::{Attestation, PinOutcome, PinRecord};
use crate::domain::user::Agent;
use crate::flow::engine::{self, Asked, Cursor, Effect, Identity, Input, Scene, Turn};
use crate::flow::program::Program;
use crate::flow::prompt::Line;
use crate::flow::prompt::catalogue::Catalogue;
use crate::flow::prompt::speaker::{Args, Voice};
use crate::flow::reply::{Reply, Then};
use crate::store::calls::{Arrival, Call, Step};
use crate::store::{StoreError, Tx};
use crate::telemetry;

/// A request about a call, as a carrier sends it.
#[derive(Debug, Clone)]
pub struct Request {
    pub sid: CallSid,
    pub contact: Contact,
    /// The caller as the carrier wrote it.
    pub caller: String,
    pub attestation: Attestation,
    pub input: Input,
}

/// A turn by the address that we gave the carrier for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnAddress {
    pub call: CallId,
    /// From 1; the call's beginning is turn 0.
    pub turn: u32,
    pub token: String,
    /// In which the caller is spoken to should all else fail.
    pub language: Language,
}

/// What a carrier is told to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub reply: Reply,
    pub next: Next,
}

/// Where a call goes on that goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    Turn(TurnAddress),
    /// At the beginning.
    Arrival,
}

impl Answer {
    /// Nobody here answers that number (D41).
    fn reject() -> Self {
        Self { reply: Reply { speech: Vec::new(), then: Then::Reject }, next: Next::Arrival }
    }

    /// We do not know this call any more: begin anew.
    fn restart() -> Self {
        Self { reply: Reply { speech: Vec::new(), then: Then::Redirect }, next: Next::Arrival }
    }

    /// The call is over for us; ended politely, and nothing is changed (I14).
    fn goodbye(language: &Language) -> Self {
        Self { reply: last_words(Line::Goodbye, language), next: Next::Arrival }
    }
}

/// The last words of a call that cannot be helped any more, which need no database (D48).
pub fn apology(language: &Language) -> Reply {
    last_words(Line::Apology, language)
}

/// Words for a caller who is asked to wait while the request is made again (D48).
pub fn one_moment(language: &Language) -> Reply {
    Reply { then: Then::Redirect, ..last_words(Line::OneMoment, language) }
}

fn last_words(line: Line, language: &Language) -> Reply {
    let voice = Voice { language, zone: &Zone::utc(), now: Instant::UNIX_EPOCH };
    let spoken = Catalogue::built_in().speak(line, None, &voice, &Args::default());
    Reply { speech: spoken.speech, then: Then::HangUp }
}

/// Wrong PINs an hour on one dialled number that raise the alarm (D51).
const ALARMING_FAILURES: u32 = 20;

impl App {
    /// The first request about a call, and every repetition of it: the same words again or, if keys come
    /// along, what they do at the turn that is open. So a fallback address leads to the same place (I12).
    pub async fn arrive(&self, request: Request) -> Result<Answer, StoreError> {
        let call = call_id(&request.contact.account, &request.sid);
        let is_news = self.cache.begun.is_news(call, self.store.clock().now());
        if (request.input.is_keys() || !is_news)
            && let Some(answer) = self.take_turn(request.clone(), None).await?
        {
            return Ok(answer);
        }
        let app = self.clone();
        let read = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move {
                let begun = app.begin(tx, &request).await?;
                Ok((request, begun))
            })
        });
        let (request, begun) = read.await?;
        match begun {
            Begun::Known => Ok(self.take_turn(request, None).await?.unwrap_or_else(Answer::restart)),
            Begun::Unmatched => self.turn_away(&request).await,
            Begun::Call(begun) if begun.turn.changes_presence() => self.arrive_locked(request).await,
            Begun::Call(begun) => {
                let answer = begun.answer(self);
                let saved = self.store.write_later::<StoreError, _>(move |tx| {
                    Box::pin(async move {
                        begun.save(tx).await?;
                        tx.relax();
                        Ok(())
                    })
                });
                saved.await?;
                Ok(answer)
            }
        }
    }

    /// A flow that changes presence before it asks for anything: decided again under the lock.
    async fn arrive_locked(&self, request: Request) -> Result<Answer, StoreError> {
        let app = self.clone();
        let unit = self.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                match app.begin(tx, &request).await? {
                    Begun::Known => Ok(Answer::restart()),
                    Begun::Unmatched => Ok(Answer::reject()),
                    Begun::Call(begun) => {
                        let answer = begun.answer(&app);
                        begun.save(tx).await?;
                        Ok(answer)
                    }
                }
            })
        });
        unit.await
    }

    async fn begin(&self, tx: &mut Tx<'_>, request: &Request) -> Result<Begun, StoreError> {
        let arrivals = tx.arrivals(&request.contact, &request.sid).await?;
        if arrivals.iter().any(|arrival| arrival.is_known) {
            return Ok(Begun::Known);
        }
        let Some(route) = route(arrivals, &request.contact) else { return Ok(Begun::Unmatched) };
        let program = self.cache.program(tx, &route.tenant.id, &route.mapping.flow, route.version).await?;
        let catalogue = self.cache.catalogue(tx, &route.tenant).await?;
        let (identity, agent) = identify(&route, &request.contact.caller);
        let mut call =
            new_call(request, &route, Cursor::at_start(&program, identity), agent.as_ref(), tx.now());
        let world = World { tenant: &route.tenant, program: &program, catalogue: &catalogue };
        let turn = world.step(&call, agent.as_ref(), request, None, tx.now());
        let step = advance(&mut call, &turn, Input::Started, tx.now());
        let Route { tenant, mapping, version, .. } = route;
        Ok(Begun::Call(Box::new(Beginning { tenant, mapping, version, call, agent, turn, step })))
    }

    /// A later request about a call, by the address that we gave for it.
    pub async fn turn(&self, address: TurnAddress, request: Request) -> Result<Answer, StoreError> {
        let began = self.turn_key.open(&address.token, &address.call, address.turn);
        match began {
            Some(began) if call::may_be_live(began, self.store.clock().now()) => {
                Ok(self.take_turn(request, Some(address)).await?.unwrap_or_else(Answer::restart))
            }
            Some(_) | None => {
                counter!(telemetry::REPLAYS_ANSWERED).increment(1);
                Ok(Answer::goodbye(&address.language))
            }
        }
    }

    /// Answers a turn; none if there is no such call. A PIN is hashed between two looks at the call, so that
    /// the writer never waits for it.
    async fn take_turn(
        &self,
        request: Request,
        address: Option<TurnAddress>,
    ) -> Result<Option<Answer>, StoreError> {
        let mut pin = None;
        loop {
            let (app, request, address, known) =
                (self.clone(), request.clone(), address.clone(), pin.clone());
            let keys = request.input.clone();
            let taken = self
                .store
                .write::<_, StoreError, _>(move |tx| {
                    Box::pin(async move { app.turn_unit(tx, &request, address.as_ref(), known).await })
                })
                .await?;
            match (taken, keys) {
                (Taken::Unknown, _) => return Ok(None),
                (Taken::Answer(answer), _) => return Ok(Some(answer)),
                (Taken::CheckPin { hash }, Input::Keys(keys)) => {
                    let right = pins::matches(hash.clone(), keys.into()).await;
                    pin = Some(PinVerdict { hash, right });
                }
                (Taken::CheckPin { hash }, Input::Started | Input::Garbled | Input::Silence) => {
                    pin = Some(PinVerdict { hash, right: false });
                }
            }
        }
    }

    async fn turn_unit(
        &self,
        tx: &mut Tx<'_>,
        request: &Request,
        address: Option<&TurnAddress>,
        pin: Option<PinVerdict>,
    ) -> Result<Taken, StoreError> {
        let Some((tenant, mut call, mut agent)) =
            tx.call_by_sid(&request.contact.account, &request.sid).await?
        else {
            return Ok(Taken::Unknown);
        };
        if address.is_some_and(|address| address.call != call.id) {
            return Ok(Taken::Answer(Answer::goodbye(spoken_to(&tenant, agent.as_ref()))));
        }
        if !is_due(&call, request, address) {
            tx.relax();
            return Ok(Taken::Answer(
                self.repeat(tx, (&tenant, agent.as_ref()), &call, request, address).await?,
            ));
        }
        if call.ended_at.is_some() {
            return Ok(Taken::Answer(Answer::goodbye(spoken_to(&tenant, agent.as_ref()))));
        }
        if let Some(code) = code_in(&call, &request.input) {
            agent = named_by(tx, &tenant, &call, &code, request.contact.caller.number()).await?;
            call.user = agent.as_ref().map(|agent| agent.id.clone());
        }
        if call.cursor.asked == Asked::Pin && request.input.is_keys() {
            let hash = agent.as_ref().and_then(|agent| agent.pin_hash.clone());
            if pin.as_ref().is_none_or(|pin| pin.hash != hash) {
                return Ok(Taken::CheckPin { hash });
            }
        }
        let program = self.cache.program(tx, &tenant.id, &call.flow, call.version).await?;
        let catalogue = self.cache.catalogue(tx, &tenant).await?;
        let world = World { tenant: &tenant, program: &program, catalogue: &catalogue };
        let turn = world.step(&call, agent.as_ref(), request, pin.map(|pin| pin.right), tx.now());
        let step = advance(&mut call, &turn, request.input.clone(), tx.now());
        let answer = self.answer(&call, &step.reply, spoken_to(&tenant, agent.as_ref()));
        save_turn(tx, &tenant, &call, agent.as_ref(), &turn, step).await?;
        tx.save_call(&tenant.id, &call);
        if !turn.must_be_kept() {
            tx.relax();
        }
        Ok(Taken::Answer(answer))
    }

    /// The answer to a turn that was answered before: the stored one where the same keys come again, and
    /// the words that are current where other ones do (D14, I12).
    async fn repeat(
        &self,
        tx: &mut Tx<'_>,
        (tenant, agent): (&Tenant, Option<&Agent>),
        call: &Call,
        request: &Request,
        address: Option<&TurnAddress>,
    ) -> Result<Answer, StoreError> {
        counter!(telemetry::REPLAYS_ANSWERED).increment(1);
        let latest = call.turn.saturating_sub(1);
        let asked = address.map_or(latest, |address| address.turn).min(latest);
        let same = tx.step(&tenant.id, &call.id, asked).await?.filter(|step| step.input == request.input);
        let step = match same {
            Some(step) => Some(step),
            None => tx.step(&tenant.id, &call.id, latest).await?,
        };
        let language = spoken_to(tenant, agent);
        let Some(step) = step else { return Ok(Answer::goodbye(language)) };
        Ok(Answer { reply: step.reply, next: self.address(call, step.turn + 1, language) })
    }

    fn answer(&self, call: &Call, reply: &Reply, language: &Language) -> Answer {
        Answer { reply: reply.clone(), next: self.address(call, call.turn, language) }
    }

    fn address(&self, call: &Call, turn: u32, language: &Language) -> Next {
        let token = self.turn_key.token(&call.id, turn, call.started_at);
        Next::Turn(TurnAddress { call: call.id.clone(), turn, token, language: language.clone() })
    }

    /// Nobody answers the dialled number. Told once a minute for each, so that a caller who keeps trying
    /// does not fill the log (D41).
    async fn turn_away(&self, request: &Request) -> Result<Answer, StoreError> {
        counter!(telemetry::CALLS, "outcome" => "unmatched").increment(1);
        let dialled = request.contact.dialled.clone();
        if self.cache.unmatched.is_news(dialled.clone(), self.store.clock().now()) {
            let told = self.store.write_later(|tx| Box::pin(tell_unmatched(tx, dialled)));
            told.await?;
        }
        Ok(Answer::reject())
    }

    /// News of a call's progress: in any order, more than once, of calls we may not know (I19).
    pub async fn progress(
        &self,
        account: AccountSid,
        sid: CallSid,
        report: Progress,
    ) -> Result<(), StoreError> {
        let unit = self.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let Some((tenant, mut call, _)) = tx.call_by_sid(&account, &sid).await? else {
                    tx.relax();
                    return Ok(());
                };
                let known = call.progress;
                call.progress = known.after(report);
                if call.progress.status.is_final() && call.ended_at.is_none() {
                    end_call(tx, &tenant, &mut call, Outcome::Abandoned);
                }
                if call.progress != known {
                    tx.save_call_status(&tenant.id, &call);
                }
                Ok(())
            })
        });
        unit.await
    }

    /// Ends calls of whose end the carrier never told; how many.
    pub async fn end_lost_calls(&self) -> Result<usize, StoreError> {
        let unit = self.store.write::<_, StoreError, _>(|tx| {
            Box::pin(async move {
                let lost = tx.lost_calls(tx.now() - call::LONGEST_CALL).await?;
                let count = lost.len();
                for (tenant, mut call) in lost {
                    end_call(tx, &tenant, &mut call, Outcome::Lost);
                    tx.save_call_status(&tenant.id, &call);
                }
                Ok(count)
            })
        });
        unit.await
    }
}

/// Logs a number that nobody answers, in the log of those who run the line.
async fn tell_unmatched(tx: &mut Tx<'_>, dialled: E164) -> Result<(), StoreError> {
    let Some(tenant) = tx.tenant(&tenants::default_slug()).await? else { return Ok(()) };
    let event = Event::DispatchUnmatched { dialled: dialled.to_string() };
    log(tx, &tenant.id, format!("number:{dialled}"), event, EventCause::actor("carrier"));
    Ok(())
}

fn end_call(tx: &mut Tx<'_>, tenant: &Tenant, call: &mut Call, unless_decided: Outcome) {
    let outcome = *call.outcome.get_or_insert(unless_decided);
    call.ended_at = Some(tx.now());
    call.menu_since = None;
    counter!(telemetry::CALLS, "outcome" => outcome.as_str()).increment(1);
    let event = Event::CallEnded {
        outcome: outcome.as_str().to_owned(),
        status: call.progress.status.as_str().to_owned(),
    };
    let cause = EventCause { actor: "carrier".to_owned(), call: Some(call.id.clone()), turn: None };
    log(tx, &tenant.id, format!("call:{}", call.id), event, cause);
}

enum Begun {
    /// The carrier asked about this call before.
    Known,
    Unmatched,
    Call(Box<Beginning>),
}

/// A call that begins, decided and not yet saved.
struct Beginning {
    tenant: Tenant,
    mapping: Mapping,
    version: u32,
    call: Call,
    agent: Option<Agent>,
    turn: Turn,
    step: Step,
}

impl Beginning {
    fn answer(&self, app: &App) -> Answer {
        app.answer(&self.call, &self.step.reply, spoken_to(&self.tenant, self.agent.as_ref()))
    }

    async fn save(self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let Self { tenant, mapping, version, call, agent, turn, step } = self;
        let subject = format!("call:{}", call.id);
        let cause = EventCause { actor: "carrier".to_owned(), call: Some(call.id.clone()), turn: Some(0) };
        let started = Event::CallStarted {
            caller: call.caller.clone(),
            dialled: call.dialled.to_string(),
            flow: call.flow.clone(),
            version,
        };
        log(tx, &tenant.id, subject.clone(), started, cause.clone());
        if let Some(wanted) = mapping.version.filter(|wanted| *wanted != version) {
            let event = Event::DispatchFallback { flow: mapping.flow, wanted, version };
            log(tx, &tenant.id, subject, event, cause);
        }
        save_turn(tx, &tenant, &call, agent.as_ref(), &turn, step).await?;
        tx.insert_call(&tenant.id, &call);
        Ok(())
    }
}

enum Taken {
    /// There is no such call.
    Unknown,
    Answer(Answer),
    /// Look again once it is known whether the keys are the PIN behind `hash`.
    CheckPin {
        hash: Option<String>,
    },
}

/// Whether the keys are the PIN behind `hash`.
#[derive(Debug, Clone)]
struct PinVerdict {
    hash: Option<String>,
    right: bool,
}

/// Which flow answers a call, and who may be calling.
pub(super) struct Route {
    pub(super) tenant: Tenant,
    pub(super) mapping: Mapping,
    pub(super) version: u32,
    /// Users with the caller's number, and whether they are active.
    candidates: Vec<(Agent, bool)>,
}

/// Chooses among what was found. The dialled number says whose call it is (D33); without a contact point
/// for it the mappings must all be one tenant's.
pub(super) fn route(arrivals: Vec<Arrival>, contact: &Contact) -> Option<Route> {
    let owner = arrivals
        .iter()
        .find(|arrival| arrival.mapping.kind == dispatch::MappingKind::ContactPoint)
        .or_else(|| {
            arrivals.first().filter(|first| arrivals.iter().all(|other| other.tenant.id == first.tenant.id))
        })?
        .tenant
        .clone();
    let own: Vec<Arrival> = arrivals.into_iter().filter(|arrival| arrival.tenant.id == owner.id).collect();
    let mapping = dispatch::choose(own.iter().map(|arrival| &arrival.mapping), contact)?.clone();
    let (of_mapping, _): (Vec<Arrival>, Vec<Arrival>) =
        own.into_iter().partition(|arrival| arrival.mapping.id == mapping.id);
    let version = of_mapping.first().and_then(|first| first.pinned.or(first.latest))?;
    let candidates = of_mapping.into_iter().filter_map(|arrival| arrival.agent).collect();
    Some(Route { tenant: owner, mapping, version, candidates })
}

/// Who is calling: the one active user with the number, or why nobody (D30 to D35).
pub(super) fn identify(route: &Route, caller: &Caller) -> (Identity, Option<Agent>) {
    let mut active = route.candidates.iter().filter(|(_, is_active)| *is_active).map(|(agent, _)| agent);
    let nobody = |miss| (Identity::Nobody(miss), None);
    match (active.next(), active.next()) {
        (Some(agent), None) => (Identity::Known, Some(agent.clone())),
        (Some(_), Some(_)) if route.tenant.shared_lines => (Identity::Shared, None),
        (Some(_), Some(_)) => nobody(LookupMiss::Ambiguous),
        (None, _) => match caller {
            Caller::Withheld => nobody(LookupMiss::Withheld),
            Caller::Other(_) => nobody(LookupMiss::NoNumber),
            Caller::Number(_) if route.candidates.is_empty() => nobody(LookupMiss::NoAgent),
            Caller::Number(_) => nobody(LookupMiss::Inactive),
        },
    }
}

fn new_call(request: &Request, route: &Route, cursor: Cursor, agent: Option<&Agent>, now: Instant) -> Call {
    Call {
        id: call_id(&request.contact.account, &request.sid),
        account: request.contact.account.clone(),
        sid: request.sid.clone(),
        caller: request.caller.clone(),
        dialled: request.contact.dialled.clone(),
        user: agent.map(|agent| agent.id.clone()),
        flow: route.mapping.flow.clone(),
        version: route.version,
        cursor,
        turn: 0,
        menu_since: None,
        progress: Progress { status: CallStatus::Ringing, sequence: None },
        outcome: None,
        started_at: now,
        ended_at: None,
    }
}

/// Our name of a call follows from the carrier's, so that two copies of its first request agree on it.
fn call_id(account: &AccountSid, sid: &CallSid) -> CallId {
    let digest = Sha256::digest(format!("{account}/{sid}"));
    let head: [u8; 16] = digest[..16].try_into().expect("a SHA-256 digest has 32 bytes");
    CallId::from_bits(u128::from_be_bytes(head))
}

/// What a turn is decided with besides the call.
struct World<'a> {
    tenant: &'a Tenant,
    program: &'a Program,
    catalogue: &'a Catalogue,
}

impl World<'_> {
    fn step(
        &self,
        call: &Call,
        agent: Option<&Agent>,
        request: &Request,
        pin_matches: Option<bool>,
        now: Instant,
    ) -> Turn {
        let scene = Scene {
            program: self.program,
            catalogue: self.catalogue,
            tenant: self.tenant,
            call: &call.id,
            turn: call.turn,
            dialled: &call.dialled,
            agent,
            attestation: request.attestation,
            pin_matches,
            menu_since: call.menu_since,
            now,
        };
        let input = if call.turn == 0 { &Input::Started } else { &request.input };
        engine::step(&scene, call.cursor.clone(), input)
    }
}

/// Moves the call past the turn; the step to be kept of it.
fn advance(call: &mut Call, turn: &Turn, input: Input, now: Instant) -> Step {
    let input = kept(call.cursor.asked, input);
    let step =
        Step { turn: call.turn, at: now, input, decided: turn.decided.clone(), reply: turn.reply.clone() };
    call.cursor = turn.cursor.clone();
    call.turn += 1;
    call.menu_since = turn.cursor.is_menu_open().then(|| call.menu_since.unwrap_or(now));
    call.outcome = turn.outcome.or(call.outcome);
    step
}

/// What is kept of an answer, in the step and in the log: of a PIN, only that one was typed.
fn kept(asked: Asked, input: Input) -> Input {
    match (asked, input) {
        (Asked::Pin, Input::Keys(_)) => Input::Keys("****".parse().expect("stars are keys")),
        (_, input) => input,
    }
}

/// The language of a call.
fn spoken_to<'a>(tenant: &'a Tenant, agent: Option<&'a Agent>) -> &'a Language {
    agent.and_then(|agent| agent.language.as_ref()).unwrap_or(&tenant.language)
}

/// Whether the request is for the turn that is open. One that comes to the call's own address with keys is;
/// one without is a repetition.
fn is_due(call: &Call, request: &Request, address: Option<&TurnAddress>) -> bool {
    match address {
        Some(address) => address.turn == call.turn,
        None => request.input.is_keys(),
    }
}

/// The agent code that came in, if one was asked for.
fn code_in(call: &Call, input: &Input) -> Option<AgentCode> {
    match (call.cursor.asked, input) {
        (Asked::AgentCode, Input::Keys(keys)) => keys.as_str().parse().ok(),
        (_, Input::Started | Input::Keys(_) | Input::Garbled | Input::Silence) => None,
    }
}

/// Whom an agent code names; on a shared line only those who share it (D34).
async fn named_by(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    call: &Call,
    code: &AgentCode,
    caller: Option<&E164>,
) -> Result<Option<Agent>, StoreError> {
    let Some(agent) = tx.agent_by_code(&tenant.id, code).await? else { return Ok(None) };
    let shares = match (call.cursor.identity, caller) {
        (Identity::Shared, Some(caller)) => tx.has_number(&tenant.id, caller, &agent.id).await?,
        (Identity::Shared, None) => false,
        (Identity::Known | Identity::Nobody(_), _) => true,
    };
    Ok(shares.then_some(agent))
}

/// Puts into the unit of work all that a turn decided, besides where the call stands.
async fn save_turn(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    call: &Call,
    agent: Option<&Agent>,
    turn: &Turn,
    step: Step,
) -> Result<(), StoreError> {
    let who = agent.map_or_else(|| "caller".to_owned(), |agent| format!("user:{}", agent.login));
    let cause = EventCause { actor: who.clone(), call: Some(call.id.clone()), turn: Some(step.turn) };
    let about_call = format!("call:{}", call.id);
    for effect in &turn.effects {
        match (effect, agent) {
            (Effect::Presence { presence, transitions }, Some(agent)) => {
                save_presence(tx, tenant, agent, presence, transitions, &cause);
            }
            // The engine commands presence only of an agent it was given.
            (Effect::Presence { .. }, None) => {}
            (Effect::PinAttempt { record, outcome }, agent) => {
                save_pin_attempt(tx, tenant, call, agent.zip(*record), *outcome, &cause).await?;
            }
            (Effect::LookupFailed(miss), _) => {
                let event = Event::LookupFailed { caller: call.caller.clone(), reason: miss.to_string() };
                log(tx, &tenant.id, about_call.clone(), event, cause.clone());
            }
            (Effect::PromptFallback(fallback), _) => {
                counter!(telemetry::PROMPT_FALLBACKS).increment(1);
                let event = Event::PromptFallback {
                    prompt: fallback.prompt.clone(),
                    language: fallback.language.to_string(),
                    reason: fallback.why.to_string(),
                };
                log(tx, &tenant.id, about_call.clone(), event, cause.clone());
            }
        }
    }
    let event =
        Event::CallStep { turn: step.turn, input: step.input.to_string(), decided: step.decided.join("; ") };
    log(tx, &tenant.id, about_call, event, cause);
    tx.insert_step(&tenant.id, &call.id, &step);
    Ok(())
}

async fn save_pin_attempt(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    call: &Call,
    named: Option<(&Agent, PinRecord)>,
    outcome: PinOutcome,
    cause: &EventCause,
) -> Result<(), StoreError> {
    let dialled = &call.dialled;
    let hour_ago = tx.now() - TimeDelta::hours(1);
    let failures = tx.count_wrong_pins(&tenant.id, dialled, hour_ago).await? + 1;
    let subject =
        named.map_or_else(|| format!("call:{}", call.id), |(agent, _)| format!("user:{}", agent.login));
    let tell = |tx: &mut Tx<'_>, event| log(tx, &tenant.id, subject.clone(), event, cause.clone());
    match outcome {
        PinOutcome::Right => {}
        PinOutcome::Wrong | PinOutcome::Locked => tell(tx, Event::PinFailed { dialled: dialled.to_string() }),
        PinOutcome::WrongAndLocked => {
            tell(tx, Event::PinFailed { dialled: dialled.to_string() });
            if let Some(until) = named.and_then(|(_, record)| record.locked_until) {
                tell(tx, Event::PinLocked { until });
            }
        }
    }
    if outcome != PinOutcome::Right && failures == ALARMING_FAILURES {
        tell(tx, Event::PinAlarm { dialled: dialled.to_string(), failures });
    }
    let user = named.map(|(agent, record)| {
        tx.save_pin_record(&tenant.id, &agent.id, record);
        &agent.id
    });
    tx.insert_pin_attempt(&tenant.id, &draw::event_id(), (dialled, user), outcome);
    Ok(())
}

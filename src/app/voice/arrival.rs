//! The first request about a call.

use metrics::counter;

use super::decide::{World, advance};
use super::record::save_turn;
use super::route::{Route, identify, route};
use super::{Answer, Request, spoken_to};
use crate::app::{App, log, tenants};
use crate::domain::call::{CallStatus, Progress};
use crate::domain::dispatch::Mapping;
use crate::domain::event::{Event, EventCause};
use crate::domain::ids::CallId;
use crate::domain::phone::E164;
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::domain::user::Agent;
use crate::flow::engine::{Cursor, Input, Turn};
use crate::store::calls::Call;
use crate::store::steps::{Step, Steps};
use crate::store::{StoreError, Tx};
use crate::telemetry;

impl App {
    /// The first request about a call, and every repetition of it: the same words again or, if keys come
    /// along, what they do at the turn that is open. So a fallback address leads to the same place (I12).
    pub async fn arrive(&self, request: Request) -> Result<Answer, StoreError> {
        let call = request.call();
        let is_news = self.cache.begun.is_news(&call, self.store.clock().now());
        if (request.input.is_keys() || !is_news)
            && let Some(answer) = self.take_turn(request.clone(), None).await?
        {
            return Ok(answer);
        }
        let app = self.clone();
        let read = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move {
                let begun = app.begin(tx, &request, call).await?;
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
                match app.begin(tx, &request, request.call()).await? {
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

    async fn begin(&self, tx: &mut Tx<'_>, request: &Request, id: CallId) -> Result<Begun, StoreError> {
        let arrivals = tx.arrivals(&request.contact, &id).await?;
        if arrivals.iter().any(|arrival| arrival.is_known) {
            return Ok(Begun::Known);
        }
        let Some(route) = route(arrivals, &request.contact) else { return Ok(Begun::Unmatched) };
        let program = self.cache.program(tx, &route.tenant.id, &route.mapping.flow, route.version).await?;
        let catalogue = self.cache.catalogue(tx, &route.tenant).await?;
        let (identity, agent) = identify(&route, &request.contact.caller);
        let cursor = Cursor::at_start(&program, identity);
        let mut call = new_call(id, request, &route, cursor, agent.as_ref(), tx.now());
        let world = World { tenant: &route.tenant, program: &program, catalogue: &catalogue };
        let turn = world.step(&call, agent.as_ref(), request, None, tx.now());
        let step = advance(&mut call, &turn, Input::Started, tx.now());
        let Route { tenant, mapping, version, .. } = route;
        Ok(Begun::Call(Box::new(Beginning { tenant, mapping, version, call, agent, turn, step })))
    }

    /// Nobody answers the dialled number. Told once a minute for each, so that a caller who keeps trying
    /// does not fill the log (D41).
    async fn turn_away(&self, request: &Request) -> Result<Answer, StoreError> {
        counter!(telemetry::CALLS, "outcome" => "unmatched").increment(1);
        let dialled = request.contact.dialled.clone();
        if self.cache.unmatched.is_news(&dialled, self.store.clock().now()) {
            let told = self.store.write_later(|tx| Box::pin(tell_unmatched(tx, dialled)));
            told.await?;
        }
        Ok(Answer::reject())
    }
}

/// Logs a number that nobody answers, in the log of those who run the line.
async fn tell_unmatched(tx: &mut Tx<'_>, dialled: E164) -> Result<(), StoreError> {
    let Some(tenant) = tx.tenant(&tenants::default_slug()).await? else { return Ok(()) };
    let event = Event::DispatchUnmatched { dialled: dialled.to_string() };
    log(tx, &tenant.id, format!("number:{dialled}"), event, EventCause::actor("carrier"));
    Ok(())
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
        save_turn(tx, &tenant, &call, agent.as_ref(), &turn, &step).await?;
        tx.insert_call(&tenant.id, &call);
        Ok(())
    }
}

fn new_call(
    id: CallId,
    request: &Request,
    route: &Route,
    cursor: Cursor,
    agent: Option<&Agent>,
    now: Instant,
) -> Call {
    Call {
        id,
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
        steps: Steps::default(),
    }
}

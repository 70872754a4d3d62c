//! The first request about a call.

use metrics::counter;

use super::decide::{Decision, World, advance};
use super::record::save_turn;
use super::route::{Route, route};
use super::{Answer, Request, spoken_to};
use crate::app::{App, log, tenants};
use crate::domain::call::{CallStatus, Progress};
use crate::domain::event::{Event, EventCause};
use crate::domain::ids::CallId;
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::flow::engine::{Cursor, Effect, Input};
use crate::store::calls::Call;
use crate::store::steps::Steps;
use crate::store::{Scope, StoreError, Tx};
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
        let read = self.store.read_for_call::<_, StoreError, _>(|tx| {
            Box::pin(async move {
                let met = match app.meet_again(tx, &request, &call).await? {
                    Met::Known => Met::Known,
                    Met::Nobody => Met::Nobody,
                    Met::Flow(route) => Met::Flow(app.begin(tx, &request, call, route).await?),
                };
                Ok((request, met))
            })
        });
        let (request, met) = read.await?;
        match met {
            Met::Known => Ok(self.take_turn(request, None).await?.unwrap_or_else(Answer::restart)),
            Met::Nobody => self.turn_away(&request).await,
            Met::Flow((_, begun)) if begun.changes_presence() => {
                self.arrive_locked(request, begun.tenant().clone()).await
            }
            Met::Flow((answer, begun)) => {
                let scope = Scope::of(begun.tenant());
                let saved = self.store.write_later(scope, |tx| Box::pin(begun.save(tx)));
                saved.await?;
                Ok(answer)
            }
        }
    }

    /// A flow that changes presence before it asks for anything: decided again under the lock.
    async fn arrive_locked(&self, request: Request, tenant: Tenant) -> Result<Answer, StoreError> {
        let app = self.clone();
        let unit = self.store.write::<_, StoreError, _>(Scope::of(&tenant), move |tx| {
            Box::pin(async move {
                let call = request.call();
                match app.meet(tx, &request, &call).await? {
                    Met::Known => Ok(Answer::restart()),
                    Met::Nobody => Ok(Answer::reject()),
                    // It leads to somebody else's since: decided anew.
                    Met::Flow(route) if route.tenancy.tenant.id != tenant.id => Ok(Answer::restart()),
                    Met::Flow(route) => {
                        let (answer, begun) = app.begin(tx, &request, call, route).await?;
                        begun.save(tx).await?;
                        Ok(answer)
                    }
                }
            })
        });
        unit.await
    }

    /// What the call meets. Of a caller who was recognised before, only what may have changed is looked up.
    /// Not for a unit that writes: it may see what will not come to stand, and must not be remembered.
    async fn meet_again(
        &self,
        tx: &mut Tx<'_>,
        request: &Request,
        call: &CallId,
    ) -> Result<Met<Route>, StoreError> {
        let (contact, callers) = (&request.contact, &self.cache.callers);
        if let Some(mut route) = callers.recall(contact)
            && let Some(agent) = &mut route.agent
            && let Some(encounter) = tx.encounter(&route.tenancy.tenant.id, &agent.id, call).await?
            && route.revisions == Some(encounter.revisions)
        {
            agent.presence = encounter.presence;
            return Ok(if encounter.is_known { Met::Known } else { Met::Flow(route) });
        }
        let met = self.meet(tx, request, call).await?;
        if let Met::Flow(route) = &met {
            callers.remember(contact, route);
        }
        Ok(met)
    }

    async fn meet(
        &self,
        tx: &mut Tx<'_>,
        request: &Request,
        call: &CallId,
    ) -> Result<Met<Route>, StoreError> {
        let arrivals = tx.arrivals(&request.contact, call).await?;
        if arrivals.iter().any(|arrival| arrival.is_known) {
            return Ok(Met::Known);
        }
        Ok(route(tx, &self.cache, arrivals, &request.contact).await?.map_or(Met::Nobody, Met::Flow))
    }

    async fn begin(
        &self,
        tx: &mut Tx<'_>,
        request: &Request,
        id: CallId,
        route: Route,
    ) -> Result<(Answer, Box<Beginning>), StoreError> {
        let Route { tenancy, way, version, identity, agent, .. } = &route;
        let agent = agent.as_ref();
        let program = self.cache.program(tx, &tenancy.tenant.id, &way.mapping.flow, *version).await?;
        let cursor = Cursor::at_start(&program, *identity);
        let mut call = new_call(id, request, &route, cursor, tx.now());
        let turn = World { tenancy, program: &program }.step(&call, agent, request, None, tx.now());
        let (reply, decision) = advance(&mut call, turn, Input::Started, tx.now());
        let answer = self.answer(&call, reply, spoken_to(&tenancy.tenant, agent));
        Ok((answer, Box::new(Beginning { route, call, decision })))
    }

    /// Nobody answers the dialled number. Told in the log of those who run the line, once a minute for each, so that a caller who keeps trying
    /// does not fill the log (D41).
    async fn turn_away(&self, request: &Request) -> Result<Answer, StoreError> {
        counter!(telemetry::CALLS, "outcome" => "unmatched").increment(1);
        let dialled = request.contact.dialled.clone();
        if self.cache.unmatched.is_news(&dialled, self.store.clock().now()) {
            let Some(tenant) = self.find_tenant(tenants::default_slug()).await? else {
                return Ok(Answer::reject());
            };
            let told = self.store.write_later::<StoreError, _>(Scope::of(&tenant), move |tx| {
                let event = Event::DispatchUnmatched { dialled: dialled.to_string() };
                log(tx, &tenant.id, format!("number:{dialled}"), event, EventCause::actor("carrier"));
                Box::pin(async { Ok(()) })
            });
            told.await?;
        }
        Ok(Answer::reject())
    }
}

/// What a call that comes in meets.
enum Met<F> {
    /// The carrier asked about this call before.
    Known,
    /// Nobody answers the dialled number.
    Nobody,
    Flow(F),
}

/// A call that begins, decided and not yet saved.
struct Beginning {
    route: Route,
    call: Call,
    decision: Decision,
}

impl Beginning {
    fn tenant(&self) -> &Tenant {
        &self.route.tenancy.tenant
    }

    fn changes_presence(&self) -> bool {
        self.decision.effects.iter().any(Effect::is_presence)
    }

    async fn save(self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let Self { route: Route { tenancy, way, version, agent, .. }, call, decision } = self;
        let tenant = &tenancy.tenant;
        let subject = format!("call:{}", call.id);
        let cause = EventCause { actor: "carrier".to_owned(), call: Some(call.id.clone()), turn: Some(0) };
        let started = Event::CallStarted {
            caller: call.caller.clone(),
            dialled: call.dialled.to_string(),
            flow: call.flow.clone(),
            version,
        };
        log(tx, &tenant.id, subject.clone(), started, cause.clone());
        if let Some(wanted) = way.mapping.version.filter(|wanted| *wanted != version) {
            let event = Event::DispatchFallback { flow: way.mapping.flow.clone(), wanted, version };
            log(tx, &tenant.id, subject, event, cause);
        }
        save_turn(tx, tenant, &call, agent.as_ref(), &decision).await?;
        tx.insert_call(&tenant.id, &call);
        Ok(())
    }
}

fn new_call(id: CallId, request: &Request, route: &Route, cursor: Cursor, now: Instant) -> Call {
    Call {
        id,
        account: request.contact.account.clone(),
        sid: request.sid.clone(),
        caller: request.caller.clone(),
        dialled: request.contact.dialled.clone(),
        user: route.agent.as_ref().map(|agent| agent.id.clone()),
        flow: route.way.mapping.flow.clone(),
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

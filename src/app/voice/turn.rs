//! The later requests about a call, each for one turn.

use metrics::counter;

use super::decide::{World, advance, is_repetition};
use super::record::save_turn;
use super::{Answer, Request, TurnAddress, spoken_to};
use crate::app::{App, pins};
use crate::domain::call;
use crate::domain::ids::{AgentCode, Language};
use crate::domain::phone::E164;
use crate::domain::tenant::Tenant;
use crate::domain::user::Agent;
use crate::flow::engine::{Asked, Identity, Input};
use crate::store::calls::{Call, InHand};
use crate::store::{Scope, StoreError, Tx};
use crate::telemetry;

impl App {
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
    pub(super) async fn take_turn(
        &self,
        request: Request,
        address: Option<TurnAddress>,
    ) -> Result<Option<Answer>, StoreError> {
        let mut pin = None;
        loop {
            let (app, request, address, known) =
                (self.clone(), request.clone(), address.clone(), pin.clone());
            let keys = request.input.clone();
            let unit = self.store.write::<_, StoreError, _>(Scope::Call(request.call()), move |tx| {
                Box::pin(async move { app.turn_unit(tx, &request, address.as_ref(), known).await })
            });
            match (unit.await?, keys) {
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
        let Some(in_hand) = tx.call_in_hand(&request.call()).await? else {
            return Ok(Taken::Unknown);
        };
        let InHand { tenant, revision, mut call, mut agent } = in_hand;
        let tenancy = self.cache.tenancy(tx, &tenant, revision).await?;
        let tenant = &tenancy.tenant;
        if address.is_some_and(|address| address.call != call.id) {
            return Ok(Taken::Answer(Answer::goodbye(spoken_to(tenant, agent.as_ref()))));
        }
        if !is_due(&call, request, address)? {
            tx.relax();
            let language = spoken_to(tenant, agent.as_ref());
            return Ok(Taken::Answer(self.repeat(&call, request, address, language)?));
        }
        if call.ended_at.is_some() || !call::may_be_live(call.started_at, tx.now()) {
            return Ok(Taken::Answer(Answer::goodbye(spoken_to(tenant, agent.as_ref()))));
        }
        if let Some(code) = code_in(&call, &request.input) {
            agent = named_by(tx, tenant, &call, &code, request.contact.caller.number()).await?;
            call.user = agent.as_ref().map(|agent| agent.id.clone());
        }
        if call.cursor.asked == Asked::Pin && request.input.is_keys() {
            let hash = agent.as_ref().and_then(|agent| agent.pin_hash.clone());
            if pin.as_ref().is_none_or(|pin| pin.hash != hash) {
                return Ok(Taken::CheckPin { hash });
            }
        }
        let program = self.cache.program(tx, &tenant.id, &call.flow, call.version).await?;
        let world = World { tenancy: &tenancy, program: &program };
        let turn = world.step(&call, agent.as_ref(), request, pin.map(|pin| pin.right), tx.now());
        if !turn.must_be_kept() {
            tx.relax();
        }
        let (reply, decision) = advance(&mut call, turn, request.input.clone(), tx.now());
        save_turn(tx, tenant, &call, agent.as_ref(), &decision).await?;
        tx.save_call(&tenant.id, &call);
        Ok(Taken::Answer(self.answer(&call, reply, spoken_to(tenant, agent.as_ref()))))
    }

    /// The answer to a turn that was answered before: the stored one where the same keys come again, and
    /// the words that are current where other ones do (D14, I12).
    fn repeat(
        &self,
        call: &Call,
        request: &Request,
        address: Option<&TurnAddress>,
        language: &Language,
    ) -> Result<Answer, StoreError> {
        counter!(telemetry::REPLAYS_ANSWERED).increment(1);
        let latest = call.turn.saturating_sub(1);
        let asked = address.map_or(latest, |address| address.turn).min(latest);
        let step = call.steps.of_turn(asked)?;
        let step = match step.filter(|step| is_repetition(&request.input, &step.input)) {
            Some(step) => Some(step),
            None => call.steps.of_turn(latest)?,
        };
        let Some(step) = step else { return Ok(Answer::goodbye(language)) };
        Ok(Answer { reply: step.reply, next: self.address(call, step.turn + 1, language) })
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

/// Whether the request is for the turn that is open. One that comes to the call's first address, which names
/// no turn, is if it has keys and they are not those that were answered last (I12).
fn is_due(call: &Call, request: &Request, address: Option<&TurnAddress>) -> Result<bool, StoreError> {
    if let Some(address) = address {
        return Ok(address.turn == call.turn);
    }
    let last = call.steps.of_turn(call.turn.saturating_sub(1))?;
    let repeated = last.is_some_and(|step| is_repetition(&request.input, &step.input));
    Ok(request.input.is_keys() && !repeated)
}

/// The agent code that came in, if one was asked for.
fn code_in(call: &Call, input: &Input) -> Option<AgentCode> {
    match (&call.cursor.asked, input) {
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

//! What a turn decided, put into the unit of work: presence, attempts at PINs, events.

use chrono::TimeDelta;
use metrics::counter;

use super::decide::Decision;
use crate::app::presence::{Change, save_presence};
use crate::app::{draw, log};
use crate::domain::event::{Event, EventCause};
use crate::domain::tenant::Tenant;
use crate::domain::trust::{PinOutcome, PinRecord};
use crate::domain::user::Agent;
use crate::flow::engine::{Effect, Input};
use crate::store::calls::Call;
use crate::store::{StoreError, Tx};
use crate::telemetry;

/// Wrong PINs an hour on one dialled number that raise the alarm (D51).
const ALARMING_FAILURES: u32 = 20;

/// Puts into the unit of work all that a turn decided, besides where the call stands.
pub(super) async fn save_turn(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    call: &Call,
    agent: Option<&Agent>,
    decision: &Decision,
) -> Result<(), StoreError> {
    // That a call began is told already.
    let is_told = decision.input == Input::Started && decision.decided.is_empty();
    if is_told && decision.effects.is_empty() {
        return Ok(());
    }
    let who = agent.map_or_else(|| "caller".to_owned(), |agent| format!("user:{}", agent.login));
    let cause = EventCause { actor: who.clone(), call: Some(call.id.clone()), turn: Some(decision.turn) };
    let about_call = format!("call:{}", call.id);
    let mut before = agent.map(|agent| agent.presence.clone()).unwrap_or_default();
    for effect in &decision.effects {
        match (effect, agent) {
            (Effect::Presence { presence, transitions }, Some(agent)) => {
                let change = Change { before: &before, after: presence, transitions };
                save_presence(tx, tenant, (&agent.id, &agent.login), change, &cause);
                before.clone_from(presence);
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
    if !is_told {
        let (input, decided) = (decision.input.to_string(), decision.decided.join("; "));
        log(tx, &tenant.id, about_call, Event::CallStep { turn: decision.turn, input, decided }, cause);
    }
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

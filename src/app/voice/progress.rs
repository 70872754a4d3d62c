//! How far the carrier says that calls have come.

use metrics::counter;

use super::call_id;
use crate::app::{App, log};
use crate::domain::call::{self, Outcome, Progress};
use crate::domain::event::{Event, EventCause};
use crate::domain::ids::{AccountSid, CallSid, TenantId};
use crate::store::calls::{Call, InHand};
use crate::store::{Scope, StoreError, Tx};
use crate::telemetry;

impl App {
    /// News of a call's progress: in any order, more than once, of calls we may not know (I19).
    pub async fn progress(
        &self,
        account: AccountSid,
        sid: CallSid,
        report: Progress,
    ) -> Result<(), StoreError> {
        let id = call_id(&account, &sid);
        let unit = self.store.write::<_, StoreError, _>(Scope::Call(id.clone()), move |tx| {
            Box::pin(async move {
                let Some(InHand { tenant, mut call, .. }) = tx.call_in_hand(&id).await? else {
                    tx.relax();
                    return Ok(());
                };
                let known = call.progress;
                call.progress = known.after(report);
                if call.progress.status.is_final() && call.ended_at.is_none() {
                    end_call(tx, &tenant, &mut call, Outcome::Abandoned);
                }
                if call.progress != known {
                    tx.save_call(&tenant, &call);
                }
                Ok(())
            })
        });
        unit.await
    }

    /// Ends calls of whose end the carrier never told; how many.
    pub async fn end_lost_calls(&self) -> Result<usize, StoreError> {
        let mut count = 0;
        for tenant in self.tenants().await? {
            let unit = self.store.write::<_, StoreError, _>(Scope::of(&tenant), move |tx| {
                Box::pin(async move {
                    let lost = tx.lost_calls(&tenant.id, tx.now() - call::LONGEST_CALL).await?;
                    let count = lost.len();
                    for mut call in lost {
                        end_call(tx, &tenant.id, &mut call, Outcome::Lost);
                        tx.save_call(&tenant.id, &call);
                    }
                    Ok(count)
                })
            });
            count += unit.await?;
        }
        Ok(count)
    }
}

fn end_call(tx: &mut Tx<'_>, tenant: &TenantId, call: &mut Call, unless_decided: Outcome) {
    let outcome = *call.outcome.get_or_insert(unless_decided);
    call.ended_at = Some(tx.now());
    call.menu_since = None;
    counter!(telemetry::CALLS, "outcome" => outcome.as_str()).increment(1);
    let event = Event::CallEnded {
        outcome: outcome.as_str().to_owned(),
        status: call.progress.status.as_str().to_owned(),
    };
    let cause = EventCause { actor: "carrier".to_owned(), call: Some(call.id.clone()), turn: None };
    log(tx, tenant, format!("call:{}", call.id), event, cause);
}

//! The log as it is sent. Many endpoints read the same newest events at about the same time: they are read and written
//! out once. An event never changes, so what was read once stays true.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::dial_command::Keys;
use crate::domain::event::{Envelope, Event};
use crate::domain::ids::{EventId, TenantId};
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::domain::webhook::Webhook;
use crate::store::{Store, StoreError};

/// An event as it is sent.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) seq: u64,
    pub(super) event: EventId,
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) at: Instant,
    pub(super) payload: String,
    /// What is dialled to tell a telephone system of it.
    pub(super) keys: Option<Keys>,
}

/// The newest events of each tenant that were read, without gaps.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<HashMap<TenantId, VecDeque<Arc<Told>>>>);

/// Events of a tenant that are kept, which are some seconds of a busy line and about 8 MB. An endpoint that is further
/// behind reads them by itself; if all are, they do not catch up any more.
const KEPT: usize = 8192;

impl From<Envelope> for Told {
    fn from(envelope: Envelope) -> Self {
        Self {
            seq: envelope.seq,
            kind: envelope.event.tell().0,
            keys: keys(&envelope.event),
            at: envelope.at,
            payload: serde_json::to_string(&envelope).expect("an event is plain data"),
            event: envelope.id,
            subject: envelope.subject,
        }
    }
}

impl Told {
    /// Whether an endpoint is sent it.
    pub(super) fn is_for(&self, webhook: &Webhook) -> bool {
        let can_be_said = self.keys.is_some() || !webhook.is_telephone();
        can_be_said && webhook.filter.wants(&self.kind, &self.subject)
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "commands are made of one type alone")]
fn keys(event: &Event) -> Option<Keys> {
    match event {
        Event::LabelChosen(chosen) => chosen.keys(),
        _ => None,
    }
}

impl Log {
    /// The events behind `after`, at most `limit`.
    pub(super) async fn after(
        &self,
        store: &Store,
        tenant: &Tenant,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Arc<Told>>, StoreError> {
        let known = self.known(&tenant.id, after, limit);
        if !known.is_empty() {
            return Ok(known);
        }
        let of = tenant.clone();
        let read: Result<Vec<Envelope>, StoreError> =
            store.read(|tx| Box::pin(async move { tx.events_after(&of, after, limit).await })).await;
        let read: Vec<Arc<Told>> = read?.into_iter().map(|envelope| Arc::new(envelope.into())).collect();
        self.keep(&tenant.id, &read);
        Ok(read)
    }

    /// The event at a place, unless it is forgotten.
    pub(super) async fn at(
        &self,
        store: &Store,
        tenant: &Tenant,
        seq: u64,
    ) -> Result<Option<Arc<Told>>, StoreError> {
        let found = self.after(store, tenant, seq.saturating_sub(1), 1).await?;
        Ok(found.into_iter().find(|told| told.seq == seq))
    }

    fn known(&self, tenant: &TenantId, after: u64, limit: u32) -> Vec<Arc<Told>> {
        let tails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(tail) = tails.get(tenant) else { return Vec::new() };
        match tail.front() {
            Some(first) if first.seq <= after + 1 => {
                let begin = tail.partition_point(|told| told.seq <= after);
                let limit = usize::try_from(limit).expect("a page fits in memory");
                tail.range(begin..).take(limit).cloned().collect()
            }
            Some(_) | None => Vec::new(),
        }
    }

    /// Keeps what follows upon what is kept; what is older was asked for by somebody who is behind, and by no other.
    fn keep(&self, tenant: &TenantId, read: &[Arc<Told>]) {
        let mut tails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tail = tails.entry(tenant.clone()).or_default();
        for told in read {
            match tail.back() {
                Some(last) if told.seq <= last.seq => {}
                Some(last) if told.seq == last.seq + 1 => tail.push_back(Arc::clone(told)),
                // There is a gap: somebody else is further ahead.
                Some(_) | None => {
                    tail.clear();
                    tail.push_back(Arc::clone(told));
                }
            }
        }
        tail.drain(..tail.len().saturating_sub(KEPT));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(seqs: impl Iterator<Item = u64>) -> Vec<Arc<Told>> {
        let told = |seq| Told {
            seq,
            event: EventId::from_bits(seq.into()),
            kind: "presence.online".to_owned(),
            subject: "user:ada".to_owned(),
            at: Instant::UNIX_EPOCH,
            payload: String::new(),
            keys: None,
        };
        seqs.map(told).map(Arc::new).collect()
    }

    #[test]
    fn what_was_read_is_known_from_then_on_and_has_no_gaps() {
        let (log, acme) = (Log::default(), TenantId::from_bits(1));
        let known = |after| {
            let known = log.known(&acme, after, 3);
            known.iter().map(|told| told.seq).collect::<Vec<_>>()
        };
        assert!(known(0).is_empty());
        log.keep(&acme, &told(5..=7));
        assert_eq!([known(4), known(5), known(7)], [vec![5, 6, 7], vec![6, 7], vec![]]);
        assert!(known(3).is_empty(), "4 is not known");
        log.keep(&acme, &told(6..=9));
        assert_eq!([known(4), known(7)], [vec![5, 6, 7], vec![8, 9]]);
        log.keep(&acme, &told(1..=2));
        assert!(known(0).is_empty(), "who is behind takes nothing from the others");
        log.keep(&acme, &told(20..=21));
        assert_eq!([known(7), known(19)], [vec![], vec![20, 21]], "9 and 20 are no neighbours");
        assert_eq!(log.known(&TenantId::from_bits(2), 19, 3).len(), 0, "it is another tenant's");
    }

    #[test]
    fn only_the_newest_are_kept() {
        let (log, acme) = (Log::default(), TenantId::from_bits(1));
        log.keep(&acme, &told(1..=KEPT as u64 + 10));
        assert_eq!(log.known(&acme, 9, 1).len(), 0);
        assert_eq!(log.known(&acme, 10, 1)[0].seq, 11);
    }
}

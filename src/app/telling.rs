//! The log as it is told. Whoever follows it, webhooks, sockets and the account of users' time, gets its events here: each
//! is read and put in words once for all of them. An event never changes, so what was read once stays true.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use lru::LruCache;

use super::App;
use crate::domain::event::Envelope;
use crate::domain::ids::TenantId;
use crate::domain::phone::mask;
use crate::domain::tenant::Tenant;
use crate::store::StoreError;

/// An event as it is told.
#[derive(Debug)]
pub struct Told {
    pub envelope: Envelope,
    /// The event's type.
    pub kind: String,
    /// The envelope as JSON.
    pub text: Bytes,
    masked: OnceLock<Bytes>,
}

impl From<Envelope> for Told {
    fn from(envelope: Envelope) -> Self {
        let kind = envelope.event.tell().0;
        let text = serde_json::to_vec(&envelope).expect("an envelope is plain data").into();
        Self { envelope, kind, text, masked: OnceLock::new() }
    }
}

impl Told {
    pub fn seq(&self) -> u64 {
        self.envelope.seq
    }

    /// The envelope as JSON with telephone numbers masked, which is done once and only if somebody asks.
    pub fn masked(&self) -> &Bytes {
        self.masked.get_or_init(|| mask::document(&self.text).expect("it was written as JSON").into())
    }
}

/// Places of the log in a block.
const BLOCK: u64 = 256;

/// Blocks that are kept, which are some seconds of a busy line and about 20 MB. Those that are behind share them as well,
/// as far as they are behind together.
const KEPT: NonZeroUsize = NonZeroUsize::new(64).expect("it is not 0");

/// The log by blocks, those that were asked for last.
#[derive(Debug)]
pub(super) struct Telling(Mutex<LruCache<(TenantId, u64), Arc<Block>>>);

/// What is known of a block: its events up to one of them, without a gap. Who wants to know more has it for as long as it
/// takes to read that, and whoever comes meanwhile finds it read.
#[derive(Debug, Default)]
struct Block(tokio::sync::Mutex<Vec<Arc<Told>>>);

impl Default for Telling {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }
}

impl Telling {
    fn block(&self, tenant: &TenantId, number: u64) -> Arc<Block> {
        let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(blocks.get_or_insert((tenant.clone(), number), Arc::default))
    }
}

impl App {
    /// The next events behind `after`, oldest first, as many as lie together; none at the end of the log.
    pub async fn told_after(&self, tenant: &Tenant, after: u64) -> Result<Vec<Arc<Told>>, StoreError> {
        let number = after / BLOCK;
        let (begin, end) = (number * BLOCK, (number + 1) * BLOCK);
        let block = self.telling.block(&tenant.id, number);
        let mut known = block.0.lock().await;
        let last = known.last().map_or(begin, |told| told.seq());
        if after < last {
            return Ok(known[known.partition_point(|told| told.seq() <= after)..].to_vec());
        }
        let room = u32::try_from(end - last).expect("a block is small");
        let read = self.events_after(tenant, last, room).await?;
        // Where the log has forgotten its beginning, what comes next lies in another block.
        let read: Vec<Arc<Told>> = read.into_iter().map(|envelope| Arc::new(envelope.into())).collect();
        known.extend(read.iter().filter(|told| told.seq() <= end).cloned());
        Ok(read.into_iter().filter(|told| after < told.seq()).collect())
    }

    /// The event at a place, unless it is forgotten.
    pub(super) async fn told_at(&self, tenant: &Tenant, seq: u64) -> Result<Option<Arc<Told>>, StoreError> {
        let found = self.told_after(tenant, seq.saturating_sub(1)).await?;
        Ok(found.into_iter().next().filter(|told| told.seq() == seq))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::app::{ADMIN, log};
    use crate::domain::event::{Event, EventCause};
    use crate::domain::time::Instant;
    use crate::store::{Clock, Scope};

    /// Logs so many events, and tells how many there are then.
    async fn happen(app: &App, tenant: &Tenant, count: u64) -> u64 {
        let id = tenant.id.clone();
        let unit = app.store.write::<_, StoreError, _>(Scope::of(tenant), move |tx| {
            for generation in 1..=count {
                let event = Event::PresenceUnchanged { generation };
                log(tx, &id, "user:ada", event, EventCause::actor(ADMIN));
            }
            Box::pin(async { Ok(()) })
        });
        unit.await.expect("room");
        app.cursor_before_newest(tenant, 0).await.expect("readable")
    }

    /// The places of what is told behind `after`.
    async fn told(app: &App, tenant: &Tenant, after: u64) -> Vec<u64> {
        let told = app.told_after(tenant, after).await.expect("readable");
        told.iter().map(|told| told.seq()).collect()
    }

    #[tokio::test]
    async fn the_log_is_told_from_any_place_without_a_gap_and_read_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("line.db").display());
        let clock = Clock::set_to(Instant::UNIX_EPOCH);
        let app = App::open(&url, clock.clone()).await.expect("a database");
        let tenant = app.ensure_default_tenant().await.expect("a tenant");
        let end = happen(&app, &tenant, 2 * BLOCK).await;
        // Whoever comes first is in the middle.
        for after in [300, 0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 1, end - 1, end] {
            let whole = after + 1..=end.min((after / BLOCK + 1) * BLOCK);
            assert_eq!(told(&app, &tenant, after).await, whole.collect::<Vec<_>>(), "behind {after}");
        }
        let once = app.told_after(&tenant, 9).await.expect("readable");
        let twice = app.told_after(&tenant, 9).await.expect("readable");
        assert!(Arc::ptr_eq(&once[0], &twice[0]));
        let envelopes = app.events_after(&tenant, 9, 1).await.expect("readable");
        assert_eq!(once[0].text, serde_json::to_vec(&envelopes[0]).expect("plain data"));
        let later = happen(&app, &tenant, 3).await;
        assert_eq!(told(&app, &tenant, end).await, (end + 1..=later).collect::<Vec<_>>());
        // D58: whoever has not read it has nothing of what is forgotten.
        clock.advance(TimeDelta::days(401));
        let last = happen(&app, &tenant, 2).await;
        while app.purge().await.expect("purged") {}
        let other = App::open(&url, clock).await.expect("a database");
        for after in [0, BLOCK, last - 2] {
            assert_eq!(told(&other, &tenant, after).await, [last - 1, last], "behind {after}");
        }
        assert!(other.told_at(&tenant, 9).await.expect("readable").is_none());
    }
}

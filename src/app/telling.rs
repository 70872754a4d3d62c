//! The log as it is told. Whoever follows it, webhooks, sockets and the account of users' time, gets its events here: each
//! is read and put in words once for all of them. An event never changes, so what was read once stays true.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex as Latch, OnceLock, PoisonError};

use bytes::Bytes;
use lru::LruCache;
use tokio::sync::Mutex;

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
pub(super) struct Telling(Latch<LruCache<(TenantId, u64), Arc<Block>>>);

/// What is known of a block: its events up to one of them, without a gap. Who wants to know more has it for as long as it
/// takes to read that, and whoever comes meanwhile finds it read.
#[derive(Debug, Default)]
struct Block(Mutex<Vec<Arc<Told>>>);

impl Default for Telling {
    fn default() -> Self {
        Self(Latch::new(LruCache::new(KEPT)))
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

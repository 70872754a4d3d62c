//! One reading of a tenant's log for all of its sockets on this server. A feed keeps the newest events and tells how far
//! it has come; a socket that is further behind than what is kept reads the log by itself.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::{App, Error};
use crate::domain::event::Envelope;
use crate::domain::filter::Filter;
use crate::domain::ids::{TenantId, TokenId};
use crate::domain::tenant::Tenant;
use crate::http::v1::mask;

/// Events that a feed keeps.
const KEPT: usize = 1024;

/// Events that are handed over at once.
pub(super) const BATCH: u32 = 64;

/// Between two looks: a busy log, or a busy tenant beside this one, rings many times as often.
const BREATH: Duration = Duration::from_millis(10);

/// Events that a feed reads at once.
const PAGE: u32 = 500;

/// An event as it is sent, written once for all sockets.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) seq: u64,
    kind: String,
    subject: String,
    whole: Utf8Bytes,
    /// With numbers hidden.
    masked: OnceLock<Utf8Bytes>,
}

impl From<&Envelope> for Told {
    fn from(envelope: &Envelope) -> Self {
        let whole = serde_json::to_string(envelope).expect("an envelope is plain data");
        Self {
            seq: envelope.seq,
            kind: envelope.event.tell().0,
            subject: envelope.subject.clone(),
            whole: whole.into(),
            masked: OnceLock::new(),
        }
    }
}

impl Told {
    pub(super) fn is_wanted(&self, filter: &Filter) -> bool {
        filter.wants(&self.kind, &self.subject)
    }

    pub(super) fn text(&self, sees_numbers: bool) -> Utf8Bytes {
        if sees_numbers {
            return self.whole.clone();
        }
        self.masked.get_or_init(|| mask::text(&self.whole).into()).clone()
    }
}

/// How far a feed has come, and which tokens are not believed any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) head: u64,
    pub(super) refused: Arc<BTreeSet<TokenId>>,
}

/// The newest events of a tenant.
#[derive(Debug)]
pub(super) struct Feed {
    tenant: Tenant,
    newest: Mutex<Newest>,
    seen: watch::Sender<Seen>,
}

/// The events behind `start`, without a gap.
#[derive(Debug, Default)]
struct Newest {
    /// None before the first look.
    start: Option<u64>,
    events: VecDeque<Arc<Told>>,
}

impl Newest {
    /// Those behind `cursor`, [`BATCH`] at most; none if what comes next is not kept.
    fn after(&self, cursor: u64) -> Option<Vec<Arc<Told>>> {
        self.start.filter(|start| *start <= cursor)?;
        let seen = self.events.partition_point(|event| event.seq <= cursor);
        Some(self.events.range(seen..).take(BATCH as usize).cloned().collect())
    }

    /// The last event that was read.
    fn head(&self) -> u64 {
        self.events.back().map_or(self.start.unwrap_or_default(), |event| event.seq)
    }

    fn push(&mut self, event: Told) {
        self.events.push_back(Arc::new(event));
        if self.events.len() > KEPT {
            self.start = self.events.pop_front().map(|event| event.seq);
        }
    }
}

impl Feed {
    pub(super) fn after(&self, cursor: u64) -> Option<Vec<Arc<Told>>> {
        self.newest().after(cursor)
    }

    pub(super) fn seen(&self) -> watch::Receiver<Seen> {
        self.seen.subscribe()
    }

    /// Wakes the sockets if there is anything new.
    fn tell(&self, edit: impl FnOnce(&mut Seen)) {
        self.seen.send_if_modified(|seen| {
            let before = seen.clone();
            edit(seen);
            *seen != before
        });
    }

    fn newest(&self) -> MutexGuard<'_, Newest> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The feeds of all tenants that have sockets here.
#[derive(Debug)]
pub(super) struct Feeds {
    app: App,
    look: Duration,
    tasks: TaskTracker,
    stop: CancellationToken,
    open: Mutex<HashMap<TenantId, Weak<Feed>>>,
}

impl Feeds {
    pub(super) fn new(app: App, look: Duration, tasks: TaskTracker, stop: CancellationToken) -> Self {
        Self { app, look, tasks, stop, open: Mutex::default() }
    }

    /// The tenant's feed, which goes on for as long as somebody has it.
    pub(super) fn of(&self, tenant: &Tenant) -> Arc<Feed> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(feed) = open.get(&tenant.id).and_then(Weak::upgrade) {
            return feed;
        }
        let feed = Feed { tenant: tenant.clone(), newest: Mutex::default(), seen: watch::Sender::default() };
        let feed = Arc::new(feed);
        open.retain(|_, feed| feed.strong_count() > 0);
        open.insert(tenant.id.clone(), Arc::downgrade(&feed));
        let reading =
            Reading { app: self.app.clone(), feed: Arc::downgrade(&feed), look: self.look, looked: None };
        let stop = self.stop.clone();
        self.tasks.spawn(async move { stop.run_until_cancelled(reading.run()).await });
        feed
    }
}

/// The reading for a feed.
struct Reading {
    app: App,
    feed: Weak<Feed>,
    look: Duration,
    /// When the tokens were last looked at.
    looked: Option<Instant>,
}

impl Reading {
    async fn run(mut self) {
        let mut bell = self.app.bell();
        loop {
            // What is rung for from here on may be missing from what is read.
            bell.borrow_and_update();
            let Some(feed) = self.feed.upgrade() else { return };
            if let Err(error) = self.read(&feed).await {
                tracing::warn!(%error, "could not read the log for sockets");
            }
            drop(feed);
            sleep(BREATH).await;
            // Whether somebody rings or not, the next look tells.
            let _ = timeout(self.look, bell.changed()).await;
        }
    }

    async fn read(&mut self, feed: &Feed) -> Result<(), Error> {
        if feed.newest().start.is_none() {
            let last = self.app.cursor_before_newest(&feed.tenant, 0).await?;
            feed.newest().start = Some(last);
        }
        while self.read_page(feed).await? {}
        if self.looked.is_none_or(|looked| looked.elapsed() >= self.look) {
            let refused = Arc::new(self.app.refused_tokens(&feed.tenant).await?);
            feed.tell(|seen| seen.refused = refused);
            self.looked = Some(Instant::now());
        }
        Ok(())
    }

    /// Whether there may be more to read.
    async fn read_page(&mut self, feed: &Feed) -> Result<bool, Error> {
        let head = feed.newest().head();
        let page = self.app.events_after(&feed.tenant, head, PAGE).await?;
        let told: Vec<Told> = page.iter().map(Told::from).collect();
        if told.iter().any(|event| event.kind == "token.revoked") {
            self.looked = None;
        }
        let head = {
            let mut newest = feed.newest();
            for event in told {
                newest.push(event);
            }
            newest.head()
        };
        feed.tell(|seen| seen.head = head);
        Ok(page.len() == PAGE as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(seq: u64) -> Told {
        Told { seq, kind: String::new(), subject: String::new(), whole: "".into(), masked: OnceLock::new() }
    }

    /// The first event behind a cursor, and how many are handed over.
    fn check(newest: &Newest, cursor: u64, wanted: Option<(u64, usize)>) {
        let found = newest.after(cursor);
        let found = found.map(|events| (events.first().map_or(0, |event| event.seq), events.len()));
        assert_eq!(found, wanted, "behind {cursor}");
    }

    #[test]
    fn what_a_feed_keeps_has_no_gap_behind_a_cursor_that_it_answers() {
        let mut newest = Newest::default();
        assert!(newest.after(7).is_none(), "nobody has looked yet");
        newest.start = Some(7);
        check(&newest, 6, None);
        check(&newest, 7, Some((0, 0)));
        check(&newest, 9, Some((0, 0)));
        let kept = KEPT as u64;
        (8..=7 + kept).for_each(|seq| newest.push(told(seq)));
        check(&newest, 6, None);
        check(&newest, 7, Some((8, BATCH as usize)));
        check(&newest, 4 + kept, Some((5 + kept, 3)));
        check(&newest, 7 + kept, Some((0, 0)));
        newest.push(told(8 + kept));
        assert!(newest.after(7).is_none(), "the oldest has made room");
        assert_eq!((newest.after(8).expect("kept")[0].seq, newest.head()), (9, 8 + kept));
    }
}

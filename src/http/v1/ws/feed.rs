//! How far a tenant's log has come, told to all of its sockets on this server by one reading of it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::{App, Error};
use crate::domain::ids::{TenantId, TokenId};
use crate::domain::tenant::Tenant;
use crate::http::v1::Terms;

/// Between two looks: a busy log, or a busy tenant beside this one, rings many times as often.
const BREATH: Duration = Duration::from_millis(10);

/// How far a log has come, and which tokens are not believed any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) head: u64,
    pub(super) refused: Arc<BTreeSet<TokenId>>,
}

/// What the sockets of a tenant wait for.
#[derive(Debug)]
pub(super) struct Feed {
    tenant: Tenant,
    seen: watch::Sender<Seen>,
}

impl Feed {
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
}

/// The feeds of all tenants that have sockets here.
#[derive(Debug)]
pub(super) struct Feeds {
    app: App,
    look: Duration,
    tasks: TaskTracker,
    threads: Handle,
    stop: CancellationToken,
    open: Mutex<HashMap<TenantId, Weak<Feed>>>,
}

impl Feeds {
    pub(super) fn new(app: App, terms: &Terms) -> Self {
        let Terms { patience, tasks, threads, stop, .. } = terms.clone();
        Self { app, look: patience.look, tasks, threads, stop, open: Mutex::default() }
    }

    /// The tenant's feed, which goes on for as long as somebody has it.
    pub(super) fn of(&self, tenant: &Tenant) -> Arc<Feed> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(feed) = open.get(&tenant.id).and_then(Weak::upgrade) {
            return feed;
        }
        let feed = Arc::new(Feed { tenant: tenant.clone(), seen: watch::Sender::default() });
        open.retain(|_, feed| feed.strong_count() > 0);
        open.insert(tenant.id.clone(), Arc::downgrade(&feed));
        let reading = Reading {
            app: self.app.clone(),
            feed: Arc::downgrade(&feed),
            look: self.look,
            head: None,
            looked: None,
        };
        let stop = self.stop.clone();
        let reading = async move { stop.run_until_cancelled(reading.run()).await };
        self.tasks.spawn_on(reading, &self.threads);
        feed
    }
}

/// The reading for a feed.
struct Reading {
    app: App,
    feed: Weak<Feed>,
    look: Duration,
    /// The last event that was read; none before the first look.
    head: Option<u64>,
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
        // As far as the log went when the look began: whoever waits is woken once for all of it.
        let end = self.app.cursor_before_newest(&feed.tenant, 0).await?;
        let mut head = self.head.unwrap_or(end);
        while head < end {
            let page = self.app.told_after(&feed.tenant, head).await?;
            if page.iter().any(|told| told.kind == "token.revoked") {
                self.looked = None;
            }
            // What is forgotten is passed.
            head = page.last().map_or(end, |told| told.seq());
        }
        self.head = Some(head);
        feed.tell(|seen| seen.head = head);
        if self.looked.is_none_or(|looked| looked.elapsed() >= self.look) {
            let refused = Arc::new(self.app.refused_tokens(&feed.tenant).await?);
            feed.tell(|seen| seen.refused = refused);
            self.looked = Some(Instant::now());
        }
        Ok(())
    }
}

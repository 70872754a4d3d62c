//! Sends the log to webhooks. Each endpoint takes its turns beside the others', so that a slow one holds up nobody.

use std::collections::HashSet;
use std::future::pending;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::app::webhooks::stay::Stay;
use crate::app::{App, Error};
use crate::domain::ids::WebhookId;

/// How often is looked at what nobody rings for: time that has come, another node's lease that has ended.
const POLL: Duration = Duration::from_secs(1);

/// From one look to the next, so that what many commits bring about goes together: a look reads every endpoint with its
/// filter, and a turn writes to its row. After a rest the next look is at once.
const BREATH: Duration = Duration::from_millis(200);

/// For how long turns stay.
const STAY: Stay = Stay { whole: Duration::from_mins(5), noted: Duration::from_secs(10) };

/// How long attempts under way have to end. What was under way is sent once more otherwise.
const FAREWELL: Duration = Duration::from_secs(10);

/// Sends until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    let mut bell = app.store.bell();
    let mut turns = Turns::default();
    while !stop.is_cancelled() {
        let next = Instant::now() + BREATH;
        if let Err(error) = turns.begin(&app, &stop).await {
            tracing::error!(%error, "could not look for what webhooks want; trying again");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = turns.end_of_one() => {}
            _ = bell.changed() => {}
            () = sleep(POLL) => {}
        }
        stop.run_until_cancelled(sleep_until(next)).await;
    }
    if timeout(FAREWELL, turns.end_of_all()).await.is_err() {
        tracing::warn!("webhooks were being sent to; what was under way is sent once more");
    }
}

/// The turns that this node has.
#[derive(Default)]
struct Turns {
    tasks: JoinSet<WebhookId>,
    of: HashSet<WebhookId>,
}

impl Turns {
    /// Begins one for each endpoint that has none and for which there is something to do.
    async fn begin(&mut self, app: &App, stop: &CancellationToken) -> Result<(), Error> {
        while let Some(ended) = self.tasks.try_join_next() {
            self.note(ended);
        }
        for begun in app.begin_turns(&self.of).await? {
            let webhook = begun.webhook().clone();
            self.of.insert(webhook.clone());
            let (app, stop) = (app.clone(), stop.clone());
            self.tasks.spawn(async move {
                if let Err(error) = app.take_turn_at(begun, STAY, &stop).await {
                    tracing::warn!(%error, %webhook, "a webhook's turn failed; it has another when its lease is over");
                }
                webhook
            });
        }
        Ok(())
    }

    /// Waits until one has ended; for ever if there is none.
    async fn end_of_one(&mut self) {
        match self.tasks.join_next().await {
            Some(ended) => self.note(ended),
            None => pending().await,
        }
    }

    fn note(&mut self, ended: Result<WebhookId, JoinError>) {
        match ended {
            Ok(webhook) => {
                self.of.remove(&webhook);
            }
            // Whose it was is not known. Nobody has two turns at once all the same: they are leased.
            Err(error) => {
                tracing::error!(%error, "a webhook's turn broke off");
                self.of.clear();
            }
        }
    }

    async fn end_of_all(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

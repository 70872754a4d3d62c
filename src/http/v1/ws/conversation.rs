//! One socket: events to its peer, from its own place in the log, and signs of life back.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::app::telling::Told;
use crate::domain::access::{Access, Right};
use crate::domain::filter::Filter;
use crate::http::v1::ws::Patience;
use crate::http::v1::ws::feed::{Feed, Seen};

#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) app: App,
    pub(super) feed: Arc<Feed>,
    pub(super) access: Access,
    pub(super) filter: Filter,
    /// The last event that the peer has been sent, or that it does not want.
    pub(super) cursor: u64,
    pub(super) patience: Patience,
    pub(super) stop: CancellationToken,
}

/// Why a socket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// The peer is not there any more.
    Gone,
    /// The peer has said goodbye.
    Left,
    /// The peer does not take what it is sent.
    Slow,
    /// The token is not in use any more.
    Refused,
    /// The peer sends what nobody asked for.
    Talkative,
    /// The log cannot be read.
    Failed,
    Stopping,
}

/// Events that are handed over at once.
const BATCH: usize = 64;

/// Of our own, like HTTP's 401.
const UNAUTHENTICATED: u16 = 4401;

impl Ending {
    /// What the peer is told; nothing if it is gone, or has been answered.
    fn told(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Gone | Self::Left => return None,
            Self::Slow => (close_code::AGAIN, "too slow; come again with `after`"),
            Self::Refused => (UNAUTHENTICATED, "the token is not in use any more"),
            Self::Talkative => (close_code::POLICY, "nothing is to be sent here"),
            Self::Failed => (close_code::ERROR, "the log cannot be read; come again with `after`"),
            Self::Stopping => (close_code::AWAY, "the server stops; come again with `after`"),
        };
        Some(CloseFrame { code, reason: reason.into() })
    }
}

impl Conversation {
    pub(super) async fn run(mut self, mut socket: WebSocket) {
        let ending = self.converse(&mut socket).await;
        tracing::debug!(?ending, token = %self.access.token, "a socket ends");
        if ending == Ending::Gone {
            return;
        }
        let goodbye = async {
            if let Some(frame) = ending.told() {
                socket.send(Message::Close(Some(frame))).await?;
            }
            // Behind what it has sent before comes the peer's own goodbye, and then the end.
            while let Some(incoming) = socket.recv().await {
                incoming?;
            }
            Ok::<_, axum::Error>(())
        };
        if let Err(late) = timeout(self.patience.goodbye, goodbye).await {
            tracing::debug!(%late, "a peer does not answer the goodbye");
        }
    }

    async fn converse(&mut self, socket: &mut WebSocket) -> Ending {
        let (mut seen, stop) = (self.feed.seen(), self.stop.clone());
        let mut signs = interval_at(Instant::now() + self.patience.silence, self.patience.silence);
        signs.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        loop {
            if seen.borrow_and_update().refused.contains(&self.access.token) {
                return Ending::Refused;
            }
            let outcome = tokio::select! {
                biased;
                () = stop.cancelled() => Err(Ending::Stopping),
                incoming = socket.recv() => {
                    heard = Instant::now();
                    attend(incoming.as_ref())
                }
                _ = signs.tick() => self.ask_for_sign(socket, heard).await,
                batch = self.next(&mut seen) => match batch {
                    Ok(batch) => self.send(socket, &batch).await,
                    Err(ending) => Err(ending),
                },
            };
            if let Err(ending) = outcome {
                return ending;
            }
        }
    }

    /// The next events of the log, once there are any, or none if a look at `seen` is due.
    async fn next(&self, seen: &mut watch::Receiver<Seen>) -> Result<Vec<Arc<Told>>, Ending> {
        if seen.borrow().head <= self.cursor {
            // The feed goes on for as long as this has it, or until the server stops.
            seen.changed().await.map_err(|_| Ending::Stopping)?;
            return Ok(Vec::new());
        }
        match self.app.told_after(&self.access.tenant, self.cursor).await {
            Ok(mut batch) => {
                batch.truncate(BATCH);
                Ok(batch)
            }
            Err(error) => {
                tracing::warn!(%error, "could not read the log for a socket");
                Err(Ending::Failed)
            }
        }
    }

    /// Sends what is wanted of a batch, if the peer takes it in time.
    async fn send(&mut self, socket: &mut WebSocket, batch: &[Arc<Told>]) -> Result<(), Ending> {
        let sees_numbers = self.access.may(Right::NumbersRead);
        within(self.patience.taking, async {
            for told in batch {
                if self.filter.wants(&told.kind, &told.envelope.subject) {
                    let text = if sees_numbers { &told.text } else { told.masked() };
                    let text = Utf8Bytes::try_from(text.clone()).expect("JSON is UTF-8");
                    socket.send(Message::Text(text)).await?;
                }
                self.cursor = told.seq();
            }
            Ok(())
        })
        .await
    }

    async fn ask_for_sign(&self, socket: &mut WebSocket, heard: Instant) -> Result<(), Ending> {
        if heard.elapsed() > self.patience.silence * 2 {
            return Err(Ending::Gone);
        }
        within(self.patience.taking, socket.send(Message::Ping(Bytes::new()))).await
    }
}

/// Whether the peer takes what it is sent within the time.
async fn within(
    time: Duration,
    sending: impl Future<Output = Result<(), axum::Error>>,
) -> Result<(), Ending> {
    match timeout(time, sending).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Ending::Gone),
        Err(_) => Err(Ending::Slow),
    }
}

/// What comes from a peer are signs of life, and its goodbye.
fn attend(incoming: Option<&Result<Message, axum::Error>>) -> Result<(), Ending> {
    match incoming {
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
        // A frame too large is an error; a peer that is gone is one as well, and hears no answer.
        Some(Ok(Message::Text(_) | Message::Binary(_)) | Err(_)) => Err(Ending::Talkative),
        Some(Ok(Message::Close(_))) => Err(Ending::Left),
        None => Err(Ending::Gone),
    }
}

//! How long a connection waits for its peer. hyper's own header timeout runs while a connection idles too, so
//! that a proxy's kept-alive connections would end with it; here the two are apart, and a peer that does not
//! take its answer is noticed as well.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// How long a peer may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// From a connection's beginning, or a later request's first byte, to the end of the headers.
    pub head: Duration,
    /// Between requests, and for each piece of an answer that the peer is slow to take.
    pub idle: Duration,
}

/// What a connection waits for.
#[derive(Debug, Clone, Copy)]
enum Wait {
    /// The rest of a request's headers.
    Head { until: Instant },
    /// The peer's next request, or its taking of the last answer.
    Idle { until: Instant },
    /// Our answer: the peer has done its part.
    Answer,
}

/// The present wait, which a connection's stream and its requests move on.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    wait: Arc<watch::Sender<Wait>>,
    patience: Patience,
}

impl Pace {
    /// A fresh connection has its first request's headers to bring.
    pub(super) fn new(patience: Patience) -> Self {
        let until = Instant::now() + patience.head;
        Self { wait: Arc::new(watch::Sender::new(Wait::Head { until })), patience }
    }

    /// The peer waits for us until the guard is dropped, when the answer is decided.
    pub(super) fn serve(&self) -> Serving<'_> {
        self.wait.send_replace(Wait::Answer);
        Serving(self)
    }

    /// Returns when the peer has used up its patience.
    pub(super) async fn run_out(&self) {
        let mut wait = self.wait.subscribe();
        loop {
            let now = *wait.borrow_and_update();
            let moved_on = match now {
                Wait::Head { until } | Wait::Idle { until } => timeout_at(until, wait.changed()).await,
                Wait::Answer => Ok(wait.changed().await),
            };
            match moved_on {
                Ok(changed) => changed.expect("`self` holds the sender"),
                Err(_elapsed) => return,
            }
        }
    }

    /// The peer sent something: after an answer, that begins the next request's headers.
    fn heard(&self) {
        self.wait.send_if_modified(|wait| match wait {
            Wait::Idle { .. } => {
                *wait = Wait::Head { until: Instant::now() + self.patience.head };
                true
            }
            Wait::Head { .. } | Wait::Answer => false,
        });
    }

    /// The peer took something: it has its whole patience again for the rest.
    fn took(&self) {
        self.wait.send_if_modified(|wait| match wait {
            Wait::Idle { until } => {
                *until = Instant::now() + self.patience.idle;
                true
            }
            Wait::Head { .. } | Wait::Answer => false,
        });
    }
}

#[derive(Debug)]
pub(super) struct Serving<'a>(&'a Pace);

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        self.0.wait.send_replace(Wait::Idle { until: Instant::now() + self.0.patience.idle });
    }
}

/// A stream that tells its [`Pace`] what the peer sends and takes.
#[derive(Debug)]
pub(super) struct Paced<S> {
    pub stream: S,
    pub pace: Pace,
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf).map(|read| {
            self.pace.heard();
            read
        })
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes).map(|written| {
            self.pace.took();
            written
        })
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices).map(|written| {
            self.pace.took();
            written
        })
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

//! How long a connection waits for its peer. hyper's own header timeout runs while a connection idles too, so
//! that a proxy's kept-alive connections would end with it; here the two are apart, and a peer that does not
//! take its answer is noticed as well.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until};

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
    wait: Arc<Mutex<Wait>>,
    patience: Patience,
}

impl Pace {
    /// A fresh connection has its first request's headers to bring.
    pub(super) fn new(patience: Patience) -> Self {
        let until = Instant::now() + patience.head;
        Self { wait: Arc::new(Mutex::new(Wait::Head { until })), patience }
    }

    /// The peer waits for us until the guard is dropped, when the answer is decided.
    pub(super) fn serve(&self) -> Serving<'_> {
        *self.wait() = Wait::Answer;
        Serving(self)
    }

    /// Returns when the peer has used up its patience. Nobody wakes this when the wait moves on: it looks often
    /// enough that no wait which begins after a look is over before the next.
    pub(super) async fn run_out(&self) {
        loop {
            let now = Instant::now();
            let next_look = now + self.patience.head.min(self.patience.idle);
            let wait = *self.wait();
            match wait {
                Wait::Head { until } | Wait::Idle { until } if until <= now => return,
                Wait::Head { until } | Wait::Idle { until } => sleep_until(until.min(next_look)).await,
                Wait::Answer => sleep_until(next_look).await,
            }
        }
    }

    /// The peer sent something: after an answer, that begins the next request's headers.
    fn heard(&self) {
        let mut wait = self.wait();
        if let Wait::Idle { .. } = *wait {
            *wait = Wait::Head { until: Instant::now() + self.patience.head };
        }
    }

    /// The peer took something: it has its whole patience again for the rest.
    fn took(&self) {
        if let Wait::Idle { until } = &mut *self.wait() {
            *until = Instant::now() + self.patience.idle;
        }
    }

    fn wait(&self) -> MutexGuard<'_, Wait> {
        self.wait.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(super) struct Serving<'a>(&'a Pace);

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        *self.0.wait() = Wait::Idle { until: Instant::now() + self.0.patience.idle };
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

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn patience_ends_on_time_though_nobody_tells_of_a_new_wait() {
        let seconds = Duration::from_secs;
        let pace = Pace::new(Patience { head: seconds(10), idle: seconds(75) });
        let begun = Instant::now();
        let requests = async {
            advance(seconds(3)).await;
            drop(pace.serve());
            advance(seconds(41)).await;
            pace.heard();
        };
        let ((), ()) = tokio::join!(pace.run_out(), requests);
        assert_eq!(begun.elapsed(), seconds(3 + 41 + 10));
    }
}

//! A carrier that has as many calls at once as it has connections, and is never patient.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::harness::line::{Call, Line, Step, gather, request};

/// How long each took, and the calls that got their answer.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) took: Vec<Duration>,
    pub(crate) calls: Vec<Call>,
    pub(crate) elapsed: Duration,
}

impl Outcome {
    /// Answers a second.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    pub(crate) fn rate(&self) -> f64 {
        self.took.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// So many of a hundred took at most so long.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        self.took[(self.took.len() - 1) * percent / 100]
    }
}

/// New calls, numbered from `first`.
pub(crate) fn fresh(first: usize) -> Vec<Call> {
    (first..first + 1_000_000)
        .map(|number| Call { number, path: "/voice/twilio/inbound".to_owned() })
        .collect()
}

/// Takes one call after the other through the step, for so long or until there are no more.
pub(crate) async fn load(
    server: SocketAddr,
    agents: usize,
    step: Step,
    calls: Vec<Call>,
    connections: usize,
    time: Duration,
) -> Outcome {
    let (calls, next) = (Arc::new(calls), Arc::new(AtomicUsize::new(0)));
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (calls, next) = (Arc::clone(&calls), Arc::clone(&next));
        tasks.spawn(async move {
            let (mut line, mut outcome) = (Line::connect(server).await, Outcome::default());
            while begun.elapsed() < time
                && let Some(call) = calls.get(next.fetch_add(1, Ordering::Relaxed))
            {
                let request = request(server, agents, step, call);
                let asked = Instant::now();
                let answer = line.ask(&request).await;
                outcome.took.push(asked.elapsed());
                let path = match step {
                    Step::First | Step::Key(_) => gather(&answer).unwrap_or_else(|| call.path.clone()),
                    Step::Flat | Step::Replay(_) | Step::Completed => call.path.clone(),
                };
                outcome.calls.push(Call { path, ..*call });
            }
            outcome
        });
    }
    let mut all = Outcome::default();
    for outcome in tasks.join_all().await {
        all.took.extend(outcome.took);
        all.calls.extend(outcome.calls);
    }
    all.elapsed = begun.elapsed();
    all.took.sort_unstable();
    all
}

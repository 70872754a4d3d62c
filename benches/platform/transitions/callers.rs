//! Calls that come at a steady rate, however long others take.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};

use crate::harness::line::{Call, Line, Step, caller, gather, request};
use crate::sample::Sample;

/// Who calls the line, one after the other: each goes off duty who is on it, and on it who is off.
pub(crate) struct Callers {
    switchboard: Arc<Switchboard>,
    /// The next call's number.
    next: usize,
}

/// The carrier's connections to the server.
struct Switchboard {
    server: SocketAddr,
    users: usize,
    idle: Mutex<Vec<Line>>,
    room: Semaphore,
}

/// Connections at once; the server has place for twice as many.
const MOST_LINES: usize = 512;

/// From the menu to the key. Nobody presses one sooner.
const LISTENING: Duration = Duration::from_secs(1);

/// How long the webhooks of calls took: from when the call was to come, or the key was pressed, to the answer.
pub(crate) struct Rung {
    took: Vec<[Duration; 3]>,
    elapsed: Duration,
}

impl Rung {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    pub(crate) fn rate(&self) -> f64 {
        self.took.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The first webhook, the deciding key, the end of the call, and all of them.
    pub(crate) fn steps(&self) -> [Sample; 4] {
        let step = |place: usize| self.took.iter().map(|took| took[place]).collect();
        [step(0), step(1), step(2), self.took.iter().flatten().copied().collect()]
    }
}

impl Callers {
    /// Of a fleet of so many, all on duty.
    pub(crate) fn new(server: SocketAddr, users: usize) -> Self {
        let switchboard =
            Switchboard { server, users, idle: Mutex::default(), room: Semaphore::new(MOST_LINES) };
        Self { switchboard: Arc::new(switchboard), next: 0 }
    }

    /// So many calls a second for so many seconds.
    pub(crate) async fn call(&mut self, rate: u32, seconds: u32) -> Rung {
        let (begun, mut tasks) = (Instant::now(), JoinSet::new());
        for place in 0..rate * seconds {
            let due = begun + Duration::from_secs(1) * place / rate;
            sleep_until(due.into()).await;
            let switchboard = Arc::clone(&self.switchboard);
            tasks.spawn(switchboard.call(self.next, due));
            self.next += 1;
        }
        let took = tasks.join_all().await;
        Rung { took, elapsed: begun.elapsed() }
    }

    /// Who made the last calls, so many.
    pub(crate) fn last(&self, calls: u32) -> impl Iterator<Item = usize> {
        let users = self.switchboard.users;
        (self.next - calls as usize..self.next).map(move |number| caller(number, users))
    }
}

impl Switchboard {
    async fn call(self: Arc<Self>, number: usize, due: Instant) -> [Duration; 3] {
        // All are on duty at first.
        let key = if (number / self.users).is_multiple_of(2) { "0" } else { "1" };
        let mut call = Call { number, path: "/voice/twilio/inbound".to_owned() };
        let (mut took, mut asked) = ([Duration::ZERO; 3], due);
        for (place, step) in [Step::First, Step::Key(key), Step::Completed].into_iter().enumerate() {
            let answer = self.ask(&request(self.server, self.users, step, &call)).await;
            took[place] = asked.elapsed();
            if let Some(path) = gather(&answer) {
                call.path = path;
                sleep(LISTENING).await;
            }
            asked = Instant::now();
        }
        took
    }

    async fn ask(&self, request: &str) -> String {
        let _place = self.room.acquire().await.expect("nobody closes it");
        let idle = self.idle().pop();
        let mut line = match idle {
            Some(line) => line,
            None => Line::connect(self.server).await,
        };
        let answer = line.ask(request).await;
        self.idle().push(line);
        answer
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Line>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! A turn from its first page to its end: it sends page after page, and stays for what comes meanwhile.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{self, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::deliver::{Begun, MOST_WAITING};
use super::note::{Note, Page, ending, notes};
use super::turn::{LEASE, Turn};
use crate::app::{App, log as log_event};
use crate::domain::event::{Event, EventCause};
use crate::domain::webhook::Stopped;
use crate::domain::webhook::queue::{Plan, plan};
use crate::store::webhooks::{Course, Ending};
use crate::store::{Scope, StoreError};

/// Events of a page that are sent. However few of all are wanted, a page gets to the end of the log, or far.
const MOST_SENT: usize = 256;

/// Between two looks of a turn at what has come.
const BREATH: Duration = Duration::from_millis(50);

/// For how long turns stay to send what comes meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Stay {
    /// In all; then another node may have the endpoint.
    pub whole: Duration,
    /// From one note of how far the endpoint has got to the next, or to the end if nothing has come. A crash sends so much once
    /// more.
    pub noted: Duration,
}

impl Stay {
    /// Turns that do not stay.
    pub const NONE: Self = Self { whole: Duration::ZERO, noted: Duration::ZERO };
}

/// What a page has come to.
struct Dealt {
    ending: Ending,
    notes: Vec<Note>,
    stopped: Option<Stopped>,
    /// All of it is delivered, and the endpoint is as it was.
    may_stay: bool,
}

/// What a turn that stays was woken by.
enum Woken {
    /// Something was committed.
    Rung,
    /// The time is over.
    Late,
    Stopped,
}

impl Begun {
    /// The page is dealt with, so that nothing waits.
    fn go_on(&mut self, Ending { cursor, failing_since, .. }: Ending) {
        self.course.cursor = cursor;
        self.course.failing_since = failing_since;
    }
}

impl App {
    /// Sends an endpoint what there is for it and, as long as all of it is delivered, stays to send what comes meanwhile: so a
    /// busy endpoint costs a write once in a while, and not two for each page. Once told to `stop`, it begins no further
    /// attempts.
    pub async fn take_turn_at(
        &self,
        mut begun: Begun,
        stay: Stay,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let mut bell = self.store.bell();
        let (mut noted_at, mut noted) = (time::Instant::now(), begun.course.cursor);
        let end = noted_at + stay.whole;
        loop {
            // What is rung for from here on may be missing from the page.
            bell.borrow_and_update();
            let dealt = match self.deal(&begun, stop).await {
                Ok(dealt) => dealt,
                Err(error) => {
                    // What was sent before is not sent once more.
                    self.note(&begun).await?;
                    return Err(error);
                }
            };
            if !dealt.may_stay {
                return self.end_turn(begun, dealt).await;
            }
            begun.go_on(dealt.ending);
            match wake(&mut bell, end.min(noted_at + stay.noted), stop).await {
                Woken::Rung => {}
                Woken::Late if noted < begun.course.cursor && time::Instant::now() < end => {
                    let Some(course) = self.note(&begun).await? else { return Ok(()) };
                    (noted_at, noted) = (time::Instant::now(), course.cursor);
                    begun.course = course;
                }
                Woken::Late | Woken::Stopped => return self.end_turn(begun, dealt).await,
            }
        }
    }

    /// Sends an endpoint what comes next.
    async fn deal(&self, begun: &Begun, stop: &CancellationToken) -> Result<Dealt, StoreError> {
        let Begun { tenant, course, waiting, .. } = begun;
        let page = if (waiting.len() as u64) < MOST_WAITING {
            self.page(tenant, course, MOST_SENT).await?
        } else {
            Page::behind(self.dispatch.seen(course))
        };
        let new = page.wanted.iter().map(|told| (told.seq(), told.envelope.subject.as_str()));
        let Plan { queues, behind, held } = plan(waiting, new, begun.now);
        let turn = Turn::new(self, tenant, &course.webhook, course.failing_since.is_some(), stop);
        let report = turn.run(queues).await?;
        let now = self.store.clock().now();
        let ending = ending(course, &page, &report, now);
        let mut notes = notes(&page, &report, &behind, ending.cursor, now);
        notes.extend(held.into_iter().map(Note::Held));
        let is_smooth = waiting.is_empty() && notes.is_empty() && report.is_smooth();
        // What admins have changed holds from the next turn on; a telephone system is the policy's.
        let is_as_it_was = !page.is_about_it && !course.webhook.is_telephone();
        Ok(Dealt { ending, notes, stopped: report.stopped, may_stay: is_smooth && is_as_it_was })
    }

    /// Writes down how far a turn has got that is to go on. The endpoint as it is then, if the turn is ours still.
    async fn note(&self, begun: &Begun) -> Result<Option<Course>, StoreError> {
        let Begun { lease, course: Course { cursor, failing_since, .. }, .. } = begun;
        let (lease, cursor, failing_since) = (lease.clone(), *cursor, *failing_since);
        let unit = self.store.write::<_, StoreError, _>(Scope::Deployment, move |tx| {
            Box::pin(async move {
                // What is lost in a crash is sent once more.
                tx.relax();
                // The turn holds on to its lease, for longer.
                let free_at = tx.now() + LEASE;
                tx.end_turn(&lease, Ending { cursor, failing_since, free_at });
                tx.leased_webhook(&lease).await
            })
        });
        unit.await
    }

    /// Writes down what a turn brought about, if it is ours still. Only an endpoint that was stopped is told of in the
    /// log, which takes the tenant's lock.
    async fn end_turn(&self, begun: Begun, dealt: Dealt) -> Result<(), StoreError> {
        let Begun { lease, course, .. } = begun;
        let Dealt { ending, notes, stopped, .. } = dealt;
        let scope = if stopped.is_some() { Scope::Tenant(lease.tenant.clone()) } else { Scope::Deployment };
        let name = course.webhook.name;
        let unit = self.store.write::<_, StoreError, _>(scope, move |tx| {
            Box::pin(async move {
                match stopped {
                    Some(reason) => {
                        if tx.stop_webhook(&lease, reason).await? {
                            let event = Event::WebhookDisabled { name, reason };
                            let subject = format!("webhook:{}", lease.webhook);
                            log_event(tx, &lease.tenant, subject, event, EventCause::actor("webhook"));
                        }
                    }
                    // What is lost in a crash is sent once more.
                    None => tx.relax(),
                }
                tx.end_turn(&lease, ending);
                let now = tx.now();
                for note in notes {
                    match note {
                        Note::Keep(delivery) => tx.save_delivery(&lease, &delivery),
                        Note::Delivered(seq) => tx.delete_delivery(&lease, seq),
                        Note::Next(seq) => tx.set_due(&lease, seq, Some(now)),
                        Note::Held(seq) => tx.set_due(&lease, seq, None),
                    }
                }
                Ok(())
            })
        });
        unit.await
    }
}

/// Waits until something is committed, or until then. What is committed at once goes together.
async fn wake(bell: &mut watch::Receiver<()>, until: time::Instant, stop: &CancellationToken) -> Woken {
    let rung = async {
        sleep(BREATH).await;
        bell.changed().await
    };
    match stop.run_until_cancelled(timeout_at(until, rung)).await {
        Some(Ok(Ok(()))) => Woken::Rung,
        Some(Err(_)) => Woken::Late,
        // Nobody rings a store that is closed.
        Some(Ok(Err(_))) | None => Woken::Stopped,
    }
}

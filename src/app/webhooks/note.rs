//! What is written down of a turn: how far the endpoint has got, and what was not delivered.

use std::sync::Arc;

use super::telephone::keys;
use super::turn::{Outcome, Report, Sent, Tried, delivery};
use crate::app::telling::Told;
use crate::domain::time::Instant;
use crate::domain::webhook::queue::Job;
use crate::domain::webhook::{Delivery, Webhook};
use crate::store::webhooks::{Course, Ending};

/// New events, and what of them is wanted.
pub(super) struct Page {
    /// The last that was looked at.
    pub(super) end: u64,
    /// There were no events.
    pub(super) is_empty: bool,
    /// Some are about the endpoint itself, which may be another one since.
    pub(super) is_about_it: bool,
    pub(super) wanted: Vec<Arc<Told>>,
}

impl Page {
    /// Behind what was looked at before.
    pub(super) fn behind(seen: u64) -> Self {
        Self { end: seen, is_empty: true, is_about_it: false, wanted: Vec::new() }
    }

    /// Looks at what comes next, until so many in all are wanted.
    pub(super) fn look_at(&mut self, found: Vec<Arc<Told>>, webhook: &Webhook, most: usize) {
        self.is_empty &= found.is_empty();
        for told in found {
            if self.wanted.len() == most {
                return;
            }
            self.end = told.seq();
            let about = told.envelope.subject.strip_prefix("webhook:");
            self.is_about_it |= about == Some(webhook.id.as_str());
            if is_for(webhook, &told) {
                self.wanted.push(told);
            }
        }
    }
}

/// Whether an endpoint is sent the event.
fn is_for(webhook: &Webhook, told: &Told) -> bool {
    let can_be_said = !webhook.is_telephone() || keys(&told.envelope.event).is_some();
    can_be_said && webhook.filter.wants(&told.kind, &told.envelope.subject)
}

/// What is to be written of one event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// It is not delivered.
    Keep(Box<Delivery>),
    /// It is, after it had waited.
    Delivered(u64),
    /// It has waited, and is the next about its subject.
    Next(u64),
    /// It waits for an earlier one about its subject.
    Held(u64),
}

/// How a turn leaves the endpoint.
pub(super) fn ending(course: &Course, page: &Page, report: &Report, now: Instant) -> Ending {
    let failing_since = match report.is_success {
        Some(true) => None,
        Some(false) => Some(course.failing_since.unwrap_or(now)),
        None => course.failing_since,
    };
    let is_hopeless = report.is_cut_short() && report.is_success == Some(false);
    let free_at = match failing_since {
        Some(since) if is_hopeless => now + course.webhook.rest(since, now),
        Some(_) | None => now,
    };
    Ending { cursor: cursor(page, report), failing_since, free_at }
}

/// Up to where the page is dealt with. Where the turn was cut short, what it had not come to is read again.
fn cursor(page: &Page, report: &Report) -> u64 {
    if !report.is_cut_short() {
        return page.end;
    }
    let tried = report.sent.iter().flat_map(|sent| &sent.tried).filter(|tried| !tried.job.is_kept);
    let last = tried.map(|tried| tried.job.seq).max();
    let next = page.wanted.iter().map(|told| told.seq()).find(|seq| last.is_none_or(|last| last < *seq));
    next.map_or(page.end, |next| next - 1)
}

/// What is to be written of the events of a turn that leaves its endpoint at the cursor.
pub(super) fn notes(page: &Page, report: &Report, behind: &[u64], cursor: u64, now: Instant) -> Vec<Note> {
    let mut notes = Vec::new();
    let keep = |seq: u64, due_at| {
        let told = page.wanted.iter().find(|told| told.seq() == seq).filter(|_| seq <= cursor);
        told.map(|told| Note::Keep(Box::new(delivery(told, 0, due_at, None))))
    };
    for sent in &report.sent {
        notes.extend(sent.tried.iter().filter_map(note));
        notes.extend(left(sent, now, &keep));
    }
    notes.extend(behind.iter().filter_map(|seq| keep(*seq, None)));
    notes
}

fn note(Tried { job, outcome }: &Tried) -> Option<Note> {
    match outcome {
        Outcome::Failed(delivery) => Some(Note::Keep(delivery.clone())),
        Outcome::Delivered | Outcome::Void => job.is_kept.then_some(Note::Delivered(job.seq)),
    }
}

/// What is to be written of what was not tried: the first is next, unless an earlier one about the subject waits.
fn left(sent: &Sent, now: Instant, keep: &impl Fn(u64, Option<Instant>) -> Option<Note>) -> Vec<Note> {
    let next = (!sent.is_held()).then_some(now);
    let due = std::iter::once(next).chain(std::iter::repeat(None));
    let note = |(job, due_at): (&Job, Option<Instant>)| {
        if job.is_kept { due_at.map(|_| Note::Next(job.seq)) } else { keep(job.seq, due_at) }
    };
    sent.untried.iter().zip(due).filter_map(note).collect()
}

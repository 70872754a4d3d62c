//! Endpoints of others that the log of events is sent to: what of it, where, and signed with what.

pub mod address;
pub mod answer;
pub mod filter;
pub mod queue;
pub mod secret;
pub mod target;
pub mod url;

use chrono::TimeDelta;
use serde::Serialize;

use crate::domain::dial_command;
use crate::domain::ids::{EventId, WebhookId, WebhookName};
use crate::domain::time::Instant;
use answer::{Answer, Verdict};
use filter::Filter;
use secret::Keyring;
use target::Target;

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Webhook {
    pub id: WebhookId,
    pub name: WebhookName,
    pub url: Target,
    #[serde(flatten)]
    pub filter: Filter,
    /// Nothing is sent while it is not; what happens meanwhile is sent once it is again.
    pub active: bool,
    /// Why it is not active, if no admin has stopped it.
    pub stopped_by: Option<Stopped>,
    /// Whoever answers under its name is believed, whatever certificate they show.
    pub insecure_tls: bool,
    pub secrets: Keyring,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Instant,
}

impl Webhook {
    /// Whether it is the telephone system, which commands are dialled to.
    pub fn is_telephone(&self) -> bool {
        match self.url {
            Target::Url(_) => false,
            Target::Telephone(_) => true,
        }
    }

    /// What an answer means that came when an attempt was made.
    pub fn verdict(&self, answer: &Answer, now: Instant) -> Verdict {
        match self.url {
            Target::Url(_) => answer.verdict(now),
            Target::Telephone(_) => answer.carriers_verdict(now),
        }
    }

    /// For how long it is left alone while every attempt fails. A telephone system is not, until its commands are late.
    pub fn rest(&self, failing_since: Instant, now: Instant) -> TimeDelta {
        let rest = answer::rest(failing_since, now);
        match self.url {
            Target::Url(_) => rest,
            Target::Telephone(_) => rest.min(dial_command::LAPSE / 10),
        }
    }

    /// When what happened at `at` is not worth sending any more, if that time comes.
    pub fn lapse(&self, at: Instant) -> Option<Instant> {
        self.is_telephone().then(|| at + dial_command::LAPSE)
    }
}

spelled!(
    /// What stopped an endpoint, if no admin did.
    Stopped, "one of gone, refused", {
        /// It answered 410: it wants no more.
        Gone = "gone",
        /// The carrier does not know us, or does not let us call.
        Refused = "refused",
    }
);

spelled!(
    /// Where the delivery of an event to an endpoint stands that did not come to pass at once.
    DeliveryState, "one of waiting, dead", {
        /// For another attempt, or for an earlier event about the same subject.
        Waiting = "waiting",
        /// After the last attempt.
        Dead = "dead",
    }
);

/// An event that was not delivered to an endpoint at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Delivery {
    /// The event's place in the log.
    pub seq: u64,
    /// The event, and the `webhook-id` of every attempt.
    pub event: EventId,
    pub r#type: String,
    pub subject: String,
    /// When the event happened.
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    pub state: DeliveryState,
    /// So many have failed.
    pub attempts: u32,
    /// When the next one is; none while an earlier event about the subject waits, and for what is dead.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Instant>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub tried_at: Option<Instant>,
    /// What the last attempt was answered, if it was.
    pub status: Option<u16>,
    /// Why it failed.
    pub why: Option<String>,
}

//! A label that came to count, as those are told who are to know (A3.2).

use serde::{Deserialize, Serialize};

use crate::domain::availability::ActiveAvailability;
use crate::domain::dial_command::Keys;
use crate::domain::policy::Policy;
use crate::domain::presence_code::{Label, LabelText, PresenceCode, ReasonCode, Sink};
use crate::domain::time::Instant;

/// The label as it was then: the policy may know another one by its name later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// Of the presence.
    pub generation: u64,
    pub at: Instant,
    pub label: LabelText,
    pub reason_code: Option<ReasonCode>,
    pub code: PresenceCode,
    pub sink: Sink,
}

impl Chosen {
    /// None where there is no label, or nobody else is to know.
    pub fn of(active: &ActiveAvailability, policy: &Policy) -> Option<Self> {
        let Label { text, reason_code, code, sink } = policy.label(active.label()?)?.clone();
        let (generation, at) = (active.generation, active.at);
        match sink {
            Sink::None => None,
            Sink::DialCommand | Sink::Http => {
                Some(Self { generation, at, label: text, reason_code, code, sink })
            }
        }
    }

    /// What is dialled to tell the telephone system.
    pub fn keys(&self) -> Option<Keys> {
        match self.sink {
            Sink::DialCommand => self.reason_code.as_ref()?.keys(),
            Sink::None | Sink::Http => None,
        }
    }
}

//! A call as the carrier tells of it, and how it went for us.

use crate::domain::time::Instant;

spelled!(
    /// The carrier's status of a call, <https://www.twilio.com/docs/voice/api/call-resource#call-status-values>.
    CallStatus, "one of queued, initiated, ringing, in-progress, completed, busy, failed, no-answer, canceled", {
        Queued = "queued",
        Initiated = "initiated",
        Ringing = "ringing",
        InProgress = "in-progress",
        Completed = "completed",
        Busy = "busy",
        Failed = "failed",
        NoAnswer = "no-answer",
        Canceled = "canceled",
    }
);

impl CallStatus {
    /// Whether the call is over.
    pub fn is_final(self) -> bool {
        match self {
            Self::Completed | Self::Busy | Self::Failed | Self::NoAnswer | Self::Canceled => true,
            Self::Queued | Self::Initiated | Self::Ringing | Self::InProgress => false,
        }
    }

    /// Whether news of `self` moves a call on that stands at `known`. Callbacks come in any order and more
    /// than once: the carrier's sequence numbers decide where both carry one, the statuses' own order
    /// where not, and a call that is over stays so (I19).
    pub fn follows(self, known: Self, sequence: Option<u32>, known_sequence: Option<u32>) -> bool {
        match (sequence, known_sequence) {
            _ if known.is_final() => false,
            _ if self.is_final() => true,
            (Some(new), Some(old)) => new > old,
            (None, _) | (_, None) => self > known,
        }
    }
}

spelled!(
    /// How a call went, for reports. A call has the last of them that came true.
    Outcome, "an outcome of a call", {
        /// The agent went on duty, or got another end.
        Online = "online",
        Offline = "offline",
        /// The agent was on duty and left it so.
        Kept = "kept",
        /// A supervisor keeps the agent off duty.
        Held = "held",
        /// The caller is no agent.
        Unknown = "unknown",
        /// A wrong PIN too often.
        Refused = "refused",
        /// Invalid keys or silence too often.
        GaveUp = "gave_up",
        /// The flow ran to its end without touching presence.
        Finished = "finished",
        /// The caller hung up before anything was decided (D11).
        Abandoned = "abandoned",
        /// The carrier never said how the call ended.
        Lost = "lost",
    }
);

spelled!(
    /// Why a caller is nobody's agent (D30, D32, D35).
    LookupMiss, "a reason for a failed look-up", {
        Withheld = "withheld",
        /// Not a telephone number.
        NoNumber = "no_number",
        /// No user has the number.
        NoAgent = "no_agent",
        /// The user who has it is not active.
        Inactive = "inactive",
        /// Several users have it, which should be impossible (D32).
        Ambiguous = "ambiguous",
    }
);

/// The longest that a carrier keeps a call up; turns of older ones are not acted upon (I14).
pub const LONGEST_CALL: chrono::TimeDelta = chrono::TimeDelta::hours(4);

/// Whether a call that began then may still be going on.
pub fn may_be_live(started: Instant, now: Instant) -> bool {
    now - started <= LONGEST_CALL
}

#[cfg(test)]
mod tests {
    use super::CallStatus::{Completed, Failed, InProgress, Ringing};

    #[test]
    fn a_status_only_rises() {
        for (new, known, sequence, known_sequence, moves) in [
            (InProgress, Ringing, None, None, true),
            (Ringing, InProgress, None, None, false),
            (Ringing, Ringing, None, None, false),
            (InProgress, Ringing, Some(2), Some(1), true),
            (InProgress, Ringing, Some(1), Some(1), false),
            (Ringing, InProgress, Some(3), Some(2), true),
            (Completed, InProgress, Some(0), Some(2), true),
            (Failed, Completed, Some(9), Some(2), false),
            (InProgress, Completed, Some(9), Some(2), false),
        ] {
            assert_eq!(new.follows(known, sequence, known_sequence), moves, "{new} after {known}");
        }
    }
}

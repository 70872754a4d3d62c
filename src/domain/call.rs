//! A call as the carrier tells of it, and how it went for us. Callbacks arrive in any order and more than
//! once, so that the news is what is left when all are folded together (I19).

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
    /// Whether the call is over, and nothing can come after.
    pub fn is_final(self) -> bool {
        self.rank() == FINAL_RANK
    }

    fn rank(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Initiated => 1,
            Self::Ringing => 2,
            Self::InProgress => 3,
            Self::Completed | Self::Busy | Self::Failed | Self::NoAnswer | Self::Canceled => FINAL_RANK,
        }
    }
}

const FINAL_RANK: u8 = 4;

/// What one callback says of a call's progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub status: CallStatus,
    /// The carrier's own count of its callbacks, from 0, where it keeps one.
    pub sequence: Option<u32>,
}

impl Progress {
    /// What is known once `report` has come in as well: what ended stays ended, and nothing goes back.
    #[must_use]
    pub fn after(self, report: Self) -> Self {
        let later = match (self.sequence, report.sequence) {
            (Some(known), Some(reported)) => reported > known,
            (None, _) | (_, None) => report.status.rank() > self.status.rank(),
        };
        let rises = report.status.rank() >= self.status.rank() && (later || report.status.is_final());
        if rises && !self.status.is_final() { report } else { self }
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
    use super::CallStatus::{
        Busy, Canceled, Completed, Failed, InProgress, Initiated, NoAnswer, Queued, Ringing,
    };
    use super::*;

    const ALL: [CallStatus; 9] =
        [Queued, Initiated, Ringing, InProgress, Completed, Busy, Failed, NoAnswer, Canceled];

    fn progress(status: CallStatus, sequence: impl Into<Option<u32>>) -> Progress {
        Progress { status, sequence: sequence.into() }
    }

    #[test]
    fn a_status_reads_as_it_is_written() {
        for status in ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert!("Completed".parse::<CallStatus>().is_err());
    }

    #[test]
    fn a_late_or_repeated_callback_changes_nothing() {
        let unnumbered = |status| progress(status, None);
        for (known, report, then) in [
            (progress(Ringing, 1), progress(InProgress, 2), progress(InProgress, 2)),
            (progress(InProgress, 2), progress(Ringing, 1), progress(InProgress, 2)),
            (progress(InProgress, 2), progress(InProgress, 2), progress(InProgress, 2)),
            (progress(InProgress, 2), progress(InProgress, 3), progress(InProgress, 3)),
            (progress(InProgress, 2), progress(Ringing, 3), progress(InProgress, 2)),
            (progress(InProgress, 2), progress(Completed, 0), progress(Completed, 0)),
            (progress(Completed, 3), progress(Busy, 4), progress(Completed, 3)),
            (progress(Completed, 3), progress(InProgress, 4), progress(Completed, 3)),
            (unnumbered(Ringing), unnumbered(InProgress), unnumbered(InProgress)),
            (unnumbered(InProgress), unnumbered(Ringing), unnumbered(InProgress)),
            (unnumbered(InProgress), progress(InProgress, 0), unnumbered(InProgress)),
            (progress(Ringing, 1), unnumbered(NoAnswer), unnumbered(NoAnswer)),
        ] {
            assert_eq!(known.after(report), then, "{known:?} after {report:?}");
        }
    }

    #[test]
    fn no_callback_takes_a_call_back() {
        let sequences = [None, Some(0), Some(1)];
        let reports = || ALL.into_iter().flat_map(|status| sequences.map(|number| progress(status, number)));
        for (known, report) in reports().flat_map(|known| reports().map(move |report| (known, report))) {
            let then = known.after(report);
            assert!(then.status.rank() >= known.status.rank(), "{known:?} after {report:?}");
            assert!(!known.status.is_final() || then == known, "{known:?} after {report:?}");
            assert!(!report.status.is_final() || then.status.is_final(), "{known:?} after {report:?}");
        }
    }
}

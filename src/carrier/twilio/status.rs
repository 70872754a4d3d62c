//! Status callbacks: how far a call has come. They arrive in any order and more than once
//! (<https://www.twilio.com/docs/voice/api/call-resource#statuscallback>), so that the news is what is left
//! when all are folded together (I19).

use std::str::FromStr;

use crate::carrier::twilio::form::{BadField, Form};
use crate::domain::ids::{AccountSid, CallSid};

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallStatus {
    Queued,
    Initiated,
    Ringing,
    InProgress,
    Completed,
    Busy,
    Failed,
    NoAnswer,
    Canceled,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a call status")]
pub struct UnknownStatus(String);

impl CallStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Initiated => "initiated",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::NoAnswer => "no-answer",
            Self::Canceled => "canceled",
        }
    }

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

impl FromStr for CallStatus {
    type Err = UnknownStatus;
    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Ok(match text {
            "queued" => Self::Queued,
            "initiated" => Self::Initiated,
            "ringing" => Self::Ringing,
            "in-progress" => Self::InProgress,
            "completed" => Self::Completed,
            "busy" => Self::Busy,
            "failed" => Self::Failed,
            "no-answer" => Self::NoAnswer,
            "canceled" => Self::Canceled,
            _ => return Err(UnknownStatus(text.to_owned())),
        })
    }
}

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

/// A status callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusForm {
    pub account_sid: AccountSid,
    pub call_sid: CallSid,
    pub progress: Progress,
    /// Seconds that the call lasted, once it is over.
    pub call_duration_s: Option<u32>,
}

impl StatusForm {
    pub fn read(form: &Form) -> Result<Self, BadField> {
        Ok(Self {
            account_sid: form.required("AccountSid")?,
            call_sid: form.required("CallSid")?,
            progress: Progress {
                status: form.required("CallStatus")?,
                sequence: form.optional("SequenceNumber")?,
            },
            call_duration_s: form.optional("CallDuration")?,
        })
    }
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

    #[test]
    fn a_callback_names_its_call() {
        let body =
            b"AccountSid=AC1&CallSid=CA1&CallStatus=completed&SequenceNumber=3&CallDuration=61&Duration=2";
        assert_eq!(
            StatusForm::read(&Form::decode(body)),
            Ok(StatusForm {
                account_sid: "AC1".parse().expect("a name"),
                call_sid: "CA1".parse().expect("a name"),
                progress: progress(Completed, 3),
                call_duration_s: Some(61),
            })
        );
        let unknown = Form::decode(b"AccountSid=AC1&CallSid=CA1&CallStatus=gone");
        assert_eq!(
            StatusForm::read(&unknown).expect_err("no status").to_string(),
            "the webhook's `CallStatus` is wrong: `gone` is not a call status"
        );
    }
}

//! Status callbacks: how far a call has come
//! (<https://www.twilio.com/docs/voice/api/call-resource#statuscallback>).

use crate::carrier::twilio::form::{BadField, Form};
use crate::domain::call::Progress;
use crate::domain::ids::{AccountSid, CallSid};

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
    use super::*;
    use crate::domain::call::CallStatus;

    #[test]
    fn a_callback_names_its_call() {
        let body =
            b"AccountSid=AC1&CallSid=CA1&CallStatus=completed&SequenceNumber=3&CallDuration=61&Duration=2";
        assert_eq!(
            StatusForm::read(&Form::decode(body)),
            Ok(StatusForm {
                account_sid: "AC1".parse().expect("a name"),
                call_sid: "CA1".parse().expect("a name"),
                progress: Progress { status: CallStatus::Completed, sequence: Some(3) },
                call_duration_s: Some(61),
            })
        );
        let unknown = Form::decode(b"AccountSid=AC1&CallSid=CA1&CallStatus=gone");
        assert_eq!(
            StatusForm::read(&unknown).expect_err("no status").to_string(),
            "the webhook's `CallStatus` is wrong: `gone` is not one of queued, initiated, ringing, in-progress, completed, busy, failed, no-answer, canceled"
        );
    }
}

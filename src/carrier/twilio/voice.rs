//! The webhook of a live call: a call comes in, or asks for its next turn
//! (<https://www.twilio.com/docs/voice/twiml#request-parameters>).

use std::str::FromStr;

use crate::carrier::twilio::form::{BadField, Form};
use crate::domain::ids::{AccountSid, CallSid};
use crate::domain::trust::Attestation;

/// What the engine needs of a voice webhook. Addresses stay text: a withheld number is not one (D30).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceForm {
    pub account_sid: AccountSid,
    pub call_sid: CallSid,
    pub direction: Direction,
    /// Empty if the caller's number is withheld by leaving it out.
    pub from: String,
    pub to: String,
    /// Keys as sent, one or more characters that anybody may have written; none is silence.
    pub digits: Option<String>,
    pub attestation: Attestation,
}

/// Who called whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Inbound,
    /// We, or the carrier on our behalf, called out.
    Outbound,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither `inbound` nor one of the `outbound-..`")]
pub struct UnknownDirection(String);

impl FromStr for Direction {
    type Err = UnknownDirection;
    fn from_str(text: &str) -> Result<Self, UnknownDirection> {
        match text {
            "inbound" => Ok(Self::Inbound),
            // Twilio tells `outbound-api` from `outbound-dial`, Telnyx says `outbound`.
            "outbound" | "outbound-api" | "outbound-dial" => Ok(Self::Outbound),
            _ => Err(UnknownDirection(text.to_owned())),
        }
    }
}

impl VoiceForm {
    pub fn read(form: &Form) -> Result<Self, BadField> {
        Ok(Self {
            account_sid: form.required("AccountSid")?,
            call_sid: form.required("CallSid")?,
            direction: form.optional("Direction")?.unwrap_or(Direction::Inbound),
            from: form.get("From").unwrap_or_default().to_owned(),
            to: form.get("To").ok_or(BadField::Missing("To"))?.to_owned(),
            digits: form.get("Digits").map(str::to_owned),
            attestation: attestation(form),
        })
    }

    /// The agent's end of the call: who calls us, or whom we called (D50).
    pub fn agent_address(&self) -> &str {
        match self.direction {
            Direction::Inbound => &self.from,
            Direction::Outbound => &self.to,
        }
    }

    /// Our end of the call: the number that decides which flow runs.
    pub fn line_address(&self) -> &str {
        match self.direction {
            Direction::Inbound => &self.to,
            Direction::Outbound => &self.from,
        }
    }
}

/// A forwarded call is as good as unattested: the attested number is not the one that is calling (D57).
fn attestation(form: &Form) -> Attestation {
    match (form.get("StirVerstat"), form.get("ForwardedFrom")) {
        (Some("TN-Validation-Passed-A"), None) => Attestation::Full,
        (Some(_) | None, _) => Attestation::Less,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &str = "AccountSid=AC1&CallSid=CA1&From=%2B15062345678&To=%2B15065550100";

    fn read(more: &str) -> VoiceForm {
        VoiceForm::read(&Form::decode(format!("{CALL}{more}").as_bytes())).expect("a voice form")
    }

    #[test]
    fn the_agent_is_whoever_is_not_the_line() {
        for (direction, agent, line) in [
            ("", "+15062345678", "+15065550100"),
            ("&Direction=", "+15062345678", "+15065550100"),
            ("&Direction=inbound", "+15062345678", "+15065550100"),
            ("&Direction=outbound-api", "+15065550100", "+15062345678"),
            ("&Direction=outbound-dial", "+15065550100", "+15062345678"),
        ] {
            let form = read(direction);
            assert_eq!((form.agent_address(), form.line_address()), (agent, line), "{direction}");
        }
    }

    #[test]
    fn no_digits_are_silence() {
        for (digits, kept) in
            [("", None), ("&Digits=", None), ("&Digits=08", Some("08")), ("&Digits=%00x", Some("\0x"))]
        {
            assert_eq!(read(digits).digits.as_deref(), kept, "{digits}");
        }
    }

    #[test]
    fn only_a_passed_a_of_a_call_that_was_not_forwarded_is_full() {
        for (stir, attestation) in [
            ("&StirVerstat=TN-Validation-Passed-A", Attestation::Full),
            ("&StirVerstat=TN-Validation-Passed-A&ForwardedFrom=", Attestation::Full),
            ("&StirVerstat=TN-Validation-Passed-A&ForwardedFrom=%2B15062345679", Attestation::Less),
            ("&StirVerstat=TN-Validation-Passed-A-Diverted", Attestation::Less),
            ("&StirVerstat=TN-Validation-Passed-B", Attestation::Less),
            ("&StirVerstat=TN-Validation-Failed-A", Attestation::Less),
            ("&StirVerstat=No-TN-Validation", Attestation::Less),
            ("", Attestation::Less),
        ] {
            assert_eq!(read(stir).attestation, attestation, "{stir}");
        }
    }

    #[test]
    fn a_withheld_number_may_be_left_out_but_the_line_may_not() {
        let without_from = Form::decode(b"AccountSid=AC1&CallSid=CA1&To=%2B15065550100");
        assert_eq!(VoiceForm::read(&without_from).map(|form| form.from), Ok(String::new()));
        for (body, message) in [
            ("CallSid=CA1&To=1", "the webhook lacks `AccountSid`"),
            ("AccountSid=AC1&CallSid=&To=1", "the webhook lacks `CallSid`"),
            ("AccountSid=AC1&CallSid=CA1", "the webhook lacks `To`"),
            (
                "AccountSid=AC1&CallSid=C+1&To=1",
                "the webhook's `CallSid` is wrong: `C 1` is not 1 to 128 visible ASCII characters",
            ),
            (
                "AccountSid=AC1&CallSid=CA1&To=1&Direction=up",
                "the webhook's `Direction` is wrong: `up` is neither `inbound` nor one of the `outbound-..`",
            ),
        ] {
            let error = VoiceForm::read(&Form::decode(body.as_bytes())).expect_err(body);
            assert_eq!(error.to_string(), message);
        }
    }
}

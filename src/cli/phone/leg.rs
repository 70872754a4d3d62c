//! One call as the carrier's webhooks describe it
//! (<https://www.twilio.com/docs/voice/twiml#request-parameters>).

use crate::carrier::twilio::status::CallStatus;
use crate::domain::ids::{AccountSid, CallSid};

/// What is the same in every webhook of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    pub account_sid: AccountSid,
    pub call_sid: CallSid,
    /// Any text: carriers send words for a withheld number.
    pub from: String,
    pub to: String,
    pub stir: Option<Stir>,
}

/// What the carriers between say of the caller's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Stir {
    /// The caller's carrier knows the caller, and that the number is theirs
    #[value(name = "A")]
    A,
    /// The caller's carrier knows the caller only
    #[value(name = "B")]
    B,
    /// The caller's carrier knows only where the call came in
    #[value(name = "C")]
    C,
    /// Nobody vouches for anything
    #[value(name = "none")]
    None,
}

impl Stir {
    fn verdict(self) -> &'static str {
        match self {
            Self::A => "TN-Validation-Passed-A",
            Self::B => "TN-Validation-Passed-B",
            Self::C => "TN-Validation-Passed-C",
            Self::None => "No-TN-Validation",
        }
    }
}

impl Leg {
    /// The parameters of a webhook while the call is in `status`, and what else the occasion brings.
    pub fn form(&self, status: CallStatus, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let always = [
            ("AccountSid", self.account_sid.as_str()),
            ("ApiVersion", "2010-04-01"),
            ("CallSid", self.call_sid.as_str()),
            ("CallStatus", status.as_str()),
            ("Called", &self.to),
            ("Caller", &self.from),
            ("Direction", "inbound"),
            ("From", &self.from),
            ("To", &self.to),
        ];
        let stir = self.stir.map(|stir| ("StirVerstat", stir.verdict()));
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        always.iter().chain(&stir).chain(more).map(owned).chain(places()).collect()
    }
}

/// Where the numbers are at home, which the carrier often does not know, and says so with empty values.
fn places() -> impl Iterator<Item = (String, String)> {
    ["Called", "Caller", "From", "To"].into_iter().flat_map(|end| {
        ["City", "State", "Zip", "Country"].map(|place| (format!("{end}{place}"), String::new()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::twilio::form::Form;
    use crate::carrier::twilio::voice::VoiceForm;
    use crate::domain::trust::Attestation;

    fn leg(stir: Option<Stir>) -> Leg {
        Leg {
            account_sid: "AC1".parse().expect("a name"),
            call_sid: "CA1".parse().expect("a name"),
            from: "+15062345678".into(),
            to: "+15065550100".into(),
            stir,
        }
    }

    #[test]
    fn the_server_reads_what_the_phone_sends() {
        for (stir, attestation) in [
            (Some(Stir::A), Attestation::Full),
            (Some(Stir::B), Attestation::Less),
            (Some(Stir::None), Attestation::Less),
            (None, Attestation::Less),
        ] {
            let pairs = leg(stir).form(CallStatus::InProgress, &[("Digits", "08")]);
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            let read = VoiceForm::read(&Form::decode(body.as_bytes())).expect("a voice form");
            assert_eq!(read.agent_address(), "+15062345678");
            assert_eq!(read.line_address(), "+15065550100");
            assert_eq!(read.digits.as_deref(), Some("08"));
            assert_eq!(read.attestation, attestation);
        }
    }
}

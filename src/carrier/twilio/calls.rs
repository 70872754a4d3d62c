//! Calls that Twilio is asked for (<https://www.twilio.com/docs/voice/api/call-resource#create-a-call-resource>).

use crate::domain::dial_command::Command;
use crate::domain::ids::AccountSid;

/// Nothing is said once the keys are dialled.
const DOCUMENT: &str = "<Response><Hangup/></Response>";

/// Where an account asks for calls, of an API that has this address.
pub fn url(api: &str, account: &AccountSid) -> String {
    format!("{api}/2010-04-01/Accounts/{account}/Calls.json")
}

/// The form that asks for the call.
pub fn form(command: &Command) -> Vec<(&'static str, String)> {
    vec![
        ("To", command.to.to_string()),
        ("From", command.from.to_string()),
        ("SendDigits", command.keys.to_string()),
        ("Twiml", DOCUMENT.to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_asked_for_in_twilios_words() {
        let account = "AC0123456789abcdef0123456789abcdef".parse().expect("an account");
        let url = url("https://api.twilio.com", &account);
        let wanted =
            "https://api.twilio.com/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Calls.json";
        assert_eq!(url, wanted);
        let number = |text: &str| text.parse().expect("a number");
        let (to, from) = (number("+15065550160"), number("+15065550100"));
        let form = form(&Command { to, from, keys: "ww*61#".parse().expect("keys") });
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(
            form,
            [
                ("To", "+15065550160"),
                ("From", "+15065550100"),
                ("SendDigits", "ww*61#"),
                ("Twiml", "<Response><Hangup/></Response>"),
            ]
        );
    }
}

//! Twilio's webhooks and the calls that it is asked for (<https://www.twilio.com/docs/usage/webhooks/voice-webhooks>), and those of carriers
//! that speak as Twilio does.

pub mod calls;
pub mod form;
pub mod signature;
pub mod status;
pub mod voice;

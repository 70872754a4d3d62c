//! A phone in the terminal, and the carrier that it hangs on. The carrier's half is strict where carriers
//! are: what it refuses, a caller would hear as "an application error has occurred".
//!
//! It knows the server only by its webhooks, and reads TwiML with another parser than the one that writes
//! it, so that it can find fault.

pub mod answer;
pub mod conversation;
pub mod document;
pub mod exchange;
pub mod heard;
pub mod keypad;
pub mod leg;

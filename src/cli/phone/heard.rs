//! What the person at the phone hears and does, as lines of a transcript.

use std::fmt;

use crate::cli::phone::document::{Refusal, Sound};
use crate::domain::call::CallStatus;

/// One line of the transcript.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    Sound(Sound),
    YouPress(String),
    YouWait,
    End(Ending),
}

/// Who ended the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    TheLineHungUp,
    YouHungUp,
    Refused(Refusal),
}

impl Ending {
    /// The status that the carrier reports (<https://www.twilio.com/docs/voice/twiml/reject>).
    pub fn status(self) -> CallStatus {
        match self {
            Self::TheLineHungUp | Self::YouHungUp => CallStatus::Completed,
            Self::Refused(Refusal::NotInService) => CallStatus::NoAnswer,
            Self::Refused(Refusal::Busy) => CallStatus::Busy,
        }
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sound(Sound::Say(text)) => {
                write!(f, "  line says: {}", text.split_whitespace().collect::<Vec<_>>().join(" "))
            }
            Self::Sound(Sound::Play(url)) => write!(f, "  [plays {url}]"),
            Self::Sound(Sound::Pause(time)) => write!(f, "  [pauses {} s]", time.as_secs()),
            Self::YouPress(keys) => write!(f, "  you press: {keys}"),
            Self::YouWait => f.write_str("  you press nothing"),
            Self::End(Ending::TheLineHungUp) => f.write_str("  -- the line hangs up --"),
            Self::End(Ending::YouHungUp) => f.write_str("  -- you hang up --"),
            Self::End(Ending::Refused(Refusal::NotInService)) => {
                f.write_str("  -- the line rejects the call --")
            }
            Self::End(Ending::Refused(Refusal::Busy)) => f.write_str("  -- the line is busy --"),
        }
    }
}

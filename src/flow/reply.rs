//! What a caller hears next, and what the line then waits for: the engine's answer to one turn, in no
//! carrier's words.
//!
//! A reply is some speech and then exactly one ending, so that a menu without a way on, a verb after a
//! hang-up, or a dial inside a gather cannot be written down.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{BadName, Language, Sha256Hex};

/// The whole answer to one turn of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Spoken first, whatever keys are pressed meanwhile.
    pub speech: Vec<Speech>,
    pub then: Then,
}

impl Reply {
    /// Not a word more.
    pub fn hang_up() -> Self {
        Self { speech: Vec::new(), then: Then::HangUp }
    }
}

/// How a reply ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Ask for keys. Silence comes back as a turn of its own.
    Gather(Gather),
    /// Ask for the next turn at once.
    Redirect,
    HangUp,
    /// Refuse the call unanswered and unbilled; only as the first thing a call hears.
    Reject,
}

/// A question that is answered with keys (DTMF).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gather {
    /// Spoken while listening; the first key stops it.
    pub prompt: Vec<Speech>,
    /// The carrier stops listening after this many keys.
    pub max_digits: u8,
    /// Whether the hash key ends the entry and is swallowed; else it is a key like the others.
    pub hash_finishes: bool,
    /// Seconds of silence, after the prompt and again after each key, that end the question.
    pub timeout_s: u8,
}

/// One piece of speech.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speech {
    /// Text for the carrier's voice to read.
    Say { text: String, language: Language },
    /// A recording.
    Play(MediaRef),
}

/// A recording by its content: served at `/media/{sha256}.{format}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MediaRef {
    pub sha256: Sha256Hex,
    pub format: MediaFormat,
}

impl MediaRef {
    /// The file's name in a URL or a folder, `{sha256}.wav`.
    pub fn file_name(&self) -> String {
        format!("{}.{}", self.sha256.as_str(), self.format.extension())
    }
}

impl FromStr for MediaRef {
    type Err = BadName;
    fn from_str(file: &str) -> Result<Self, BadName> {
        let bad = || BadName { value: file.to_owned(), expected: "a digest, a dot, and `wav` or `mp3`" };
        let (sha256, extension) = file.split_once('.').ok_or_else(bad)?;
        let format = MediaFormat::of_extension(extension).ok_or_else(bad)?;
        Ok(Self { sha256: sha256.parse()?, format })
    }
}

/// Kinds of recording that carriers play (A1.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaFormat {
    Wav,
    Mp3,
}

impl MediaFormat {
    pub fn of_extension(extension: &str) -> Option<Self> {
        [Self::Wav, Self::Mp3].into_iter().find(|format| format.extension() == extension)
    }

    pub fn extension(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Mp3 => "audio/mpeg",
        }
    }
}

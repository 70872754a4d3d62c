//! What came of speaking a prompt.

use crate::domain::ids::{Language, Name};
use crate::flow::prompt::template::Placeholder;
use crate::flow::reply::Speech;

/// Speech, and the prompts that could not be spoken as they should.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spoken {
    pub speech: Vec<Speech>,
    pub fallbacks: Vec<Fallback>,
}

/// A prompt that could not be spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallback {
    pub prompt: Name,
    /// The language it was wanted in.
    pub language: Language,
    pub why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    #[error("no such prompt")]
    Missing,
    #[error("its recording is gone")]
    MediaGone,
    #[error("its recording speaks of other presets than the caller has")]
    OtherPresets,
    #[error("nothing to fill in for `{0}` here")]
    NothingFor(Placeholder),
}

impl Spoken {
    /// This, and then `next`.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let Self { speech, mut fallbacks } = self;
        fallbacks.extend(next.fallbacks);
        Self { speech: joined(speech.into_iter().chain(next.speech)), fallbacks }
    }
}

/// The speech with texts of one language that meet made into one, which a voice reads best.
pub(super) fn joined(speech: impl IntoIterator<Item = Speech>) -> Vec<Speech> {
    let mut whole: Vec<Speech> = Vec::new();
    for next in speech {
        match (whole.last_mut(), next) {
            (Some(Speech::Say { text, language }), Speech::Say { text: more, language: same })
                if *language == same =>
            {
                text.push(' ');
                text.push_str(&more);
            }
            (_, next) => whole.push(next),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(text: &str, language: &str) -> Speech {
        Speech::Say { text: text.to_owned(), language: language.parse().expect("a tag") }
    }

    #[test]
    fn texts_of_one_language_that_meet_become_one() {
        let first = Spoken { speech: vec![say("Sorry.", "en-US")], fallbacks: Vec::new() };
        let next =
            Spoken { speech: vec![say("Again.", "en-US"), say("Encore.", "fr-FR")], fallbacks: Vec::new() };
        assert_eq!(first.then(next).speech, [say("Sorry. Again.", "en-US"), say("Encore.", "fr-FR")]);
    }
}

//! Prompts as they stand in files: one file a language, the shipped ones in `prompts/` and a tenant's own
//! alike.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{Language, Name};
use crate::domain::time::Hours;
use crate::flow::prompt::Line;
use crate::flow::prompt::catalogue::Content;
use crate::flow::prompt::template::Template;

/// A tenant's prompts in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptFile {
    pub language: Language,
    #[serde(default)]
    pub prompt: BTreeMap<Name, FilePrompt>,
}

/// One prompt of a file, with one of the keys `say`, `play` and `list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Keys", into = "Keys")]
pub enum FilePrompt {
    Say(Template),
    /// A recording by its file's name, and the presets that it speaks of; none if it speaks of none.
    Play {
        file: String,
        presets: Vec<Hours>,
    },
    List(Vec<Name>),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFilePrompt {
    #[error("a prompt has one of the keys `say`, `play` and `list`")]
    NotOne,
    #[error("`presets` belongs to a recording: give `play` as well")]
    PresetsAlone,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Keys {
    #[serde(skip_serializing_if = "Option::is_none")]
    say: Option<Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    play: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    presets: Vec<Hours>,
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<Vec<Name>>,
}

impl TryFrom<Keys> for FilePrompt {
    type Error = BadFilePrompt;
    fn try_from(keys: Keys) -> Result<Self, BadFilePrompt> {
        let Keys { say, play, presets, list } = keys;
        if play.is_none() && !presets.is_empty() {
            return Err(BadFilePrompt::PresetsAlone);
        }
        match (say, play, list) {
            (Some(text), None, None) => Ok(Self::Say(text)),
            (None, Some(file), None) => Ok(Self::Play { file, presets }),
            (None, None, Some(names)) => Ok(Self::List(names)),
            _ => Err(BadFilePrompt::NotOne),
        }
    }
}

impl From<&Content> for FilePrompt {
    fn from(content: &Content) -> Self {
        match content {
            Content::Say(text) => Self::Say(text.clone()),
            Content::Play { media, presets } => {
                Self::Play { file: media.file_name(), presets: presets.clone() }
            }
            Content::List(names) => Self::List(names.clone()),
        }
    }
}

impl From<FilePrompt> for Keys {
    fn from(prompt: FilePrompt) -> Self {
        match prompt {
            FilePrompt::Say(text) => Self { say: Some(text), ..Self::default() },
            FilePrompt::Play { file, presets } => Self { play: Some(file), presets, ..Self::default() },
            FilePrompt::List(names) => Self { list: Some(names), ..Self::default() },
        }
    }
}

/// What the line says in one language where a tenant has no words of its own.
pub(super) struct BuiltIn {
    /// The tag by which carriers know the voice for the language: `en-US` reads `en`.
    pub(super) speak_as: Language,
    texts: BTreeMap<Line, Template>,
}

/// A shipped file; every prompt in it is text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShippedFile {
    language: Language,
    speak_as: Language,
    prompt: BTreeMap<Name, ShippedPrompt>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShippedPrompt {
    say: Template,
}

static BUILT_IN: LazyLock<BTreeMap<Language, BuiltIn>> = LazyLock::new(|| {
    let shipped = [
        include_str!("../../../prompts/en.toml"),
        include_str!("../../../prompts/es.toml"),
        include_str!("../../../prompts/fr.toml"),
        include_str!("../../../prompts/de.toml"),
    ];
    shipped.into_iter().map(read).collect()
});

fn read(text: &str) -> (Language, BuiltIn) {
    let file: ShippedFile = toml::from_str(text).expect("a test reads every shipped file");
    let line = |name: &Name| Line::named(name).expect("a test finds a line for every shipped prompt");
    let texts = file.prompt.into_iter().map(|(name, prompt)| (line(&name), prompt.say)).collect();
    (file.language, BuiltIn { speak_as: file.speak_as, texts })
}

impl BuiltIn {
    pub(super) fn of(language: &Language) -> Option<&'static Self> {
        BUILT_IN.get(language)
    }

    pub(super) fn text(&self, line: Line) -> Option<&Template> {
        self.texts.get(&line)
    }
}

/// The languages that the line speaks without a tenant's doing.
pub fn built_in_languages() -> impl Iterator<Item = &'static Language> {
    BUILT_IN.keys()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_line_with_all_its_placeholders() {
        let languages: Vec<_> = built_in_languages().map(Language::as_str).collect();
        assert_eq!(languages, ["de", "en", "es", "fr"]);
        for (language, built_in) in BUILT_IN.iter() {
            for line in Line::ALL {
                let text = built_in.text(line);
                let used = text.unwrap_or_else(|| panic!("{language} lacks {line:?}")).placeholders();
                let english = BUILT_IN["en"].text(line).expect("English has it");
                assert_eq!(used, english.placeholders(), "{language} {line:?}");
                let may = line.placeholders();
                assert!(used.iter().all(|placeholder| may.contains(placeholder)), "{language} {line:?}");
            }
        }
    }

    #[test]
    fn a_prompt_of_a_file_says_or_plays_or_lists() {
        let file: PromptFile = toml::from_str(
            r#"
            language = "fr-CA"
            [prompt.welcome]
            list = ["chime", "hello"]
            [prompt.hello]
            say = "Bonjour."
            [prompt.menu]
            play = "menu.wav"
            presets = [8, 24]
            "#,
        )
        .expect("a file");
        assert_eq!(file.prompt.len(), 3);
        let written = toml::to_string(&file).expect("a file can be written");
        assert_eq!(toml::from_str::<PromptFile>(&written), Ok(file));
    }

    #[test]
    fn a_faulty_prompt_of_a_file_is_refused_with_a_reason() {
        for (prompt, reason) in [
            ("", "one of the keys `say`, `play` and `list`"),
            ("say = 'a'\nplay = 'b.wav'", "one of the keys"),
            ("say = 'a'\npresets = [8]", "`presets` belongs to a recording"),
            ("say = 'until {util}'", "unknown placeholder `{util}`"),
            ("sing = 'la'", "unknown field `sing`"),
            ("list = ['Chime']", "`Chime` is not"),
        ] {
            let text = format!("language = 'en'\n[prompt.welcome]\n{prompt}\n");
            let error = toml::from_str::<PromptFile>(&text).expect_err(prompt).to_string();
            assert!(error.contains(reason), "{prompt}: {error}");
        }
    }
}

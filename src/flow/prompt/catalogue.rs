//! A tenant's prompts over the line's own. Nothing here can end a call: what is missing or broken is spoken
//! in the line's own words and reported (D45).

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::{Language, Name};
use crate::domain::time::Hours;
use crate::flow::prompt::Line;
use crate::flow::prompt::file::BuiltIn;
use crate::flow::prompt::lint::{self, PromptIssue};
use crate::flow::prompt::speaker::{Args, Speaker, Voice};
use crate::flow::prompt::spoken::Spoken;
use crate::flow::prompt::template::Template;
use crate::flow::reply::MediaRef;

/// A tenant's prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub language: Language,
    pub name: Name,
    pub content: Content,
}

/// What a prompt is (A1.10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Say(Template),
    /// A recording, and the presets that it speaks of; none if it speaks of none (D46).
    Play {
        media: MediaRef,
        presets: Vec<Hours>,
    },
    /// Other prompts, in order.
    List(Vec<Name>),
}

/// All that can be spoken to a tenant's callers. Its lists end, and its texts ask only for what their lines
/// can fill in.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// The tenant's language.
    language: Language,
    entries: BTreeMap<Language, BTreeMap<Name, Content>>,
    /// Recordings that prompts name and that are not there.
    gone: BTreeSet<MediaRef>,
}

impl Content {
    pub(super) fn text(&self) -> Option<&Template> {
        match self {
            Self::Say(text) => Some(text),
            Self::Play { .. } | Self::List(_) => None,
        }
    }
}

impl Catalogue {
    /// The line's own prompts and no tenant's.
    pub fn built_in() -> Self {
        let language = "en".parse().expect("a tag");
        Self { language, entries: BTreeMap::new(), gone: BTreeSet::new() }
    }

    /// A tenant's catalogue; `media` is the recordings that there are. Refuses what would go wrong on every
    /// call; what merely falls back is for [`lint::lint`] to find.
    pub fn new(
        tenant_language: Language,
        entries: impl IntoIterator<Item = Entry>,
        media: &BTreeSet<MediaRef>,
    ) -> Result<Self, Vec<PromptIssue>> {
        let mut catalogue = Self { language: tenant_language, ..Self::built_in() };
        let mut issues = Vec::new();
        for entry in entries {
            issues.extend(lint::misfits(&entry));
            if let Content::Play { media: wanted, .. } = &entry.content
                && !media.contains(wanted)
            {
                catalogue.gone.insert(wanted.clone());
            }
            let Entry { language, name, content } = entry;
            let prompts = catalogue.entries.entry(language.clone()).or_default();
            if prompts.insert(name.clone(), content).is_some() {
                issues.push(PromptIssue::Twice { prompt: name, language });
            }
        }
        issues.extend(lint::endless_lists(&catalogue));
        if issues.is_empty() { Ok(catalogue) } else { Err(issues) }
    }

    /// Speaks one of the line's own prompts; `own` is the prompt that the flow puts in its place.
    pub fn speak(&self, line: Line, own: Option<&Name>, voice: &Voice<'_>, args: &Args<'_>) -> Spoken {
        let speaker = Speaker { catalogue: self, voice, args };
        let mut fallbacks = Vec::new();
        for name in own.into_iter().chain([&line.name()]) {
            match speaker.perform(name) {
                Ok(speech) => return Spoken { speech, fallbacks },
                Err(fallback) => fallbacks.push(fallback),
            }
        }
        Spoken { speech: speaker.perform_built_in(line).unwrap_or_default(), fallbacks }
    }

    /// Speaks a prompt that a flow names outside the slots; nothing where that fails.
    pub fn play(&self, name: &Name, voice: &Voice<'_>, args: &Args<'_>) -> Spoken {
        match (Speaker { catalogue: self, voice, args }).perform(name) {
            Ok(speech) => Spoken { speech, fallbacks: Vec::new() },
            Err(fallback) => Spoken { speech: Vec::new(), fallbacks: vec![fallback] },
        }
    }

    /// The tenant's prompts by language.
    pub(super) fn entries(&self) -> &BTreeMap<Language, BTreeMap<Name, Content>> {
        &self.entries
    }

    pub(super) fn entry(&self, language: &Language, name: &Name) -> Option<&Content> {
        self.entries.get(language)?.get(name)
    }

    pub(super) fn language(&self) -> &Language {
        &self.language
    }

    pub(super) fn lacks(&self, media: &MediaRef) -> bool {
        self.gone.contains(media)
    }

    /// The text of a line that stands within others, in exactly this language.
    pub(super) fn part(&self, language: &Language, line: Line) -> Option<&Template> {
        let own = self.entry(language, &line.name()).and_then(Content::text);
        own.or_else(|| BuiltIn::of(language)?.text(line))
    }
}

//! From a prompt to speech: whose language, which words, what is filled in.

use std::iter;
use std::sync::LazyLock;

use crate::domain::ids::{Language, Name};
use crate::domain::time::{Hours, Instant, Zone};
use crate::flow::prompt::Line;
use crate::flow::prompt::catalogue::{Catalogue, Content};
use crate::flow::prompt::file::BuiltIn;
use crate::flow::prompt::spoken::{Fallback, Why, joined};
use crate::flow::prompt::template::{Placeholder, Template};
use crate::flow::reply::Speech;
use crate::flow::speech::{Formats, Place};

/// To whom it is spoken, and when.
#[derive(Debug, Clone, Copy)]
pub struct Voice<'a> {
    pub language: &'a Language,
    /// In which times are told.
    pub zone: &'a Zone,
    pub now: Instant,
}

/// What may be filled in at this point of the call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Args<'a> {
    /// The agent's display name.
    pub name: Option<&'a str>,
    /// When the agent's window ends.
    pub until: Option<Instant>,
    /// The most hours that may be asked for.
    pub max: Option<Hours>,
    /// The hours on the keys from 1 on.
    pub presets: &'a [Hours],
    /// Why a supervisor keeps the agent off duty.
    pub reason: Option<&'a str>,
}

/// A catalogue and the occasion on which it speaks.
#[derive(Clone, Copy)]
pub(super) struct Speaker<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) voice: &'a Voice<'a>,
    pub(super) args: &'a Args<'a>,
}

impl Speaker<'_> {
    /// Speaks the prompt `name`: the tenant's, or the line's own if the tenant has none in a language as
    /// near.
    pub(super) fn perform(&self, name: &Name) -> Result<Vec<Speech>, Fallback> {
        let line = Line::named(name);
        for language in self.languages() {
            if let Some(content) = self.catalogue.entry(&language, name.as_str()) {
                return self.content(name, &language, content);
            }
            if let Some(text) = line.and_then(|line| BuiltIn::of(&language)?.text(line)) {
                return self.text(name, &language, text);
            }
        }
        Err(self.fallback(name, Why::Missing))
    }

    /// Speaks the line's own words, whatever the tenant has.
    pub(super) fn perform_built_in(&self, line: Line) -> Result<Vec<Speech>, Fallback> {
        let mut languages = self.languages();
        let (language, text) = languages
            .find_map(|language| BuiltIn::of(&language)?.text(line).map(|text| (language, text)))
            .expect("a test finds every line in English, where every search ends");
        self.text(&line.name(), &language, text)
    }

    /// Where to look for a prompt: the caller's language, then the tenant's, then English.
    fn languages(&self) -> impl Iterator<Item = Language> {
        [self.voice.language, self.catalogue.language(), &ENGLISH].into_iter().flat_map(from_near_to_far)
    }

    fn content(&self, name: &Name, language: &Language, content: &Content) -> Result<Vec<Speech>, Fallback> {
        match content {
            Content::Say(text) => self.text(name, language, text),
            Content::Play { media, .. } if self.catalogue.lacks(media) => {
                Err(self.fallback(name, Why::MediaGone))
            }
            Content::Play { presets, .. } if self.asks_for_others_than(presets) => {
                Err(self.fallback(name, Why::OtherPresets))
            }
            Content::Play { media, .. } => Ok(vec![Speech::Play(media.clone())]),
            Content::List(names) => {
                let parts: Result<Vec<_>, _> = names.iter().map(|name| self.perform(name)).collect();
                parts.map(|parts| joined(parts.into_iter().flatten()))
            }
        }
    }

    /// Whether a recording of these presets would tell the caller of keys that mean something else (D46).
    fn asks_for_others_than(&self, recorded: &[Hours]) -> bool {
        let asked = self.args.presets;
        !recorded.is_empty() && !asked.is_empty() && recorded != asked
    }

    fn text(&self, name: &Name, language: &Language, text: &Template) -> Result<Vec<Speech>, Fallback> {
        let accent = accent(language, self.voice.language);
        let formats = Formats::of(&accent);
        let text = text
            .render(|placeholder| self.fill(placeholder, language, &formats))
            .map_err(|placeholder| self.fallback(name, Why::NothingFor(placeholder)))?;
        let words = Some(text.trim()).filter(|words| !words.is_empty());
        Ok(words.map(|words| Speech::Say { text: words.to_owned(), language: accent }).into_iter().collect())
    }

    fn fill(&self, placeholder: Placeholder, language: &Language, formats: &Formats) -> Option<String> {
        let Args { name, until, max, presets, reason } = *self.args;
        match placeholder {
            Placeholder::Name => name.map(str::to_owned),
            Placeholder::Reason => reason.map(str::to_owned),
            Placeholder::Max => max.map(|hours| formats.hours(hours)),
            Placeholder::Left => until.map(|until| formats.span(until - self.voice.now)),
            Placeholder::Until => until.map(|until| self.moment(until, language, formats)),
            Placeholder::Choices => Some(self.choices(presets, language, formats)),
            Placeholder::Duration
            | Placeholder::Key
            | Placeholder::Day
            | Placeholder::Time
            | Placeholder::Place
            | Placeholder::City => None,
        }
    }

    fn choices(&self, presets: &[Hours], language: &Language, formats: &Formats) -> String {
        let choice = |(key, hours): (usize, &Hours)| {
            let filling =
                [(Placeholder::Duration, formats.hours(*hours)), (Placeholder::Key, key.to_string())];
            self.part(Line::PresetChoice, language, &filling)
        };
        (1..).zip(presets).map(choice).collect::<Vec<_>>().join(" ")
    }

    fn moment(&self, at: Instant, language: &Language, formats: &Formats) -> String {
        let Voice { zone, now, .. } = *self.voice;
        let (at, now) = (zone.local(at), zone.local(now));
        let place = match formats.place(zone, &at) {
            Place::City(city) => self.part(Line::Place, language, &[(Placeholder::City, city)]),
            Place::Offset(offset) => offset,
        };
        let filling = [
            (Placeholder::Day, formats.day(&at, &now)),
            (Placeholder::Time, formats.time(&at)),
            (Placeholder::Place, place),
        ];
        self.part(Line::Moment, language, &filling)
    }

    /// A line that stands within a text of `language`.
    fn part(&self, line: Line, language: &Language, filling: &[(Placeholder, String)]) -> String {
        let mut languages = from_near_to_far(language).chain(self.languages());
        let text = languages.find_map(|language| self.catalogue.part(&language, line));
        let given = |wanted| filling.iter().find(|(placeholder, _)| *placeholder == wanted);
        text.and_then(|text| text.render(|wanted| given(wanted).map(|(_, words)| words.clone())).ok())
            .expect("the catalogue holds a text for every part, with placeholders of that part alone")
    }

    fn fallback(&self, prompt: &Name, why: Why) -> Fallback {
        Fallback { prompt: prompt.clone(), language: self.voice.language.clone(), why }
    }
}

static ENGLISH: LazyLock<Language> = LazyLock::new(|| "en".parse().expect("a tag"));

/// A language and the wider ones above it.
fn from_near_to_far(language: &Language) -> impl Iterator<Item = Language> + use<> {
    iter::successors(Some(language.clone()), Language::parent)
}

/// The voice that reads a text of `language` to a caller who speaks `wanted`: Canada's for a French text
/// and a caller from Quebec.
fn accent(language: &Language, wanted: &Language) -> Language {
    let mut above = iter::successors(wanted.parent(), Language::parent);
    if above.any(|tag| tag == *language) {
        return wanted.clone();
    }
    BuiltIn::of(language).map_or_else(|| language.clone(), |built_in| built_in.speak_as.clone())
}

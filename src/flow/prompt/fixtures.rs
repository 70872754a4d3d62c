//! Prompts for tests.

use std::collections::BTreeSet;

use crate::domain::ids::{Language, Name};
use crate::domain::time::Hours;
use crate::flow::prompt::catalogue::{Catalogue, Content, Entry};
use crate::flow::prompt::issue::PromptIssue;
use crate::flow::reply::{MediaFormat, MediaRef};

pub(super) fn language(tag: &str) -> Language {
    tag.parse().expect("a tag")
}

pub(super) fn name(name: &str) -> Name {
    name.parse().expect("a name")
}

pub(super) fn hours(hours: &[u16]) -> Vec<Hours> {
    hours.iter().map(|hours| Hours::try_from(*hours).expect("hours")).collect()
}

/// The recording whose digest is this digit over and over.
pub(super) fn media(digit: char) -> MediaRef {
    let sha256 = digit.to_string().repeat(64).parse().expect("a digest");
    MediaRef { sha256, format: MediaFormat::Wav }
}

pub(super) fn say(tag: &str, prompt: &str, text: &str) -> Entry {
    entry(tag, prompt, Content::Say(text.parse().expect("a template")))
}

pub(super) fn play(tag: &str, prompt: &str, digit: char, presets: &[u16]) -> Entry {
    entry(tag, prompt, Content::Play { media: media(digit), presets: hours(presets) })
}

pub(super) fn list(tag: &str, prompt: &str, parts: &[&str]) -> Entry {
    entry(tag, prompt, Content::List(parts.iter().map(|part| name(part)).collect()))
}

fn entry(tag: &str, prompt: &str, content: Content) -> Entry {
    Entry { language: language(tag), name: name(prompt), content }
}

/// A catalogue of an English tenant, whose one recording is `media('a')`.
pub(super) fn catalogue(entries: Vec<Entry>) -> Result<Catalogue, Vec<PromptIssue>> {
    Catalogue::new(language("en"), entries, &BTreeSet::from([media('a')]))
}

//! What is wrong with a tenant's prompts. Some faults keep a catalogue from being made; the others fall
//! back on a call, and [`lint`] tells of them before.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use crate::domain::ids::{Language, Name};
use crate::domain::time::Hours;
use crate::flow::model::{Flow, Node, TimedPresence};
use crate::flow::prompt::catalogue::{Catalogue, Content, Entry};
use crate::flow::prompt::file::BuiltIn;
use crate::flow::prompt::template::Placeholder;
use crate::flow::prompt::{Line, Slot};

/// How many prompts a list may come to in all, lists within it counted out.
const MOST_PARTS: usize = 32;

/// How deep lists may stand in lists.
const DEEPEST: usize = 8;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum PromptIssue {
    #[error("prompt `{prompt}` ({language}) is there twice: remove one")]
    Twice { prompt: Name, language: Language },
    #[error("prompt `{prompt}` ({language}) cannot fill in `{placeholder}`: take it out of the text")]
    CannotFill { prompt: Name, language: Language, placeholder: Placeholder },
    #[error("prompt `{prompt}` ({language}) stands within other prompts: make it a text (`say`)")]
    NotText { prompt: Name, language: Language },
    #[error("prompt `{prompt}` is a list that comes back to itself: take it out of its own parts")]
    Cycle { prompt: Name },
    #[error(
        "prompt `{prompt}` is a list of more than {MOST_PARTS} prompts, or more than {DEEPEST} lists deep: shorten it"
    )]
    TooLong { prompt: Name },
    #[error("prompt `{prompt}` ({language}) lists `{missing}`, which there is not: add it, or take it out")]
    ListsMissing { prompt: Name, language: Language, missing: Name },
    #[error("prompt `{prompt}` ({language}) has lost its recording: add it again")]
    MediaGone { prompt: Name, language: Language },
    #[error("prompt `{prompt}` is not there in `{language}`: add it")]
    Untranslated { prompt: Name, language: Language },
    #[error("prompt `{prompt}` fills in other things in `{language}` than in `{other}`: make them the same")]
    FillsOtherThings { prompt: Name, language: Language, other: Language },
    #[error("flow `{flow}`, node `{node}`: there is no prompt `{prompt}`: add it, or name another")]
    FlowNamesMissing { flow: Name, node: Name, prompt: Name },
    #[error("flow `{flow}`, node `{node}`: prompt `{prompt}` ({language}) wants `{placeholder}`, which `{}` cannot fill in", .slot.as_str())]
    SlotCannotFill {
        flow: Name,
        node: Name,
        slot: Slot,
        prompt: Name,
        language: Language,
        placeholder: Placeholder,
    },
    #[error(
        "flow `{flow}`, node `{node}`: the recording `{prompt}` ({language}) speaks of other presets than the node has: record it anew"
    )]
    OutdatedRecording { flow: Name, node: Name, prompt: Name, language: Language },
}

/// Everything that falls back, or sounds wrong, on a call: of the prompts themselves and of `flows` that use
/// them.
pub fn lint<'a>(catalogue: &Catalogue, flows: impl IntoIterator<Item = &'a Flow>) -> Vec<PromptIssue> {
    let mut issues = BTreeSet::new();
    for (language, prompts) in catalogue.entries() {
        for (name, content) in prompts {
            issues.extend(broken(catalogue, language, name, content));
        }
        issues.extend(untranslated(catalogue, language));
    }
    issues.extend(other_fillings(catalogue));
    for flow in flows {
        for (name, node) in &flow.nodes {
            issues.extend(Speaking { catalogue, flow: &flow.name, node: name }.check(node));
        }
    }
    issues.into_iter().collect()
}

/// What keeps an entry from standing where its name puts it.
pub(super) fn misfits(entry: &Entry) -> Vec<PromptIssue> {
    let (prompt, language) = (&entry.name, &entry.language);
    let Some(line) = Line::named(prompt) else { return Vec::new() };
    match &entry.content {
        Content::Say(text) => {
            let beyond =
                text.placeholders().into_iter().filter(|wanted| !line.placeholders().contains(wanted));
            let issue = |placeholder| PromptIssue::CannotFill {
                prompt: prompt.clone(),
                language: language.clone(),
                placeholder,
            };
            beyond.map(issue).collect()
        }
        Content::Play { .. } | Content::List(_) if line.is_part() => {
            vec![PromptIssue::NotText { prompt: prompt.clone(), language: language.clone() }]
        }
        Content::Play { .. } | Content::List(_) => Vec::new(),
    }
}

/// The lists that do not end, or not soon. A name leads to all that it lists in any language, since a part
/// may be found in another language than its list.
pub(super) fn endless_lists(catalogue: &Catalogue) -> BTreeSet<PromptIssue> {
    let mut lists = Lists::new();
    for (name, content) in catalogue.entries().values().flatten() {
        match content {
            Content::List(parts) => lists.entry(name).or_default().push(parts),
            Content::Say(_) | Content::Play { .. } => {}
        }
    }
    lists.keys().filter_map(|name| count_parts(name, &lists, &mut Vec::new()).err()).collect()
}

/// What each name lists, once for each language.
type Lists<'a> = BTreeMap<&'a Name, Vec<&'a [Name]>>;

/// How many prompts `name` comes to. Gives up as soon as that is too many, so that it always ends.
fn count_parts<'a>(
    name: &'a Name,
    lists: &Lists<'a>,
    above: &mut Vec<&'a Name>,
) -> Result<usize, PromptIssue> {
    let Some(versions) = lists.get(name) else { return Ok(1) };
    if above.contains(&name) {
        return Err(PromptIssue::Cycle { prompt: name.clone() });
    }
    if above.len() == DEEPEST {
        return Err(PromptIssue::TooLong { prompt: name.clone() });
    }
    above.push(name);
    let mut most = 1;
    for parts in versions {
        let mut count = 0;
        for part in *parts {
            count += count_parts(part, lists, above)?;
            if count > MOST_PARTS {
                return Err(PromptIssue::TooLong { prompt: name.clone() });
            }
        }
        most = count.max(most);
    }
    above.pop();
    Ok(most)
}

fn broken(catalogue: &Catalogue, language: &Language, name: &Name, content: &Content) -> Vec<PromptIssue> {
    match content {
        Content::Say(_) => Vec::new(),
        Content::Play { media, .. } => {
            let issue = || PromptIssue::MediaGone { prompt: name.clone(), language: language.clone() };
            catalogue.lacks(media).then(issue).into_iter().collect()
        }
        Content::List(parts) => {
            let missing = parts.iter().filter(|part| !exists(catalogue, part));
            let issue = |missing: &Name| PromptIssue::ListsMissing {
                prompt: name.clone(),
                language: language.clone(),
                missing: missing.clone(),
            };
            missing.map(issue).collect()
        }
    }
}

/// What callers of `language` hear in another language, though the tenant has prompts in theirs.
fn untranslated(catalogue: &Catalogue, language: &Language) -> Vec<PromptIssue> {
    let chain: Vec<_> = iter::successors(Some(language.clone()), Language::parent).collect();
    let built_in = chain.iter().any(|language| BuiltIn::of(language).is_some());
    let lines = Line::ALL.into_iter().map(Line::name).filter(|_| !built_in);
    let tenants = catalogue.entries().values().flat_map(BTreeMap::keys).cloned();
    let names: BTreeSet<Name> =
        tenants.filter(|name| !built_in || Line::named(name).is_none()).chain(lines).collect();
    let spoken = |name: &Name| chain.iter().any(|language| catalogue.entry(language, name).is_some());
    let unspoken = names.into_iter().filter(|name| !spoken(name));
    unspoken.map(|prompt| PromptIssue::Untranslated { prompt, language: language.clone() }).collect()
}

/// Texts of one name that fill in other things than the first of them.
fn other_fillings(catalogue: &Catalogue) -> Vec<PromptIssue> {
    let mut first: BTreeMap<&Name, (&Language, BTreeSet<Placeholder>)> = BTreeMap::new();
    let mut issues = Vec::new();
    for (language, prompts) in catalogue.entries() {
        for (name, text) in prompts.iter().filter_map(|(name, content)| Some((name, content.text()?))) {
            let (other, expected) = first.entry(name).or_insert_with(|| (language, text.placeholders()));
            if *expected != text.placeholders() {
                issues.push(PromptIssue::FillsOtherThings {
                    prompt: name.clone(),
                    language: language.clone(),
                    other: other.clone(),
                });
            }
        }
    }
    issues
}

/// Whether there is such a prompt in any language.
fn exists(catalogue: &Catalogue, name: &Name) -> bool {
    Line::named(name).is_some() || catalogue.entries().values().any(|prompts| prompts.contains_key(name))
}

/// A node that speaks.
struct Speaking<'a> {
    catalogue: &'a Catalogue,
    flow: &'a Name,
    node: &'a Name,
}

impl Speaking<'_> {
    fn check(&self, node: &Node) -> Vec<PromptIssue> {
        match node {
            Node::TimedPresence(activity) => self.check_activity(activity),
            Node::Play(play) => self.missing(&play.prompts).collect(),
            Node::Gather(gather) => self.missing(iter::once(&gather.prompt).chain(&gather.invalid)).collect(),
            Node::Branch(_) | Node::SetPresence(_) | Node::Subflow(_) | Node::HangUp | Node::Exit => {
                Vec::new()
            }
        }
    }

    fn missing<'n>(&self, names: impl IntoIterator<Item = &'n Name>) -> impl Iterator<Item = PromptIssue> {
        let missing = names.into_iter().filter(|name| !exists(self.catalogue, name));
        missing.map(|name| PromptIssue::FlowNamesMissing {
            flow: self.flow.clone(),
            node: self.node.clone(),
            prompt: name.clone(),
        })
    }

    fn check_activity(&self, activity: &TimedPresence) -> Vec<PromptIssue> {
        let mut issues: Vec<_> = self.missing(activity.prompts.values()).collect();
        for (slot, name) in &activity.prompts {
            issues.extend(self.unfillable(*slot, name));
        }
        let menu = Line::Slot(Slot::PresetHours).name();
        let menu = activity.prompts.get(&Slot::PresetHours).unwrap_or(&menu);
        for language in self.catalogue.entries().keys() {
            issues.extend(self.outdated(menu, language, &activity.presets));
        }
        issues
    }

    fn unfillable(&self, slot: Slot, name: &Name) -> Vec<PromptIssue> {
        let may = Line::Slot(slot).placeholders();
        let mut issues = Vec::new();
        for (language, prompts) in self.catalogue.entries() {
            let Some(text) = prompts.get(name).and_then(Content::text) else { continue };
            for placeholder in text.placeholders().into_iter().filter(|wanted| !may.contains(wanted)) {
                issues.push(PromptIssue::SlotCannotFill {
                    flow: self.flow.clone(),
                    node: self.node.clone(),
                    slot,
                    prompt: name.clone(),
                    language: language.clone(),
                    placeholder,
                });
            }
        }
        issues
    }

    /// The recordings in `name` that were made for other presets (D46).
    fn outdated(&self, name: &Name, language: &Language, presets: &[Hours]) -> Vec<PromptIssue> {
        match self.catalogue.entry(language, name) {
            Some(Content::Play { presets: recorded, .. }) if !recorded.is_empty() && recorded != presets => {
                vec![PromptIssue::OutdatedRecording {
                    flow: self.flow.clone(),
                    node: self.node.clone(),
                    prompt: name.clone(),
                    language: language.clone(),
                }]
            }
            Some(Content::List(parts)) => {
                parts.iter().flat_map(|part| self.outdated(part, language, presets)).collect()
            }
            Some(Content::Say(_) | Content::Play { .. }) | None => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::presence::WhenOnline;
    use crate::domain::trust::PinPolicy;
    use crate::flow::model::{FlowKind, Play};
    use crate::flow::reply::{MediaFormat, MediaRef};

    fn name(name: &str) -> Name {
        name.parse().expect("a name")
    }

    fn hours(hours: &[u16]) -> Vec<Hours> {
        hours.iter().map(|hours| Hours::try_from(*hours).expect("hours")).collect()
    }

    fn media(digit: char) -> MediaRef {
        let sha256 = digit.to_string().repeat(64).parse().expect("a digest");
        MediaRef { sha256, format: MediaFormat::Mp3 }
    }

    fn entry(tag: &str, prompt: &str, content: Content) -> Entry {
        Entry { language: tag.parse().expect("a tag"), name: name(prompt), content }
    }

    fn say(tag: &str, prompt: &str, text: &str) -> Entry {
        entry(tag, prompt, Content::Say(text.parse().expect("a template")))
    }

    fn play(tag: &str, prompt: &str, digit: char, presets: &[u16]) -> Entry {
        entry(tag, prompt, Content::Play { media: media(digit), presets: hours(presets) })
    }

    fn list(tag: &str, prompt: &str, parts: &[&str]) -> Entry {
        entry(tag, prompt, Content::List(parts.iter().map(|part| name(part)).collect()))
    }

    /// A catalogue of an English tenant, whose one recording is `media('a')`.
    fn catalogue(entries: Vec<Entry>) -> Result<Catalogue, Vec<PromptIssue>> {
        Catalogue::new("en".parse().expect("a tag"), entries, &BTreeSet::from([media('a')]))
    }

    fn flow(node: Node) -> Flow {
        let nodes = BTreeMap::from([(name("duty"), node)]);
        Flow { name: name("timed-presence"), kind: FlowKind::Customer, start: name("duty"), nodes }
    }

    fn activity(prompts: &[(Slot, &str)]) -> Node {
        Node::TimedPresence(TimedPresence {
            presets: hours(&[8, 24]),
            max_hours: Hours::try_from(99).expect("hours"),
            tries: 3,
            when_online: WhenOnline::Replace,
            key_timeout_s: 5,
            digit_timeout_s: 5,
            pin: PinPolicy::default(),
            id_pin_login: false,
            prompts: prompts.iter().map(|(slot, prompt)| (*slot, name(prompt))).collect(),
            next: name("bye"),
        })
    }

    fn check(entries: Vec<Entry>, flows: &[Flow], expected: &[&str]) {
        let catalogue = catalogue(entries).expect("a catalogue");
        let issues = lint(&catalogue, flows);
        let issues: Vec<String> = issues.iter().map(ToString::to_string).collect();
        assert_eq!(issues, expected);
    }

    #[test]
    fn what_would_go_wrong_on_every_call_keeps_a_catalogue_from_being_made() {
        let deep = |at: usize| list("en", &format!("l{at}"), &[&format!("l{}", at + 1)]);
        let many = ["welcome"; 33];
        for (entries, expected) in [
            (
                vec![say("en", "a", "A"), say("en", "a", "B")],
                vec!["prompt `a` (en) is there twice: remove one"],
            ),
            (
                vec![say("fr", "online", "{choices}")],
                vec!["prompt `online` (fr) cannot fill in `{choices}`: take it out of the text"],
            ),
            (
                vec![play("en", "moment", 'a', &[])],
                vec!["prompt `moment` (en) stands within other prompts: make it a text (`say`)"],
            ),
            (
                vec![list("en", "a", &["b"]), list("fr", "b", &["goodbye", "a"])],
                vec![
                    "prompt `a` is a list that comes back to itself: take it out of its own parts",
                    "prompt `b` is a list that comes back to itself: take it out of its own parts",
                ],
            ),
            (
                vec![list("en", "welcome", &["welcome"])],
                vec!["prompt `welcome` is a list that comes back to itself: take it out of its own parts"],
            ),
            (
                vec![list("en", "a", &many)],
                vec!["prompt `a` is a list of more than 32 prompts, or more than 8 lists deep: shorten it"],
            ),
            (
                (0..9).map(deep).collect(),
                vec!["prompt `l8` is a list of more than 32 prompts, or more than 8 lists deep: shorten it"],
            ),
        ] {
            let issues = catalogue(entries).expect_err("issues");
            assert_eq!(issues.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
        }
        assert!(catalogue((0..8).map(deep).collect()).is_ok());
    }

    #[test]
    fn lists_of_lists_are_counted_without_speaking_them() {
        let wide = |at: usize| list("en", &format!("l{at}"), &[format!("l{}", at + 1).as_str(); 30]);
        let issues = catalogue((0..8).map(wide).collect()).expect_err("issues");
        assert!(!issues.is_empty());
    }

    #[test]
    fn a_prompt_is_wanted_in_every_language_of_the_tenant() {
        check(
            vec![say("en", "chime", "Ding."), say("de", "online", "Los geht es bis {until}.")],
            &[],
            &["prompt `chime` is not there in `de`: add it"],
        );
        check(
            vec![say("en", "chime", "Ding."), say("en-GB", "hello", "Hello.")],
            &[],
            &["prompt `hello` is not there in `en`: add it"],
        );
        let portuguese = catalogue(vec![say("pt", "online", "Até {until}.")]).expect("a catalogue");
        assert_eq!(lint(&portuguese, []).len(), Line::ALL.len() - 1);
    }

    #[test]
    fn the_same_prompt_fills_in_the_same_in_every_language() {
        check(
            vec![say("en", "online", "Until {until}."), say("fr", "online", "En ligne.")],
            &[],
            &["prompt `online` fills in other things in `fr` than in `en`: make them the same"],
        );
    }

    #[test]
    fn what_is_gone_is_told_where_it_is_used() {
        check(
            vec![play("en", "chime", 'b', &[]), list("en", "hello", &["chime", "welcome", "jingle"])],
            &[flow(Node::Play(Play { prompts: vec![name("hello"), name("song")], next: name("bye") }))],
            &[
                "prompt `hello` (en) lists `jingle`, which there is not: add it, or take it out",
                "prompt `chime` (en) has lost its recording: add it again",
                "flow `timed-presence`, node `duty`: there is no prompt `song`: add it, or name another",
            ],
        );
    }

    #[test]
    fn a_slot_is_given_only_prompts_that_it_can_fill_in() {
        check(
            vec![say("en", "menu", "Press {key}."), say("en", "on", "Until {until}.")],
            &[flow(activity(&[(Slot::PresetHours, "menu"), (Slot::Online, "on"), (Slot::Offline, "off")]))],
            &[
                "flow `timed-presence`, node `duty`: there is no prompt `off`: add it, or name another",
                "flow `timed-presence`, node `duty`: prompt `menu` (en) wants `{key}`, which `preset_hours` cannot fill in",
            ],
        );
    }

    #[test]
    fn a_recording_of_other_presets_is_outdated() {
        let outdated = |prompt: &str| {
            format!(
                "flow `timed-presence`, node `duty`: the recording `{prompt}` (en) speaks of other presets than the node has: record it anew"
            )
        };
        let menu = [flow(activity(&[(Slot::PresetHours, "menu")]))];
        check(vec![play("en", "menu", 'a', &[8, 24])], &menu, &[]);
        check(vec![play("en", "menu", 'a', &[])], &menu, &[]);
        check(vec![play("en", "menu", 'a', &[8, 48])], &menu, &[&outdated("menu")]);
        check(
            vec![
                list("en", "menu", &["chime", "keys"]),
                say("en", "chime", "Ding."),
                play("en", "keys", 'a', &[8]),
            ],
            &menu,
            &[&outdated("keys")],
        );
        check(
            vec![play("en", "preset_hours", 'a', &[8])],
            &[flow(activity(&[]))],
            &[&outdated("preset_hours")],
        );
    }
}

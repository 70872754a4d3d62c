//! What falls back, or sounds wrong, on a call: to be told before there is one.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use crate::domain::ids::{Language, Name};
use crate::domain::policy::Policy;
use crate::domain::time::Hours;
use crate::flow::model::{Flow, Node, TimedPresence};
use crate::flow::prompt::catalogue::{Catalogue, Content};
use crate::flow::prompt::file::BuiltIn;
use crate::flow::prompt::issue::PromptIssue;
use crate::flow::prompt::template::Placeholder;
use crate::flow::prompt::{Line, Slot};

/// The issues of the prompts themselves and of `flows` that use them.
pub fn lint<'a>(
    catalogue: &Catalogue,
    policy: &Policy,
    flows: impl IntoIterator<Item = &'a Flow>,
) -> Vec<PromptIssue> {
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
            issues.extend(Speaking { catalogue, policy, flow: &flow.name, node: name }.check(node));
        }
    }
    issues.into_iter().collect()
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
    let spoken =
        |name: &Name| chain.iter().any(|language| catalogue.entry(language, name.as_str()).is_some());
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
    policy: &'a Policy,
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
        let offered: Vec<_> = match &activity.presets {
            Some(own) => vec![own.clone()],
            None => self.policy.presets().collect(),
        };
        for language in self.catalogue.entries().keys() {
            issues.extend(self.outdated(menu, language, &offered));
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

    /// The recordings in `name` that were made for other presets than any of those `offered` (D46).
    fn outdated(&self, name: &Name, language: &Language, offered: &[Vec<Hours>]) -> Vec<PromptIssue> {
        match self.catalogue.entry(language, name.as_str()) {
            Some(Content::Play { presets, .. }) if !presets.is_empty() && !offered.contains(presets) => {
                vec![PromptIssue::OutdatedRecording {
                    flow: self.flow.clone(),
                    node: self.node.clone(),
                    prompt: name.clone(),
                    language: language.clone(),
                }]
            }
            Some(Content::List(parts)) => {
                parts.iter().flat_map(|part| self.outdated(part, language, offered)).collect()
            }
            Some(Content::Say(_) | Content::Play { .. }) | None => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::presence::WhenOnline;
    use crate::domain::trust::PinPolicy;
    use crate::flow::model::{FlowKind, Play};
    use crate::flow::prompt::catalogue::Entry;
    use crate::flow::prompt::fixtures::{catalogue, hours, list, name, play, say};

    fn flow(node: Node) -> Flow {
        let nodes = BTreeMap::from([(name("duty"), node)]);
        Flow { name: name("timed-presence"), kind: FlowKind::Customer, start: name("duty"), nodes }
    }

    fn activity(prompts: &[(Slot, &str)]) -> Node {
        Node::TimedPresence(TimedPresence {
            presets: None,
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

    /// Two sets: 8 and 24 hours, and 4.
    fn policy() -> Policy {
        let set = |name, minutes: &[u16]| {
            let entry = |minutes| json!({ "state": "available", "minutes": minutes });
            json!({ "name": name, "entries": minutes.iter().map(entry).collect::<Vec<_>>() })
        };
        let sets = json!({ "quick_sets": [set("office", &[480, 1440]), set("night", &[240])] });
        serde_json::from_value(sets).expect("a policy")
    }

    fn check(entries: Vec<Entry>, flows: &[Flow], expected: &[&str]) {
        let catalogue = catalogue(entries).expect("a catalogue");
        let issues = lint(&catalogue, &policy(), flows);
        let issues: Vec<String> = issues.iter().map(ToString::to_string).collect();
        assert_eq!(issues, expected);
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
        assert_eq!(lint(&portuguese, &policy(), []).len(), Line::ALL.len() - 1);
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
        // D46.
        let outdated = |prompt: &str| {
            format!(
                "flow `timed-presence`, node `duty`: the recording `{prompt}` (en) speaks of other presets than any caller is offered: record it anew"
            )
        };
        let menu = [flow(activity(&[(Slot::PresetHours, "menu")]))];
        check(vec![play("en", "menu", 'a', &[8, 24])], &menu, &[]);
        check(vec![play("en", "menu", 'a', &[4])], &menu, &[]);
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
        let Node::TimedPresence(own) = activity(&[]) else { panic!("the activity") };
        let own = [flow(Node::TimedPresence(TimedPresence { presets: Some(hours(&[8])), ..own }))];
        check(vec![play("en", "preset_hours", 'a', &[8])], &own, &[]);
        check(vec![play("en", "preset_hours", 'a', &[4])], &own, &[&outdated("preset_hours")]);
    }
}

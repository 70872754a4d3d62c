//! Faults of a tenant's prompts, and those that keep a catalogue from being made.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::{Language, Name};
use crate::flow::prompt::catalogue::{Catalogue, Content, Entry};
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
        "flow `{flow}`, node `{node}`: the recording `{prompt}` ({language}) speaks of other presets than any caller is offered: record it anew"
    )]
    OutdatedRecording { flow: Name, node: Name, prompt: Name, language: Language },
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

#[cfg(test)]
mod tests {
    use crate::flow::prompt::fixtures::{catalogue, list, play, say};

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
}

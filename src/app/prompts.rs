//! A tenant's prompts and recordings.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{App, Error, change, flows, log_deed};
use crate::domain::event::Event;
use crate::domain::ids::{Language, Name, TenantId};
use crate::domain::tenant::Tenant;
use crate::domain::time::Hours;
use crate::flow::prompt::catalogue::{Catalogue, Content, Entry};
use crate::flow::prompt::file::FilePrompt;
use crate::flow::prompt::issue::PromptIssue;
use crate::flow::prompt::lint::lint;
use crate::flow::prompt::template::Template;
use crate::flow::recording::{self, Recording};
use crate::flow::reply::MediaRef;
use crate::store::{Scope, StoreError, Tx};

/// What a prompt is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewContent {
    Say(Template),
    /// A file's bytes, and the presets that it speaks of.
    Play {
        bytes: Vec<u8>,
        presets: Vec<Hours>,
    },
    List(Vec<Name>),
}

/// A prompt as it is listed and logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromptRecord {
    pub name: Name,
    pub language: Language,
    #[serde(flatten)]
    pub prompt: FilePrompt,
}

impl From<&Entry> for PromptRecord {
    fn from(entry: &Entry) -> Self {
        let Entry { language, name, content } = entry;
        Self { name: name.clone(), language: language.clone(), prompt: content.into() }
    }
}

/// A recording that was listened to, and its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Audio {
    recording: Recording,
    bytes: Vec<u8>,
}

impl Audio {
    pub(super) fn media(&self) -> &MediaRef {
        &self.recording.media
    }
}

impl NewContent {
    /// What is stored: the content, and the recording that it plays.
    pub(super) fn inspected(self, name: &Name) -> Result<(Content, Option<Audio>), Error> {
        match self {
            Self::Say(text) => Ok((Content::Say(text), None)),
            Self::List(names) => Ok((Content::List(names), None)),
            Self::Play { bytes, presets } => {
                let recording = recording::inspect(&bytes)
                    .map_err(|why| Error::Prompt(format!("prompt `{name}`: {why}")))?;
                let content = Content::Play { media: recording.media.clone(), presets };
                Ok((content, Some(Audio { recording, bytes })))
            }
        }
    }
}

impl App {
    /// Adds a prompt in one language, or puts it in the old one's place. A recording is listened to first, where that
    /// keeps nobody waiting.
    pub async fn set_prompt(
        &self,
        tenant: Tenant,
        language: Language,
        name: Name,
        content: NewContent,
    ) -> Result<PromptRecord, Error> {
        let called = name.clone();
        let inspected = tokio::task::spawn_blocking(move || content.inspected(&called)).await;
        let (content, audio) = inspected.expect("it does not panic, and nobody stops it")?;
        let entry = Entry { language, name, content };
        let unit = self.store.write(Scope::of(&tenant), move |tx| {
            Box::pin(async move {
                let before = tx.prompts(&tenant.id).await?;
                let before =
                    before.iter().find(|old| old.language == entry.language && old.name == entry.name);
                save(tx, &tenant, before, &entry, audio);
                checked_catalogue(tx, &tenant).await?;
                Ok(PromptRecord::from(&entry))
            })
        });
        unit.await
    }

    /// Removes a prompt in one language, or in all; refuses what a call would miss.
    pub async fn remove_prompt(
        &self,
        tenant: Tenant,
        name: Name,
        language: Option<Language>,
    ) -> Result<Vec<PromptRecord>, Error> {
        let unit = self.store.write(Scope::of(&tenant), move |tx| {
            Box::pin(async move {
                let mut entries = tx.prompts(&tenant.id).await?;
                entries.retain(|entry| {
                    entry.name == name && language.as_ref().is_none_or(|wanted| *wanted == entry.language)
                });
                if entries.is_empty() {
                    return Err(not_found(&name));
                }
                for entry in &entries {
                    delete(tx, &tenant, entry);
                }
                refuse_missing(tx, &tenant, &[&name]).await?;
                Ok(entries.iter().map(PromptRecord::from).collect())
            })
        });
        unit.await
    }

    /// The tenant's own prompts.
    pub async fn prompts(&self, tenant: &TenantId) -> Result<Vec<PromptRecord>, StoreError> {
        let tenant = tenant.clone();
        let entries = self.store.read(|tx| Box::pin(async move { tx.prompts(&tenant).await })).await;
        entries.map(|entries: Vec<Entry>| entries.iter().map(PromptRecord::from).collect())
    }

    /// The tenant's own prompts behind `after`, by language and name, at most `limit`.
    pub async fn prompts_after(
        &self,
        tenant: &Tenant,
        after: Option<(Language, Name)>,
        limit: u32,
    ) -> Result<Vec<PromptRecord>, StoreError> {
        let tenant = tenant.id.clone();
        let read = self
            .store
            .read(|tx| Box::pin(async move { tx.prompts_after(&tenant, after.as_ref(), limit).await }));
        read.await.map(|entries: Vec<Entry>| entries.iter().map(PromptRecord::from).collect())
    }

    /// One prompt in all its languages.
    pub async fn prompt(&self, tenant: &TenantId, name: &Name) -> Result<Vec<PromptRecord>, Error> {
        let mut prompts = self.prompts(tenant).await?;
        prompts.retain(|prompt| prompt.name == *name);
        if prompts.is_empty() { Err(not_found(name)) } else { Ok(prompts) }
    }

    /// All that can be spoken to the tenant's callers.
    pub async fn catalogue(&self, tenant: Tenant) -> Result<Catalogue, Error> {
        self.store.read(|tx| Box::pin(async move { checked_catalogue(tx, &tenant).await })).await
    }

    /// What falls back or sounds wrong on calls to the flows that are published.
    pub async fn lint_prompts(&self, tenant: Tenant) -> Result<Vec<PromptIssue>, Error> {
        let read = self.store.read(|tx| {
            Box::pin(async move {
                let catalogue = checked_catalogue(tx, &tenant).await?;
                let versions = tx.flows(&tenant.id).await?;
                let latest: Vec<_> = flows::latest_published(&versions)
                    .into_values()
                    .map(flows::parsed)
                    .collect::<Result<_, _>>()?;
                Ok(lint(&catalogue, &tenant.policy, &latest))
            })
        });
        read.await
    }

    /// A recording's bytes.
    pub async fn recording(&self, media: &MediaRef) -> Result<Option<Vec<u8>>, StoreError> {
        let media = media.clone();
        self.store.read(|tx| Box::pin(async move { tx.media(&media).await })).await
    }
}

fn not_found(name: &Name) -> Error {
    Error::NotFound {
        what: "prompt of this tenant",
        name: name.to_string(),
        mend: "`dutyline prompt list` shows those there are, `dutyline prompt render` speaks the line's own",
    }
}

/// Saves a prompt and its recording; whether the whole still fits together is for [`checked_catalogue`].
pub(super) fn save(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    before: Option<&Entry>,
    entry: &Entry,
    audio: Option<Audio>,
) {
    if let Some(Audio { recording, bytes }) = audio {
        let duration_ms = recording.duration.num_milliseconds().unsigned_abs();
        tx.insert_media(&recording.media, bytes, duration_ms, recording.sample_rate);
    }
    tx.save_prompt(&tenant.id, entry);
    let before = before.map(PromptRecord::from);
    let event = Event::PromptSet(change(before.as_ref(), Some(&PromptRecord::from(entry))));
    log_deed(tx, &tenant.id, format!("prompt:{}", entry.name), event);
}

/// Removes a prompt; whether anything misses it is for [`refuse_missing`].
pub(super) fn delete(tx: &mut Tx<'_>, tenant: &Tenant, entry: &Entry) {
    tx.delete_prompt(&tenant.id, &entry.language, &entry.name);
    let event = Event::PromptRemoved(change(Some(&PromptRecord::from(entry)), None));
    log_deed(tx, &tenant.id, format!("prompt:{}", entry.name), event);
}

/// The catalogue as this unit of work leaves it, if it holds together.
pub(super) async fn checked_catalogue(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<Catalogue, Error> {
    let (entries, media) = (tx.prompts(&tenant.id).await?, tx.media_names().await?);
    Catalogue::new(tenant.language.clone(), entries, &media).map_err(|issues| {
        let issues: Vec<String> = issues.iter().map(ToString::to_string).collect();
        Error::Prompt(issues.join("\n"))
    })
}

/// Refuses to go on if a flow that calls run, or a list, names one of the `removed` prompts in vain.
pub(super) async fn refuse_missing(tx: &mut Tx<'_>, tenant: &Tenant, removed: &[&Name]) -> Result<(), Error> {
    let catalogue = checked_catalogue(tx, tenant).await?;
    let flows = flows::in_use(tx, &tenant.id).await?;
    let missed = lint(&catalogue, &tenant.policy, &flows).iter().filter_map(user_of_missing).fold(
        BTreeMap::<Name, Vec<String>>::new(),
        |mut missed, (prompt, by)| {
            missed.entry(prompt.clone()).or_default().push(by);
            missed
        },
    );
    match missed.into_iter().find(|(prompt, _)| removed.contains(&prompt)) {
        Some((prompt, by)) => Err(Error::PromptInUse { prompt, by: by.join(" and ") }),
        None => Ok(()),
    }
}

/// The missing prompt that an issue is about, and who names it.
fn user_of_missing(issue: &PromptIssue) -> Option<(&Name, String)> {
    match issue {
        PromptIssue::FlowNamesMissing { flow, node, prompt } => {
            Some((prompt, format!("flow `{flow}`, node `{node}`")))
        }
        PromptIssue::ListsMissing { prompt, language, missing } => {
            Some((missing, format!("list `{prompt}` ({language})")))
        }
        PromptIssue::Twice { .. }
        | PromptIssue::CannotFill { .. }
        | PromptIssue::NotText { .. }
        | PromptIssue::Cycle { .. }
        | PromptIssue::TooLong { .. }
        | PromptIssue::MediaGone { .. }
        | PromptIssue::Untranslated { .. }
        | PromptIssue::FillsOtherThings { .. }
        | PromptIssue::SlotCannotFill { .. }
        | PromptIssue::OutdatedRecording { .. } => None,
    }
}

//! Prompts and recordings.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::error::StoreError;
use super::rows::parse;
use super::sql;
use super::tx::Tx;
use crate::domain::ids::{Language, Name, TenantId};
use crate::domain::time::Hours;
use crate::flow::prompt::catalogue::{Content, Entry};
use crate::flow::reply::{MediaFormat, MediaRef};

impl Tx<'_> {
    /// The tenant's own prompts, by language and name.
    pub async fn prompts(&mut self, tenant: &TenantId) -> Result<Vec<Entry>, StoreError> {
        let rows: Vec<PromptRow> = self.all(sql::PROMPTS, [tenant.as_str().into()]).await?;
        rows.into_iter().map(Entry::try_from).collect()
    }

    /// The tenant's own prompts behind `after`, by language and name, at most `limit`; from the first on if there is
    /// none.
    pub async fn prompts_after(
        &mut self,
        tenant: &TenantId,
        after: Option<&(Language, Name)>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let (language, name) = after.map_or(("", ""), |(language, name)| (language.as_str(), name.as_str()));
        let values = [tenant.as_str().into(), language.into(), name.into(), limit.into()];
        let rows: Vec<PromptRow> = self.all(sql::PROMPTS_AFTER, values).await?;
        rows.into_iter().map(Entry::try_from).collect()
    }

    pub fn save_prompt(&mut self, tenant: &TenantId, entry: &Entry) {
        let (kind, content) = match &entry.content {
            Content::Say(template) => ("say", template.to_string()),
            Content::Play { media, presets } => {
                ("play", to_json(&Recording { media: media.clone(), presets: presets.clone() }))
            }
            Content::List(names) => ("list", to_json(names)),
        };
        let values = [
            tenant.as_str().into(),
            entry.language.as_str().into(),
            entry.name.as_str().into(),
            kind.into(),
            content.into(),
        ];
        self.push(sql::SAVE_PROMPT, values);
        self.touch_tenant(tenant);
    }

    pub fn delete_prompt(&mut self, tenant: &TenantId, language: &Language, name: &Name) {
        let values = [tenant.as_str().into(), language.as_str().into(), name.as_str().into()];
        self.push(sql::DELETE_PROMPT, values);
        self.touch_tenant(tenant);
    }

    /// Keeps a recording; one that is there already stays as it is, being the same.
    pub fn insert_media(&mut self, media: &MediaRef, bytes: Vec<u8>, duration_ms: u64, sample_rate: u32) {
        let values = [
            media.sha256.as_str().into(),
            media.format.extension().into(),
            bytes.into(),
            duration_ms.into(),
            sample_rate.into(),
        ];
        self.push(sql::INSERT_MEDIA, values);
    }

    pub async fn media(&mut self, media: &MediaRef) -> Result<Option<Vec<u8>>, StoreError> {
        let values = [media.sha256.as_str().into(), media.format.extension().into()];
        let row: Option<(Vec<u8>,)> = self.one(sql::MEDIA, values).await?;
        Ok(row.map(|(bytes,)| bytes))
    }

    /// The recordings that there are.
    pub async fn media_names(&mut self) -> Result<BTreeSet<MediaRef>, StoreError> {
        let rows: Vec<(String, String)> = self.all(sql::MEDIA_NAMES, []).await?;
        rows.into_iter().map(|(sha256, format)| media_ref(sha256, &format)).collect()
    }
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("prompts are plain data")
}

fn media_ref(sha256: String, format: &str) -> Result<MediaRef, StoreError> {
    let format = MediaFormat::of_extension(format)
        .ok_or_else(|| StoreError::corrupt("media", &sha256, "unknown format"))?;
    let row = sha256.clone();
    Ok(MediaRef { sha256: parse("media", &row, sha256)?, format })
}

/// A `play` prompt's content as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Recording {
    media: MediaRef,
    presets: Vec<Hours>,
}

#[derive(Debug, FromRow)]
struct PromptRow {
    language: String,
    name: String,
    kind: String,
    content: String,
}

impl TryFrom<PromptRow> for Entry {
    type Error = StoreError;
    fn try_from(row: PromptRow) -> Result<Self, StoreError> {
        let at = format!("{} {}", row.language, row.name);
        let corrupt = |why: &dyn ToString| StoreError::corrupt("prompts", &at, why.to_string());
        let content = match row.kind.as_str() {
            "say" => Content::Say(parse("prompts", &at, row.content)?),
            "play" => {
                let Recording { media, presets } =
                    serde_json::from_str(&row.content).map_err(|why| corrupt(&why))?;
                Content::Play { media, presets }
            }
            "list" => Content::List(serde_json::from_str(&row.content).map_err(|why| corrupt(&why))?),
            kind => return Err(corrupt(&format!("unknown kind `{kind}`"))),
        };
        Ok(Self {
            language: parse("prompts", &at, row.language)?,
            name: parse("prompts", &at, row.name)?,
            content,
        })
    }
}

//! Prompts: what callers hear. Texts, recordings, and lists of them.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::Error;
use crate::app::prompts::{NewContent, PromptRecord};
use crate::domain::ids::{Language, Name};
use crate::domain::time::Hours;
use crate::flow::prompt::file::FilePrompt;
use crate::flow::prompt::template::Template;
use crate::http::v1::gate::Caller;
use crate::http::v1::page::{Asked, Page};
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::{Named, Search, Uploaded};

/// A prompt in one language: it has one of `say`, `play` and `list`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Prompt {
    name: Name,
    language: Language,
    /// Words to speak, with placeholders like `{until}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    say: Option<Template>,
    /// A recording, by the SHA-256 of its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    play: Option<String>,
    /// The hours that the recording speaks of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<u16>)]
    presets: Vec<Hours>,
    /// Other prompts, spoken one after the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<Vec<Name>>,
}

/// What a prompt is to be: one of `say` and `list`. A recording is sent as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PromptToSet {
    /// Words to speak, with placeholders like `{until}`.
    #[schema(value_type = Option<String>)]
    say: Option<Template>,
    /// Other prompts, spoken one after the other.
    list: Option<Vec<Name>>,
}

/// What a recording speaks of.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Spoken {
    /// The hours, like `8,24`, so that a change of a flow's presets is noticed.
    presets: Option<String>,
}

/// Prompts that are no more.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Removed {
    items: Vec<Prompt>,
}

impl From<PromptRecord> for Prompt {
    fn from(PromptRecord { name, language, prompt }: PromptRecord) -> Self {
        let blank = Self { name, language, say: None, play: None, presets: Vec::new(), list: None };
        match prompt {
            FilePrompt::Say(text) => Self { say: Some(text), ..blank },
            FilePrompt::Play { file, presets } => Self { play: Some(file), presets, ..blank },
            FilePrompt::List(names) => Self { list: Some(names), ..blank },
        }
    }
}

impl PromptToSet {
    fn content(self) -> Result<NewContent, Problem> {
        match (self.say, self.list) {
            (Some(text), None) => Ok(NewContent::Say(text)),
            (None, Some(names)) => Ok(NewContent::List(names)),
            (None, None) | (Some(_), Some(_)) => {
                Err(Problem::field("invalid", "say", "give either `say` or `list`"))
            }
        }
    }
}

impl Spoken {
    fn presets(&self) -> Result<Vec<Hours>, Problem> {
        let unreadable = |word: &str| {
            Problem::field("invalid", "presets", format!("`{word}` is not 1 to {}", Hours::LONGEST.get()))
        };
        let hours = |word: &str| {
            let number = word.parse::<u16>().ok().and_then(|number| Hours::try_from(number).ok());
            number.ok_or_else(|| unreadable(word))
        };
        self.presets.iter().flat_map(|list| list.split(',')).map(hours).collect()
    }
}

/// List the tenant's own prompts, by language and name
#[utoipa::path(get, path = "/v1/prompts", tag = "setup", params(Asked), security(("token" = ["setup.read"])),
    responses((status = 200, body = Page<Prompt>)))]
pub(super) async fn list(caller: Caller, Search(asked): Search<Asked>) -> Result<Page<Prompt>, Problem> {
    let (after, limit) = (asked.after_two::<Language, Name>()?, asked.limit()?);
    let prompts = caller.app.prompts_after(caller.tenant(), after, limit + 1).await.map_err(Error::from)?;
    let listed = prompts.into_iter().map(Prompt::from).collect();
    Ok(Page::new(listed, limit, |prompt| format!("{}:{}", prompt.language, prompt.name)))
}

/// Show a prompt in all its languages
#[utoipa::path(get, path = "/v1/prompts/{name}", tag = "setup", params(("name" = Name, Path)),
    security(("token" = ["setup.read"])), responses((status = 200, body = Vec<Prompt>)))]
pub(super) async fn show(caller: Caller, Named(name): Named<Name>) -> Result<Json<Vec<Prompt>>, Problem> {
    let prompts = caller.app.prompt(&caller.tenant().id, &name).await?;
    Ok(Json(prompts.into_iter().map(Prompt::from).collect()))
}

/// Add a prompt in one language, or replace it
///
/// Words and lists are JSON. A recording is sent as it is, as `audio/wav` or `audio/mpeg`, up to 10 MB, and listened to
/// before it is taken in.
#[utoipa::path(put, path = "/v1/prompts/{name}/{language}", tag = "setup",
    params(("name" = Name, Path), ("language" = Language, Path), Spoken),
    request_body(content((PromptToSet = "application/json"), (Vec<u8> = "audio/wav"), (Vec<u8> = "audio/mpeg"))),
    security(("token" = ["setup.write"])), responses((status = 200, body = Prompt)))]
pub(super) async fn set(
    caller: Caller,
    Named((name, language)): Named<(Name, Language)>,
    Search(spoken): Search<Spoken>,
    sent: Uploaded<PromptToSet>,
) -> Result<Json<Prompt>, Problem> {
    let presets = spoken.presets()?;
    let content = match sent {
        Uploaded::Audio(bytes) => NewContent::Play { bytes, presets },
        Uploaded::Json(_) if !presets.is_empty() => {
            return Err(Problem::field("invalid", "presets", "only a recording speaks of presets"));
        }
        Uploaded::Json(wanted) => wanted.content()?,
    };
    Ok(Json(caller.app.set_prompt(caller.tenant().clone(), language, name, content).await?.into()))
}

/// Remove a prompt in one language, unless a flow or a list would miss it
#[utoipa::path(delete, path = "/v1/prompts/{name}/{language}", tag = "setup",
    params(("name" = Name, Path), ("language" = Language, Path)),
    security(("token" = ["setup.write"])), responses((status = 200, body = Removed)))]
pub(super) async fn remove(
    caller: Caller,
    Named((name, language)): Named<(Name, Language)>,
) -> Result<Json<Removed>, Problem> {
    let removed = caller.app.remove_prompt(caller.tenant().clone(), name, Some(language)).await?;
    Ok(Json(Removed { items: removed.into_iter().map(Prompt::from).collect() }))
}

/// Remove a prompt in all its languages, unless a flow or a list would miss it
#[utoipa::path(delete, path = "/v1/prompts/{name}", tag = "setup", params(("name" = Name, Path)),
    security(("token" = ["setup.write"])), responses((status = 200, body = Removed)))]
pub(super) async fn remove_all(caller: Caller, Named(name): Named<Name>) -> Result<Json<Removed>, Problem> {
    let removed = caller.app.remove_prompt(caller.tenant().clone(), name, None).await?;
    Ok(Json(Removed { items: removed.into_iter().map(Prompt::from).collect() }))
}

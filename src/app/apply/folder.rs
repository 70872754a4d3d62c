//! A setup as a folder of files, and back. Knows texts and bytes by their paths; reading and writing them is
//! the command line's.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use annotate_snippets::Renderer;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::app::Error;
use crate::app::apply::setup::{MappingSetup, Setup, TenantSetup, UserSetup};
use crate::app::flows::FlowSource;
use crate::app::prompts::{Audio, NewContent};
use crate::domain::dispatch::MappingKind;
use crate::domain::ids::{Language, Login, Name};
use crate::domain::phone::{E164, Region};
use crate::flow::issue::report;
use crate::flow::prompt::catalogue::Content;
use crate::flow::prompt::file::{FilePrompt, PromptFile};
use crate::flow::reply::MediaRef;
use crate::flow::setting::misfit;

/// Files by their path below the folder, with slashes.
pub type Files = BTreeMap<String, Vec<u8>>;

const TENANT: &str = "tenant.toml";
const USERS: &str = "users.toml";
const MAPPINGS: &str = "mappings.toml";

/// The folder of prompts, in which recordings lie too.
const PROMPTS: &str = "prompts/";
const MEDIA: &str = "media/";
const FLOWS: &str = "flows/";

/// A setup that was read from files, and the recordings that its prompts play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub setup: Setup,
    pub(super) audio: BTreeMap<MediaRef, Audio>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UsersFile {
    #[serde(default)]
    user: BTreeMap<Login, UserSetup>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingsFile {
    #[serde(default)]
    mapping: BTreeMap<String, MappingSetup>,
}

/// The files of a setup and its recordings.
pub(super) fn write(setup: &Setup, media: impl IntoIterator<Item = (MediaRef, Vec<u8>)>) -> Files {
    let mut files = Files::new();
    let mut put = |path: String, text: String| files.insert(path, text.into_bytes());
    put(TENANT.to_owned(), to_toml(&setup.tenant));
    put(USERS.to_owned(), to_toml(&UsersFile { user: setup.users.clone() }));
    put(MAPPINGS.to_owned(), to_toml(&MappingsFile { mapping: setup.mappings.clone() }));
    for (language, file) in prompt_files(setup) {
        put(format!("{PROMPTS}{language}.toml"), to_toml(&file));
    }
    for (name, source) in &setup.flows {
        put(format!("{FLOWS}{name}.toml"), source.clone());
    }
    files.extend(
        media.into_iter().map(|(media, bytes)| (format!("{PROMPTS}{MEDIA}{}", media.file_name()), bytes)),
    );
    files
}

pub(super) fn to_toml(value: &impl Serialize) -> String {
    toml::to_string(value).expect("a setup is plain data")
}

/// A prompt as its file has it.
pub(super) fn file_prompt(content: &Content) -> FilePrompt {
    match content {
        Content::Play { media, presets } => {
            FilePrompt::Play { file: format!("{MEDIA}{}", media.file_name()), presets: presets.clone() }
        }
        Content::Say(_) | Content::List(_) => content.into(),
    }
}

fn prompt_files(setup: &Setup) -> BTreeMap<&Language, PromptFile> {
    let mut files: BTreeMap<&Language, PromptFile> = BTreeMap::new();
    for ((language, name), content) in &setup.prompts {
        let fresh = || PromptFile { language: language.clone(), prompt: BTreeMap::new() };
        files.entry(language).or_insert_with(fresh).prompt.insert(name.clone(), file_prompt(content));
    }
    files
}

/// Reads a setup. All faults of all files are told at once.
pub fn read(files: &Files) -> Result<Wanted, Error> {
    let mut reader = Reader { files, faults: Vec::new(), audio: BTreeMap::new() };
    let tenant: Option<TenantSetup> = reader.required(TENANT);
    let users: Option<UsersFile> = reader.required(USERS);
    let mappings: Option<MappingsFile> = reader.required(MAPPINGS);
    let (prompts, flows) = (reader.prompts(), reader.flows());
    let Reader { faults, audio, .. } = reader;
    match (tenant, users, mappings) {
        (Some(tenant), Some(users), Some(mappings)) if faults.is_empty() => {
            let region = tenant.region;
            let setup = Setup {
                tenant,
                users: users.user.into_iter().map(|(login, user)| (login, described(user))).collect(),
                prompts,
                flows,
                mappings: mappings
                    .mapping
                    .into_iter()
                    .map(|(name, mapping)| (name, normal(mapping, region)))
                    .collect(),
            };
            Ok(Wanted { setup, audio })
        }
        (_, _, _) => Err(Error::Folder { report: faults.join("\n\n") }),
    }
}

/// The user with a description at every number, so that what is meant compares equal to what is kept.
fn described(mut user: UserSetup) -> UserSetup {
    for extension in &mut user.extensions {
        if extension.description.trim().is_empty() {
            extension.description.clone_from(&user.name);
        }
    }
    user
}

/// The mapping with its number, if it has one, in the form in which calls are compared with it.
fn normal(mapping: MappingSetup, region: Region) -> MappingSetup {
    let value = match mapping.kind {
        MappingKind::ContactPoint | MappingKind::Customer => E164::from_human(&mapping.value, region)
            .map_or_else(|_| mapping.value.clone(), |number| number.to_string()),
        MappingKind::Source | MappingKind::Direction => mapping.value.clone(),
    };
    MappingSetup { value, ..mapping }
}

struct Reader<'a> {
    files: &'a Files,
    faults: Vec<String>,
    audio: BTreeMap<MediaRef, Audio>,
}

impl Reader<'_> {
    fn required<T: DeserializeOwned>(&mut self, path: &str) -> Option<T> {
        match self.files.get(path) {
            Some(bytes) => self.parse(path, bytes),
            None => {
                self.faults.push(format!("the folder has no `{path}`; `dutyline export` writes one"));
                None
            }
        }
    }

    fn parse<T: DeserializeOwned>(&mut self, path: &str, bytes: &[u8]) -> Option<T> {
        let text = self.text(path, bytes)?;
        let error = match toml::from_str(text) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let end = text.len();
        let span = error.span().map_or(0..0, |span| span.start.min(end)..span.end.min(end));
        let issue = misfit(span, error.message());
        self.faults.push(report(path, text, &[issue], &Renderer::plain()).trim_end().to_owned());
        None
    }

    fn text<'b>(&mut self, path: &str, bytes: &'b [u8]) -> Option<&'b str> {
        let text = std::str::from_utf8(bytes);
        text.map_err(|_| self.faults.push(format!("`{path}` is not UTF-8; save it as that"))).ok()
    }

    fn prompts(&mut self) -> BTreeMap<(Language, Name), Content> {
        let mut prompts = BTreeMap::new();
        for (path, bytes) in within(self.files, PROMPTS) {
            let Some(PromptFile { language, prompt }) = self.parse(path, bytes) else { continue };
            for (name, prompt) in prompt {
                let Some(content) = self.content(path, &name, prompt) else { continue };
                match prompts.entry((language.clone(), name)) {
                    Slot::Vacant(slot) => drop(slot.insert(content)),
                    Slot::Occupied(slot) => {
                        let (language, name) = slot.key();
                        let fault = format!(
                            "{path}: prompt `{name}` ({language}) is in another file too; remove one"
                        );
                        self.faults.push(fault);
                    }
                }
            }
        }
        prompts
    }

    fn content(&mut self, path: &str, name: &Name, prompt: FilePrompt) -> Option<Content> {
        let content = match prompt {
            FilePrompt::Say(text) => NewContent::Say(text),
            FilePrompt::List(names) => NewContent::List(names),
            FilePrompt::Play { file, presets } => match self.files.get(&format!("{PROMPTS}{file}")) {
                Some(bytes) => NewContent::Play { bytes: bytes.clone(), presets },
                None => {
                    self.faults
                        .push(format!("{path}: prompt `{name}`: there is no recording `{PROMPTS}{file}`"));
                    return None;
                }
            },
        };
        match content.inspected(name) {
            Ok((content, audio)) => {
                self.audio.extend(audio.map(|audio| (audio.media().clone(), audio)));
                Some(content)
            }
            Err(why) => {
                self.faults.push(format!("{path}: {why}"));
                None
            }
        }
    }

    fn flows(&mut self) -> BTreeMap<Name, String> {
        let mut flows = BTreeMap::new();
        for (path, bytes) in within(self.files, FLOWS) {
            let Some(text) = self.text(path, bytes) else { continue };
            let source = FlowSource { path: path.clone(), text: text.to_owned() };
            match source.check() {
                Ok((flow, _)) => match flows.entry(flow.name) {
                    Slot::Vacant(slot) => drop(slot.insert(source.text)),
                    Slot::Occupied(slot) => {
                        self.faults.push(format!(
                            "{path}: flow `{}` is in another file too; remove one",
                            slot.key()
                        ));
                    }
                },
                Err(why) => self.faults.push(why.to_string()),
            }
        }
        flows
    }
}

/// Whether [`read`] looks at a file of this path, or may.
pub fn is_read(path: &str) -> bool {
    [TENANT, USERS, MAPPINGS].contains(&path) || path.starts_with(PROMPTS) || is_toml_in(FLOWS, path)
}

/// The TOML files that lie right in `folder`, without those of flow tests.
fn within<'a>(files: &'a Files, folder: &'static str) -> impl Iterator<Item = (&'a String, &'a Vec<u8>)> {
    files.iter().filter(move |(path, _)| is_toml_in(folder, path))
}

fn is_toml_in(folder: &str, path: &str) -> bool {
    let name = path.strip_prefix(folder).and_then(|name| name.strip_suffix(".toml"));
    name.is_some_and(|name| !name.contains('/') && !name.ends_with(".test"))
}

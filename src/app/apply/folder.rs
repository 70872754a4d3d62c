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
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    user: BTreeMap<Login, UserSetup>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingsFile {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
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
        let Some(bytes) = self.files.get(path) else {
            self.faults.push(format!("the folder has no `{path}`; `dutyline export` writes one"));
            return None;
        };
        self.parse(path, bytes)
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
            FilePrompt::Play { file, presets } => {
                let Some(bytes) = self.files.get(&format!("{PROMPTS}{file}")) else {
                    let fault = format!("{path}: prompt `{name}`: there is no recording `{PROMPTS}{file}`");
                    self.faults.push(fault);
                    return None;
                };
                NewContent::Play { bytes: bytes.clone(), presets }
            }
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
            match source.read() {
                Ok((flow, _)) => match flows.entry(flow.name) {
                    Slot::Vacant(slot) => drop(slot.insert(source.text)),
                    Slot::Occupied(slot) => {
                        self.faults.push(format!(
                            "{path}: flow `{}` is in another file too; remove one",
                            slot.key()
                        ));
                    }
                },
                Err(issues) => self.faults.push(source.report(&issues)),
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
    name.is_some_and(|name| !name.contains('/') && name.strip_suffix(".test").is_none())
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    const EMPTY: [(&str, &str); 3] =
        [(TENANT, "name = 'A'\nregion = 'CA'\nzone = 'UTC'\nlanguage = 'en'"), (USERS, ""), (MAPPINGS, "")];

    fn files(files: &[(&str, &str)]) -> Files {
        let file = |(path, text): &(&str, &str)| ((*path).to_owned(), text.as_bytes().to_vec());
        EMPTY.iter().chain(files).map(file).collect()
    }

    fn faults(changed: &[(&str, &str)]) -> String {
        read(&files(changed)).expect_err("faults").to_string()
    }

    #[test]
    fn all_faults_of_all_files_are_told_with_their_places() {
        let folder = [
            (USERS, "[user.ada]\nname = 'Ada'\nzone = 'Mars'"),
            (MAPPINGS, "[mapping.Line]\nkind = 'contact-pont'\nvalue = '1'\nflow = 'f'"),
            ("prompts/en.toml", "language = 'en'\n[prompt.hello]\nplay = 'hello.wav'"),
            ("flows/f.toml", "[flow]\nname = 'f'\nkind = 'customer'\nstart = 'x'"),
        ];
        assert_snapshot!(faults(&folder), @r"
        the folder has errors

        error: `Mars` is not an IANA time zone like `America/Toronto`
         --> users.toml:3:8
          |
        3 | zone = 'Mars'
          |        ^^^^^^

        error: unknown value `contact-pont`, expected one of `customer`, `contact-point`, `source`, `direction`
         --> mappings.toml:2:8
          |
        2 | kind = 'contact-pont'
          |        ^^^^^^^^^^^^^^
          |
          = help: did you mean `contact-point`?

        prompts/en.toml: prompt `hello`: there is no recording `prompts/hello.wav`

        error: the flow has no nodes: write a table like `[node.bye.exit]`
         --> flows/f.toml:1:1
          |
        1 | [flow]
          | ^
        ");
    }

    #[test]
    fn a_folder_without_its_files_is_no_empty_setup() {
        let error = read(&Files::new()).expect_err("nothing there").to_string();
        for path in [TENANT, USERS, MAPPINGS] {
            assert!(error.contains(&format!("the folder has no `{path}`")), "{error}");
        }
    }

    #[test]
    fn a_thing_is_in_one_file_alone() {
        let prompts = "language = 'en'\n[prompt.hello]\nsay = 'Hello.'";
        let flow = "[flow]\nname = 'f'\nkind = 'customer'\nstart = 'y'\n[node.y.exit]";
        let error = faults(&[
            ("prompts/a.toml", prompts),
            ("prompts/b.toml", prompts),
            ("flows/a.toml", flow),
            ("flows/b.toml", flow),
        ]);
        assert!(error.contains("prompts/b.toml: prompt `hello` (en) is in another file too"), "{error}");
        assert!(error.contains("flows/b.toml: flow `f` is in another file too"), "{error}");
    }

    #[test]
    fn what_people_leave_out_or_write_their_way_is_what_is_kept() {
        let wanted = read(&files(&[
            (USERS, "[user.ada]\nname = 'Ada'\n[[user.ada.extension]]\nnumber = '+15062345678'"),
            (MAPPINGS, "[mapping.Line]\nkind = 'contact-point'\nvalue = '(506) 555-0100'\nflow = 'f'"),
            ("flows/f.test.toml", "no flow"),
            ("flows/old/f.toml", "no flow"),
            ("README.md", "# Ours"),
        ]));
        let Setup { users, mappings, flows, .. } = wanted.expect("a setup").setup;
        let user = users.values().next().expect("ada");
        assert_eq!(user.extensions[0].description, "Ada");
        assert_eq!(mappings["Line"].value, "+15065550100");
        assert!(mappings["Line"].active);
        assert_eq!(flows, BTreeMap::new());
    }

    #[test]
    fn what_is_written_reads_as_what_it_was() {
        let prompts =
            "language = 'fr-CA'\n[prompt.welcome]\nsay = 'Allô \"toi\".'\n[prompt.l]\nlist = ['welcome']";
        let wanted = read(&files(&[
            (USERS, "[user.'a.b']\nname = 'Zoë'\nagent_code = '007'\nlanguage = 'fr-CA'\nzone = 'UTC'"),
            (
                MAPPINGS,
                "[mapping.'Duty \"line\"']\nkind = 'source'\nvalue = 'AC1'\nflow = 'f'\nversion = 3\nactive = false",
            ),
            ("prompts/fr.toml", prompts),
            ("flows/x.toml", "[flow]\nname = 'f'\nkind = 'customer'\nstart = 'y'\n[node.y.exit]"),
        ]));
        let setup = wanted.expect("a setup").setup;
        let written = write(&setup, []);
        assert_eq!(read(&written).expect("a setup").setup, setup);
        assert!(written.keys().all(|path| is_read(path)), "{written:?}");
    }
}

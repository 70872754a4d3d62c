//! Flow files of a folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use crate::domain::ids::Name;
use crate::flow::check::check;
use crate::flow::model::Flow;
use crate::flow::program::{LinkError, Program};

/// What follows the name in a file of flow tests.
const TEST: &str = ".test.toml";

/// The flows of a folder that have no errors, by name: those that a flow beside them may run.
#[derive(Debug)]
pub(super) struct Library(BTreeMap<Name, Arc<Flow>>);

impl Library {
    /// The flows beside `file`.
    pub(super) fn around(file: &Path) -> anyhow::Result<Self> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut flows = BTreeMap::new();
        for path in toml_files(folder.unwrap_or(Path::new(".")))? {
            if is_test(&path) {
                continue;
            }
            // Whoever asks for that file is told what is wrong with it.
            let flow = fs::read_to_string(&path).ok().and_then(|source| check(&source).0);
            flows.extend(flow.map(|flow| (flow.name.clone(), Arc::new(flow))));
        }
        Ok(Self(flows))
    }

    pub(super) fn flow(&self, name: &Name) -> Option<Arc<Flow>> {
        self.0.get(name).cloned()
    }

    pub(super) fn link(&self, root: Arc<Flow>) -> Result<Program, LinkError> {
        Program::link(root, |name| self.flow(name))
    }
}

/// Whether a file holds flow tests.
pub(super) fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(TEST))
}

/// The file of tests that belongs to a flow's file, if there is one.
pub(super) fn test_of(path: &Path) -> Option<PathBuf> {
    let test = path.with_extension(TEST.trim_start_matches('.'));
    (!is_test(path) && test.is_file()).then_some(test)
}

/// The TOML files of a folder, by name.
pub(super) fn toml_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

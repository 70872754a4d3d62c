//! Files that people name, read so that an error says which.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::de::DeserializeOwned;

pub(super) fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}

pub(super) fn text(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// Reads a TOML file; `what` follows its name if it says something else: `is no policy`.
pub(super) fn toml<T: DeserializeOwned>(path: &Path, what: &str) -> anyhow::Result<T> {
    toml::from_str(&text(path)?).with_context(|| format!("`{}` {what}", path.display()))
}

//! A setup's folder on the disk.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::app::apply::folder::Files;
use crate::cli::file;

/// Deeper folders are none of a setup's.
const DEEPEST: usize = 4;

/// All files of the folder, but for hidden ones, by their path below it.
pub(super) fn read(folder: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    collect(folder, "", DEEPEST, &mut files)?;
    Ok(files)
}

fn collect(folder: &Path, above: &str, depth: usize, files: &mut Files) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let below = format!("{above}{name}");
        if name.starts_with('.') {
            continue;
        }
        if !path.is_dir() {
            let bytes = file::bytes(&path)?;
            files.insert(below, bytes);
        } else if depth > 0 {
            collect(&path, &format!("{below}/"), depth - 1, files)?;
        }
    }
    Ok(())
}

/// Writes the files, and leaves others alone.
pub(super) fn write(folder: &Path, files: &Files) -> anyhow::Result<()> {
    for (below, bytes) in files {
        let path = folder.join(below);
        let within = path.parent().unwrap_or(folder);
        fs::create_dir_all(within).with_context(|| format!("cannot make `{}`", within.display()))?;
        fs::write(&path, bytes).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(())
}

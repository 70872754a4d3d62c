//! Libraries that change a process's world under it: its disk, its clock.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles a source of the repository into `folder`, for `LD_PRELOAD`.
pub fn library(source: &str, folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
    let library = folder.join(source.file_name().expect("a file")).with_extension("so");
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).output();
    let compiled = compiled.expect("a C compiler, as SQLite is compiled with");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    library
}

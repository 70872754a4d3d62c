//! A copy of the database while it is in use.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::{App, Error};

impl App {
    /// Copies the database to `file`, which must not be there yet; how many bytes that are. A copy that was
    /// cut short never stands under the name of a whole one.
    pub async fn back_up(&self, file: &Path) -> Result<u64, Error> {
        let refused = |why: String| Error::invalid("FILE", file.display().to_string(), why);
        if file.try_exists().map_err(|error| refused(error.to_string()))? {
            return Err(refused("is there already; choose another name".to_owned()));
        }
        let part = part_of(file);
        make_empty(&part).map_err(|error| refused(format!("cannot write `{}`: {error}", part.display())))?;
        let copied = self.store.back_up(&part).await;
        let kept = copied
            .map_err(Error::from)
            .and_then(|()| keep(&part, file).map_err(|error| refused(format!("cannot be kept: {error}"))));
        if kept.is_err() {
            // Whatever is left of it is of no use, and the error that counts is the first.
            drop(fs::remove_file(&part));
        }
        kept
    }
}

/// Where the copy stands until it is whole.
fn part_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// An empty file, which SQLite takes for a new database; only its owner reads the numbers and PIN hashes.
fn make_empty(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

/// Gives the copy its name once it is on the disk.
fn keep(part: &Path, file: &Path) -> io::Result<u64> {
    let copy = File::open(part)?;
    copy.sync_all()?;
    fs::rename(part, file)?;
    Ok(copy.metadata()?.len())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::app::tenants::fresh;
    use crate::store::{Clock, Store};

    fn url(file: &Path) -> String {
        format!("sqlite:{}", file.display())
    }

    async fn app(folder: &Path) -> App {
        App::open(&url(&folder.join("live.db")), Clock::System).await.expect("a new database")
    }

    #[tokio::test]
    async fn a_copy_that_is_taken_while_others_write_is_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let app = app(folder.path()).await;
        let written = AtomicBool::new(false);
        let write = async {
            for number in 0..200 {
                let slug = format!("tenant-{number}").parse().expect("a slug");
                app.add_tenant(fresh(slug)).await.expect("room");
            }
            written.store(true, Ordering::Relaxed);
        };
        let copy = async {
            let mut copies = Vec::new();
            while !written.load(Ordering::Relaxed) {
                let file = folder.path().join(format!("copy-{}.db", copies.len()));
                let size = app.back_up(&file).await.expect("a copy");
                assert_eq!(size, fs::metadata(&file).expect("a file").len());
                copies.push(file);
            }
            copies
        };
        let ((), copies) = tokio::join!(write, copy);
        assert!(!copies.is_empty());
        for file in copies {
            let store = Store::open_existing(&url(&file), Clock::System).await.expect("a database");
            assert_eq!(store.quick_check().await.expect("a verdict"), None, "{}", file.display());
        }
    }

    #[tokio::test]
    async fn a_file_that_is_there_is_never_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let app = app(folder.path()).await;
        let file = folder.path().join("precious");
        fs::write(&file, "precious").expect("written");
        let refused = app.back_up(&file).await.expect_err("refused").to_string();
        assert!(refused.contains("precious") && refused.contains("choose another name"), "{refused}");
        assert_eq!(fs::read_to_string(&file).expect("a text"), "precious");
        let nowhere = folder.path().join("no-such-folder/copy.db");
        assert!(app.back_up(&nowhere).await.is_err());
        assert_eq!(
            fs::read_dir(folder.path())
                .expect("a folder")
                .filter(|entry| {
                    entry
                        .as_ref()
                        .is_ok_and(|entry| entry.path().extension().is_some_and(|end| end == "part"))
                })
                .count(),
            0
        );
    }
}

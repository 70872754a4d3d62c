//! A new database for each measurement.

use clap::ValueEnum;
use tempfile::TempDir;

use crate::cluster::Cluster;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    Sqlite,
    Postgresql,
}

/// It is gone when this is dropped.
pub(crate) struct Database {
    pub(crate) url: String,
    #[expect(dead_code, reason = "it is held, and given back")]
    place: Place,
}

#[expect(dead_code, reason = "they are held, and given back")]
enum Place {
    Folder(TempDir),
    Cluster(Cluster),
}

impl Database {
    pub(crate) fn on(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let folder = tempfile::tempdir().expect("a folder");
                let url = format!("sqlite:{}", folder.path().join("line.db").display());
                Self { url, place: Place::Folder(folder) }
            }
            Engine::Postgresql => {
                let cluster = Cluster::start(&["shared_buffers = 1GB", "max_wal_size = 4GB"]);
                Self { url: cluster.database(), place: Place::Cluster(cluster) }
            }
        }
    }
}

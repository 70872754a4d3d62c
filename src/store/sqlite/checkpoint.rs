//! Brings the write-ahead log into the database, on a connection of its own, so that no unit of work waits
//! for it. SQLite would do it by itself at a commit, and keep to itself that the disk failed.

use std::sync::Arc;
use std::time::Duration;

use sqlx::SqliteConnection;
use tokio::sync::{Mutex, watch};
use tokio::time::sleep;

use crate::store::error::StoreError;

/// Pages of the log that are worth bringing over: a quarter of SQLite's own measure, so that no commit waits long
/// for the disk behind them.
const WORTH_IT: i64 = 250;

/// Pages of the log from which on the writer is held up for a moment, so that the log can begin anew. As long
/// as something is written all the time, it never does by itself.
const TOO_LONG: i64 = 4000;

/// Between two looks at the log.
const REST: Duration = Duration::from_millis(20);

/// Whose turn it is to write. SQLite's own lock is not fair: a writer that never rests keeps everybody else out.
pub(in crate::store) type Pen = Arc<Mutex<()>>;

/// Looks after each commit, until there are no more; `broken` is told when the disk fails.
pub(in crate::store) async fn run(
    mut connection: SqliteConnection,
    pen: Pen,
    mut commits: watch::Receiver<()>,
    broken: watch::Sender<Option<StoreError>>,
) {
    while commits.changed().await.is_ok() {
        match look(&mut connection, &pen).await {
            Ok(()) => {}
            Err(error @ StoreError::Broken(_)) => {
                broken.send_replace(Some(error));
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "the write-ahead log could not be brought into the database");
            }
        }
        sleep(REST).await;
    }
}

async fn look(connection: &mut SqliteConnection, pen: &Pen) -> Result<(), StoreError> {
    let (_, logged, done): (i64, i64, i64) =
        sqlx::query_as("pragma wal_checkpoint(noop)").fetch_one(&mut *connection).await?;
    if logged - done >= WORTH_IT {
        sqlx::query("pragma wal_checkpoint(passive)").execute(&mut *connection).await?;
    }
    if logged >= TOO_LONG {
        let _mine = pen.lock().await;
        sqlx::query("pragma wal_checkpoint(restart)").execute(&mut *connection).await?;
    }
    Ok(())
}

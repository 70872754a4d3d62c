//! Tells other nodes that something was committed, and hears of it from them. A bell carries no news: whoever
//! hears it reads the truth from the tables, and looks now and then by themselves.

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::store::error::StoreError;

const CHANNEL: &str = "dutyline";
const RING: &str = "notify dutyline";

/// Between two rings of one node. `NOTIFY` takes a lock on the whole server while it commits, so it is no part
/// of the transactions that it tells of, and one serves all of those that came meanwhile.
const REST: Duration = Duration::from_millis(10);

/// Between two tries while the server is away.
const RETRY: Duration = Duration::from_secs(1);

/// A bell that rings for every node's commits, of which `commits` tells this one's. It falls silent when there
/// are no more.
pub(in crate::store) fn hang(pool: &PgPool, commits: watch::Receiver<()>) -> watch::Sender<()> {
    let (bell, _) = watch::channel(());
    tokio::spawn(ring(pool.clone(), commits.clone()));
    tokio::spawn(listen(pool.clone(), bell.clone(), commits));
    bell
}

async fn ring(pool: PgPool, mut commits: watch::Receiver<()>) {
    while commits.changed().await.is_ok() {
        if let Err(error) = sqlx::query(RING).execute(&pool).await {
            tracing::debug!(%error, "other nodes were not told of a change, and will look by themselves");
        }
        sleep(REST).await;
    }
}

async fn listen(pool: PgPool, bell: watch::Sender<()>, mut commits: watch::Receiver<()>) {
    loop {
        let heard = tokio::select! {
            heard = hear(&pool, &bell) => heard,
            // Nobody is there any more whom it could ring for.
            () = ended(&mut commits) => return,
        };
        if let Err(error) = heard {
            tracing::debug!(%error, "cannot hear of other nodes' changes, and look by ourselves");
        }
        sleep(RETRY).await;
    }
}

async fn hear(pool: &PgPool, bell: &watch::Sender<()>) -> Result<(), StoreError> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // None is a connection that broke: what rang meanwhile was not heard.
        listener.try_recv().await?;
        bell.send_replace(());
    }
}

async fn ended(commits: &mut watch::Receiver<()>) {
    while commits.changed().await.is_ok() {}
}

//! The write-ahead log.

use std::time::Duration;

use dutyline::flow::reply::{MediaFormat, MediaRef};
use sqlx::{Connection, SqliteConnection};
use tokio::time::timeout;

use crate::harness::store::Desk;

#[tokio::test]
async fn the_write_ahead_log_is_brought_into_the_database_when_it_is_long() {
    let desk = Desk::open().await;
    let mut other = SqliteConnection::connect(&desk.database.url).await.expect("a connection");
    let mut longest = 0;
    for digit in "0123456789abcdef".chars() {
        desk.put(move |tx| {
            let sha256 = digit.to_string().repeat(64).parse().expect("a digest");
            let media = MediaRef { sha256, format: MediaFormat::Wav };
            tx.insert_media(&media, vec![0; 5_000_000], 1000, 8000);
        })
        .await
        .expect("kept");
        let brought_in = async {
            loop {
                let look = sqlx::query_as("pragma wal_checkpoint(noop)").fetch_one(&mut other);
                let (_, logged, done): (i64, i64, i64) = look.await.expect("readable");
                longest = longest.max(logged);
                if logged == done {
                    return;
                }
            }
        };
        timeout(Duration::from_secs(30), brought_in).await.expect("the log is looked after");
    }
    // Sixteen times 1,221 pages were written.
    assert!(longest < 8000, "{longest} pages");
}

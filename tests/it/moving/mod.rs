//! A deployment that goes to another database, of either engine.

mod cut_short;
mod refused;
mod whole;

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use dutyline::store::copy::{CopyError, Tally, copy};

use crate::harness::database::Database;

async fn copied(from: &str, to: &str) -> Result<Vec<Tally>, CopyError> {
    copy(from.into(), to.into(), |_, _| ()).await
}

/// A new database on each engine that there is.
fn new_databases() -> impl Iterator<Item = Database> {
    [Database::on_the_other_engine(), Some(Database::new())].into_iter().flatten()
}

/// Runs the future until it is so, in the midst of which it then stands still.
async fn run_until<F: Future>(is_so: impl Fn() -> bool, mut future: Pin<&mut F>) {
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending(), "it is still under way");
        if is_so() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

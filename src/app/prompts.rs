//! Prompts and recordings.

use super::App;
use crate::flow::reply::MediaRef;
use crate::store::StoreError;

impl App {
    /// A recording's bytes; none if there is no such recording.
    pub async fn recording(&self, media: &MediaRef) -> Result<Option<Vec<u8>>, StoreError> {
        let media = media.clone();
        self.store.read(|tx| Box::pin(async move { tx.media(&media).await })).await
    }
}

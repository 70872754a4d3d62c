//! Requests that are carried out once (D80).

use super::App;
use crate::domain::claim::{Claim, Fate};
use crate::store::{Scope, StoreError};

impl App {
    /// The same, asked for one request that is one unit of work, and is refused if the claim was made before.
    #[must_use]
    pub fn claiming(&self, claim: Claim) -> Self {
        Self { store: self.store.claiming(claim), ..self.clone() }
    }

    /// What became of the request that made the claim; none if none did.
    pub async fn fate(&self, claim: &Claim) -> Result<Option<Fate>, StoreError> {
        let again = claim.clone();
        let read = self.store.read(|tx| {
            Box::pin(async move {
                let claimed = tx.claimed(&again).await?;
                Ok(claimed.map(|claimed| claimed.fate(&again, tx.now())))
            })
        });
        read.await
    }

    /// Keeps what was answered to the request that made the claim.
    pub async fn keep_answer(&self, claim: &Claim, answer: String) -> Result<(), StoreError> {
        let claim = claim.clone();
        let unit = self.store.write(Scope::Tenant(claim.tenant.clone()), move |tx| {
            tx.keep_answer(&claim, &answer);
            Box::pin(async { Ok(()) })
        });
        unit.await
    }
}

//! Requests that are carried out once.

use sqlx::FromRow;

use super::error::StoreError;
use super::rows::{instant, parse};
use super::sql;
use super::tx::Tx;
use super::value::Value;
use crate::domain::claim::{Claim, Claimed};

impl Tx<'_> {
    /// The claim that was made under the same key, for whatever request.
    pub async fn claimed(&mut self, claim: &Claim) -> Result<Option<Claimed>, StoreError> {
        let row: Option<ClaimedRow> = self.one(sql::CLAIMED, key(claim)).await?;
        row.map(|row| row.claimed(claim)).transpose()
    }

    /// Makes the claim, which stands and falls with the unit of work.
    pub async fn claim(&mut self, claim: &Claim) -> Result<(), StoreError> {
        if self.claimed(claim).await?.is_some() {
            return Err(StoreError::Claimed);
        }
        let [tenant, token, key] = key(claim);
        let values = [tenant, token, key, claim.request.as_str().into(), self.now().into()];
        self.push(sql::INSERT_CLAIM, values);
        Ok(())
    }

    /// Keeps what was answered to the request that made the claim, if any did.
    pub fn keep_answer(&mut self, claim: &Claim, answer: &str) {
        let [tenant, token, key] = key(claim);
        self.push(sql::KEEP_ANSWER, [tenant, token, key, claim.request.as_str().into(), answer.into()]);
    }
}

fn key(Claim { tenant, token, key, .. }: &Claim) -> [Value; 3] {
    [tenant.as_str().into(), token.as_str().into(), key.as_str().into()]
}

#[derive(Debug, FromRow)]
struct ClaimedRow {
    request: String,
    at: i64,
    answer: Option<String>,
}

impl ClaimedRow {
    fn claimed(self, claim: &Claim) -> Result<Claimed, StoreError> {
        let row = claim.key.as_str();
        Ok(Claimed {
            request: parse("request_claims", row, self.request)?,
            at: instant("request_claims", row, self.at)?,
            answer: self.answer,
        })
    }
}

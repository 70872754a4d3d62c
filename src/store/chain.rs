//! The log as a chain: where each tenant's ends, as far as the transaction in hand knows, and what it is made of,
//! for whoever looks whether it holds.

use std::collections::{BTreeSet, HashMap};
use std::mem;

use sqlx::FromRow;

use super::batch::Write;
use super::error::StoreError;
use super::events::Logged;
use super::link::Link;
use super::row::Row;
use super::rows::parse;
use super::sql;
use super::tx::Tx;
use crate::domain::chain::{self, Content, Digest, End};
use crate::domain::ids::TenantId;

/// The ends of tenants' logs. What is known here is what the database would answer, so that it need not be asked:
/// whoever takes back what was written has to forget it.
#[derive(Debug, Default)]
pub(super) struct Heads {
    known: HashMap<TenantId, End>,
    /// As of which of the database's versions, where it has such.
    version: Option<i64>,
}

impl Heads {
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// Forgets them if somebody else has written since.
    pub(super) fn as_of(&mut self, version: i64) {
        if self.version.replace(version) != Some(version) {
            self.forget();
        }
    }

    /// Knows those that the rows tell, and no others.
    pub(super) fn told(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        self.forget();
        self.learn(rows)
    }

    fn learn(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        for row in rows {
            let HeadRow { tenant_id, seq, hash } = row.read()?;
            let tenant = parse("outbox_heads", &tenant_id.clone(), tenant_id)?;
            self.known.insert(tenant, End { seq, hash: Digest::kept(hash) });
        }
        Ok(())
    }

    /// Gives entries their places behind the heads of their tenants' logs, and writes them. Done last in a
    /// transaction, so that `seq` follows the order of commits. If it fails, no head is known any more.
    pub(super) async fn append<'l>(
        &mut self,
        link: &mut Link,
        logged: impl Iterator<Item = &'l Logged> + Clone,
    ) -> Result<(), StoreError> {
        let tenants: BTreeSet<&TenantId> = logged.clone().map(|entry| &entry.tenant).collect();
        self.look_up(link, &tenants).await?;
        let mut known = mem::take(&mut self.known);
        let mut writes = Vec::new();
        for entry in logged {
            let head = known.get_mut(&entry.tenant).expect("all were looked up");
            writes.push(behind(head, entry));
        }
        writes.extend(tenants.into_iter().map(|tenant| advanced(tenant, &known[tenant])));
        link.write(&writes).await?;
        self.known = known;
        Ok(())
    }

    /// Asks for those that are not known. The transaction keeps others from writing to these logs.
    async fn look_up(&mut self, link: &mut Link, tenants: &BTreeSet<&TenantId>) -> Result<(), StoreError> {
        let mut unknown = tenants.clone();
        unknown.retain(|tenant| !self.known.contains_key(*tenant));
        if unknown.is_empty() {
            return Ok(());
        }
        let values = unknown.iter().map(|tenant| tenant.as_str().into());
        let rows = link.rows_for(sql::HEADS_OF, unknown.len(), values).await?;
        // A log that is not there is empty.
        self.known.extend(unknown.into_iter().map(|tenant| (tenant.clone(), End::default())));
        self.learn(&rows)
    }
}

/// Writes an entry behind the head, which it then is.
fn behind(head: &mut End, entry: &Logged) -> Write {
    head.seq += 1;
    let content = entry.at_place(head.seq);
    head.hash = chain::link(&head.hash, &content);
    let Content { tenant, seq, id, at, kind, subject, data, cause } = content;
    let values = vec![
        tenant.into(),
        seq.into(),
        id.into(),
        at.into(),
        kind.into(),
        subject.into(),
        data.into(),
        cause.into(),
        head.hash.as_str().into(),
    ];
    Write { statement: sql::INSERT_EVENT, values }
}

fn advanced(tenant: &TenantId, head: &End) -> Write {
    let values = vec![tenant.as_str().into(), head.seq.into(), head.hash.as_str().into()];
    Write { statement: sql::ADVANCE_HEAD, values }
}

/// Both ends of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// Behind what is forgotten.
    pub begin: End,
    pub end: End,
    /// The largest `seq` of any entry, if there is one: that of the end, unless somebody else wrote it.
    pub newest: Option<i64>,
}

/// An entry as it is kept, which may be what nobody of us wrote.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Kept {
    pub seq: i64,
    pub event_id: String,
    /// Unix milliseconds.
    pub at: i64,
    pub r#type: String,
    pub subject: String,
    pub data: String,
    pub cause: String,
    /// None if a dutyline from before wrote it.
    pub hash: Option<String>,
}

impl Kept {
    /// What its hash covers.
    pub fn content<'e>(&'e self, tenant: &'e TenantId) -> Content<'e> {
        Content {
            tenant: tenant.as_str(),
            seq: self.seq,
            id: &self.event_id,
            at: self.at,
            kind: &self.r#type,
            subject: &self.subject,
            data: &self.data,
            cause: &self.cause,
        }
    }
}

impl Tx<'_> {
    /// Where the tenant's log begins and ends, both at one time.
    pub async fn ends_of_log(&mut self, tenant: &TenantId) -> Result<Ends, StoreError> {
        let row: Option<EndsRow> = self.one(sql::ENDS_OF_LOG, [tenant.as_str().into()]).await?;
        let EndsRow { seq, hash, kept_behind, hash_behind, newest } = row.unwrap_or_default();
        Ok(Ends {
            begin: End { seq: kept_behind, hash: Digest::kept(hash_behind) },
            end: End { seq, hash: Digest::kept(hash) },
            newest,
        })
    }

    /// The entries behind `after` up to `to`, oldest first, at most `limit`, unread.
    pub async fn kept_entries(
        &mut self,
        tenant: &TenantId,
        after: i64,
        to: i64,
        limit: u32,
    ) -> Result<Vec<Kept>, StoreError> {
        let values = [tenant.as_str().into(), after.into(), to.into(), limit.into()];
        self.all(sql::KEPT_ENTRIES, values).await
    }
}

#[derive(Debug, FromRow)]
struct HeadRow {
    tenant_id: String,
    seq: i64,
    hash: Option<String>,
}

#[derive(Debug, Default, FromRow)]
struct EndsRow {
    seq: i64,
    hash: Option<String>,
    kept_behind: i64,
    hash_behind: Option<String>,
    newest: Option<i64>,
}

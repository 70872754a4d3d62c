//! The log as a chain: an entry's hash covers its content and the hash of the entry before it, so that whoever
//! changes, removes or inserts one has to write every later one anew.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Begins what is hashed, so that an entry written in another form has another hash.
const FORM: &str = "dutyline log entry, form 1";

/// A hash as it is kept: 64 hexadecimal digits, and empty before the first entry. Whatever a database holds in its
/// place is linked to and compared, and never read as a number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Digest(String);

impl Digest {
    /// What is kept as a hash; none before the first.
    pub fn kept(text: Option<String>) -> Self {
        Self(text.unwrap_or_default())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an entry's hash covers, in the words in which it is kept. It need not be true: somebody may have changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content<'e> {
    pub tenant: &'e str,
    pub seq: i64,
    pub id: &'e str,
    /// Unix milliseconds.
    pub at: i64,
    pub kind: &'e str,
    pub subject: &'e str,
    pub data: &'e str,
    pub cause: &'e str,
}

/// The hash of an entry behind the one with the hash `previous`.
pub fn link(previous: &Digest, content: &Content<'_>) -> Digest {
    let Content { tenant, seq, id, at, kind, subject, data, cause } = content;
    let fields = [
        FORM.as_bytes(),
        previous.0.as_bytes(),
        tenant.as_bytes(),
        &seq.to_be_bytes(),
        id.as_bytes(),
        &at.to_be_bytes(),
        kind.as_bytes(),
        subject.as_bytes(),
        data.as_bytes(),
        cause.as_bytes(),
    ];
    // Each with its length, so that no two entries are the same row of bytes.
    let mut bytes = Vec::with_capacity(fields.iter().map(|field| size_of::<u64>() + field.len()).sum());
    for field in fields {
        bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
        bytes.extend_from_slice(field);
    }
    Digest(HEXLOWER.encode(&Sha256::digest(&bytes)))
}

/// An end of a chain: behind the entry `seq`, at which the last hash is `hash`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct End {
    pub seq: i64,
    pub hash: Digest,
}

/// An end is told as `7.` and the hash there.
impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.seq, self.hash)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an entry's number, a full stop and its hash")]
pub struct BadEnd;

impl FromStr for End {
    type Err = BadEnd;
    fn from_str(text: &str) -> Result<Self, BadEnd> {
        let (seq, hash) = text.split_once('.').ok_or(BadEnd)?;
        let is_hash = hash.is_empty() || HEXLOWER.decode(hash.as_bytes()).is_ok_and(|hash| hash.len() == 32);
        let hash = is_hash.then(|| Digest(hash.to_owned())).ok_or(BadEnd)?;
        Ok(Self { seq: seq.parse().map_err(|_| BadEnd)?, hash })
    }
}

/// A chain that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Verified {
    pub entries: u64,
    /// The first entry, if there is any.
    pub from: Option<i64>,
    /// The last one, also if it is forgotten.
    pub to: i64,
    /// The first entry that has a hash, if any has.
    pub hashed_from: Option<i64>,
    /// Entries among them that have no hash, since a dutyline from before wrote them: nothing is known of these.
    pub without_hash: u64,
    /// The last hash; empty if no entry ever had one.
    #[schema(value_type = String)]
    pub hash: Digest,
}

/// The first place at which a chain does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ChainFault)]
pub struct Fault {
    pub seq: i64,
    pub fault: Kind,
    /// From this entry on, those right before it have no hash. If somebody took it away, one of them is at fault.
    pub without_hash_since: Option<i64>,
}

/// In which way a chain does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ChainFaultKind)]
pub enum Kind {
    /// The entry, or its hash, is not what was written there.
    Changed,
    /// There is no such entry.
    Missing,
    /// Nothing was written there: it is before the first or behind the last.
    Inserted,
    /// Each entry follows from the one before it, and the head of the log holds another hash than the last of them.
    Severed,
}

/// On the way along a chain, entry by entry.
#[derive(Debug)]
pub struct Walk {
    at: End,
    end: End,
    /// Whether what comes next is the oldest entry that is kept.
    is_at_oldest: bool,
    from: Option<i64>,
    hashed_from: Option<i64>,
    entries: u64,
    without_hash: u64,
    without_hash_since: Option<i64>,
}

impl Walk {
    /// From behind what is forgotten.
    pub fn between(begin: End, end: End) -> Self {
        Self { is_at_oldest: true, ..Self::onward(begin, end) }
    }

    /// From behind an entry at which another walk came to a rest.
    pub fn onward(at: End, end: End) -> Self {
        Self {
            at,
            end,
            is_at_oldest: false,
            from: None,
            hashed_from: None,
            entries: 0,
            without_hash: 0,
            without_hash_since: None,
        }
    }

    /// Behind which entry it is.
    pub fn at(&self) -> &End {
        &self.at
    }

    /// Goes on to the next entry that is there, and its hash if it has one.
    pub fn step(&mut self, content: &Content<'_>, hash: Option<&str>) -> Result<(), Fault> {
        let seq = content.seq;
        if seq <= self.at.seq {
            return Err(self.fault(seq, Kind::Inserted));
        }
        // A dutyline from before forgets what is old, and does not keep behind what.
        let may_be_forgotten = self.is_at_oldest && hash.is_none();
        if seq > self.at.seq.saturating_add(1) && !may_be_forgotten {
            return Err(self.fault(self.at.seq + 1, Kind::Missing));
        }
        if seq > self.end.seq {
            return Err(self.fault(seq, Kind::Inserted));
        }
        if let Some(hash) = hash {
            let linked = link(&self.at.hash, content);
            if linked.0 != hash {
                return Err(self.fault(seq, Kind::Changed));
            }
            self.at.hash = linked;
            self.hashed_from.get_or_insert(seq);
            self.without_hash_since = None;
        } else {
            self.without_hash += 1;
            self.without_hash_since.get_or_insert(seq);
        }
        self.at.seq = seq;
        self.is_at_oldest = false;
        self.from.get_or_insert(seq);
        self.entries += 1;
        Ok(())
    }

    /// Arrives where the log ends.
    pub fn arrive(self) -> Result<Verified, Fault> {
        if self.at.seq < self.end.seq {
            return Err(self.fault(self.at.seq + 1, Kind::Missing));
        }
        if self.at.hash != self.end.hash {
            return Err(self.fault(self.end.seq, Kind::Severed));
        }
        Ok(self.rest())
    }

    /// Comes to a rest on the way: so far it holds.
    pub fn rest(self) -> Verified {
        let Self { at: End { seq: to, hash }, from, hashed_from, entries, without_hash, .. } = self;
        Verified { entries, from, to, hashed_from, without_hash, hash }
    }

    fn fault(&self, seq: i64, fault: Kind) -> Fault {
        Fault { seq, fault, without_hash_since: self.without_hash_since }
    }
}

#[cfg(test)]
mod tests;

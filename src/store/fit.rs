//! Whether a database and this binary fit together. The database itself says which binaries understand it, since
//! an older one cannot know what newer ones have made of it.

use std::cmp::Ordering;
use std::fmt;

/// What a database says of its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, sqlx::FromRow)]
pub(super) struct Schema {
    /// The last migration that was made; 0 before the first.
    pub(super) version: i64,
    /// The floor: the oldest version whose binaries still understand this one.
    pub(super) oldest: i64,
}

/// How this binary can work with a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    Current {
        version: i64,
    },
    /// A newer binary has migrated it, and taken nothing away that this one needs.
    Neighbour {
        version: i64,
        known: i64,
    },
}

/// Why it cannot, and the mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Not migrated yet, or not all the way.
    #[error("the database's schema is at version {version} and {known} is wanted: run `dutyline migrate`")]
    Older { version: i64, known: i64 },
    #[error(
        "the database's schema is at version {version}, for binaries that know {oldest} or newer, and this one \
         knows {known}: use a newer dutyline"
    )]
    Newer { version: i64, oldest: i64, known: i64 },
}

impl Schema {
    /// How it goes with a binary whose own schema is at version `known`.
    pub(super) fn fit(self, known: i64) -> Result<Fit, Misfit> {
        let Self { version, oldest } = self;
        match version.cmp(&known) {
            Ordering::Less => Err(Misfit::Older { version, known }),
            Ordering::Equal => Ok(Fit::Current { version }),
            Ordering::Greater if known >= oldest => Ok(Fit::Neighbour { version, known }),
            Ordering::Greater => Err(Misfit::Newer { version, oldest, known }),
        }
    }
}

impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Current { .. } => f.write_str("the schema is current"),
            Self::Neighbour { version, known } => {
                write!(
                    f,
                    "the schema is at version {version}; this binary knows {known}, and works with it still"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_works_with_its_own_schema_and_with_newer_ones_that_still_know_it() {
        for (version, oldest, known, said) in [
            (0, 0, 1, "at version 0 and 1 is wanted: run `dutyline migrate`"),
            (6, 4, 7, "at version 6 and 7 is wanted: run `dutyline migrate`"),
            (7, 4, 7, "the schema is current"),
            (7, 7, 7, "the schema is current"),
            (8, 4, 7, "at version 8; this binary knows 7, and works with it still"),
            (8, 7, 7, "at version 8; this binary knows 7, and works with it still"),
            (8, 8, 7, "at version 8, for binaries that know 8 or newer, and this one knows 7"),
            (12, 9, 7, "at version 12, for binaries that know 9 or newer, and this one knows 7"),
        ] {
            let schema = Schema { version, oldest };
            let found = schema.fit(known).map_or_else(|misfit| misfit.to_string(), |fit| fit.to_string());
            assert!(found.contains(said), "{schema:?} and {known}: {found}");
        }
    }
}

//! The schema's version: one set of migrations for every engine, compiled in.

use sqlx::ConnectOptions;
use sqlx::migrate::{Migrate, Migrator};
use sqlx::sqlite::SqliteConnectOptions;

use super::error::StoreError;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Where a database stands against this binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Schema {
    #[error("the schema is current")]
    Current,
    /// Not migrated yet, or not all the way.
    #[error("the database's schema is at version {at} and {wanted} is wanted: run `dutyline migrate`")]
    Older { at: i64, wanted: i64 },
    #[error(
        "the database's schema is at version {at}, newer than this binary's {known}: use a newer dutyline"
    )]
    Newer { at: i64, known: i64 },
}

impl Schema {
    /// An error, saying the mend, unless the schema is this binary's.
    pub(super) fn current(self) -> Result<(), StoreError> {
        match self {
            Self::Current => Ok(()),
            Self::Older { .. } | Self::Newer { .. } => Err(StoreError::Schema(self)),
        }
    }
}

pub(super) async fn check(options: &SqliteConnectOptions) -> Result<Schema, StoreError> {
    let mut connection = options.connect().await?;
    let (found,): (bool,) =
        sqlx::query_as("select exists (select 1 from sqlite_master where name = '_sqlx_migrations')")
            .fetch_one(&mut connection)
            .await?;
    let applied =
        if found { connection.list_applied_migrations(&MIGRATIONS.table_name).await? } else { Vec::new() };
    let at = applied.iter().map(|migration| migration.version).max().unwrap_or(0);
    let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    Ok(match at.cmp(&known) {
        std::cmp::Ordering::Equal => Schema::Current,
        std::cmp::Ordering::Less => Schema::Older { at, wanted: known },
        std::cmp::Ordering::Greater => Schema::Newer { at, known },
    })
}

/// Applies what is missing, unless a newer binary was here.
pub(super) async fn migrate(options: &SqliteConnectOptions) -> Result<(), StoreError> {
    let mut connection = options.connect().await?;
    if let newer @ Schema::Newer { .. } = check(options).await? {
        return Err(StoreError::Schema(newer));
    }
    Ok(MIGRATIONS.run_direct(None, &mut connection, false).await?)
}

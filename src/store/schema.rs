//! The schema's version: one set of migrations for every engine, compiled in.

use sqlx::ConnectOptions;
use sqlx::migrate::{Migrate, Migrator};

use super::error::StoreError;
use super::{Engine, sql};

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

pub(super) async fn check(engine: &Engine) -> Result<Schema, StoreError> {
    match engine {
        Engine::Sqlite(options) => {
            let mut connection = options.connect().await?;
            let found = sqlx::query_as(sql::HAS_SCHEMA.sqlite).fetch_one(&mut connection).await?;
            compare(&mut connection, found).await
        }
        Engine::Postgres { options, .. } => {
            let mut connection = options.connect().await?;
            let found = sqlx::query_as(sql::HAS_SCHEMA.postgres).fetch_one(&mut connection).await?;
            compare(&mut connection, found).await
        }
    }
}

async fn compare(connection: &mut impl Migrate, (found,): (bool,)) -> Result<Schema, StoreError> {
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

/// Applies what is missing, unless a newer binary was here. Makes an SQLite database that is not there.
pub(super) async fn migrate(engine: &mut Engine) -> Result<(), StoreError> {
    if let Engine::Sqlite(options) = engine {
        *options = options.clone().create_if_missing(true);
    }
    if let newer @ Schema::Newer { .. } = check(engine).await? {
        return Err(StoreError::Schema(newer));
    }
    match engine {
        Engine::Sqlite(options) => MIGRATIONS.run_direct(None, &mut options.connect().await?, false).await?,
        Engine::Postgres { options, .. } => {
            MIGRATIONS.run_direct(None, &mut options.connect().await?, false).await?;
        }
    }
    Ok(())
}

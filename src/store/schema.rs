//! The schema: one set of migrations for every engine, compiled in. Each is made in a transaction of its own, so
//! that one that is killed has not begun.

use sqlx::ConnectOptions;
use sqlx::migrate::{Migrate, MigrateError, Migrator};

use super::connection::Connection;
use super::engine::Engine;
use super::error::StoreError;
use super::fit::{Fit, Schema};
use super::{postgres, sql, sqlite};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The version that this binary brings a database to.
pub(super) fn known() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().expect("there are migrations")
}

/// How this binary can work with the database as it is, which is not changed.
pub(super) async fn fit(engine: &Engine) -> Result<Fit, StoreError> {
    Ok(look(engine).await?.fit(known())?)
}

async fn look(engine: &Engine) -> Result<Schema, StoreError> {
    let mut connection = Connection::of_onlooker(engine).await?;
    let (has_schema,) = connection.row(sql::HAS_SCHEMA.on(engine)).await?.read()?;
    if has_schema { connection.row(sql::SCHEMA).await?.read() } else { Ok(Schema::default()) }
}

/// Makes the migrations that are missing, unless a newer binary was here. Makes an SQLite database that is not
/// there.
pub(super) async fn migrate(engine: &Engine) -> Result<(), StoreError> {
    match engine {
        Engine::Sqlite(options) => {
            let _alone = sqlite::alone(options).await?;
            let options = options.clone().create_if_missing(true);
            Ok(make_missing(&mut options.connect().await?).await?)
        }
        Engine::Postgres { options, .. } => Ok(make_missing(&mut postgres::connect(options).await?).await?),
    }
}

/// Looks and makes under one lock, where the engine has one: another binary may be at it.
async fn make_missing(connection: &mut impl Migrate) -> Result<(), MigrateError> {
    connection.lock().await?;
    connection.ensure_migrations_table(&MIGRATIONS.table_name).await?;
    let made = connection.list_applied_migrations(&MIGRATIONS.table_name).await?;
    if made.iter().all(|migration| migration.version <= known()) {
        MIGRATIONS.run_direct(None, connection, false).await?;
    }
    connection.unlock().await
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, SqliteConnection};

    use super::*;

    #[test]
    fn every_migration_is_made_whole_or_not_at_all() {
        assert!(MIGRATIONS.iter().all(|migration| !migration.no_tx));
    }

    #[tokio::test]
    async fn a_log_from_before_the_chain_is_one_from_its_oldest_entry_on() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.expect("it opens");
        MIGRATIONS.run_direct(Some(1), &mut connection, false).await.expect("it is made");
        let furnish = "insert into tenants select 'ten_' || value, 'slug' || value, '', 'CA', 'UTC', 'en', false, 0, 0, 0 \
            from json_each('[1, 2, 3]'); \
            insert into outbox_heads values ('ten_1', 7), ('ten_2', 9), ('ten_3', 0); \
            insert into events select 'ten_1', value, '', 0, '', '', '', '' from json_each('[5, 6, 7]')";
        sqlx::raw_sql(furnish).execute(&mut connection).await.expect("rows");
        MIGRATIONS.run_direct(Some(3), &mut connection, false).await.expect("it is made");
        let kept = sqlx::query_scalar("select kept_behind from outbox_heads order by tenant_id");
        let kept: Vec<i64> = kept.fetch_all(&mut connection).await.expect("heads");
        assert_eq!(kept, [4, 9, 0], "all of the second one's is forgotten, and the third has none yet");
    }

    #[tokio::test]
    async fn every_migration_leaves_the_binary_before_it_working() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.expect("it opens");
        let (mut before, mut floor) = (0, 0);
        for version in MIGRATIONS.iter().map(|migration| migration.version) {
            MIGRATIONS.run_direct(Some(version), &mut connection, false).await.expect("it is made");
            let schema: Schema =
                sqlx::query_as(sql::SCHEMA).fetch_one(&mut connection).await.expect("one row");
            assert_eq!(schema.version, version);
            assert!(schema.oldest >= floor, "{version} lowers the floor");
            assert!(before == 0 || schema.oldest <= before, "{version} shuts out {before}");
            (before, floor) = (version, schema.oldest);
        }
    }
}

//! What a newer binary than this one makes of a database.

use super::database::run;

/// A version that this binary does not know.
pub const VERSION: i64 = 9000;

/// A migration that adds, as every one does that leaves the binary before it working.
const EXPANSION: &str = "begin; \
    alter table users add column pronouns text; \
    alter table presence add column announced bigint not null default 0; \
    alter table calls add column trunk text; \
    create table teams (tenant_id text not null references tenants, team text not null, primary key (tenant_id, team)); \
    create index users_pronouns on users (tenant_id, pronouns); \
    insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
    values (9000, 'expansion', true, '', 0); \
    commit";

/// A migration that takes away what this binary needs.
const CONTRACTION: &str = "begin; \
    alter table users drop column revision; \
    update schema_floor set oldest = 9000; \
    insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
    values (9001, 'contraction', true, '', 0); \
    commit";

/// Adds to the database at `url` what binaries of today can live with.
pub async fn expand(url: &str) {
    run(url, EXPANSION).await;
}

/// Makes of it what they do not understand.
pub async fn contract(url: &str) {
    run(url, CONTRACTION).await;
}

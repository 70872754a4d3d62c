//! The schema's versions: binaries that follow upon each other, side by side on one database, and migrations that
//! are killed or meet (I32).

mod killed;
mod neighbours;
mod outgrown;
mod together;

use crate::harness::database::{ask, is_postgres};

/// The tables, columns and indexes of the database at `url`, for comparison.
async fn shape(url: &str) -> String {
    let question = if is_postgres() {
        "select string_agg(line, '; ' order by line) from (\
         select concat_ws(' ', table_name, column_name, data_type, is_nullable) as line \
         from information_schema.columns where table_schema = 'public' \
         union all select indexdef from pg_indexes where schemaname = 'public' \
         union all select conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint \
         where connamespace = 'public'::regnamespace \
         union all select 'floor ' || oldest from schema_floor \
         union all select 'version ' || version from _sqlx_migrations) lines"
    } else {
        "select group_concat(line, '; ' order by line) from (\
         select type || name || coalesce(sql, '') as line from sqlite_master \
         union all select 'floor ' || oldest from schema_floor \
         union all select 'version ' || version from _sqlx_migrations) lines"
    };
    ask(url, question).await
}

//! Every table with its columns, those first that others refer to: the order in which rows can be put into them. What
//! migrations say of themselves is not among them.

use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::value::{Kind, Value};

#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The columns whose values say which row it is; they come first.
    key: &'static [&'static str],
    columns: &'static [(&'static str, Kind)],
    pub(super) count: &'static str,
    pub(super) rows: &'static str,
    pub(super) insert: &'static str,
}

/// Reads `table (key) other columns;`, each column with its kind.
macro_rules! tables {
    ($($table:ident ($($key:ident $of:ident),+) $($column:ident $kind:ident),+;)+) => {
        pub(super) const TABLES: &[Table] = &[$(Table {
            name: stringify!($table),
            key: &[$(stringify!($key)),+],
            columns: &[$((stringify!($key), Kind::$of),)+ $((stringify!($column), Kind::$kind)),+],
            count: concat!("select count(*) from ", stringify!($table)),
            rows: concat!("select ", tables!(@list $($key)+ $($column)+), " from ", stringify!($table)),
            insert: concat!(
                "insert into ", stringify!($table), " (", tables!(@list $($key)+ $($column)+), ") values (",
                tables!(@places $($key)+ $($column)+), ")"
            ),
        }),+];

        /// The names of all tables, for a statement that is about all.
        pub(super) const NAMES: &str = tables!(@list $($table)+);
    };
    (@list $first:ident $($name:ident)*) => {
        concat!(stringify!($first) $(, ", ", stringify!($name))*)
    };
    // The places are numbered when it is known how many rows they are for.
    (@places $first:ident $($name:ident)*) => {
        concat!("$" $(, tables!(@place $name))*)
    };
    (@place $name:ident) => {
        ", $"
    };
}

tables! {
    tenants (tenant_id Text) slug Text, name Text, region Text, zone Text, language Text, shared_lines Bool,
        revision Int, steps_kept_from Int, created_at Int, policy Text;
    outbox_heads (tenant_id Text) seq Int, hash Text, kept_behind Int, hash_behind Text;
    events (tenant_id Text, seq Int) event_id Text, at Int, type Text, subject Text, data Text, cause Text, hash Text;
    users (tenant_id Text, user_id Text) login Text, name Text, zone Text, language Text, agent_code Text,
        pin_hash Text, pin_wrong Int, pin_locked_until Int, active Bool, revision Int, created_at Int, skills Text;
    extensions (tenant_id Text, extension_id Text) user_id Text, e164 Text, ext Text, description Text,
        position Int, line Text, active Bool;
    presence (tenant_id Text, user_id Text) state Text, generation Int, since Int, until Int, at Int, source Text,
        reason Text, call_id Text, hold Text, plan Text, desk Text, turns_at Int, edge_at Int;
    schedules (tenant_id Text, user_id Text) schedule Text;
    segments (tenant_id Text, login Text, ended_at Int) began_at Int, duty Text, reason Text, state Text, label Text,
        activity Text;
    open_segments (tenant_id Text, login Text) open Text;
    ledgers (tenant_id Text) seq Int;
    media (sha256 Text, format Text) bytes Bytes, duration_ms Int, sample_rate Int;
    prompts (tenant_id Text, language Text, name Text) kind Text, content Text;
    flow_versions (tenant_id Text, flow Text, version Int) state Text, source Text, uses Text, created_at Int;
    mappings (tenant_id Text, mapping_id Text) name Text, description Text, channel Text, kind Text, value Text,
        flow Text, version Int, active Bool;
    calls (tenant_id Text, call_id Text) account_sid Text, call_sid Text, caller Text, dialled Text, user_id Text,
        flow Text, version Int, cursor Text, turn Int, menu_since Int, status Text, sequence Int, outcome Text,
        started_at Int, ended_at Int, steps Text;
    pin_attempts (tenant_id Text, attempt_id Text) dialled Text, user_id Text, at Int, outcome Text;
    secrets (name Text) value Text;
    tokens (tenant_id Text, token_id Text) name Text, shown Text, digest Text, role Text, rights Text, user_id Text,
        created_at Int, expires_at Int, last_used_at Int, revoked_at Int;
    request_claims (tenant_id Text, token_id Text, key Text) request Text, at Int, answer Text;
    tickets (tenant_id Text, digest Text) token_id Text, expires_at Int;
    webhooks (tenant_id Text, webhook_id Text) name Text, url Text, types Text, users Text, active Bool,
        stopped_by Text, insecure_tls Bool, secrets Text, created_at Int, cursor Int, failing_since Int, lease Text,
        leased_until Int;
    deliveries (tenant_id Text, webhook_id Text, seq Int) event_id Text, type Text, subject Text, at Int, state Text,
        attempts Int, due_at Int, tried_at Int, status Int, why Text;
}

impl Table {
    /// What a row holds, in the order of the columns.
    pub(super) fn values(&self, row: &Row) -> Result<Vec<Value>, StoreError> {
        let mut values = Vec::with_capacity(self.columns.len());
        for (place, (column, kind)) in self.columns.iter().enumerate() {
            match row.value(place, *kind) {
                Ok(value) => values.push(value),
                Err(error) => {
                    let why = format!("`{column}`: {error}");
                    return Err(StoreError::corrupt(self.name, self.name_of(&values), why));
                }
            }
        }
        Ok(values)
    }

    /// The row with these values, for people: its key.
    pub(super) fn name_of(&self, values: &[Value]) -> String {
        let key = values.iter().take(self.key.len()).map(Value::shown);
        key.collect::<Vec<_>>().join(" ")
    }

    /// The column in which a text holds U+0000, if any does.
    pub(super) fn nul_in(&self, values: &[Value]) -> Option<&'static str> {
        let columns = self.columns.iter().zip(values);
        let mut with_nul = columns.filter(|(_, value)| value.has_nul());
        with_nul.next().map(|((name, _), _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sqlx::{Connection as _, PgConnection, SqliteConnection};

    use super::*;
    use crate::store::copy::side::MOST_ROWS;
    use crate::store::{Clock, Store, cluster};

    /// Every column that is copied, with its type and whether it says which row it is.
    fn stated() -> BTreeSet<String> {
        let column = |table: &Table, (name, kind): &(&str, Kind)| {
            let of = match kind {
                Kind::Text => "text",
                Kind::Int => "bigint",
                Kind::Bool => "boolean not null",
                Kind::Bytes => "bytea not null",
            };
            let key = if table.key.contains(name) { " key" } else { "" };
            format!("{}.{name} {of}{key}", table.name)
        };
        let columns = |table: &'static Table| table.columns.iter().map(move |stated| column(table, stated));
        TABLES.iter().flat_map(columns).collect()
    }

    const OF_SQLITE: &str = "select t.name || '.' || c.name || ' ' || lower(c.type) \
        || case when c.type in ('boolean', 'bytea') and c.\"notnull\" then ' not null' else '' end \
        || case when c.pk > 0 then ' key' else '' end \
        from sqlite_master t join pragma_table_info(t.name) c \
        where t.type = 'table' and t.name not in ('_sqlx_migrations', 'schema_floor')";

    const OF_POSTGRES: &str = "select c.table_name || '.' || c.column_name || ' ' || c.data_type \
        || case when c.data_type in ('boolean', 'bytea') and c.is_nullable = 'NO' then ' not null' else '' end \
        || case when k.column_name is not null then ' key' else '' end \
        from information_schema.columns c \
        left join information_schema.key_column_usage k on k.table_schema = c.table_schema \
        and k.table_name = c.table_name and k.column_name = c.column_name and k.constraint_name like '%_pkey' \
        where c.table_schema = current_schema() and c.table_name not in ('_sqlx_migrations', 'schema_floor')";

    const REFERENCES: &str = "select t.name, f.\"table\" from sqlite_master t \
        join pragma_foreign_key_list(t.name) f where t.type = 'table'";

    async fn on_sqlite() -> (tempfile::TempDir, SqliteConnection) {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("line.db").display());
        drop(Store::open(&url, Clock::System).await.expect("a migrated database"));
        (folder, SqliteConnection::connect(&url).await.expect("a connection"))
    }

    async fn on_postgres() -> Option<PgConnection> {
        let url = cluster::unless_missing()?.database();
        drop(Store::open(&url, Clock::System).await.expect("a migrated database"));
        Some(PgConnection::connect(&url).await.expect("a connection"))
    }

    #[tokio::test]
    async fn every_column_of_every_table_is_copied_from_and_to_sqlite() {
        let (_folder, mut connection) = on_sqlite().await;
        let found = sqlx::query_scalar(OF_SQLITE).fetch_all(&mut connection).await.expect("columns");
        assert_eq!(stated(), found.into_iter().collect());
    }

    #[tokio::test]
    async fn every_column_of_every_table_is_copied_from_and_to_postgresql() {
        let Some(mut connection) = on_postgres().await else { return };
        let found = sqlx::query_scalar(OF_POSTGRES).fetch_all(&mut connection).await.expect("columns");
        assert_eq!(stated(), found.into_iter().collect());
    }

    #[test]
    fn a_statement_holds_no_more_values_than_either_engine_takes() {
        // SQLite's limit, half of PostgreSQL's.
        assert!(TABLES.iter().all(|table| table.columns.len() * MOST_ROWS < 32_766));
    }

    #[test]
    fn a_row_is_named_by_its_key() {
        let named = |name: &str, values: &[Value]| {
            TABLES.iter().find(|table| table.name == name).expect("a table").name_of(values)
        };
        assert_eq!(named("events", &["ten_1".into(), 7_i64.into(), "evt_1".into()]), "ten_1 7");
        assert_eq!(named("secrets", &["a\n\0".into(), "s3cret".into()]), "a\\n\\0");
        assert_eq!(named("events", &["ten_1".into()]), "ten_1", "as far as it is known");
    }

    #[tokio::test]
    async fn a_table_comes_after_those_that_it_refers_to() {
        let (_folder, mut connection) = on_sqlite().await;
        let references: Vec<(String, String)> =
            sqlx::query_as(REFERENCES).fetch_all(&mut connection).await.expect("references");
        let place = |name: &str| TABLES.iter().position(|table| table.name == name);
        for (table, other) in &references {
            assert!(place(other) < place(table), "{table} refers to {other}");
        }
        assert!(references.len() > 5);
    }
}

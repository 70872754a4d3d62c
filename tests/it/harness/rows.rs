//! Everything that a database holds, in words that are the same for both engines.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

/// The rows of each table, without the order in which they lie there.
pub type Rows = BTreeMap<String, Vec<String>>;

const SQLITES: &str = "select t.name, c.name, lower(c.type) from sqlite_master t join pragma_table_info(t.name) c \
    where t.type = 'table' and t.name not in ('_sqlx_migrations', 'schema_floor')";
const POSTGRES: &str = "select c.table_name::text, c.column_name::text, c.data_type::text \
    from information_schema.columns c where c.table_schema = current_schema() \
    and c.table_name not in ('_sqlx_migrations', 'schema_floor')";

/// Reads all tables but those of the migrations, to the byte.
pub async fn rows(url: &str) -> Rows {
    let mut rows = Rows::new();
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(url).await.expect("a connection");
        let columns = sqlx::query_as(SQLITES).fetch_all(&mut connection).await.expect("columns");
        for (table, text) in questions(columns, on_sqlite) {
            let found = sqlx::query_scalar(AssertSqlSafe(text)).fetch_all(&mut connection).await;
            rows.insert(table, sorted(found));
        }
    } else {
        let mut connection = PgConnection::connect(url).await.expect("a connection");
        let columns = sqlx::query_as(POSTGRES).fetch_all(&mut connection).await.expect("columns");
        for (table, text) in questions(columns, on_postgres) {
            let found = sqlx::query_scalar(AssertSqlSafe(text)).fetch_all(&mut connection).await;
            rows.insert(table, sorted(found));
        }
    }
    rows
}

/// How many rows there are in all.
pub async fn count(url: &str) -> usize {
    rows(url).await.values().map(Vec::len).sum()
}

/// For each table the statement that asks for its rows, each as one text.
fn questions(
    columns: Vec<(String, String, String)>,
    word: fn(&str, &str) -> String,
) -> BTreeMap<String, String> {
    let mut words = BTreeMap::<String, BTreeMap<String, String>>::new();
    for (table, column, kind) in columns {
        let word = format!("'{column}=' || coalesce({}, 'none')", word(&column, &kind));
        words.entry(table).or_default().insert(column, word);
    }
    let ask = |(table, words): (String, BTreeMap<String, String>)| {
        let words = words.into_values().collect::<Vec<_>>().join(" || ' ' || ");
        let text = format!("select {words} from {table}");
        (table, text)
    };
    words.into_iter().map(ask).collect()
}

fn on_sqlite(column: &str, kind: &str) -> String {
    // SQLite keeps in any column what it is given.
    let kept = format!("typeof({column})");
    let bytes = match kind {
        "text" => "text",
        "bytea" => "blob",
        "bigint" | "boolean" => "integer",
        other => panic!("`{column}` is of a type that the tests do not know: {other}"),
    };
    format!("case {kept} when '{bytes}' then hex({column}) when 'null' then null else {kept} end")
}

fn on_postgres(column: &str, kind: &str) -> String {
    let bytes = match kind {
        "text" => format!("convert_to({column}, 'UTF8')"),
        "bytea" => column.to_owned(),
        "bigint" => format!("convert_to({column}::text, 'UTF8')"),
        "boolean" => format!("convert_to({column}::int::text, 'UTF8')"),
        other => panic!("`{column}` is of a type that the tests do not know: {other}"),
    };
    format!("upper(encode({bytes}, 'hex'))")
}

fn sorted(rows: sqlx::Result<Vec<String>>) -> Vec<String> {
    let mut rows = rows.expect("rows");
    rows.sort_unstable();
    rows
}

//! A row of either engine.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{ColumnIndex, Decode, FromRow, Postgres, Row as _, Sqlite, Type};

use super::error::StoreError;
use super::value::{Kind, Value};

#[derive(Debug)]
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// What a row of either engine can be read as.
pub(super) trait Readable:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Readable for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl Row {
    pub(super) fn read<R: Readable>(&self) -> Result<R, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => R::from_row(row)?,
            Self::Postgres(row) => R::from_row(row)?,
        })
    }

    /// A text of the row.
    pub(super) fn text(&self, column: &str) -> Result<String, StoreError> {
        Ok(self.get(column)?)
    }

    /// The row's first column, a whole number.
    pub(super) fn number(&self) -> Result<i64, StoreError> {
        Ok(self.get(0)?)
    }

    /// The column at a place, which is of the kind.
    pub(super) fn value(&self, place: usize, kind: Kind) -> Result<Value, sqlx::Error> {
        Ok(match kind {
            Kind::Text => self.get::<Option<&str>>(place)?.into(),
            Kind::Int => self.get::<Option<i64>>(place)?.into(),
            Kind::Bool => self.get::<bool>(place)?.into(),
            Kind::Bytes => self.get::<Vec<u8>>(place)?.into(),
        })
    }

    fn get<'r, T>(
        &'r self,
        column: impl ColumnIndex<SqliteRow> + ColumnIndex<PgRow>,
    ) -> Result<T, sqlx::Error>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }
}

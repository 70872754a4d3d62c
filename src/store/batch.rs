//! Statements that wait to be run together. A hop to SQLite's thread costs many times what a statement
//! does, so a unit of work writes in one: the texts are joined, and their `$n` numbered through.

use std::fmt::Write;

use sqlx::Arguments;
use sqlx::sqlite::SqliteArguments;

/// A value for a placeholder.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Int(i64),
    Bool(bool),
    Bytes(Vec<u8>),
    Null,
}

#[derive(Debug, Default)]
pub(super) struct Batch {
    text: String,
    values: Vec<Value>,
}

impl Batch {
    /// Adds one statement of [`super::sql`] with the values of its `$1`, `$2`, …
    pub(super) fn push<const N: usize>(&mut self, statement: &'static str, values: [Value; N]) {
        self.add(statement, values);
    }

    /// Adds one statement whose values are counted elsewhere.
    pub(super) fn add(&mut self, statement: &'static str, values: impl IntoIterator<Item = Value>) {
        let base = self.values.len();
        let mut pieces = statement.split('$');
        self.text.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
            let number: usize =
                piece[..digits].parse().expect("`$` in our statements is followed by a number");
            write!(self.text, "${}", base + number).expect("a text takes any text");
            self.text.push_str(&piece[digits..]);
        }
        self.text.push_str(";\n");
        self.values.extend(values);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The joined text and its values.
    pub(super) fn take(&mut self) -> (String, Vec<Value>) {
        let Self { text, values } = std::mem::take(self);
        (text, values)
    }
}

/// Values in the driver's own form.
pub(super) fn arguments(values: impl IntoIterator<Item = Value>) -> SqliteArguments {
    let mut arguments = SqliteArguments::default();
    for value in values {
        let added = match value {
            Value::Text(text) => arguments.add(text),
            Value::Int(number) => arguments.add(number),
            Value::Bool(truth) => arguments.add(truth),
            Value::Bytes(bytes) => arguments.add(bytes),
            Value::Null => arguments.add(None::<String>),
        };
        added.expect("text, numbers and bytes always encode");
    }
    arguments
}

macro_rules! value_from {
    ($($from:ty => $make:expr,)*) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Self {
                let make: fn($from) -> Self = $make;
                make(value)
            }
        })*
    };
}

value_from! {
    &str => |text| Self::Text(text.to_owned()),
    String => Self::Text,
    i64 => Self::Int,
    u32 => |number| Self::Int(number.into()),
    bool => Self::Bool,
    Vec<u8> => Self::Bytes,
    crate::domain::time::Instant => |at| Self::Int(at.timestamp_millis()),
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).expect("our counters stay far below 2^63"))
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_through() {
        let mut batch = Batch::default();
        batch.push("update a set b = $2 where c = $1", ["x".into(), 1_i64.into()]);
        batch.push("insert into d values ($1, $1, $2)", [true.into(), Value::Null]);
        let (text, _) = batch.take();
        insta::assert_snapshot!(text, @r"
        update a set b = $2 where c = $1;
        insert into d values ($3, $3, $4);
        ");
        assert!(batch.is_empty());
    }
}

//! Values for placeholders.

use std::sync::Arc;

use sqlx::Arguments;
use sqlx::sqlite::SqliteArguments;

/// A value for a placeholder. A copy shares its text and bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(Arc<str>),
    Int(i64),
    Bool(bool),
    Bytes(Arc<Vec<u8>>),
    Null,
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
    &str => |text| Self::Text(text.into()),
    String => |text| Self::Text(text.into()),
    i64 => Self::Int,
    u32 => |number| Self::Int(number.into()),
    bool => Self::Bool,
    Vec<u8> => |bytes| Self::Bytes(bytes.into()),
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

//! Values for placeholders.

use std::sync::Arc;

use sqlx::{Arguments, Database, Encode, Type};

use crate::domain::time::Instant;

/// A value for a placeholder, or none of its type: PostgreSQL wants to know which. A copy shares its text and
/// bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Value {
    Text(Option<Arc<str>>),
    Int(Option<i64>),
    Bool(bool),
    Bytes(Arc<Vec<u8>>),
}

/// Of which type a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Int,
    /// Never none.
    Bool,
    /// Never none.
    Bytes,
}

impl Value {
    /// Whether it is a text with U+0000 in it, which PostgreSQL's texts cannot hold.
    pub(super) fn has_nul(&self) -> bool {
        matches!(self, Self::Text(Some(text)) if text.contains('\0'))
    }

    /// Bytes that it takes to keep and to send, about.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.as_deref().map_or(0, str::len),
            Self::Int(_) | Self::Bool(_) => size_of::<i64>(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// A key's value, for people.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Text(Some(text)) => text.escape_debug().to_string(),
            Self::Int(Some(number)) => number.to_string(),
            Self::Text(None) | Self::Int(None) | Self::Bool(_) | Self::Bytes(_) => "?".to_owned(),
        }
    }
}

/// Values in a driver's own form.
pub(super) fn arguments<D: Database>(values: impl IntoIterator<Item = Value>) -> D::Arguments
where
    for<'q> Option<Arc<str>>: Encode<'q, D> + Type<D>,
    for<'q> Option<i64>: Encode<'q, D> + Type<D>,
    for<'q> bool: Encode<'q, D> + Type<D>,
    for<'q> Arc<Vec<u8>>: Encode<'q, D> + Type<D>,
{
    let mut arguments = D::Arguments::default();
    for value in values {
        let added = match value {
            Value::Text(text) => arguments.add(text),
            Value::Int(number) => arguments.add(number),
            Value::Bool(truth) => arguments.add(truth),
            Value::Bytes(bytes) => arguments.add(bytes),
        };
        added.expect("text, numbers and bytes always encode");
    }
    arguments
}

/// What may be missing: its value, and none of its type.
macro_rules! value_from {
    ($($from:ty => $kind:ident, $make:expr;)*) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$kind(Some(($make)(value)))
            }
        }

        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self {
                value.map_or(Self::$kind(None), Self::from)
            }
        })*
    };
}

value_from! {
    &str => Text, Arc::from;
    String => Text, Arc::from;
    i64 => Int, std::convert::identity;
    u32 => Int, i64::from;
    u64 => Int, |number: u64| i64::try_from(number).expect("our counters stay far below 2^63");
    Instant => Int, |at: Instant| at.timestamp_millis();
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

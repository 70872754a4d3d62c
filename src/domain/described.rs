//! How values are described to those who read the API's document: beside the rule that each keeps, so that the two
//! cannot part.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

/// A text that is `expected`.
pub fn text(expected: &str) -> RefOr<Schema> {
    builder(expected).build().into()
}

/// One of a few spellings.
pub fn choice(spellings: &[&str]) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .enum_values(Some(spellings.iter().copied()))
        .build()
        .into()
}

/// A telephone number, of which all but a few digits may be hidden.
pub fn number() -> RefOr<Schema> {
    builder("a number in E.164 form; digits are masked by `***` unless the token may see numbers")
        .examples(["+15062345678"])
        .build()
        .into()
}

fn builder(expected: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).description(Some(expected))
}

/// A type that is a text to those outside.
macro_rules! described {
    ($name:ident, $schema:expr) => {
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $schema
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}

//! How values are described to those who read the API's document: beside the rule that each keeps, so that the two
//! cannot part.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

/// A text that is `expected`.
pub fn text(expected: &str) -> RefOr<Schema> {
    builder(expected).build().into()
}

/// A text that is `expected`, and matches a pattern: a regular expression that ECMAScript, Python and Rust read alike.
pub fn matching(expected: &str, pattern: &str) -> RefOr<Schema> {
    builder(expected).pattern(Some(pattern)).build().into()
}

/// A text of so many letters on one line, which are not all blank unless there need be none.
pub fn line<const LEAST: usize, const MOST: usize>() -> RefOr<Schema> {
    line_of(Type::String.into(), LEAST, MOST)
}

/// As [`line`], or null.
pub fn line_or_null<const LEAST: usize, const MOST: usize>() -> RefOr<Schema> {
    line_of(SchemaType::from_iter([Type::String, Type::Null]), LEAST, MOST)
}

fn line_of(kind: SchemaType, least: usize, most: usize) -> RefOr<Schema> {
    let pattern = if least == 0 { ON_ONE_LINE } else { SOMETHING_ON_ONE_LINE };
    let line = builder(&format!("{least} to {most} letters on one line")).schema_type(kind);
    line.pattern(Some(pattern)).min_length(Some(least)).max_length(Some(most)).build().into()
}

const ON_ONE_LINE: &str = r"^[^\x00-\x1f\x7f-\x9f]*$";
const SOMETHING_ON_ONE_LINE: &str = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$";

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

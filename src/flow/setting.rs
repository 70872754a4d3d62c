//! Values in a file that people wrote, each with its place. A value that does not fit is kept as a complaint
//! instead of ending the reading, so that one bad setting does not hide the next.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use toml::Spanned;

use crate::flow::issue::{Issue, Span};

/// One value and where it stands.
#[derive(Debug, Clone)]
pub struct Setting<T> {
    pub span: Span,
    /// The value, or why what stands there is none.
    pub value: Result<T, String>,
}

impl<T> Setting<T> {
    /// A value that the file does not mention.
    pub fn unwritten(value: T) -> Self {
        Self { span: 0..0, value: Ok(value) }
    }

    /// The value, if it fits.
    pub fn fits(&self) -> Option<&T> {
        self.value.as_ref().ok()
    }

    /// The value; what does not fit is added to the issues.
    pub fn take(self, issues: &mut Vec<Issue>) -> Option<T> {
        self.value.map_err(|complaint| issues.push(misfit(self.span, &complaint))).ok()
    }
}

impl<T> Setting<Option<T>> {
    /// A setting without a default, which may be left out.
    pub fn optional(written: Option<Setting<T>>) -> Self {
        match written {
            Some(Setting { span, value }) => Self { span, value: value.map(Some) },
            None => Self::unwritten(None),
        }
    }
}

impl<T: Default> Default for Setting<T> {
    fn default() -> Self {
        Self::unwritten(T::default())
    }
}

/// From TOML only: no other format tells the place.
impl<'de, T: DeserializeOwned> Deserialize<'de> for Setting<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = Spanned::<toml::Value>::deserialize(deserializer)?;
        let span = found.span();
        let value = T::deserialize(found.into_inner()).map_err(|error| error.message().to_owned());
        Ok(Self { span, value })
    }
}

/// Only defaults are written, into the schema.
impl<T: Serialize> Serialize for Setting<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.as_ref().map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// In the schema a setting is its value.
impl<T: JsonSchema> JsonSchema for Setting<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// A whole number from `MIN` to `MAX`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Bounded<const MIN: u8, const MAX: u8>(u8);

impl<const MIN: u8, const MAX: u8> Bounded<MIN, MAX> {
    /// For defaults, which stand in the source.
    ///
    /// # Panics
    /// If the default lies outside its own bounds.
    pub const fn default_of(value: u8) -> Self {
        assert!(MIN <= value && value <= MAX, "a default lies within its bounds");
        Self(value)
    }

    pub fn get(self) -> u8 {
        self.0
    }
}

impl<'de, const MIN: u8, const MAX: u8> Deserialize<'de> for Bounded<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = toml::Value::deserialize(deserializer)?;
        let number = found.as_integer().and_then(|number| u8::try_from(number).ok());
        let fitting = number.filter(|number| (MIN..=MAX).contains(number)).map(Self);
        fitting
            .ok_or_else(|| D::Error::custom(format!("`{found}` is not a whole number from {MIN} to {MAX}")))
    }
}

impl<const MIN: u8, const MAX: u8> JsonSchema for Bounded<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("From{MIN}To{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

/// The issue for a complaint of serde's, in words for people who know no Rust. Its `unknown field` and
/// `unknown variant` list in backticks first what was written, then what is known.
pub fn misfit(span: Span, complaint: &str) -> Issue {
    let quoted: Vec<&str> = complaint.split('`').skip(1).step_by(2).collect();
    let message = complaint
        .replace("unknown variant", "unknown value")
        .replace("unit variant, expected newtype variant", "a word, expected a table of settings");
    let issue = Issue::error(span, message);
    match quoted.split_first() {
        Some((written, known)) if complaint.starts_with("unknown ") => {
            issue.did_you_mean(written, known.iter().copied())
        }
        _ => issue,
    }
}

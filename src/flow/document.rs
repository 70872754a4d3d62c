//! Reading a TOML file piece by piece, so that an error in one piece does not hide the errors in the others.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::flow::issue::{Issue, Span};
use crate::flow::setting::misfit;

/// The longest file that is read, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// Unknown fields that one piece may have before reading it is given up.
const MAX_UNKNOWN_FIELDS: usize = 20;

/// A table of the file, its entries taken out one by one.
#[derive(Debug)]
pub struct Table<'s>(Spanned<DeTable<'s>>);

/// An entry of a table: its key, where the key stands, and what it leads to.
#[derive(Debug)]
pub struct Entry<'s> {
    pub key: String,
    pub span: Span,
    pub value: Spanned<DeValue<'s>>,
}

impl<'s> Table<'s> {
    /// The whole file; none if it is too long or not TOML.
    pub fn parse(source: &'s str, issues: &mut Vec<Issue>) -> Option<Self> {
        if source.len() > MAX_BYTES {
            let size = source.len();
            issues.push(Issue::error(
                0..0,
                format!("the file is {size} bytes long, {MAX_BYTES} are the most it may be"),
            ));
            return None;
        }
        let (table, errors) = DeTable::parse_recoverable(source);
        let end = source.len();
        let place = |error: &toml::de::Error| within(error.span().unwrap_or(0..0), end);
        issues.extend(errors.iter().map(|error| Issue::error(place(error), error.message())));
        errors.is_empty().then_some(Self(table))
    }

    /// How many entries it has.
    pub fn count(&self) -> usize {
        self.0.get_ref().len()
    }

    /// Where the table begins: its header, or all of an inline table.
    pub fn span(&self) -> Span {
        self.0.span()
    }

    /// Takes the entry `key` out.
    pub fn take(&mut self, key: &str) -> Option<Entry<'s>> {
        let (key, value) = self.0.get_mut().remove_entry(key)?;
        Some(Entry::new(key, value))
    }

    /// Calls all entries that are left unknown.
    pub fn refuse_rest(self, known: &[&str], issues: &mut Vec<Issue>) {
        for entry in self.into_entries() {
            let message = format!("unknown table or key `{}`", entry.key);
            issues.push(Issue::error(entry.span, message).did_you_mean(&entry.key, known.iter().copied()));
        }
    }

    pub fn into_entries(self) -> impl Iterator<Item = Entry<'s>> {
        self.0.into_inner().into_iter().map(|(key, value)| Entry::new(key, value))
    }
}

impl<'s> Entry<'s> {
    fn new(key: Spanned<Cow<'s, str>>, value: Spanned<DeValue<'s>>) -> Self {
        let span = key.span();
        Self { key: key.into_inner().into_owned(), span, value }
    }

    /// What the entry leads to, if that is a list.
    pub fn into_list(self, issues: &mut Vec<Issue>) -> Option<Vec<Spanned<DeValue<'s>>>> {
        let misfit = self.must_be("a list of tables");
        let DeValue::Array(list) = self.value.into_inner() else {
            issues.push(misfit);
            return None;
        };
        Some(list.into_iter().collect())
    }

    /// What the entry leads to, if that is a table.
    pub fn into_table(self, issues: &mut Vec<Issue>) -> Option<Table<'s>> {
        let (span, misfit) = (self.value.span(), self.must_be("a table"));
        let DeValue::Table(table) = self.value.into_inner() else {
            issues.push(misfit);
            return None;
        };
        Some(Table(Spanned::new(span, table)))
    }

    fn must_be(&self, wanted: &str) -> Issue {
        let kind = self.value.get_ref().type_str();
        Issue::error(self.value.span(), format!("`{}` must be {wanted}, but is of type {kind}", self.key))
    }
}

/// Reads one piece. Unknown fields are reported and left out, so that the rest is read all the same.
pub fn read<T: DeserializeOwned>(mut piece: Spanned<DeValue<'_>>, issues: &mut Vec<Issue>) -> Option<T> {
    for _ in 0..MAX_UNKNOWN_FIELDS {
        let error = match T::deserialize(ValueDeserializer::from(piece.clone())) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let span = error.span().unwrap_or_else(|| piece.span());
        issues.push(misfit(span.clone(), error.message()));
        if !(error.message().starts_with("unknown field") && remove_key(piece.get_mut(), &span)) {
            return None;
        }
    }
    None
}

/// Removes the key that stands at `span`, however deep; whether there was one.
fn remove_key(value: &mut DeValue<'_>, span: &Span) -> bool {
    match value {
        DeValue::Table(table) => {
            let key = table.keys().find(|key| key.span() == *span).cloned();
            key.is_some_and(|key| table.remove(&key).is_some())
                || table.iter_mut().any(|(_, inner)| remove_key(inner.get_mut(), span))
        }
        DeValue::Array(items) => items.iter_mut().any(|item| remove_key(item.get_mut(), span)),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => false,
    }
}

/// The parser places an unfinished last line at, or one past, the end of the file.
fn within(span: Span, end: usize) -> Span {
    span.start.min(end)..span.end.min(end)
}

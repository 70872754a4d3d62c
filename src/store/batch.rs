//! Writes that go to the database together. Going there and back costs many times what a small statement
//! does, so rows for one table become one statement, however many units of work they come from.

use std::borrow::Cow;
use std::collections::HashSet;
use std::iter;

use super::listed::{Listed, Placeholders};
use super::value::Value;

/// One statement of [`super::sql`] and the values of its `$1`, `$2`, …
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Write {
    pub(super) statement: &'static str,
    pub(super) values: Vec<Value>,
}

/// What is handed over in one go.
#[derive(Debug, PartialEq)]
pub(super) struct Parcel {
    pub(super) text: Cow<'static, str>,
    pub(super) values: Vec<Value>,
}

/// Rows in a parcel at most that units of work write.
pub(super) const MOST_ROWS: usize = 128;

/// Packs writes into parcels that do the same, of so many rows at most. A row joins the rows that wait for the same
/// statement, past inserts by other statements and nothing else.
pub(super) fn pack<'w>(
    writes: impl IntoIterator<Item = &'w Write>,
    placeholders: Placeholders,
    most: usize,
) -> impl Iterator<Item = Parcel> {
    let mut piles: Vec<Pile<'_>> = Vec::new();
    for write in writes {
        let mut in_reach = piles.iter_mut().rev().take_while(|pile| pile.listed.is_some());
        let alike = in_reach.find(|pile| pile.statement == write.statement);
        if !alike.is_some_and(|pile| pile.add(&write.values)) {
            piles.push(Pile::new(write));
        }
    }
    piles.into_iter().flat_map(move |pile| pile.parcels(placeholders, most))
}

/// Rows for one statement.
struct Pile<'w> {
    statement: &'static str,
    listed: Option<Listed>,
    rows: Vec<&'w [Value]>,
    /// How many values are a row's key, and the keys of those that are here: PostgreSQL does not change in a
    /// statement what the same one has made.
    key: Option<usize>,
    keys: HashSet<&'w [Value]>,
}

impl<'w> Pile<'w> {
    fn new(write: &'w Write) -> Self {
        let Write { statement, values } = write;
        let listed = Listed::read(statement);
        let key = listed.as_ref().and_then(Listed::key);
        let mut pile = Self { statement, listed, rows: Vec::new(), key, keys: HashSet::new() };
        pile.add(values);
        pile
    }

    /// Takes a row, unless one with its key is here.
    fn add(&mut self, row: &'w [Value]) -> bool {
        let is_new = self.key.is_none_or(|key| self.keys.insert(&row[..key]));
        if is_new {
            self.rows.push(row);
        }
        is_new
    }

    /// Each is made when it is asked for: all at once would keep the thread from its other tasks. The rows of each are
    /// a power of two, so that few texts have to be prepared.
    fn parcels(self, placeholders: Placeholders, most: usize) -> impl Iterator<Item = Parcel> {
        let mut first = 0;
        iter::from_fn(move || {
            let rows = self.rows.get(first..).filter(|rest| !rest.is_empty())?;
            let rows = &rows[..1 << rows.len().min(most).ilog2()];
            first += rows.len();
            let text = match &self.listed {
                Some(listed) => Cow::Owned(listed.of_rows(rows.len(), placeholders)),
                None => Cow::Borrowed(self.statement),
            };
            Some(Parcel { text, values: rows.iter().copied().flatten().cloned().collect() })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str =
        "insert into a (b, c) values ($1, (select d from e where f = $2) - $3) on conflict do nothing";
    const G: &str = "insert into g (h) values ($1)";
    const I: &str = "delete from i where j = $1";

    const K: &str = "insert into k (l, m) values ($1, $2) on conflict (l) do update set m = excluded.m";

    fn write(statement: &'static str, first: i64) -> Write {
        let values = (first..).take(statement.matches('$').count()).map(Value::from).collect();
        Write { statement, values }
    }

    fn packed(writes: &[Write]) -> Vec<String> {
        let number = |value: Value| match value {
            Value::Int(Some(number)) => number,
            Value::Int(None) | Value::Text(_) | Value::Bool(_) | Value::Bytes(_) => panic!("{value:?}"),
        };
        pack(writes, Placeholders::Bare, MOST_ROWS)
            .map(|parcel| {
                let numbers: Vec<_> = parcel.values.into_iter().map(number).collect();
                format!("{} {numbers:?}", parcel.text)
            })
            .collect()
    }

    #[test]
    fn rows_for_one_statement_go_together() {
        insta::assert_debug_snapshot!(packed(&[write(A, 1), write(G, 4), write(A, 5), write(G, 8)]), @r#"
        [
            "insert into a (b, c) values (?, (select d from e where f = ?) - ?), (?, (select d from e where f = ?) - ?) on conflict do nothing [1, 2, 3, 5, 6, 7]",
            "insert into g (h) values (?), (?) [4, 8]",
        ]
        "#);
    }

    #[test]
    fn nothing_goes_past_a_statement_that_is_no_insert() {
        insta::assert_debug_snapshot!(packed(&[write(G, 1), write(I, 2), write(I, 3), write(G, 4)]), @r#"
        [
            "insert into g (h) values (?) [1]",
            "delete from i where j = $1 [2]",
            "delete from i where j = $1 [3]",
            "insert into g (h) values (?) [4]",
        ]
        "#);
    }

    #[test]
    fn a_row_that_changes_an_earlier_one_goes_after_it() {
        let row = |key, value: i64| Write { statement: K, values: vec![i64::into(key), value.into()] };
        let writes = [row(1, 1), row(2, 2), row(1, 3), row(3, 4), row(2, 5), row(2, 6)];
        let rows: Vec<_> = pack(&writes, Placeholders::Bare, MOST_ROWS).map(|parcel| parcel.values).collect();
        let wanted: [&[i64]; 4] = [&[1, 1, 2, 2], &[1, 3, 3, 4], &[2, 5], &[2, 6]];
        assert_eq!(rows, wanted.map(|row| row.iter().copied().map(Value::from).collect::<Vec<_>>()));
    }

    #[test]
    fn few_texts_serve_any_number_of_rows() {
        let rows: Vec<Write> = (0..183).map(|number| write(G, number)).collect();
        let parcels: Vec<Parcel> = pack(&rows, Placeholders::Bare, MOST_ROWS).collect();
        assert_eq!(
            parcels.iter().map(|parcel| parcel.values.len()).collect::<Vec<_>>(),
            [128, 32, 16, 4, 2, 1]
        );
        let values: Vec<Value> = parcels.into_iter().flat_map(|parcel| parcel.values).collect();
        assert_eq!(values, (0..183_i64).map(Value::from).collect::<Vec<_>>());
    }
}

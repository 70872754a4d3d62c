//! Writes that go to the database together. Handing a statement to SQLite's thread costs many times what the
//! statement does, so rows for one table become one statement, however many units of work they come from.

use std::borrow::Cow;
use std::iter;

use super::listed::Listed;
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

/// Rows in a parcel at most. Fewer are a power of two, so that few texts have to be prepared.
const MOST_ROWS: usize = 32;

/// Packs writes into parcels that do the same. A row joins the rows that wait for the same statement, past
/// inserts by other statements and nothing else.
pub(super) fn pack<'w>(writes: impl IntoIterator<Item = &'w Write>) -> impl Iterator<Item = Parcel> {
    let mut piles: Vec<Pile<'_>> = Vec::new();
    for write in writes {
        let mut in_reach = piles.iter_mut().rev().take_while(|pile| pile.listed.is_some());
        match in_reach.find(|pile| pile.statement == write.statement) {
            Some(pile) => pile.rows.push(&write.values),
            None => piles.push(Pile::new(write)),
        }
    }
    piles.into_iter().flat_map(Pile::parcels)
}

/// Rows for one statement.
struct Pile<'w> {
    statement: &'static str,
    listed: Option<Listed>,
    rows: Vec<&'w Vec<Value>>,
}

impl<'w> Pile<'w> {
    fn new(write: &'w Write) -> Self {
        let Write { statement, values } = write;
        Self { statement, listed: Listed::read(statement), rows: vec![values] }
    }

    /// Each is made when it is asked for: all at once would keep the thread from its other tasks.
    fn parcels(self) -> impl Iterator<Item = Parcel> {
        let mut first = 0;
        iter::from_fn(move || {
            let rows = self.rows.get(first..).filter(|rest| !rest.is_empty())?;
            let rows = &rows[..1 << rows.len().min(MOST_ROWS).ilog2()];
            first += rows.len();
            let text = match &self.listed {
                Some(listed) => Cow::Owned(listed.of_rows(rows.len())),
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

    fn write(statement: &'static str, first: i64) -> Write {
        let values = (first..).take(statement.matches('$').count()).map(Value::Int).collect();
        Write { statement, values }
    }

    fn packed(writes: &[Write]) -> Vec<String> {
        pack(writes).map(|parcel| format!("{} {:?}", parcel.text, parcel.values)).collect()
    }

    #[test]
    fn rows_for_one_statement_go_together() {
        insta::assert_debug_snapshot!(packed(&[write(A, 1), write(G, 4), write(A, 5), write(G, 8)]), @r#"
        [
            "insert into a (b, c) values (?, (select d from e where f = ?) - ?), (?, (select d from e where f = ?) - ?) on conflict do nothing [Int(1), Int(2), Int(3), Int(5), Int(6), Int(7)]",
            "insert into g (h) values (?), (?) [Int(4), Int(8)]",
        ]
        "#);
    }

    #[test]
    fn nothing_goes_past_a_statement_that_is_no_insert() {
        insta::assert_debug_snapshot!(packed(&[write(G, 1), write(I, 2), write(I, 3), write(G, 4)]), @r#"
        [
            "insert into g (h) values (?) [Int(1)]",
            "delete from i where j = $1 [Int(2)]",
            "delete from i where j = $1 [Int(3)]",
            "insert into g (h) values (?) [Int(4)]",
        ]
        "#);
    }

    #[test]
    fn few_texts_serve_any_number_of_rows() {
        let rows: Vec<Write> = (0..55).map(|number| write(G, number)).collect();
        let parcels: Vec<Parcel> = pack(&rows).collect();
        assert_eq!(parcels.iter().map(|parcel| parcel.values.len()).collect::<Vec<_>>(), [32, 16, 4, 2, 1]);
        let values: Vec<Value> = parcels.into_iter().flat_map(|parcel| parcel.values).collect();
        assert_eq!(values, (0..55).map(Value::Int).collect::<Vec<_>>());
    }
}

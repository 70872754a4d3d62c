//! Statements that take their values in rows, one row or many.

use std::fmt::Write;

/// A text with `values (…)` in its three parts.
#[derive(Debug)]
pub(super) struct Listed {
    head: &'static str,
    row: &'static str,
    tail: &'static str,
}

impl Listed {
    pub(super) fn read(statement: &'static str) -> Option<Self> {
        let (before, _) = statement.split_once("values (")?;
        let (head, rest) = statement.split_at(before.len() + "values ".len());
        let mut depth = 0_usize;
        let end = rest.find(|letter| {
            match letter {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            depth == 0
        })?;
        let (row, tail) = rest.split_at(end + 1);
        Some(Self { head, row, tail })
    }

    /// The statement for so many rows. A row's placeholders must come in their order, each once.
    pub(super) fn of_rows(&self, count: usize, placeholders: Placeholders) -> String {
        let mut text = self.head.to_owned();
        let mut number = 0;
        for place in 0..count {
            text.push_str(if place == 0 { "" } else { ", " });
            let mut pieces = self.row.split('$');
            text.push_str(pieces.next().unwrap_or_default());
            for piece in pieces {
                number += 1;
                match placeholders {
                    Placeholders::Bare => text.push('?'),
                    Placeholders::Numbered => write!(text, "${number}").expect("a text takes any text"),
                }
                text.push_str(piece.trim_start_matches(|letter: char| letter.is_ascii_digit()));
            }
        }
        text + self.tail
    }

    /// How many of a row's first values say which row it is, where a later row changes what an earlier one made.
    pub(super) fn key(&self) -> Option<usize> {
        let (_, conflict) = self.tail.split_once("on conflict (")?;
        let (key, action) = conflict.split_once(") do ")?;
        action.starts_with("update").then(|| key.split(',').count())
    }
}

/// How a statement that is made for several rows names its values.
#[derive(Debug, Clone, Copy)]
pub(super) enum Placeholders {
    /// `?`. In SQLite a number would cost a search through all of them for each.
    Bare,
    /// `$1`, `$2`, …
    Numbered,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sql::ALL;

    #[test]
    fn a_statement_is_made_for_any_number_of_rows() {
        let statement = "select k.column1 from (values ($1, abs($2))) k where k.column2 in (select 3)";
        let listed = Listed::read(statement).expect("it has values");
        insta::assert_snapshot!(
            listed.of_rows(2, Placeholders::Bare),
            @"select k.column1 from (values (?, abs(?)), (?, abs(?))) k where k.column2 in (select 3)"
        );
        insta::assert_snapshot!(
            listed.of_rows(2, Placeholders::Numbered),
            @"select k.column1 from (values ($1, abs($2)), ($3, abs($4))) k where k.column2 in (select 3)"
        );
        assert!(Listed::read("select 1").is_none());
    }

    #[test]
    fn the_placeholders_of_every_row_come_in_their_order() {
        for (name, text) in ALL {
            let Some(listed) = Listed::read(text) else { continue };
            let mut numbers = listed
                .row
                .split('$')
                .skip(1)
                .map(|piece| piece.chars().take_while(char::is_ascii_digit).collect::<String>());
            assert!((1..).zip(numbers.by_ref()).all(|(place, number)| number == place.to_string()), "{name}");
            assert!(!listed.tail.contains('$'), "{name}");
        }
        assert!(ALL.iter().filter(|(_, text)| Listed::read(text).is_some()).count() > 10);
    }

    #[test]
    fn what_a_row_may_change_is_named_by_its_first_values() {
        let mut keys = 0;
        for (name, text) in ALL {
            let Some(listed) = Listed::read(text) else { continue };
            let Some(key) = listed.key() else { continue };
            let between = |begin, end| {
                let (_, rest) = text.split_once(begin).expect("an insert");
                let (names, _) = rest.split_once(end).expect("a list");
                names.split(", ").map(str::trim).collect::<Vec<_>>()
            };
            let mut first = between(" (", ") values")[..key].to_vec();
            let mut conflict = between("on conflict (", ")");
            first.sort_unstable();
            conflict.sort_unstable();
            assert_eq!(first, conflict, "{name}");
            keys += 1;
        }
        assert!(keys > 3);
    }
}

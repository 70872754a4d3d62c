//! Statements that take their values in rows, one row or many.

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

    /// The statement for so many rows. Its placeholders have no numbers, which in SQLite would cost a search
    /// through all of them for each: so a row's must come in their order, each once.
    pub(super) fn of_rows(&self, count: usize) -> String {
        let mut pieces = self.row.split('$');
        let start = pieces.next().unwrap_or_default();
        let row = pieces.fold(start.to_owned(), |row, piece| {
            row + "?" + piece.trim_start_matches(|letter: char| letter.is_ascii_digit())
        });
        let rows = vec![row; count].join(", ");
        format!("{}{rows}{}", self.head, self.tail)
    }
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
            listed.of_rows(2),
            @"select k.column1 from (values (?, abs(?)), (?, abs(?))) k where k.column2 in (select 3)"
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
}

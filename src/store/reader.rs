//! Reads that share hops. Going to the database and back costs many times what a small query does, whether it is
//! on a thread of ours or on another machine: so the questions that have come in while one hop was under way go
//! together in the next, as rows of one statement if it takes its values as rows. Others are put to SQLite as one
//! text of several statements, and to PostgreSQL each by itself.

use std::fmt::Write;
use std::iter;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::yield_now;

use super::error::StoreError;
use super::link::Link;
use super::listed::Listed;
use super::row::Row;
use super::value::Value;

/// Questions that go together at most. Each number of them is a text that is prepared once.
const MOST_TOGETHER: usize = 16;

/// Questions that wait at most; more hold up those who ask.
const MOST_WAITING: usize = 256;

/// Those who read. Calls that are on the line have a way of their own, so that they wait for no list and no export (I31).
#[derive(Debug)]
pub(super) struct Readers {
    pub(super) calls: Reader,
    pub(super) others: Reader,
}

/// The way to some who read.
#[derive(Debug)]
pub(super) struct Reader {
    questions: mpsc::Sender<Question>,
}

#[derive(Debug)]
struct Question {
    statement: &'static str,
    values: Vec<Value>,
    answer: oneshot::Sender<Result<Vec<Row>, StoreError>>,
}

impl Reader {
    pub(super) fn start(links: impl IntoIterator<Item = Link>) -> Self {
        let (questions, asked) = mpsc::channel(MOST_WAITING);
        let asked = Asked::new(Mutex::new(asked));
        for link in links {
            tokio::spawn(serve(link, Arc::clone(&asked)));
        }
        Self { questions }
    }

    /// The rows of one statement, which sees what was committed when it began.
    pub(super) async fn ask(
        &self,
        statement: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let question = Question { statement, values, answer };
        self.questions.send(question).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

/// What waits for whoever is free to ask it.
type Asked = Arc<Mutex<mpsc::Receiver<Question>>>;

async fn serve(mut link: Link, asked: Asked) {
    loop {
        let mut waiting = next(&asked).await;
        if waiting.is_empty() {
            return;
        }
        // Only the same with the same: every mixture would be a text of its own to prepare.
        waiting.sort_by_key(|question| question.statement);
        while let Some(statement) = waiting.last().map(|question| question.statement) {
            let alike = waiting.partition_point(|question| question.statement < statement);
            answer(&mut link, waiting.split_off(alike)).await;
        }
    }
}

/// The questions that go together next; none once nobody can ask any more.
async fn next(asked: &Asked) -> Vec<Question> {
    let (mut waiting, mut asked) = (Vec::new(), asked.lock().await);
    if (1..MOST_TOGETHER).contains(&asked.recv_many(&mut waiting, MOST_TOGETHER).await) {
        // Whoever is about to ask may come along.
        yield_now().await;
        let room = MOST_TOGETHER - waiting.len();
        waiting.extend(iter::from_fn(|| asked.try_recv().ok()).take(room));
    }
    waiting
}

async fn answer(link: &mut Link, questions: Vec<Question>) {
    if let Some(Ok(answers)) = ask_together(link, &questions).await {
        for (question, rows) in questions.into_iter().zip(answers) {
            // Whoever asked may have gone away.
            drop(question.answer.send(Ok(rows)));
        }
    } else {
        for question in questions {
            let rows = link.rows(question.statement.into(), question.values).await;
            drop(question.answer.send(rows));
        }
    }
}

/// The rows of each of some questions of a kind; none if they can only be asked one by one, an error if one of
/// them is at fault, for which the others are not to suffer.
async fn ask_together(link: &mut Link, questions: &[Question]) -> Option<Result<Vec<Vec<Row>>, StoreError>> {
    match Listed::read(questions[0].statement) {
        Some(listed) => Some(ask_at_once(link, &listed, questions).await),
        None if link.takes_several() => Some(ask_in_turn(link, questions).await),
        None => None,
    }
}

/// Asks by one statement. The first value of each question is its place, and so is each row's first column.
async fn ask_at_once(
    link: &mut Link,
    listed: &Listed,
    questions: &[Question],
) -> Result<Vec<Vec<Row>>, StoreError> {
    let values = (0_i64..).zip(questions).flat_map(|(place, question)| {
        iter::once(Value::from(place)).chain(question.values.iter().skip(1).cloned())
    });
    let rows = link.answers(listed.of_rows(questions.len(), link.placeholders()), values).await?;
    let mut answers: Vec<Vec<Row>> = questions.iter().map(|_| Vec::new()).collect();
    for row in rows.into_iter().flatten() {
        answers[usize::try_from(row.number()?).expect("places count from 0")].push(row);
    }
    Ok(answers)
}

/// Asks by one text of several statements.
async fn ask_in_turn(link: &mut Link, questions: &[Question]) -> Result<Vec<Vec<Row>>, StoreError> {
    // In one transaction, so that the database is locked and its state looked up once.
    let (mut text, mut values) = ("begin;\n".to_owned(), Vec::new());
    for question in questions {
        renumber(&mut text, question.statement, values.len());
        values.extend(question.values.iter().cloned());
    }
    text.push_str("commit");
    let answers = link.answers(text, values).await;
    if answers.is_err() {
        link.roll_back().await;
    }
    let mut answers = answers?;
    // Those of `begin` and `commit` are nobody's.
    answers.pop();
    answers.remove(0);
    Ok(answers)
}

/// Appends a statement whose `$1` is the value behind so many others.
fn renumber(text: &mut String, statement: &str, others: usize) {
    let mut pieces = statement.split('$');
    text.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        let number: usize = piece[..digits].parse().expect("`$` in our statements is followed by a number");
        write!(text, "${}{}", others + number, &piece[digits..]).expect("a text takes any text");
    }
    text.push_str(";\n");
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
    use sqlx::{ConnectOptions, Connection, Row as _, SqliteConnection};

    use super::*;

    /// As many rows as the list has numbers.
    const LIST: &str = "select value from json_each($1)";
    const BROKEN: &str = "select nothing from nowhere where $1";
    /// The same, for many questions at once.
    const LISTS: &str = "select k.column1, l.value from (values ($1, $2)) k join json_each(k.column2) l";

    /// Asks all at once; the numbers in each answer, or none for an error.
    async fn ask(questions: &[(&'static str, &str)]) -> Vec<Option<Vec<i64>>> {
        let connection = SqliteConnection::connect("sqlite::memory:").await.expect("it opens");
        let reader = Reader::start([Link::Sqlite(connection)]);
        let asked = questions.iter().map(|(statement, value)| {
            let place = (*statement == LISTS).then_some(0_i64.into());
            reader.ask(statement, place.into_iter().chain([(*value).into()]).collect())
        });
        let numbers = |rows: Vec<Row>| {
            rows.iter()
                .map(|row| match row {
                    Row::Sqlite(row) => row.get(row.len() - 1),
                    Row::Postgres(_) => unreachable!("the engine is SQLite"),
                })
                .collect()
        };
        join_all(asked).await.into_iter().map(|rows| rows.ok().map(numbers)).collect()
    }

    #[test]
    fn placeholders_are_numbered_through() {
        let mut text = String::new();
        renumber(&mut text, "select a from b where c = $2 and d in ($1, $2)", 0);
        renumber(&mut text, "select $12", 2);
        insta::assert_snapshot!(text, @r"
        select a from b where c = $2 and d in ($1, $2);
        select $14;
        ");
    }

    #[tokio::test]
    async fn each_question_gets_its_own_answer() {
        let lists = ["[1]", "[]", "[2,3]", "[4]", "[]", "[5,6,7]", "[8]", "[9]", "[10]", "[11,12]"];
        let wanted = lists.map(|list| serde_json::from_str(list).expect("a list"));
        for statement in [LIST, LISTS] {
            assert_eq!(ask(&lists.map(|list| (statement, list))).await, wanted, "{statement}");
        }
    }

    #[tokio::test]
    async fn a_question_that_fails_spoils_no_other() {
        for statement in [LIST, LISTS] {
            let answers =
                ask(&[(statement, "[1]"), (BROKEN, "1"), (statement, "[2,3]"), (statement, "[")]).await;
            assert_eq!(answers, [Some(vec![1]), None, Some(vec![2, 3]), None], "{statement}");
        }
    }

    #[tokio::test]
    async fn after_a_question_that_fails_the_next_one_sees_what_was_committed_since() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("line.db"))
            .journal_mode(SqliteJournalMode::Wal)
            .create_if_missing(true);
        let mut writer = options.connect().await.expect("it opens");
        sqlx::query("create table numbers (number bigint)").execute(&mut writer).await.expect("a table");
        let reader = Reader::start([Link::Sqlite(options.connect().await.expect("it opens"))]);
        for known in 0..3 {
            let (failed, found) = tokio::join!(
                reader.ask("select number from numbers where json($1)", vec!["[".into()]),
                reader.ask("select number from numbers where $1", vec![true.into()]),
            );
            assert!(failed.is_err());
            assert_eq!(found.expect("readable").len(), known);
            sqlx::query("insert into numbers values (1)").execute(&mut writer).await.expect("a row");
        }
    }
}

//! Reads that share hops. SQLite answers from a thread of its own, and going there and back costs many times
//! what a small query does: so the questions that have come in while one hop was under way go together in
//! the next: as rows of one statement if it takes its values as rows, or else as one text of several statements.

use std::fmt::Write;
use std::iter;

use futures_util::{FutureExt, TryStreamExt};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Either, Executor, Row, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;

use super::error::StoreError;
use super::listed::Listed;
use super::value::{Value, arguments};

/// Questions that go together at most. Each number of them is a text that is prepared once.
const MOST_TOGETHER: usize = 16;

/// Questions that wait at most; more hold up those who ask.
const MOST_WAITING: usize = 256;

/// The way to one connection that reads.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    questions: mpsc::Sender<Question>,
}

#[derive(Debug)]
struct Question {
    statement: &'static str,
    values: Vec<Value>,
    answer: oneshot::Sender<Result<Vec<SqliteRow>, StoreError>>,
}

impl Reader {
    pub(super) fn start(connection: SqliteConnection) -> Self {
        let (questions, asked) = mpsc::channel(MOST_WAITING);
        tokio::spawn(serve(connection, asked));
        Self { questions }
    }

    /// The rows of one statement, which sees what was committed when it began.
    pub(super) async fn ask(
        &self,
        statement: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let question = Question { statement, values, answer };
        self.questions.send(question).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

async fn serve(mut connection: SqliteConnection, mut asked: mpsc::Receiver<Question>) {
    let mut waiting = Vec::new();
    while asked.recv_many(&mut waiting, MOST_TOGETHER).await > 0 {
        if waiting.len() < MOST_TOGETHER {
            // Whoever is about to ask may come along.
            yield_now().await;
            while waiting.len() < MOST_TOGETHER
                && let Ok(question) = asked.try_recv()
            {
                waiting.push(question);
            }
        }
        // Only the same with the same: every mixture would be a text of its own to prepare.
        waiting.sort_by_key(|question: &Question| question.statement);
        while let Some(statement) = waiting.last().map(|question| question.statement) {
            let alike = waiting.partition_point(|question| question.statement < statement);
            answer(&mut connection, waiting.split_off(alike)).await;
        }
    }
}

async fn answer(connection: &mut SqliteConnection, questions: Vec<Question>) {
    if let Ok(answers) = ask_together(connection, &questions).await {
        for (question, rows) in questions.into_iter().zip(answers) {
            // Whoever asked may have gone away.
            drop(question.answer.send(Ok(rows)));
        }
    } else {
        // One of them is at fault, and the others are not to suffer.
        drop(sqlx::query("rollback").execute(&mut *connection).await);
        for question in questions {
            let rows = ask_alone(connection, &question).await;
            drop(question.answer.send(rows));
        }
    }
}

/// The rows of each of some questions of a kind.
async fn ask_together(
    connection: &mut SqliteConnection,
    questions: &[Question],
) -> Result<Vec<Vec<SqliteRow>>, sqlx::Error> {
    match Listed::read(questions[0].statement) {
        Some(listed) => ask_at_once(connection, &listed, questions).await,
        None => ask_in_turn(connection, questions).await,
    }
}

/// Asks by one statement. The first value of each question is its place, and so is each row's first column.
async fn ask_at_once(
    connection: &mut SqliteConnection,
    listed: &Listed,
    questions: &[Question],
) -> Result<Vec<Vec<SqliteRow>>, sqlx::Error> {
    let values = (0..).zip(questions).flat_map(|(place, question)| {
        iter::once(Value::Int(place)).chain(question.values.iter().skip(1).cloned())
    });
    let rows = rows_of(connection, listed.of_rows(questions.len()), values).await?;
    let mut answers: Vec<Vec<SqliteRow>> = questions.iter().map(|_| Vec::new()).collect();
    for row in rows.into_iter().flatten() {
        let place: i64 = row.try_get(0)?;
        answers[usize::try_from(place).expect("places count from 0")].push(row);
    }
    Ok(answers)
}

/// Asks by one text of several statements.
async fn ask_in_turn(
    connection: &mut SqliteConnection,
    questions: &[Question],
) -> Result<Vec<Vec<SqliteRow>>, sqlx::Error> {
    // In one transaction, so that the database is locked and its state looked up once.
    let (mut text, mut values) = ("begin;\n".to_owned(), Vec::new());
    for question in questions {
        renumber(&mut text, question.statement, values.len());
        values.extend(question.values.iter().cloned());
    }
    text.push_str("commit");
    let mut answers = rows_of(connection, text, values).await?;
    // Those of `begin` and `commit` are nobody's.
    answers.pop();
    answers.remove(0);
    Ok(answers)
}

/// The rows of each statement of a text.
async fn rows_of(
    connection: &mut SqliteConnection,
    text: String,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<Vec<SqliteRow>>, sqlx::Error> {
    let mut steps = connection.fetch_many(sqlx::query_with(AssertSqlSafe(text), arguments(values)));
    let (mut answers, mut rows) = (Vec::new(), Vec::new());
    loop {
        let step = if let Some(ready) = steps.try_next().now_or_never() {
            ready?
        } else {
            // Whoever sleeps is woken for every row; who does something else meanwhile is not.
            yield_now().await;
            steps.try_next().await?
        };
        match step {
            Some(Either::Right(row)) => rows.push(row),
            // A statement has come to its end.
            Some(Either::Left(_)) => answers.push(std::mem::take(&mut rows)),
            None => return Ok(answers),
        }
    }
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

async fn ask_alone(
    connection: &mut SqliteConnection,
    question: &Question,
) -> Result<Vec<SqliteRow>, StoreError> {
    let values = arguments(question.values.iter().cloned());
    Ok(sqlx::query_with(question.statement, values).fetch_all(connection).await?)
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
    use sqlx::{ConnectOptions, Connection};

    use super::*;

    /// As many rows as the list has numbers.
    const LIST: &str = "select value from json_each($1)";
    const BROKEN: &str = "select nothing from nowhere where $1";
    /// The same, for many questions at once.
    const LISTS: &str = "select k.column1, l.value from (values ($1, $2)) k join json_each(k.column2) l";

    /// Asks all at once; the numbers in each answer, or none for an error.
    async fn ask(questions: &[(&'static str, &str)]) -> Vec<Option<Vec<i64>>> {
        let connection = SqliteConnection::connect("sqlite::memory:").await.expect("it opens");
        let reader = Reader::start(connection);
        let asked = questions.iter().map(|(statement, value)| {
            let place = (*statement == LISTS).then_some(Value::Int(0));
            reader.ask(statement, place.into_iter().chain([(*value).into()]).collect())
        });
        let numbers = |rows: Vec<SqliteRow>| rows.iter().map(|row| row.get(row.len() - 1)).collect();
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
        let reader = Reader::start(options.connect().await.expect("it opens"));
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

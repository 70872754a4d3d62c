//! Users as comma-separated values (RFC 4180), as spreadsheets write them: a byte order mark and semicolons
//! are taken as well, columns may be missing and stand in any order.

use super::import::Row;
use crate::app::Error;
use crate::domain::user::{Extension, User};

/// The columns, in the order in which they are written.
pub const COLUMNS: [&str; 10] =
    ["login", "name", "zone", "language", "agent_code", "skills", "pstn", "ext", "description", "active"];

/// Reads the rows of a file; what is wrong with single cells, [`super::import`] finds out.
pub fn read(bytes: &[u8]) -> Result<Vec<Row>, Error> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(bytes))
        .flexible(true)
        .trim(csv::Trim::Headers)
        .from_reader(bytes);
    let head = reader.headers().map_err(|why| unreadable(&why))?.clone();
    check_head(&head)?;
    let rows = reader
        .records()
        .map(|record| record.map(|record| row(&head, &record)).map_err(|why| unreadable(&why)));
    rows.collect()
}

/// Writes users as rows that read as the same users again. PINs are not among them.
pub fn write(users: &[User]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut put = |record: &[String]| writer.write_record(record).expect("memory takes every row");
    put(&COLUMNS.map(str::to_owned));
    for user in users {
        if user.extensions.is_empty() {
            put(&record(user, None));
        }
        for extension in &user.extensions {
            put(&record(user, Some(extension)));
        }
    }
    writer.into_inner().expect("memory takes every row")
}

/// Spreadsheets of half the world write semicolons, because their decimal sign is the comma.
fn delimiter(bytes: &[u8]) -> u8 {
    let head = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    if head.contains(&b';') && !head.contains(&b',') { b';' } else { b',' }
}

fn check_head(head: &csv::StringRecord) -> Result<(), Error> {
    if !head.iter().any(|column| column == "login") {
        return Err(Error::invalid("header", head.iter().collect::<Vec<_>>().join(","), NEEDS_LOGIN));
    }
    for (place, column) in head.iter().enumerate() {
        if !COLUMNS.contains(&column) {
            let why = format!("there is no such column; there are {}", COLUMNS.join(", "));
            return Err(Error::invalid("header", column, why));
        }
        if head.iter().take(place).any(|before| before == column) {
            return Err(Error::invalid("header", column, "the column is there twice; remove one"));
        }
    }
    Ok(())
}

const NEEDS_LOGIN: &str = "begin the file with a line that names its columns, `login` among them";

fn row(head: &csv::StringRecord, record: &csv::StringRecord) -> Row {
    let cell = |column: &str| {
        let place = head.iter().position(|name| name == column)?;
        record.get(place).map(str::to_owned)
    };
    let broken = (head.len() != record.len()).then(|| {
        format!("{} cells, and the header has {}; mend the commas and quotes", record.len(), head.len())
    });
    Row {
        line: record.position().map_or(0, csv::Position::line),
        broken,
        login: cell("login").unwrap_or_default(),
        name: cell("name"),
        zone: cell("zone"),
        language: cell("language"),
        agent_code: cell("agent_code"),
        skills: cell("skills"),
        pstn: cell("pstn"),
        ext: cell("ext"),
        description: cell("description"),
        active: cell("active"),
    }
}

fn record(user: &User, extension: Option<&Extension>) -> [String; 10] {
    [
        user.login.to_string(),
        user.name.clone(),
        user.zone.as_ref().map(ToString::to_string).unwrap_or_default(),
        user.language.as_ref().map(ToString::to_string).unwrap_or_default(),
        user.agent_code.as_ref().map(ToString::to_string).unwrap_or_default(),
        user.skills.to_string(),
        extension.map(|extension| extension.number.to_string()).unwrap_or_default(),
        extension.and_then(|extension| extension.ext.clone()).unwrap_or_default(),
        extension.map(|extension| extension.description.clone()).unwrap_or_default(),
        user.active.to_string(),
    ]
}

fn unreadable(why: &csv::Error) -> Error {
    let line = why.position().map_or(0, csv::Position::line);
    Error::invalid("file", format!("line {line}"), format!("{why}; save the file as UTF-8 text"))
}

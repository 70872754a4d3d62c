//! Of a file only what hours of work are made of is looked at: what it says beside, of whom and of where, goes no further
//! than the first look at its lines.

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use icalendar::parser::{Component, Property, read_calendar_simple};

use crate::domain::calendar::recurrence::Recurrence;
use crate::domain::calendar::{
    BadCalendar, Calendar, Event, MOST_BYTES, MOST_EVENTS, Misfit, Place, When, zones,
};
use crate::domain::time::Zone;

/// The properties that are looked at.
const READ: [&str; 13] = [
    "BEGIN",
    "END",
    "VERSION",
    "X-WR-TIMEZONE",
    "UID",
    "DTSTART",
    "DTEND",
    "DURATION",
    "RRULE",
    "EXDATE",
    "RECURRENCE-ID",
    "STATUS",
    // Refused, and so not overlooked.
    "RDATE",
];

/// Components in one another, at most: the parser calls itself for each.
const DEEPEST: usize = 8;

/// Reads a file, whoever wrote it: with lines that end and are folded in any of the usual ways, with a byte order mark or
/// without.
pub fn read(file: &[u8]) -> Result<Calendar, BadCalendar> {
    if file.len() > MOST_BYTES {
        return Err(BadCalendar::TooLarge);
    }
    let lines = lines(file)?;
    let events = outline(&lines)?;
    // The parser looks for this end of a line first, through all the rest if need be.
    let text: String = lines.iter().flat_map(|line| [line.text.as_str(), "\r\n"]).collect();
    let roots = read_calendar_simple(&text).map_err(|why| {
        let before = text.len() - why.input.len();
        let place = text[..before].matches('\n').count().min(lines.len() - 1);
        unreadable(lines[place].number, "what begins here cannot be read")
    })?;
    let root = roots.first().ok_or_else(no_calendar)?;
    if let Some(version) = root.find_prop("VERSION").filter(|version| version.val.as_str() != "2.0") {
        let line = lines.iter().find(|line| line.text.ends_with(version.val.as_str()));
        let number = line.map_or(1, |line| line.number);
        return Err(unreadable(number, "this is another version than 2.0; export the calendar as iCalendar"));
    }
    let zone = root.find_prop("X-WR-TIMEZONE").and_then(|zone| zones::named(zone.val.as_str()));
    let found = root.components.iter().filter(|component| component.name == "VEVENT");
    let events = found.zip(events).map(|(event, line)| read_event(event, line)).collect::<Result<_, _>>()?;
    Ok(Calendar { zone, events })
}

/// A line as it was before it was folded, and where it begins in the file.
#[derive(Debug)]
struct Line {
    number: usize,
    text: String,
}

/// The lines that are looked at. Folds are taken out of bytes: some programs fold within a letter.
fn lines(file: &[u8]) -> Result<Vec<Line>, BadCalendar> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let mut whole: Vec<(usize, Vec<u8>)> = Vec::new();
    for (line, number) in file.split(|byte| *byte == b'\n').zip(1..) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (line.split_first(), whole.last_mut()) {
            (Some((b' ' | b'\t', rest)), Some((_, folded))) => folded.extend_from_slice(rest),
            _ => whole.push((number, line.to_vec())),
        }
    }
    whole.into_iter().filter_map(|(number, bytes)| line(number, bytes).transpose()).collect()
}

/// A line, with its name in capitals; none if it says nothing of hours.
fn line(number: usize, bytes: Vec<u8>) -> Result<Option<Line>, BadCalendar> {
    let text = String::from_utf8(bytes).map_err(|_| unreadable(number, "this is not UTF-8"))?;
    let text = text.trim_end();
    if text.is_empty() {
        return Ok(None);
    }
    // The parser would look for the end of a quotation on later lines.
    let mut is_quoted = false;
    let has_value = text.chars().any(|c| {
        is_quoted ^= c == '"';
        c == ':' && !is_quoted
    });
    let end = text.find([':', ';']).filter(|_| has_value);
    let (name, rest) = text.split_at(end.ok_or_else(|| unreadable(number, "this is no line of a calendar"))?);
    let name = name.to_ascii_uppercase();
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return Err(unreadable(number, "this is no line of a calendar"));
    }
    if !READ.contains(&name.as_str()) {
        return Ok(None);
    }
    // What begins and ends has one spelling.
    let rest =
        if matches!(name.as_str(), "BEGIN" | "END") { rest.to_ascii_uppercase() } else { rest.to_owned() };
    Ok(Some(Line { number, text: name + &rest }))
}

/// Where the events begin, in a file of one calendar in which all that begins ends.
fn outline(lines: &[Line]) -> Result<Vec<usize>, BadCalendar> {
    let (mut open, mut events): (Vec<&str>, Vec<usize>) = (Vec::new(), Vec::new());
    for Line { number, text } in lines {
        if let Some(name) = text.strip_prefix("BEGIN:") {
            match open[..] {
                [] if name != "VCALENDAR" => return Err(no_calendar()),
                [] if *number != lines[0].number => {
                    return Err(unreadable(*number, "another calendar begins; import one at a time"));
                }
                ["VCALENDAR"] if name == "VEVENT" => events.push(*number),
                _ if name == "VEVENT" => {
                    return Err(unreadable(*number, "an event begins within something else"));
                }
                _ => {}
            }
            open.push(name);
        } else if let Some(name) = text.strip_prefix("END:") {
            if open.pop() != Some(name) {
                return Err(unreadable(*number, "what ends here is not what began last"));
            }
        } else if open.is_empty() {
            return Err(no_calendar());
        }
        if open.len() > DEEPEST {
            return Err(unreadable(*number, "there is too much in one another"));
        }
    }
    let last = lines.last().ok_or_else(no_calendar)?.number;
    if !open.is_empty() {
        return Err(unreadable(last, "the file breaks off"));
    }
    match events.get(MOST_EVENTS) {
        Some(number) => Err(unreadable(*number, "these are more than 2000 events; split the file")),
        None => Ok(events),
    }
}

fn no_calendar() -> BadCalendar {
    unreadable(1, "no calendar begins here; give a file in the iCalendar format")
}

fn unreadable(line: usize, why: &'static str) -> BadCalendar {
    BadCalendar::Unreadable { line, why }
}

fn read_event(event: &Component<'_>, line: usize) -> Result<Event, BadCalendar> {
    let uid = event.find_prop("UID").map(|uid| uid.val.as_str()).unwrap_or_default();
    let place = Place { line, uid: uid.to_owned() };
    let fields = Fields(event);
    let misfit = |property| {
        let place = place.clone();
        move |why| place.misfit(property, why)
    };
    let start = fields.time("DTSTART").map_err(misfit("DTSTART"))?;
    let start = start.ok_or_else(|| place.misfit("DTSTART", Misfit::Missing))?;
    let end = fields.time("DTEND").map_err(misfit("DTEND"))?;
    let length = fields.length().map_err(misfit("DURATION"))?;
    let end = match (end, length) {
        (Some(_), Some(_)) => return Err(place.misfit("DURATION", Misfit::Twice)),
        (Some(end), None) => Some(end),
        (None, Some(length)) => {
            let end = start.clone().later(length).filter(When::is_in_reach);
            Some(end.ok_or_else(|| place.misfit("DURATION", Misfit::TooLong))?)
        }
        (None, None) => None,
    };
    if fields.all("RDATE").next().is_some() {
        return Err(place.misfit("RDATE", Misfit::NotExpressible));
    }
    let rule = fields.one("RRULE").map_err(misfit("RRULE"))?;
    let recurrence =
        rule.map(|rule| Recurrence::read(rule.val.as_str())).transpose().map_err(misfit("RRULE"))?;
    let occurrence = fields.one("RECURRENCE-ID").map_err(misfit("RECURRENCE-ID"))?;
    if occurrence.is_some_and(|occurrence| parameter(occurrence, "RANGE").is_some()) {
        return Err(place.misfit("RECURRENCE-ID", Misfit::NotExpressible));
    }
    let replaces = fields.time("RECURRENCE-ID").map_err(misfit("RECURRENCE-ID"))?;
    let except = fields.times("EXDATE").map_err(misfit("EXDATE"))?;
    let status = fields.one("STATUS").map_err(misfit("STATUS"))?;
    let is_cancelled = status.is_some_and(|status| status.val.as_str().eq_ignore_ascii_case("CANCELLED"));
    Ok(Event { place, start, end, recurrence, except, replaces, is_cancelled })
}

/// What an event says.
#[derive(Debug, Clone, Copy)]
struct Fields<'a>(&'a Component<'a>);

impl<'a> Fields<'a> {
    fn all(self, name: &'static str) -> impl Iterator<Item = &'a Property<'a>> {
        self.0.properties.iter().filter(move |property| property.name == name)
    }

    fn one(self, name: &'static str) -> Result<Option<&'a Property<'a>>, Misfit> {
        let mut all = self.all(name);
        let first = all.next();
        if all.next().is_some() { Err(Misfit::Twice) } else { Ok(first) }
    }

    fn time(self, name: &'static str) -> Result<Option<When>, Misfit> {
        self.one(name)?.map(|property| when(property, property.val.as_str())).transpose()
    }

    fn times(self, name: &'static str) -> Result<Vec<When>, Misfit> {
        let said = self
            .all(name)
            .flat_map(|property| property.val.as_str().split(',').map(move |value| when(property, value)));
        said.collect()
    }

    fn length(self) -> Result<Option<TimeDelta>, Misfit> {
        let read = |property: &Property<'_>| {
            let value = property.val.as_str();
            length(value).ok_or_else(|| Misfit::Unreadable(value.to_owned()))
        };
        self.one("DURATION")?.map(read).transpose()
    }
}

fn parameter<'a>(property: &'a Property<'_>, name: &str) -> Option<&'a str> {
    let mut named = property.params.iter().filter(|one| one.key.as_str().eq_ignore_ascii_case(name));
    named.next()?.val.as_ref().map(icalendar::parser::ParseString::as_str)
}

fn when(property: &Property<'_>, value: &str) -> Result<When, Misfit> {
    let zone = parameter(property, "TZID")
        .map(|name| zones::named(name).ok_or_else(|| Misfit::UnknownZone(name.to_owned())));
    let unreadable = || Misfit::Unreadable(value.to_owned());
    When::read(value.trim(), zone.transpose()?).ok_or_else(unreadable)
}

impl When {
    /// `20261225`, `20261225T080000`, `20261225T080000Z`.
    pub(in crate::domain::calendar) fn read(text: &str, zone: Option<Zone>) -> Option<Self> {
        let (date, time) =
            text.split_once(['T', 't']).map_or((text, None), |(date, time)| (date, Some(time)));
        let [year, month, day] = digits(date, [4, 2, 2])?;
        let date = NaiveDate::from_ymd_opt(year.try_into().ok()?, month, day)?;
        let read = match time {
            None => Self::Day(date),
            Some(time) => {
                let bare = time.strip_suffix(['Z', 'z']);
                let [hour, minute, second] = digits(bare.unwrap_or(time), [2, 2, 2])?;
                let at = date.and_time(NaiveTime::from_hms_opt(hour, minute, second)?);
                if bare.is_some() { Self::Utc(at) } else { Self::Wall(at, zone) }
            }
        };
        Some(read).filter(Self::is_in_reach)
    }

    /// Whether it is far enough from where calendars end to be reckoned with.
    fn is_in_reach(&self) -> bool {
        let date = match self {
            Self::Day(date) => *date,
            Self::Wall(time, _) | Self::Utc(time) => time.date(),
        };
        (1900..=9998).contains(&chrono::Datelike::year(&date))
    }
}

/// Numbers of so many digits each, and nothing else.
fn digits<const N: usize>(text: &str, lengths: [usize; N]) -> Option<[u32; N]> {
    if text.len() != lengths.iter().sum::<usize>() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut rest = text;
    Some(lengths.map(|length| {
        let (number, behind) = rest.split_at(length);
        rest = behind;
        number.parse().expect("few digits")
    }))
}

/// `P1D`, `PT8H30M`, `P2W`.
fn length(text: &str) -> Option<TimeDelta> {
    let mut seconds: i64 = 0;
    let (mut number, mut is_time) = (String::new(), false);
    for c in text.strip_prefix('+').unwrap_or(text).strip_prefix('P')?.chars() {
        let unit = match (c, is_time) {
            ('0'..='9', _) => {
                number.push(c);
                continue;
            }
            ('T', false) if number.is_empty() => {
                is_time = true;
                continue;
            }
            ('W', false) => 7 * 24 * 3600,
            ('D', false) => 24 * 3600,
            ('H', true) => 3600,
            ('M', true) => 60,
            ('S', true) => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
        number.clear();
    }
    if number.is_empty() { TimeDelta::try_seconds(seconds) } else { None }
}

#[cfg(test)]
mod tests;

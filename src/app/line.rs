//! Texts that people write and others read on one line.

use super::Error;

/// What may be said of how long a text is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) least: usize,
    pub(super) most: usize,
}

/// The text without blanks around it, if it fits on a line.
pub(super) fn line(field: &'static str, text: &str, room: Room) -> Result<String, Error> {
    let (trimmed, Room { least, most }) = (text.trim(), room);
    if (least..=most).contains(&trimmed.chars().count()) && !trimmed.contains(char::is_control) {
        return Ok(trimmed.to_owned());
    }
    let why = format!("give {least} to {most} letters on one line");
    Err(Error::invalid(field, text.escape_debug().to_string(), why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_as_long_as_it_may_be_and_holds_nothing_that_nobody_reads() {
        let room = Room { least: 1, most: 5 };
        for (text, read) in [
            (" five5 ", Some("five5")),
            ("é", Some("é")),
            ("", None),
            (" ", None),
            ("sixsix", None),
            ("a\0", None),
            ("a\nb", None),
        ] {
            assert_eq!(line("name", text, room).ok().as_deref(), read, "{text:?}");
        }
    }
}

//! Hours on the command line.

use crate::domain::time::Hours;

/// Reads one number of hours, for clap.
pub(super) fn hours(text: &str) -> Result<Hours, String> {
    let hours = text.trim().parse::<u16>().ok().and_then(|hours| Hours::try_from(hours).ok());
    hours.ok_or_else(|| "give a whole number of hours from 1 to 168".to_owned())
}

//! Time zones by the names that calendar programs have for them.

use icu::time::zone::WindowsParser;
use icu::time::zone::iana::IanaParserExtended;

use crate::domain::time::Zone;

/// The zone that a calendar means: by its IANA name, by that with some program's own path before it
/// (`/mozilla.org/20070129_1/Europe/Berlin`), or by its Windows name (`W. Europe Standard Time`). What the file says
/// itself of the zone's clocks is not looked at: rules come from one place.
pub(super) fn named(name: &str) -> Option<Zone> {
    let name = name.trim();
    tails(name).find_map(|tail| tail.parse().ok()).or_else(|| of_windows(name))
}

/// The name, and what of it follows each `/`.
fn tails(name: &str) -> impl Iterator<Item = &str> {
    let cuts = name.match_indices('/').map(|(at, _)| at + 1);
    std::iter::once(0).chain(cuts).take(MOST_PARTS).map(|from| &name[from..])
}

/// Parts of a name that are tried.
const MOST_PARTS: usize = 8;

fn of_windows(name: &str) -> Option<Zone> {
    let zone = WindowsParser::new().parse(name, None)?;
    let names = IanaParserExtended::new();
    names.iter().find(|known| known.time_zone == zone)?.canonical.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_known_by_the_names_that_programs_use() {
        for (name, zone) in [
            ("America/Toronto", Some("America/Toronto")),
            (" Europe/Berlin ", Some("Europe/Berlin")),
            ("/mozilla.org/20070129_1/Europe/Berlin", Some("Europe/Berlin")),
            ("/freeassociation.sourceforge.net/America/Argentina/Ushuaia", Some("America/Argentina/Ushuaia")),
            ("Eastern Standard Time", Some("America/New_York")),
            ("W. Europe Standard Time", Some("Europe/Berlin")),
            ("UTC", Some("UTC")),
            ("Customized Time Zone", None),
            ("/////////////////////////", None),
            ("", None),
        ] {
            assert_eq!(named(name).map(|zone| zone.to_string()).as_deref(), zone, "{name}");
        }
    }
}

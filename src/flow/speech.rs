//! How times and durations are spoken in a language, in CLDR's words.
//!
//! Day, time and place are formatted apart, and a prompt of the catalogue joins them: CLDR's own joining
//! gives "Tuesday 6:5 PM" where minutes are optional, and names zones as tables do ("heure : Toronto").

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::iter;
use std::rc::Rc;

use chrono::{NaiveDate, TimeDelta};
use icu::calendar::{Date, Gregorian};
use icu::datetime::fieldsets::{self, zone};
use icu::datetime::options::TimePrecision;
use icu::datetime::{FixedCalendarDateTimeFormatter, NoCalendarFormatter};
use icu::decimal::input::Decimal;
use icu::list::ListFormatter;
use icu::list::options::{ListFormatterOptions, ListLength};
use icu::locale::Locale;
use icu::time::zone::UtcOffset;
use icu::time::{Time, TimeZone};
use icu_experimental::dimension::units::categorized_formatter::CategorizedFormatter;
use icu_experimental::dimension::units::options::Width;
use icu_experimental::measure::category::{CategorizedMeasureUnit, Duration};

use crate::domain::ids::Language;
use crate::domain::time::{Hours, Local, Zone};

/// One language's ways to speak of time.
pub(super) struct Formats {
    weekday: FixedCalendarDateTimeFormatter<Gregorian, fieldsets::E>,
    date: FixedCalendarDateTimeFormatter<Gregorian, fieldsets::MDE>,
    time: NoCalendarFormatter<fieldsets::T>,
    city: NoCalendarFormatter<zone::ExemplarCity>,
    /// What CLDR calls the city of a zone that has none.
    no_city: String,
    offset: NoCalendarFormatter<zone::LocalizedOffsetShort>,
    hours: CategorizedFormatter<Duration>,
    /// What was spoken of hours before: the same few presets in every menu.
    hours_spoken: RefCell<BTreeMap<Hours, String>>,
    minutes: CategorizedFormatter<Duration>,
    and: ListFormatter,
}

const HALF_A_MINUTE: TimeDelta = TimeDelta::seconds(30);

/// Where a wall clock hangs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    City(String),
    /// A zone without a city, by its distance from UTC: `GMT-5`.
    Offset(String),
}

thread_local! {
    /// Making a language's formats takes far longer than using them. Grows with the languages that agents
    /// speak, which are few.
    static FORMATS: RefCell<BTreeMap<Language, Rc<Formats>>> = const { RefCell::new(BTreeMap::new()) };
}

impl Formats {
    /// The formats of `language`, or of the nearest language above it that CLDR knows; English at worst.
    pub(super) fn of(language: &Language) -> Rc<Self> {
        if let Some(formats) = FORMATS.with_borrow(|known| known.get(language).cloned()) {
            return formats;
        }
        let formats = iter::successors(Some(language.clone()), Language::parent)
            .find_map(|tag| Self::load(tag.as_str()))
            .unwrap_or_else(|| Self::load("en").expect("CLDR has English"));
        let formats = Rc::new(formats);
        FORMATS.with_borrow_mut(|known| known.insert(language.clone(), Rc::clone(&formats)));
        formats
    }

    fn load(tag: &str) -> Option<Self> {
        let locale: Locale = tag.parse().ok()?;
        let time = fieldsets::T::long().with_time_precision(TimePrecision::MinuteOptional);
        let and = ListFormatterOptions::default().with_length(ListLength::Wide);
        let city = NoCalendarFormatter::try_new((&locale).into(), zone::ExemplarCity).ok()?;
        Some(Self {
            weekday: FixedCalendarDateTimeFormatter::try_new((&locale).into(), fieldsets::E::long()).ok()?,
            date: FixedCalendarDateTimeFormatter::try_new((&locale).into(), fieldsets::MDE::long()).ok()?,
            time: NoCalendarFormatter::try_new((&locale).into(), time).ok()?,
            no_city: city.format(&TimeZone::UNKNOWN.without_offset()).to_string(),
            city,
            offset: NoCalendarFormatter::try_new((&locale).into(), zone::LocalizedOffsetShort).ok()?,
            hours: counted(&locale, Duration::hour())?,
            hours_spoken: RefCell::default(),
            minutes: counted(&locale, Duration::minute())?,
            and: ListFormatter::try_new_and((&locale).into(), and).ok()?,
        })
    }

    /// `8 hours`.
    pub(super) fn hours(&self, hours: Hours) -> String {
        let speak = || spoken(&self.hours.format_fixed_decimal(&Decimal::from(hours.get())));
        self.hours_spoken.borrow_mut().entry(hours).or_insert_with(speak).clone()
    }

    /// `7 hours and 59 minutes`: to the nearest minute, as who has just chosen 8 hours has 8 hours left and
    /// not a second less; but never none.
    pub(super) fn span(&self, span: TimeDelta) -> String {
        let minutes = (span + HALF_A_MINUTE).num_minutes().max(1);
        let (hours, minutes) = (Decimal::from(minutes / 60), Decimal::from(minutes % 60));
        let parts = [(&self.hours, &hours), (&self.minutes, &minutes)];
        let parts = parts.into_iter().filter(|(_, count)| **count != Decimal::from(0));
        let parts: Vec<_> = parts.map(|(unit, count)| unit.format_fixed_decimal(count)).collect();
        spoken(&self.and.format(parts.iter()))
    }

    /// `Tuesday`, where that can only be today or one of the six days after it; else `Tuesday, March 10`.
    pub(super) fn day(&self, at: &Local, now: &Local) -> String {
        let date = Date::try_new_gregorian(at.year.into(), at.month, at.day).expect("walls show real dates");
        if (0..7).contains(&(civil_day(at) - civil_day(now)).num_days()) {
            spoken(&self.weekday.format(&date))
        } else {
            spoken(&self.date.format(&date))
        }
    }

    /// `6 PM`, `18:05`.
    pub(super) fn time(&self, at: &Local) -> String {
        let time = Time::try_new(at.hour, at.minute, 0, 0).expect("walls show real times");
        spoken(&self.time.format(&time))
    }

    pub(super) fn place(&self, zone: &Zone, at: &Local) -> Place {
        let city = spoken(&self.city.format(&TimeZone::from_iana_id(zone.name()).without_offset()));
        if city != self.no_city {
            return Place::City(city);
        }
        if at.offset_s == 0 {
            // One name in every language, where the library's is `GMT+0`.
            return Place::Offset("UTC".to_owned());
        }
        let offset = UtcOffset::try_from_seconds(at.offset_s).expect("zones lie within 18 hours of UTC");
        Place::Offset(spoken(&self.offset.format(&offset)))
    }
}

fn counted(
    locale: &Locale,
    unit: CategorizedMeasureUnit<Duration>,
) -> Option<CategorizedFormatter<Duration>> {
    CategorizedFormatter::try_new_core(locale.into(), unit, Width::Long.into()).ok()
}

fn civil_day(wall: &Local) -> NaiveDate {
    NaiveDate::from_ymd_opt(wall.year.into(), wall.month.into(), wall.day.into())
        .expect("walls show real dates")
}

/// Text for a voice: CLDR's no-break spaces hold lines together, which speech does not have.
fn spoken(text: &impl Display) -> String {
    text.to_string().replace(['\u{202f}', '\u{a0}'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formats(tag: &str) -> Rc<Formats> {
        Formats::of(&tag.parse().expect("a tag"))
    }

    fn zone(name: &str) -> Zone {
        name.parse().expect("a zone")
    }

    /// What the wall shows in `name` when it shows `civil` there.
    fn wall(name: &str, civil: &str) -> Local {
        let zone = zone(name);
        zone.local(zone.instant(civil).expect("a time"))
    }

    #[test]
    fn hours_and_minutes_are_counted_as_people_do() {
        for (minutes, en, es, fr, de) in [
            (1, "1 minute", "1 minuto", "1 minute", "1 Minute"),
            (60, "1 hour", "1 hora", "1 heure", "1 Stunde"),
            (61, "1 hour and 1 minute", "1 hora y 1 minuto", "1 heure et 1 minute", "1 Stunde und 1 Minute"),
            (120, "2 hours", "2 horas", "2 heures", "2 Stunden"),
            (
                479,
                "7 hours and 59 minutes",
                "7 horas y 59 minutos",
                "7 heures et 59 minutes",
                "7 Stunden und 59 Minuten",
            ),
            (168 * 60, "168 hours", "168 horas", "168 heures", "168 Stunden"),
        ] {
            for (tag, expected) in [("en", en), ("es", es), ("fr", fr), ("de", de)] {
                assert_eq!(formats(tag).span(TimeDelta::minutes(minutes)), expected);
            }
        }
        let two = Hours::try_from(2).expect("hours");
        assert_eq!(formats("de").hours(two), "2 Stunden");
    }

    #[test]
    fn time_left_is_told_to_the_nearest_minute_but_never_none() {
        for (seconds, expected) in [
            (-60, "1 minute"),
            (0, "1 minute"),
            (89, "1 minute"),
            (90, "2 minutes"),
            (24 * 3600 - 30, "24 hours"),
            (24 * 3600 - 31, "23 hours and 59 minutes"),
        ] {
            assert_eq!(formats("en").span(TimeDelta::seconds(seconds)), expected, "{seconds}");
        }
    }

    #[test]
    fn the_day_is_named_and_dated_where_its_name_could_be_another() {
        let now = wall("America/Toronto", "2026-03-03T17:30");
        for (day, en, es, fr, de) in [
            ("02", "Monday, March 2", "lunes, 2 de marzo", "lundi 2 mars", "Montag, 2. März"),
            ("03", "Tuesday", "martes", "mardi", "Dienstag"),
            ("04", "Wednesday", "miércoles", "mercredi", "Mittwoch"),
            ("09", "Monday", "lunes", "lundi", "Montag"),
            ("10", "Tuesday, March 10", "martes, 10 de marzo", "mardi 10 mars", "Dienstag, 10. März"),
        ] {
            let at = wall("America/Toronto", &format!("2026-03-{day}T18:00"));
            for (tag, expected) in [("en", en), ("es", es), ("fr", fr), ("de", de)] {
                assert_eq!(formats(tag).day(&at, &now), expected);
            }
        }
    }

    #[test]
    fn the_time_is_told_as_each_language_and_country_does() {
        for (civil, told) in [
            ("2026-03-03T00:00", ["12 AM", "00:00", "00:00", "00:00", "00:00", "00 h 00"]),
            ("2026-03-03T01:30", ["1:30 AM", "01:30", "01:30", "01:30", "01:30", "01 h 30"]),
            ("2026-03-03T12:00", ["12 PM", "12:00", "12:00", "12:00", "12:00", "12 h 00"]),
            ("2026-03-03T18:05", ["6:05 PM", "18:05", "18:05", "18:05", "18:05", "18 h 05"]),
        ] {
            let at = wall("Europe/Berlin", civil);
            for (tag, expected) in ["en", "en-GB", "es", "fr", "de", "fr-CA"].into_iter().zip(told) {
                assert_eq!(formats(tag).time(&at), expected, "{tag} {civil}");
            }
        }
    }

    #[test]
    fn a_zone_is_named_by_its_city_or_its_offset() {
        let city = |name: &str| Place::City(name.to_owned());
        let offset = |name: &str| Place::Offset(name.to_owned());
        for (name, en, de) in [
            ("America/Toronto", city("Toronto"), city("Toronto")),
            ("Asia/Kolkata", city("Kolkata"), city("Kalkutta")),
            ("Asia/Calcutta", city("Kolkata"), city("Kalkutta")),
            ("US/Eastern", city("New York"), city("New York")),
            ("UTC", offset("UTC"), offset("UTC")),
            ("Etc/GMT+5", offset("GMT-5"), offset("GMT-5")),
        ] {
            let at = wall(name, "2026-03-03T18:00");
            assert_eq!(formats("en").place(&zone(name), &at), en, "{name}");
            assert_eq!(formats("de").place(&zone(name), &at), de, "{name}");
        }
    }

    #[test]
    fn a_language_that_nobody_knows_is_spoken_as_the_one_above_it_or_english() {
        let two = Hours::try_from(2).expect("hours");
        for (tag, expected) in [("de-XYZXYZ", "2 Stunden"), ("fr-00", "2 heures"), ("en-00", "2 hours")] {
            assert_eq!(formats(tag).hours(two), expected, "{tag}");
        }
    }
}

//! A tenant's prompts over the line's own. Nothing here can end a call: what is missing or broken is spoken
//! in the line's own words and reported (D45).

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::{Language, Name};
use crate::domain::time::Hours;
use crate::flow::prompt::Line;
use crate::flow::prompt::file::BuiltIn;
use crate::flow::prompt::issue::{self, PromptIssue};
use crate::flow::prompt::speaker::{Args, Speaker, Voice};
use crate::flow::prompt::spoken::Spoken;
use crate::flow::prompt::template::Template;
use crate::flow::reply::MediaRef;

/// A tenant's prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub language: Language,
    pub name: Name,
    pub content: Content,
}

/// What a prompt is (A1.10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Say(Template),
    /// A recording, and the presets that it speaks of; none if it speaks of none (D46).
    Play {
        media: MediaRef,
        presets: Vec<Hours>,
    },
    /// Other prompts, in order.
    List(Vec<Name>),
}

/// All that can be spoken to a tenant's callers. Its lists end, and its texts ask only for what their lines
/// can fill in.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// The tenant's language.
    language: Language,
    entries: BTreeMap<Language, BTreeMap<Name, Content>>,
    /// Recordings that prompts name and that are not there.
    gone: BTreeSet<MediaRef>,
}

impl Content {
    pub(super) fn text(&self) -> Option<&Template> {
        match self {
            Self::Say(text) => Some(text),
            Self::Play { .. } | Self::List(_) => None,
        }
    }
}

impl Catalogue {
    /// The line's own prompts and no tenant's.
    pub fn built_in() -> Self {
        let language = "en".parse().expect("a tag");
        Self { language, entries: BTreeMap::new(), gone: BTreeSet::new() }
    }

    /// A tenant's catalogue; `media` is the recordings that there are. Refuses what would go wrong on every
    /// call; what merely falls back is for [`super::lint::lint`] to find.
    pub fn new(
        tenant_language: Language,
        entries: impl IntoIterator<Item = Entry>,
        media: &BTreeSet<MediaRef>,
    ) -> Result<Self, Vec<PromptIssue>> {
        let mut catalogue = Self { language: tenant_language, ..Self::built_in() };
        let mut issues = Vec::new();
        for entry in entries {
            issues.extend(issue::misfits(&entry));
            if let Content::Play { media: wanted, .. } = &entry.content
                && !media.contains(wanted)
            {
                catalogue.gone.insert(wanted.clone());
            }
            let Entry { language, name, content } = entry;
            let prompts = catalogue.entries.entry(language.clone()).or_default();
            if prompts.insert(name.clone(), content).is_some() {
                issues.push(PromptIssue::Twice { prompt: name, language });
            }
        }
        issues.extend(issue::endless_lists(&catalogue));
        if issues.is_empty() { Ok(catalogue) } else { Err(issues) }
    }

    /// Speaks one of the line's own prompts; `own` is the prompt that the flow puts in its place.
    pub fn speak(&self, line: Line, own: Option<&Name>, voice: &Voice<'_>, args: &Args<'_>) -> Spoken {
        let speaker = Speaker { catalogue: self, voice, args };
        let mut fallbacks = Vec::new();
        for name in own.into_iter().chain([&line.name()]) {
            match speaker.perform(name) {
                Ok(speech) => return Spoken { speech, fallbacks },
                Err(fallback) => fallbacks.push(fallback),
            }
        }
        Spoken { speech: speaker.perform_built_in(line).unwrap_or_default(), fallbacks }
    }

    /// Speaks a prompt that a flow names outside the slots; nothing where that fails.
    pub fn play(&self, name: &Name, voice: &Voice<'_>, args: &Args<'_>) -> Spoken {
        match (Speaker { catalogue: self, voice, args }).perform(name) {
            Ok(speech) => Spoken { speech, fallbacks: Vec::new() },
            Err(fallback) => Spoken { speech: Vec::new(), fallbacks: vec![fallback] },
        }
    }

    /// The tenant's prompts by language.
    pub(super) fn entries(&self) -> &BTreeMap<Language, BTreeMap<Name, Content>> {
        &self.entries
    }

    pub(super) fn entry(&self, language: &Language, name: &str) -> Option<&Content> {
        self.entries.get(language)?.get(name)
    }

    pub(super) fn language(&self) -> &Language {
        &self.language
    }

    pub(super) fn lacks(&self, media: &MediaRef) -> bool {
        self.gone.contains(media)
    }

    /// The text of a line that stands within others, in exactly this language.
    pub(super) fn part(&self, language: &Language, line: Line) -> Option<&Template> {
        let own = self.entry(language, line.as_str()).and_then(Content::text);
        own.or_else(|| BuiltIn::of(language)?.text(line))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::time::Zone;
    use crate::flow::prompt::Slot;
    use crate::flow::prompt::file::built_in_languages;
    use crate::flow::prompt::fixtures::{catalogue, hours, language, list, name, play, say};
    use crate::flow::prompt::spoken::{Fallback, Why};
    use crate::flow::prompt::template::Placeholder;
    use crate::flow::reply::Speech;

    /// What a caller of language `tag` hears of `line` in Toronto on Tuesday, 3 March 2026, at 10:01.
    fn hear(catalogue: &Catalogue, line: Line, own: Option<&str>, tag: &str) -> Spoken {
        let zone: Zone = "America/Toronto".parse().expect("a zone");
        let at = |civil| zone.instant(civil).expect("a time");
        let presets = hours(&[8, 24, 48, 72]);
        let args = Args {
            name: Some("Ada"),
            until: Some(at("2026-03-04T18:00")),
            max: hours(&[99]).pop(),
            presets: &presets,
            reason: Some("training"),
        };
        let voice = Voice { language: &language(tag), zone: &zone, now: at("2026-03-03T10:01") };
        catalogue.speak(line, own.map(name).as_ref(), &voice, &args)
    }

    fn words(spoken: &Spoken) -> String {
        let piece = |speech: &Speech| match speech {
            Speech::Say { text, language } => format!("[{language}] {text}"),
            Speech::Play(media) => format!("[{}]", &media.sha256.as_str()[..1]),
        };
        spoken.speech.iter().map(piece).collect::<Vec<_>>().join("\n")
    }

    /// All of the line's own prompts to which time and presets matter.
    fn timed(tag: &str) -> String {
        let lines = [
            Slot::PresetHours.into(),
            Slot::CustomHours.into(),
            Slot::Online.into(),
            Line::AlreadyOnline,
            Line::StillOnline,
            Line::OverCap,
        ];
        lines.map(|line| words(&hear(&Catalogue::built_in(), line, None, tag))).join("\n")
    }

    #[test]
    fn the_line_speaks_english() {
        assert_snapshot!(timed("en"), @r"
        [en-US] To go online for 8 hours, press 1. To go online for 24 hours, press 2. To go online for 48 hours, press 3. To go online for 72 hours, press 4. To enter a custom number of hours, press 9. To go offline, press 0.
        [en-US] Please enter the number of hours that you want to be online for, using up to two digits. The most is 99 hours. To go offline, press 0. To go back, press star.
        [en-US] You are now online and available for calls until Wednesday, 6 PM, Toronto time.
        [en-US] Ada, you are online until Wednesday, 6 PM, Toronto time. 31 hours and 59 minutes left. To keep it, press the hash key.
        [en-US] All right. You stay online until Wednesday, 6 PM, Toronto time.
        [en-US] You can be online for at most 99 hours. Please choose fewer hours.
        ");
    }

    #[test]
    fn the_line_speaks_spanish() {
        assert_snapshot!(timed("es"), @r"
        [es-ES] Para ponerse en línea durante 8 horas, pulse 1. Para ponerse en línea durante 24 horas, pulse 2. Para ponerse en línea durante 48 horas, pulse 3. Para ponerse en línea durante 72 horas, pulse 4. Para indicar otro número de horas, pulse 9. Para desconectarse, pulse 0.
        [es-ES] Marque el número de horas que desea estar en línea, con dos cifras como máximo. El límite es de 99 horas. Para desconectarse, pulse 0. Para volver al menú, pulse asterisco.
        [es-ES] Ahora está en línea y disponible para recibir llamadas hasta el miércoles, 18:00, hora de Toronto.
        [es-ES] Ada, está en línea hasta el miércoles, 18:00, hora de Toronto. Tiempo restante: 31 horas y 59 minutos. Para dejarlo así, pulse almohadilla.
        [es-ES] De acuerdo. Sigue en línea hasta el miércoles, 18:00, hora de Toronto.
        [es-ES] Puede estar en línea 99 horas como máximo. Elija menos horas.
        ");
    }

    #[test]
    fn the_line_speaks_french() {
        assert_snapshot!(timed("fr"), @r"
        [fr-FR] Pour vous mettre en ligne pendant 8 heures, tapez 1. Pour vous mettre en ligne pendant 24 heures, tapez 2. Pour vous mettre en ligne pendant 48 heures, tapez 3. Pour vous mettre en ligne pendant 72 heures, tapez 4. Pour indiquer un autre nombre d'heures, tapez 9. Pour vous mettre hors ligne, tapez 0.
        [fr-FR] Veuillez saisir le nombre d'heures pendant lesquelles vous souhaitez être en ligne, en deux chiffres au plus. Le maximum est de 99 heures. Pour vous mettre hors ligne, tapez 0. Pour revenir au menu, tapez étoile.
        [fr-FR] Vous êtes maintenant en ligne et disponible pour les appels jusqu'à mercredi à 18:00, heure locale à Toronto.
        [fr-FR] Ada, vous êtes en ligne jusqu'à mercredi à 18:00, heure locale à Toronto. Temps restant : 31 heures et 59 minutes. Pour ne rien changer, tapez dièse.
        [fr-FR] Entendu. Vous restez en ligne jusqu'à mercredi à 18:00, heure locale à Toronto.
        [fr-FR] Vous pouvez être en ligne 99 heures au maximum. Veuillez choisir moins d'heures.
        ");
    }

    #[test]
    fn the_line_speaks_german() {
        assert_snapshot!(timed("de"), @r"
        [de-DE] Um für 8 Stunden online zu gehen, drücken Sie die 1. Um für 24 Stunden online zu gehen, drücken Sie die 2. Um für 48 Stunden online zu gehen, drücken Sie die 3. Um für 72 Stunden online zu gehen, drücken Sie die 4. Für eine andere Stundenzahl drücken Sie die 9. Um offline zu gehen, drücken Sie die 0.
        [de-DE] Bitte geben Sie mit höchstens zwei Ziffern ein, für wie viele Stunden Sie online gehen möchten. Möglich sind bis zu 99 Stunden. Um offline zu gehen, drücken Sie die 0. Zurück zum Menü kommen Sie mit der Sterntaste.
        [de-DE] Sie sind jetzt online und für Anrufe erreichbar, und zwar bis Mittwoch, 18:00 Uhr, Ortszeit Toronto.
        [de-DE] Ada, Sie sind online bis Mittwoch, 18:00 Uhr, Ortszeit Toronto. Verbleibende Zeit: 31 Stunden und 59 Minuten. Wenn es dabei bleiben soll, drücken Sie die Rautetaste.
        [de-DE] In Ordnung. Sie bleiben online bis Mittwoch, 18:00 Uhr, Ortszeit Toronto.
        [de-DE] Sie können für höchstens 99 Stunden online gehen. Bitte wählen Sie weniger Stunden.
        ");
    }

    #[test]
    fn every_line_is_spoken_in_every_language() {
        for tag in built_in_languages() {
            for line in Line::ALL.into_iter().filter(|line| !line.is_part()) {
                let spoken = hear(&Catalogue::built_in(), line, None, tag.as_str());
                assert_eq!(spoken.fallbacks, [], "{tag} {line:?}");
                assert_eq!(spoken.speech.len(), 1, "{tag} {line:?}");
            }
        }
    }

    #[test]
    fn a_prompt_is_looked_for_in_the_callers_language_the_tenants_and_english() {
        let french = say("fr", "hello", "Bonjour.");
        let canadian = say("fr-CA", "hello", "Allô.");
        let german = say("de", "hello", "Hallo.");
        let english = say("en", "hello", "Hello.");
        for (entries, heard) in [
            (vec![&french, &canadian, &german, &english], "[fr-CA] Allô."),
            (vec![&french, &german, &english], "[fr-CA] Bonjour."),
            (vec![&german, &english], "[de-DE] Hallo."),
            (vec![&english], "[en-US] Hello."),
        ] {
            let entries = entries.into_iter().cloned();
            let catalogue = Catalogue::new(language("de-AT"), entries, &BTreeSet::new()).expect("no issues");
            let spoken = hear(&catalogue, Slot::Welcome.into(), Some("hello"), "fr-CA");
            assert_eq!(words(&spoken), heard);
            assert_eq!(spoken.fallbacks, []);
        }
    }

    #[test]
    fn the_lines_own_words_in_the_callers_language_come_before_the_tenants_in_another() {
        let catalogue = catalogue(vec![say("en", "offline", "Off you go.")]).expect("no issues");
        let offline = Slot::Offline.into();
        assert_eq!(words(&hear(&catalogue, offline, None, "en")), "[en-US] Off you go.");
        assert_eq!(words(&hear(&catalogue, offline, None, "de")), "[de-DE] Sie sind jetzt offline.");
    }

    #[test]
    fn a_region_tells_the_time_its_own_way() {
        let still = words(&hear(&Catalogue::built_in(), Line::StillOnline, None, "fr-CA"));
        assert_eq!(
            still,
            "[fr-CA] Entendu. Vous restez en ligne jusqu'à mercredi à 18 h 00, heure locale à Toronto."
        );
    }

    #[test]
    fn hours_are_elapsed_hours_and_the_end_is_told_as_the_wall_will_show_it() {
        for (zone, from, span, tag, end) in [
            ("America/Toronto", "2026-03-07T12:00", 24, "en", "until Sunday, 1 PM, Toronto time."),
            ("America/Toronto", "2026-10-31T12:00", 24, "en", "until Sunday, 11 AM, Toronto time."),
            ("Europe/Berlin", "2026-03-28T18:00", 8, "de", "bis Sonntag, 03:00 Uhr, Ortszeit Berlin."),
            ("Europe/Madrid", "2026-10-24T18:00", 9, "es", "hasta el domingo, 02:00, hora de Madrid."),
            (
                "Asia/Kolkata",
                "2026-03-07T10:30",
                168,
                "fr",
                "jusqu'à samedi 14 mars à 10:30, heure locale à Calcutta.",
            ),
            ("Asia/Kolkata", "2026-03-07T16:00", 8, "en", "until Sunday, 12 AM, Kolkata time."),
            ("UTC", "2026-03-07T04:00", 8, "en", "until Saturday, 12 PM, UTC."),
        ] {
            let zone: Zone = zone.parse().expect("a zone");
            let now = zone.instant(from).expect("a time");
            let args = Args { until: Some(now + TimeDelta::hours(span)), ..Args::default() };
            let voice = Voice { language: &language(tag), zone: &zone, now };
            let told = words(&Catalogue::built_in().speak(Slot::Online.into(), None, &voice, &args));
            assert!(told.ends_with(end), "{told}");
        }
    }

    #[test]
    fn a_tenant_may_put_times_and_presets_its_own_way() {
        let catalogue = catalogue(vec![
            say("en", "preset_choice", "{key} for {duration}."),
            say("en", "moment", "{time} on {day}"),
        ])
        .expect("no issues");
        let menu = words(&hear(&catalogue, Slot::PresetHours.into(), None, "en"));
        assert!(menu.starts_with("[en-US] 1 for 8 hours. 2 for 24 hours."), "{menu}");
        let online = words(&hear(&catalogue, Slot::Online.into(), None, "en"));
        assert!(online.ends_with("until 6 PM on Wednesday."), "{online}");
    }

    #[test]
    fn a_list_is_spoken_in_order_and_texts_that_meet_become_one() {
        let catalogue = catalogue(vec![
            list("en", "ask", &["chime", "sorry", "pair"]),
            list("en", "pair", &["invalid_input", "goodbye"]),
            play("en", "chime", 'a', &[]),
            say("en", "sorry", "Sorry, {name}."),
        ])
        .expect("no issues");
        let spoken = hear(&catalogue, Slot::InvalidInput.into(), Some("ask"), "en");
        assert_eq!(
            words(&spoken),
            "[a]\n[en-US] Sorry, Ada. Sorry, that is not a valid choice. Please try again. Goodbye."
        );
    }

    #[test]
    fn what_is_missing_or_broken_is_spoken_in_the_lines_own_words_and_reported() {
        let catalogue = catalogue(vec![
            play("en", "gone", 'b', &[]),
            say("en", "menu", "Press {key}."),
            list("en", "half", &["welcome", "gone"]),
            play("en", "offline", 'b', &[]),
            play("en", "old", 'a', &[8, 24]),
        ])
        .expect("no issues");
        for (own, prompt, why) in [
            (Some("nowhere"), "nowhere", Why::Missing),
            (Some("gone"), "gone", Why::MediaGone),
            (Some("menu"), "menu", Why::NothingFor(Placeholder::Key)),
            (Some("half"), "gone", Why::MediaGone),
            // D46.
            (Some("old"), "old", Why::OtherPresets),
        ] {
            let spoken = hear(&catalogue, Slot::Welcome.into(), own, "fr-CA");
            assert_eq!(words(&spoken), "[fr-CA] Bienvenue sur la ligne de permanence.");
            let fallback = Fallback { prompt: name(prompt), language: language("fr-CA"), why };
            assert_eq!(spoken.fallbacks, [fallback]);
        }
        let spoken = hear(&catalogue, Slot::Offline.into(), None, "en");
        assert_eq!(words(&spoken), "[en-US] You are now offline.");
        assert_eq!(spoken.fallbacks.len(), 1);
    }

    #[test]
    fn outside_the_slots_a_missing_prompt_is_silent_and_reported() {
        let zone = Zone::utc();
        let now = zone.instant("2026-03-03T10:00").expect("a time");
        let voice = Voice { language: &language("en"), zone: &zone, now };
        let spoken = Catalogue::built_in().play(&name("chime"), &voice, &Args::default());
        assert_eq!(spoken.speech, []);
        assert_eq!(spoken.fallbacks.len(), 1);
    }

    #[test]
    fn a_text_that_comes_to_nothing_is_not_spoken() {
        let catalogue = catalogue(vec![say("en", "keys", " {choices} ")]).expect("no issues");
        let zone = Zone::utc();
        let now = zone.instant("2026-03-03T10:00").expect("a time");
        let voice = Voice { language: &language("en"), zone: &zone, now };
        let spoken = catalogue.play(&name("keys"), &voice, &Args::default());
        assert_eq!(spoken, Spoken::default());
    }

    proptest! {
        #[test]
        fn no_tenants_text_can_end_a_call(
            text in r"([a-z{}<&é ]|\{(name|until|left|max|choices|reason|duration|key|day|time|place|city)\}){0,12}",
            tag in "[a-z]{2}(-[A-Z]{2})?",
        ) {
            if text.parse::<Template>().is_ok() {
                let catalogue = catalogue(vec![say(&tag, "own", &text)]).expect("no issues");
                for line in Line::ALL.into_iter().filter(|line| !line.is_part()) {
                    prop_assert!(!hear(&catalogue, line, Some("own"), &tag).speech.is_empty());
                }
            }
        }
    }
}

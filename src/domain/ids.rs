//! Names of things. Identifiers are prefixed text (`usr_0192…`), made outside this module from 128 bits
//! that rise with time, so that they sort by age and a reader sees at once what they name.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::domain::event::Event;

/// A name or an identifier that is not of the form its type asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not {expected}")]
pub struct BadName {
    pub value: String,
    pub expected: &'static str,
}

/// A text newtype: its rule is checked on the way in, by `FromStr` and by serde alike.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $expected:expr, $pattern:expr, $rule:expr) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::ids::BadName;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::domain::ids::BadName;
            fn try_from(value: String) -> Result<Self, Self::Error> {
                let rule: fn(&str) -> bool = $rule;
                if rule(&value) { Ok(Self(value)) } else { Err(Self::Error { value, expected: $expected }) }
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        described!($name, $crate::domain::described::matching($expected, $pattern));
    };
}
pub(in crate::domain) use text;

/// The pattern of a line that has so many letters more than two at most: control characters are none, and the first and
/// the last letter are not blank.
macro_rules! one_line {
    ($more:literal) => {
        concat!(r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]{0,", $more, r"}[^\s\x00-\x1f\x7f-\x9f])?$")
    };
}
pub(in crate::domain) use one_line;

/// A text newtype that is `prefix_` and 32 lower-case hexadecimal digits.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        text!($(#[$doc])* $name, concat!("an identifier like `", $prefix, "` and 32 hexadecimal digits"),
            concat!("^", $prefix, "[0-9a-f]{32}$"),
            |text| text.strip_prefix($prefix).is_some_and(|hex| hex.len() == 32 && is_hex(hex)));

        impl $name {
            /// The identifier for 128 bits, which the caller draws so that they rise with time.
            pub fn from_bits(bits: u128) -> Self {
                Self(format!(concat!($prefix, "{:032x}"), bits))
            }
        }
    };
}

id!(/// A tenant: one organisation's users, prompts, flows, numbers and events.
    TenantId, "ten_");
id!(/// A user: an agent, or somebody who looks after agents.
    UserId, "usr_");
id!(/// One of a user's extensions.
    ExtensionId, "ext_");
id!(/// A dispatch mapping.
    MappingId, "map_");
id!(/// A phone call, ours; the carrier's own name of it is a [`CallSid`].
    CallId, "call_");
id!(/// An event of the log.
    EventId, "evt_");
id!(/// A token of the API; not its secret.
    TokenId, "tok_");
id!(/// One of a user's availabilities.
    AvailabilityId, "avl_");
id!(/// An endpoint that events are sent to.
    WebhookId, "whk_");

text!(/// A tenant's short name, as typed after `--tenant`.
    Slug, "1 to 40 of a-z, 0-9 and `-`, beginning with a letter", r"^[a-z][a-z0-9-]{0,39}$", |text| is_slug(text, 40, "-"));
text!(/// The name a user is known by to admins and in files, unique in the tenant.
    Login, "1 to 64 of a-z, 0-9, `.`, `_` and `-`, beginning with a letter or digit",
    r"^[a-z0-9][a-z0-9._-]{0,63}$",
    |text| text.starts_with(|c: char| c.is_ascii_alphanumeric()) && is_plain(text, 64, "._-"));
text!(/// The name of a flow, a node or a prompt.
    Name, "1 to 64 of a-z, 0-9, `_` and `-`, beginning with a letter", r"^[a-z][a-z0-9_-]{0,63}$", |text| is_slug(text, 64, "_-"));
text!(/// Something that users can do: `billing`, `french`.
    Skill, "1 to 64 of a-z, 0-9, `_` and `-`, beginning with a letter", r"^[a-z][a-z0-9_-]{0,63}$", |text| is_slug(text, 64, "_-"));
text!(/// Digits by which an agent names themselves where the caller's number cannot (D30, D34).
    AgentCode, "2 to 12 digits", r"^[0-9]{2,12}$", |text| (2..=12).contains(&text.len()) && is_digits(text));
text!(/// The carrier's name of a call. Twilio's begin with `CA`, other carriers' do not.
    CallSid, "1 to 128 visible ASCII characters", r"^[!-~]{1,128}$", is_carrier_name);
text!(/// The carrier's name of an account.
    AccountSid, "1 to 128 visible ASCII characters", r"^[!-~]{1,128}$", is_carrier_name);
text!(/// What a client calls a write, so that it is carried out once.
    RequestKey, "1 to 255 visible ASCII characters", r"^[!-~]{1,255}$", |text| is_visible(text, 255));
text!(/// What an admin calls a token: the script or the system that has it.
    TokenName, "1 to 100 letters on one line, without blanks around them", one_line!(98), |text| is_line(text, 100));
text!(/// Events of one type, or of all types whose names begin alike.
    TypePattern, "a type of event like `presence.online`, or the beginning of some and `*`", r"^[A-Za-z._]*\*?$", is_type_pattern);
text!(/// What events are about, or all that begins alike.
    SubjectPattern, "what events are about, like `user:ada`, or a beginning and `*`, like `call:*`", r"^.{1,300}$", is_subject_pattern);
text!(/// What an admin calls an endpoint that events are sent to.
    WebhookName, "1 to 100 letters on one line, without blanks around them", one_line!(98), |text| is_line(text, 100));
text!(/// A SHA-256 digest, by which a recording is stored and fetched, and a token known again.
    Sha256Hex, "64 lower-case hexadecimal digits", r"^[0-9a-f]{64}$", |text| text.len() == 64 && is_hex(text));
text!(/// A language tag, BCP 47: `en`, `fr-CA`.
    Language, "a language tag like `en` or `fr-CA`", r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", is_language);

impl Sha256Hex {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(HEXLOWER.encode(&Sha256::digest(bytes)))
    }
}

impl Language {
    /// The tag without its last subtag, `fr-CA` to `fr`: where to look next for a missing prompt.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('-').map(|(parent, _)| Self(parent.to_owned()))
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn is_slug(text: &str, longest: usize, also: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase()) && is_plain(text, longest, also)
}

fn is_plain(text: &str, longest: usize, also: &str) -> bool {
    text.len() <= longest
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || also.contains(c))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a text is words that people may read on one line, without blanks around them.
pub(in crate::domain) fn is_line(text: &str, longest: usize) -> bool {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    (1..=longest).contains(&text.chars().count()) && text.trim() == text && !text.contains(breaks)
}

fn is_carrier_name(text: &str) -> bool {
    is_visible(text, 128)
}

fn is_visible(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

fn is_type_pattern(text: &str) -> bool {
    let mut told = Event::TYPES.iter().filter(|kind| **kind != Event::UNTOLD);
    match text.strip_suffix('*') {
        Some(beginning) => told.any(|kind| kind.starts_with(beginning)),
        None => told.any(|kind| *kind == text),
    }
}

fn is_subject_pattern(text: &str) -> bool {
    let names_one = text.split_once(':').is_some_and(|(kind, name)| !kind.is_empty() && !name.is_empty());
    (names_one || text.ends_with('*')) && text.len() <= 300 && !text.contains(char::is_control)
}

fn is_language(text: &str) -> bool {
    let mut subtags = text.split('-');
    let primary = subtags.next().unwrap_or_default();
    (2..=3).contains(&primary.len())
        && primary.bytes().all(|b| b.is_ascii_lowercase())
        && subtags.all(|tag| (2..=8).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use proptest::string::string_regex;
    use proptest::test_runner::{TestCaseError, TestRunner};
    use utoipa::PartialSchema;

    use super::*;

    /// Whatever the description of a type allows is of the type.
    fn check_described<T: FromStr<Err = BadName> + PartialSchema>() {
        let schema = serde_json::to_value(T::schema()).expect("plain data");
        let pattern = schema["pattern"].as_str().expect("a pattern");
        let unbound = pattern.trim_start_matches('^').trim_end_matches('$');
        let described = string_regex(unbound).expect("a regular one");
        let allowed = TestRunner::deterministic().run(&described, |text| {
            text.parse::<T>().map(drop).map_err(|why| TestCaseError::fail(why.to_string()))
        });
        assert!(allowed.is_ok(), "{pattern}: {allowed:?}");
    }

    #[test]
    fn what_a_description_allows_is_allowed() {
        check_described::<UserId>();
        check_described::<Slug>();
        check_described::<Login>();
        check_described::<Name>();
        check_described::<Skill>();
        check_described::<AgentCode>();
        check_described::<CallSid>();
        check_described::<AccountSid>();
        check_described::<TokenName>();
        check_described::<Sha256Hex>();
        check_described::<Language>();
    }

    #[test]
    fn an_identifier_is_its_prefix_and_32_digits() {
        let user = UserId::from_bits(0x0192_abcd);
        assert_eq!(user.as_str(), "usr_0000000000000000000000000192abcd");
        assert_eq!(user.as_str().parse::<UserId>().as_ref(), Ok(&user));
        for bad in [
            "",
            "usr_",
            "usr_12",
            "ten_0000000000000000000000000192abcd",
            "usr_0000000000000000000000000192ABCD",
        ] {
            assert!(bad.parse::<UserId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn names_keep_to_their_alphabet() {
        for (good, name) in
            [(true, "timed-presence"), (true, "a"), (false, ""), (false, "9a"), (false, "Ä"), (false, "a b")]
        {
            assert_eq!(name.parse::<Name>().is_ok(), good, "{name}");
        }
        for (good, login) in
            [(true, "ada"), (true, "7of9"), (true, "ada.l"), (false, "Ada"), (false, "-a"), (false, "a/b")]
        {
            assert_eq!(login.parse::<Login>().is_ok(), good, "{login}");
        }
        for (good, tag) in [
            (true, "en"),
            (true, "fr-CA"),
            (true, "zh-Hant-TW"),
            (false, "english"),
            (false, "EN"),
            (false, "en-"),
        ] {
            assert_eq!(tag.parse::<Language>().is_ok(), good, "{tag}");
        }
    }

    #[test]
    fn a_tokens_name_is_one_line() {
        let (longest, longer) = ("é".repeat(100), "é".repeat(101));
        for (good, name) in [
            (true, "ci"),
            (true, "Wallboard, 2nd floor"),
            (true, longest.as_str()),
            (false, longer.as_str()),
            (false, ""),
            (false, " "),
            (false, "ci "),
            (false, "c\ni"),
        ] {
            assert_eq!(name.parse::<TokenName>().is_ok(), good, "{name:?}");
        }
    }

    #[test]
    fn a_digest_is_written_as_sha256sum_writes_it() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Sha256Hex::of(b"abc").as_str(), abc);
    }

    #[test]
    fn a_language_without_its_region_is_its_parent() {
        let tag: Language = "fr-CA".parse().expect("a tag");
        assert_eq!(tag.parent().map(String::from), Some("fr".to_owned()));
        assert_eq!(tag.parent().and_then(|tag| tag.parent()), None);
    }
}

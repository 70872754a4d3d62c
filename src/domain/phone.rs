//! Telephone numbers. A carrier's `+digits` is a key and is compared as it stands; `phonenumber` reads only
//! what people type, and its answer counts only if it reads that back as the same number again, because
//! release 0.3 loses digits of some valid numbers (`+78005553535` becomes `+7005553535`).

pub mod mask;

use std::fmt;
use std::str::FromStr;

use phonenumber::{Mode, Type, country};
use serde::{Deserialize, Serialize};

/// A number in ITU-T E.164 form: `+` and 2 to 15 digits, the first not 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct E164(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadNumber {
    #[error("`{0}`: Phone number should be in E.164 format, like `+15062345678`.")]
    NotE164(String),
    #[error("`{0}` is a {1} number; agents are reached at fixed, mobile and VoIP numbers only")]
    NotALine(E164, &'static str),
}

described!(E164, crate::domain::described::number());

impl E164 {
    /// Reads what a person typed (A1.2): `+1-234-567-8910`, `15062345678`, or a national number of `region`.
    pub fn from_human(text: &str, region: Region) -> Result<Self, BadNumber> {
        let not_e164 = || BadNumber::NotE164(text.to_owned());
        let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/')).collect();
        let international = bare.parse::<Self>().ok();
        let with_plus = || format!("+{bare}").parse::<Self>().ok().filter(Self::is_valid);
        let national = || read_back(&phonenumber::parse(Some(region.0), text).ok()?, &bare);
        international.or_else(national).or_else(with_plus).ok_or_else(not_e164)
    }

    /// `+1 506-234-5678`, for people.
    pub fn international(&self) -> String {
        self.parsed()
            .map_or_else(|| self.0.clone(), |number| number.format().mode(Mode::International).to_string())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an agent may be reached there: emergency, premium-rate and other special numbers are
    /// refused against toll fraud (D56). A number that the metadata does not know passes.
    pub fn check_is_line(&self) -> Result<(), BadNumber> {
        let kind = self
            .parsed()
            .map_or(Type::Unknown, |number| number.number_type(&phonenumber::metadata::DATABASE));
        let special = match kind {
            Type::PremiumRate => "premium-rate",
            Type::SharedCost => "shared-cost",
            Type::TollFree => "toll-free",
            Type::Emergency => "emergency",
            Type::Uan => "universal access",
            Type::Pager => "pager",
            Type::Voicemail => "voicemail",
            Type::ShortCode => "short-code",
            Type::StandardRate | Type::Carrier | Type::NoInternational => "special-service",
            Type::FixedLine
            | Type::Mobile
            | Type::FixedLineOrMobile
            | Type::Voip
            | Type::PersonalNumber
            | Type::Unknown => return Ok(()),
        };
        Err(BadNumber::NotALine(self.clone(), special))
    }

    fn is_valid(&self) -> bool {
        self.parsed().is_some_and(|number| phonenumber::is_valid(&number))
    }

    fn parsed(&self) -> Option<phonenumber::PhoneNumber> {
        phonenumber::parse(None, &self.0).ok().filter(|number| number.format().to_string() == self.0)
    }
}

/// The E.164 form of a parsed number, if it is valid, parses to itself again, and is what was `typed`: with
/// the country in front, or as it is dialled at home with its prefix or without.
fn read_back(number: &phonenumber::PhoneNumber, typed: &str) -> Option<E164> {
    let text: E164 = number.format().mode(Mode::E164).to_string().parse().ok()?;
    let home = number.format().mode(Mode::National).to_string();
    let home: String = home.chars().filter(char::is_ascii_digit).collect();
    let is_typed = typed.ends_with(&text.0[1..]) || typed == home || text.0.ends_with(typed);
    (is_typed && text.is_valid()).then_some(text)
}

impl FromStr for E164 {
    type Err = BadNumber;
    fn from_str(text: &str) -> Result<Self, BadNumber> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for E164 {
    type Error = BadNumber;
    fn try_from(text: String) -> Result<Self, BadNumber> {
        let digits = text.strip_prefix('+').unwrap_or_default();
        let fits = (2..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if fits { Ok(Self(text)) } else { Err(BadNumber::NotE164(text)) }
    }
}

impl From<E164> for String {
    fn from(number: E164) -> Self {
        number.0
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A region whose national numbers are understood, ISO 3166-1 alpha-2: `CA`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(country::Id);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a region like `CA` (ISO 3166-1 alpha-2)")]
pub struct UnknownRegion(pub String);

described!(
    Region,
    crate::domain::described::matching("a region like `CA` (ISO 3166-1 alpha-2)", "^[A-Z]{2}$")
);

impl FromStr for Region {
    type Err = UnknownRegion;
    fn from_str(code: &str) -> Result<Self, UnknownRegion> {
        code.parse().map(Self).map_err(|_| UnknownRegion(code.to_owned()))
    }
}

impl TryFrom<String> for Region {
    type Error = UnknownRegion;
    fn try_from(code: String) -> Result<Self, UnknownRegion> {
        code.parse()
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.to_string()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref())
    }
}

/// Who a carrier says is calling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    Number(E164),
    /// The caller hides their number.
    Withheld,
    /// Something else than a telephone number; kept to be shown, never matched.
    Other(String),
}

/// What carriers write for a hidden number: words, and the words' keypad spellings, which look like
/// numbers of Lesotho, Russia, Uganda and China (D30).
const WITHHELD: [&str; 7] = ["", "anonymous", "restricted", "blocked", "unknown", "unavailable", "private"];
const WITHHELD_KEYS: [&str; 5] = ["266696687", "7378742833", "2562533", "8656696", "86282452253"];

impl Caller {
    /// Reads a carrier's `From`. A SIP address gives its user part, and a number without `+` is read as
    /// one of the dialled number's country (D31).
    pub fn read(from: &str, dialled: Option<&E164>) -> Self {
        let text = from.trim();
        let bare =
            ["sip:", "sips:", "tel:"].iter().find_map(|scheme| strip_prefix_ignoring_case(text, scheme));
        let user = bare.map_or(text, |rest| rest.split(['@', ';']).next().unwrap_or_default());
        if is_withheld(user) {
            return Self::Withheld;
        }
        let region = || dialled?.parsed()?.country().id();
        let national = || E164::from_human(user, Region(region()?)).ok().filter(|_| is_dialable(user));
        user.parse().ok().or_else(national).map_or_else(|| Self::Other(from.to_owned()), Self::Number)
    }

    pub fn number(&self) -> Option<&E164> {
        match self {
            Self::Number(number) => Some(number),
            Self::Withheld | Self::Other(_) => None,
        }
    }
}

fn is_withheld(user: &str) -> bool {
    let digits = user.strip_prefix('+').unwrap_or(user);
    let after_one = digits.strip_prefix('1').unwrap_or(digits);
    WITHHELD.iter().any(|word| user.eq_ignore_ascii_case(word))
        || WITHHELD_KEYS.iter().any(|keys| digits == *keys || after_one == *keys)
}

/// Whether a text is digits as dialled: no short codes, no names.
fn is_dialable(user: &str) -> bool {
    user.len() > 6
        && user.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'(' | b')' | b' '))
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

#[cfg(test)]
mod tests;

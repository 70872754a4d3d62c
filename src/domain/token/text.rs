//! A token's secret, as its bearer has it: `dl_`, and 256 random bits with a checksum, in lower-case Base32
//! (RFC 4648, D71). The checksum lets a mistyped token be told from a wrong one, and scanners for secrets be sure.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE32_NOPAD, BASE32_NOPAD_NOCASE};
use sha2::{Digest, Sha256};

use crate::domain::ids::Sha256Hex;

const PREFIX: &str = "dl_";
const SECRET_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 5;
/// Characters of a token.
const LENGTH: usize = PREFIX.len() + (8 * (SECRET_BYTES + CHECKSUM_BYTES)).div_ceil(5);
/// Characters of a token that anybody may see: 35 of its bits.
const SHOWN: usize = 10;

/// Kept nowhere but with its bearer.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenText(String);

/// Why a text is no token. It does not repeat the text, which may well be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    #[error("a token begins with `{PREFIX}`")]
    Prefix,
    #[error("a token has {LENGTH} characters, and this text {0}")]
    Length(usize),
    #[error("a token has only the letters a-z and the digits 2-7 after `{PREFIX}`")]
    Letter,
    #[error("the token is mistyped: its checksum does not fit")]
    Checksum,
}

impl TokenText {
    /// The token for bits that the caller draws so that nobody can guess them.
    pub fn from_bits(bits: [u8; SECRET_BYTES]) -> Self {
        let encoded = BASE32_NOPAD.encode(&[bits.as_slice(), &checksum(&bits)].concat());
        Self(format!("{PREFIX}{}", encoded.to_ascii_lowercase()))
    }

    /// The secret itself, for its bearer.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// By what the token is known again: all that is kept of the secret.
    pub fn digest(&self) -> Sha256Hex {
        Sha256Hex::of(self.0.as_bytes())
    }

    /// How the token begins, for lists.
    pub fn shown(&self) -> &str {
        &self.0[..SHOWN]
    }
}

impl FromStr for TokenText {
    type Err = BadToken;
    fn from_str(text: &str) -> Result<Self, BadToken> {
        let body = text.strip_prefix(PREFIX).ok_or(BadToken::Prefix)?;
        match text.chars().count() {
            LENGTH => {}
            length => return Err(BadToken::Length(length)),
        }
        if !body.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b)) {
            return Err(BadToken::Letter);
        }
        // What is left to refuse are bits behind the last byte, where there should be none.
        let bytes = BASE32_NOPAD_NOCASE.decode(body.as_bytes()).map_err(|_| BadToken::Checksum)?;
        match bytes.split_at_checked(SECRET_BYTES) {
            Some((secret, tail)) if tail == checksum(secret) => Ok(Self(text.to_owned())),
            Some(_) | None => Err(BadToken::Checksum),
        }
    }
}

/// No secret: it follows from the bits.
fn checksum(bits: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest: [u8; 32] = Sha256::new().chain_update(PREFIX).chain_update(bits).finalize().into();
    std::array::from_fn(|place| digest[place])
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText(***)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_that_is_no_token_is_refused_with_the_reason() {
        let token = TokenText::from_bits([0; 32]).expose().to_owned();
        assert_eq!(token.len(), LENGTH);
        for (text, why) in [
            (String::new(), BadToken::Prefix),
            (token.to_uppercase(), BadToken::Prefix),
            (format!("Bearer {token}"), BadToken::Prefix),
            (token[..LENGTH - 1].to_owned(), BadToken::Length(LENGTH - 1)),
            (format!("{token} "), BadToken::Length(LENGTH + 1)),
            (format!("dl_{}", token[3..].to_uppercase()), BadToken::Letter),
            (token.replacen("dl_a", "dl_1", 1), BadToken::Letter),
            (token.replacen("dl_a", "dl_é", 1), BadToken::Letter),
            (token.replacen("dl_a", "dl_b", 1), BadToken::Checksum),
            (format!("{}7", &token[..LENGTH - 1]), BadToken::Checksum),
        ] {
            assert_eq!(text.parse::<TokenText>(), Err(why), "{text}");
        }
        insta::assert_snapshot!(BadToken::Length(3), @"a token has 63 characters, and this text 3");
    }

    #[test]
    fn a_token_is_not_printed_by_mistake() {
        let token = TokenText::from_bits([7; 32]);
        assert_eq!(format!("{token:?}"), "TokenText(***)");
        assert_eq!(token.shown(), &token.expose()[..10]);
    }

    proptest! {
        #[test]
        fn a_token_is_read_as_it_was_written(bits: [u8; 32]) {
            let token = TokenText::from_bits(bits);
            prop_assert_eq!(token.expose().parse::<TokenText>(), Ok(token.clone()));
            prop_assert_eq!(token.digest(), Sha256Hex::of(token.expose().as_bytes()));
        }

        #[test]
        fn a_mistyped_letter_is_noticed(bits: [u8; 32], place in 3..LENGTH, letter in "[a-z2-7]") {
            let mut text = TokenText::from_bits(bits).expose().to_owned();
            let is_other = text[place..=place] != letter;
            text.replace_range(place..=place, &letter);
            prop_assert_eq!(text.parse::<TokenText>().is_err(), is_other);
        }

        #[test]
        fn letters_that_changed_places_are_noticed(bits: [u8; 32], place in 3..LENGTH - 1) {
            let mut letters: Vec<char> = TokenText::from_bits(bits).expose().chars().collect();
            let is_other = letters[place] != letters[place + 1];
            letters.swap(place, place + 1);
            let text: String = letters.into_iter().collect();
            prop_assert_eq!(text.parse::<TokenText>().is_err(), is_other);
        }

        #[test]
        fn no_text_is_too_odd_to_be_refused(text in "\\PC*", tail in "dl_[a-z2-7é]{58,62}") {
            prop_assert!(text.parse::<TokenText>().is_err());
            prop_assert!(tail.parse::<TokenText>().is_err());
        }
    }
}

//! What a server answered, and whether a carrier would take it.

use crate::carrier::twiml::MAX_BYTES;
use crate::cli::phone::document::{self, BadDocument, Verb};

/// An HTTP response, as far as a carrier looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub content_type: Option<String>,
    /// Perhaps cut off, but never at less than [`MAX_BYTES`].
    pub body: Vec<u8>,
}

/// Why a carrier would tell the caller of an application error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the server answered {status}, not 200: {excerpt}")]
    Status { status: u16, excerpt: String },
    /// What a server says to a webhook whose signature does not hold (D49).
    #[error(
        "the server answered 403, not 200: {excerpt}; it has another auth token, public URL or account than `call`: \
         set `DUTYLINE_TWILIO_AUTH_TOKEN`, `DUTYLINE_PUBLIC_URL` and `DUTYLINE_TWILIO_ACCOUNT_SID` as they are there"
    )]
    Forbidden { excerpt: String },
    #[error("the answer has no content type (Twilio's error 12300)")]
    NoContentType,
    #[error("the answer is `{0}`, not `text/xml`")]
    ContentType(String),
    #[error("the document is {MAX_BYTES} bytes or more (Twilio's error 11750)")]
    TooLong,
    #[error("the document is not UTF-8")]
    NotUtf8,
    #[error(transparent)]
    Document(#[from] BadDocument),
    #[error("`{0}` is not an address")]
    BadAddress(String),
    #[error("{0} documents followed each other without a key pressed; the flow goes round in circles")]
    Loop(u32),
}

impl Answer {
    /// The document of a voice webhook's answer (<https://www.twilio.com/docs/voice/twiml#content-types>).
    pub fn document(&self) -> Result<Vec<Verb>, Refused> {
        if self.status != 200 {
            return Err(self.wrong_status());
        }
        let content_type = self.content_type.as_deref().ok_or(Refused::NoContentType)?;
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !["text/xml", "application/xml", "text/html"].contains(&essence.as_str()) {
            return Err(Refused::ContentType(content_type.to_owned()));
        }
        if self.body.len() >= MAX_BYTES {
            return Err(Refused::TooLong);
        }
        let xml = str::from_utf8(&self.body).map_err(|_| Refused::NotUtf8)?;
        Ok(document::parse(xml)?)
    }

    /// Whether a status callback was taken: with nothing, or with a document that asks for nothing.
    pub fn check_acknowledged(&self) -> Result<(), Refused> {
        if self.status == 204 { Ok(()) } else { self.document().map(drop) }
    }

    fn wrong_status(&self) -> Refused {
        let excerpt = String::from_utf8_lossy(&self.body).trim().chars().take(200).collect();
        match self.status {
            403 => Refused::Forbidden { excerpt },
            status => Refused::Status { status, excerpt },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        let content_type = Some(content_type.to_owned()).filter(|text| !text.is_empty());
        Answer { status, content_type, body: body.into() }
    }

    #[test]
    fn a_carrier_takes_a_document_that_says_it_is_one() {
        for content_type in ["text/xml", "text/xml; charset=utf-8", "application/xml", "Text/HTML"] {
            assert_eq!(answer(200, content_type, "<Response/>").document(), Ok(vec![]), "{content_type}");
        }
    }

    #[test]
    fn a_carrier_refuses_everything_else() {
        for (answer, message) in [
            (answer(404, "text/plain", "no\n"), "the server answered 404, not 200: no"),
            (answer(302, "text/xml", "<Response/>"), "the server answered 302, not 200: <Response/>"),
            (answer(200, "", "<Response/>"), "the answer has no content type (Twilio's error 12300)"),
            (answer(200, "text/plain", "<Response/>"), "the answer is `text/plain`, not `text/xml`"),
            (answer(200, "text/xml", ""), "the document is empty"),
            (answer(200, "text/xml", b"<\xff"), "the document is not UTF-8"),
            (
                answer(200, "text/xml", " ".repeat(MAX_BYTES)),
                "the document is 64000 bytes or more (Twilio's error 11750)",
            ),
        ] {
            assert_eq!(answer.document().expect_err("refused").to_string(), message);
        }
    }

    #[test]
    fn a_signature_that_does_not_hold_is_mended_by_settings() {
        let refused = answer(403, "text/plain", "the signature does not hold\n").document();
        insta::assert_snapshot!(refused.expect_err("refused"), @"the server answered 403, not 200: the signature does not hold; it has another auth token, public URL or account than `call`: set `DUTYLINE_TWILIO_AUTH_TOKEN`, `DUTYLINE_PUBLIC_URL` and `DUTYLINE_TWILIO_ACCOUNT_SID` as they are there");
    }

    #[test]
    fn a_status_callback_is_taken_in_silence() {
        for (answer, taken) in [
            (answer(204, "", ""), true),
            (answer(200, "text/xml", "<Response/>"), true),
            (answer(200, "text/plain", "ok"), false),
            (answer(500, "text/xml", "<Response/>"), false),
        ] {
            assert_eq!(answer.check_acknowledged().is_ok(), taken, "{answer:?}");
        }
    }
}

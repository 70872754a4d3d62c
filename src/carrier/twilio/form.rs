//! The body of a webhook: names and values in the order in which they came, unknown and repeated ones
//! included, because the signature covers them all.

use std::str::FromStr;

/// The decoded pairs of an `application/x-www-form-urlencoded` text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

/// A field that is missing, or does not read as what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadField {
    #[error("the webhook lacks `{0}`")]
    Missing(&'static str),
    #[error("the webhook's `{name}` is wrong: {cause}")]
    Unreadable { name: &'static str, cause: String },
}

impl Form {
    /// Reads any bytes; broken UTF-8 becomes U+FFFD, as it does in the signature of a carrier's own libraries.
    pub fn decode(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// In the order in which they came.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// The first value of that name, unless it is empty: carriers send empty values for what they lack.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    pub(super) fn required<T>(&self, name: &'static str) -> Result<T, BadField>
    where
        T: FromStr<Err: ToString>,
    {
        self.optional(name)?.ok_or(BadField::Missing(name))
    }

    pub(super) fn optional<T>(&self, name: &'static str) -> Result<Option<T>, BadField>
    where
        T: FromStr<Err: ToString>,
    {
        let unreadable = |error: T::Err| BadField::Unreadable { name, cause: error.to_string() };
        self.get(name).map(|value| value.parse().map_err(unreadable)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_is_decoded_once() {
        let form = Form::decode(b"From=%2B15062345678&Name=Jos%C3%A9+%2526&Digits=&Digits=08&Empty");
        for (name, value) in [
            ("From", Some("+15062345678")),
            ("Name", Some("José %26")),
            ("Digits", None),
            ("Empty", None),
            ("from", None),
        ] {
            assert_eq!(form.get(name), value, "{name}");
        }
        assert_eq!(form.pairs().len(), 5);
    }

    #[test]
    fn a_plus_that_was_not_encoded_is_a_blank() {
        assert_eq!(Form::decode(b"From=+15062345678").get("From"), Some(" 15062345678"));
    }

    #[test]
    fn broken_text_is_read_as_far_as_it_goes() {
        for (body, value) in
            [(&b"a=%FF%zz%"[..], "\u{fffd}%zz%"), (b"a=\xc3", "\u{fffd}"), (b"&&a=b=c", "b=c")]
        {
            assert_eq!(Form::decode(body).get("a"), Some(value), "{body:?}");
        }
    }

    #[test]
    fn ten_thousand_parameters_are_all_kept() {
        let body = (0..10_000).map(|n| format!("p{n}={n}")).collect::<Vec<_>>().join("&");
        let form = Form::decode(body.as_bytes());
        assert_eq!(form.pairs().len(), 10_000);
        assert_eq!(form.get("p9999"), Some("9999"));
    }

    #[test]
    fn an_error_names_the_field() {
        let form = Form::decode(b"SequenceNumber=one");
        for (read, message) in [
            (form.required::<u32>("CallDuration"), "the webhook lacks `CallDuration`"),
            (
                form.required::<u32>("SequenceNumber"),
                "the webhook's `SequenceNumber` is wrong: invalid digit found in string",
            ),
        ] {
            assert_eq!(read.expect_err("a bad field").to_string(), message);
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(pairs in prop::collection::vec(any::<(String, String)>(), 0..8)) {
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            prop_assert_eq!(Form::decode(body.as_bytes()), Form(pairs));
        }

        #[test]
        fn any_bytes_are_read(body in any::<Vec<u8>>()) {
            Form::decode(&body);
        }
    }
}
